"""What came at the stage of a rule that was never used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver import matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_smtpserver.records.session import Session

# How many commands are shown; arbitrary.
_SHOWN = 3

# What comes at the stages that are not one command's.
_NOUNS = {"connect": "connection", "tls": "TLS handshake", "message": "message", "*": "command"}


def came_at(stage: str, sessions: Sequence[Session]) -> str:
    """Return in words what came at a stage."""
    if not sessions:
        return "no client connected"
    noun = _NOUNS.get(stage, f"{stage.upper()} command")
    came = [one for session in sessions for one in _came_in(session, stage)]
    if not came:
        return f"no {noun} came"
    lines = list(filter(None, came[-_SHOWN:]))
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
        # RFC 3030 section 2: the last chunk of BDAT is the end of the content, too.
        ends = [one for one in said if one.verb in (".", "BDAT")]
        return ["" for one in ends if one.verb == "." or one.argument.upper().endswith(" LAST")]
    if stage == "*":
        return [one.command for one in said if one.verb not in ("", ".")]
    return [one.argument for one in said if one.verb == stage.upper()]
