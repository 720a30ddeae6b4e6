"""What could not be parsed, as values: each has a sentence, and the kind of problem that it is."""

from __future__ import annotations

from typing import Literal

from pytest_smtpserver.frozen import frozen

#: The code of the problem that a defect becomes (`records.problems`).
DefectKind = Literal["bad-encoding", "unparsable"]


@frozen()
class Defect:
    """One thing that could not be parsed; `where` is the part, if it is in one."""

    kind: DefectKind
    text: str
    where: str = ""
