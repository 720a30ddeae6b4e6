"""Syntax that the server accepts or refuses; each line of the table is tried on a server."""

from pytest_smtpserver.engine import Send
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook
from pytest_smtpserver.settings import Settings
from pytest_smtpserver.smtp import Offer, SMTPEngine

_EHLO = "EHLO client.test"
_MAIL = "MAIL FROM:<ann@example.org>"

#: The lines that a client sends first, and the line itself with its end, as Python writes octets.
LINES = [
    (["EHLO"], "MAIL FROM:<ann@example.org>\r\n"),
    (["EHLO"], "MAIL FROM: <ann@example.org>\r\n"),
    (["EHLO"], "MAIL FROM:ann@example.org\r\n"),
    (["EHLO"], "MAIL FROM:<ann>\r\n"),
    (["EHLO"], "MAIL FROM:<@relay.test:ann@example.org>\r\n"),
    (["EHLO"], "MAIL FROM:<ann@@example.org>\r\n"),
    (["EHLO"], "MAIL FROM:<ann@example.org>SIZE=1\r\n"),
    (["EHLO"], "MAIL FROM:<ann@example.org> XFOO=1\r\n"),
    (["EHLO"], "MAIL FROM:<ann@example.org> BODY=9BIT\r\n"),
    (["EHLO", "MAIL"], "RCPT TO: <bob@example.org>\r\n"),
    (["EHLO", "MAIL"], "RCPT TO:bob@example.org\r\n"),
    (["EHLO", "MAIL"], "RCPT TO:<bob>\r\n"),
    (["EHLO", "MAIL"], "RCPT TO:<Postmaster>\r\n"),
    (["EHLO", "MAIL"], "RCPT TO:<>\r\n"),
    (["EHLO"], "AUTH  PLAIN AGFubgBzZWNyZXQ=\r\n"),
    (["EHLO"], "AUTH PLAIN *not base64*\r\n"),
    ([], "EHLO\r\n"),
    ([], "EHLO my_host\r\n"),
    ([], "noop\r\n"),
    ([], "NOOP   \r\n"),
    ([], "NOOP\n"),
    ([], "NOOP \0\r\n"),
    ([], "RSET now\r\n"),
    ([], "WHAT\r\n"),
]
_BEFORE = {"EHLO": _EHLO, "MAIL": _MAIL}


def said_to(before: list[str], line: str, *, strict: bool) -> tuple[str, str]:
    """Return the code of the reply to a line, `""` for none, and the violations' codes."""
    settings = Settings(auth="optional", strict=strict)
    offer, recorder = Offer(settings), Recorder()
    engine = SMTPEngine(offer, recorder, RuleBook(offer.stages, recorder.wake), ("127.0.0.1", 0))
    engine.opened(0)
    _pulled(engine)
    for command in before:
        engine.receive(f"{_BEFORE[command]}\r\n".encode(), 0)
        _pulled(engine)
    engine.receive(line.encode(), 0)
    code = _pulled(engine)[:3].decode()
    engine.end("stop", 0)
    violations = recorder.sessions()[0].violations
    return code, ", ".join(f"`{violation.code}`" for violation in violations)


def _pulled(engine: SMTPEngine) -> bytes:
    said = b""
    while isinstance(action := engine.next_action(), Send):
        said += action.octets
    return said
