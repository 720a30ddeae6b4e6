"""What came at the stage of a rule that was never used."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_smtpserver import matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smtpserver.records.session import Session

# How many commands are shown, and with how many characters each; arbitrary.
_SHOWN = 3
_WIDTH = 40

# What comes at the stages that are not one command's.
_NOUNS = {"connect": "connection", "tls": "TLS handshake", "message": "message", "*": "command"}


_NOBODY_SINCE = "no client connected since clear() or the test's start"


def unused_rule_text(rule: str, stage: str, sessions: Sequence[Session], forgotten: int) -> str:
    """Return what is said of a rule that was never used, and what came at its stage.

    `forgotten` is how many sessions there were before the last `clear`.
    """
    came = _came_at(stage, sessions) if sessions or not forgotten else _NOBODY_SINCE
    on_one_line = f"{rule}; {came}"
    return on_one_line if len(on_one_line) <= matching.wording.LINE else f"{rule};\n{came}"


def _came_at(stage: str, sessions: Sequence[Session]) -> str:
    if not sessions:
        return "no client connected"
    noun = _NOUNS.get(stage, f"{stage.upper()} command")
    came = [one for session in sessions for one in _came_in(session, stage)]
    if not came:
        return f"no {noun} came"
    lines = [matching.wording.shortened(one, _WIDTH) for one in came[-_SHOWN:] if one]
    shown = f": {', '.join(lines)}" if lines else ""
    return f"{matching.counted(len(came), noun)} came instead{shown}"


def _came_in(session: Session, stage: str) -> list[str]:
    """Return for each time that something came what is to be shown of it."""
    said = session.exchanges
    if stage == "connect":
        return [""]
    if stage == "tls":
        return [""] if session.tls or session.tls_failure else []
    if stage == "message":
        # In LMTP the content has a reply for each recipient.
        commands = [one.command.upper() for one in said]
        ends = [
            _ends_content(one) and not _ends_content(before) for before, one in pairwise(commands)
        ]
        return [""] * sum(ends)
    if stage == "*":
        return [one.command for one in said if one.verb not in ("", ".")]
    return [one.argument for one in said if one.verb == stage.upper()]


def _ends_content(command: str) -> bool:
    # RFC 3030 section 2: so does the last chunk of BDAT.
    return command == "." or (command.startswith("BDAT ") and command.endswith(" LAST"))
