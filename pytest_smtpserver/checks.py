"""What is checked at the end of a test, for all of its servers in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records.recorder import ServerCrashed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .server import SMTPServer


def check(servers: Sequence[SMTPServer]) -> None:
    """Raise one error for all that is wrong with any of the servers.

    Raises `ServerCrashed` if one failed by its own fault; its cause has the traceback, and the
    others' are in its notes.
    """
    __tracebackhide__ = True
    crashes = [(server, crash) for server in servers if (crash := server.crash)]
    if not crashes:
        return
    _, cause = crashes[0]
    error = ServerCrashed(f"the SMTP server crashed: {cause!r}")
    for server, crash in crashes[1:]:
        error.add_note(f"{server!r} crashed, too: {crash!r}")
    raise error from cause
