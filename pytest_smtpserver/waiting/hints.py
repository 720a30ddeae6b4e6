"""What may be the cause when nothing comes: a sentence for each trap that people fall into."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.matching import counted

from .awaiting import in_event_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_smtpserver.recording.recorder import Recorder
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see: `address` is where the server listens, `loop` what the wait blocked."""

    address: str
    loop: str | None
    sessions: Sequence[Session]
    transactions: Sequence[Transaction]


def hints(recorder: Recorder, address: str, *, blocked: bool) -> Iterator[str]:
    """Yield what may be the cause, the most telling first.

    `blocked` says whether nothing else could run in the caller's thread meanwhile.
    """
    loop = in_event_loop() if blocked else None
    scene = Scene(address, loop, recorder.sessions(), recorder.transactions())
    for look in _LOOKS:
        if sentence := look(scene):
            yield sentence


def began_before(recorder: Recorder, records: Sequence[object]) -> Iterator[str]:
    """Yield a sentence for each message whose MAIL came before the records were emptied."""
    if not recorder.cleared:
        return
    # What was open when the records were emptied comes first.
    early = takewhile(
        lambda one: one.started_at.timestamp() < recorder.cleared, recorder.transactions()
    )
    messages = {id(transaction.message) for transaction in early}
    for number, record in enumerate(records if messages else (), 1):
        if id(record) in messages:
            yield (
                f"message {number} began before this test (or its last clear()): its MAIL came "
                "before the records were emptied"
            )


def blocked_loop(loop: str | None) -> str | None:
    """Return what to say of a wait in whose thread this event loop runs, if there is one."""
    return loop and (
        f"this wait blocked the running {loop} loop, and with it any code under test in it: use "
        "the fixture smtpserver_async, or AsyncSMTPServer(server)"
    )


def _blocked_loop(scene: Scene) -> str | None:
    return blocked_loop(scene.loop)


def _django_outbox(scene: Scene) -> str | None:
    # The list is there only while Django's test environment is set up.
    outbox = getattr(sys.modules.get("django.core.mail"), "outbox", None)
    if not outbox:
        return None
    return (
        f"django.core.mail.outbox has {counted(len(outbox), 'message')}: Django's test "
        "environment keeps mail in memory; use the fixture smtpserver_django"
    )


def _no_client(scene: Scene) -> str | None:
    if scene.sessions:
        return None
    return f"no client connected; does the code under test use {scene.address}?"


def _tls_failed(scene: Scene) -> str | None:
    failures = [session.tls_failure for session in scene.sessions if session.tls_failure]
    if not failures:
        return None
    is_unknown = "unknown CA" in failures[-1]
    advice = "; let the client trust smtpserver_ca.cert_file" if is_unknown else ""
    return f"the TLS handshake failed: {failures[-1]}{advice}"


def _auth_refused(scene: Scene) -> str | None:
    for session in reversed(scene.sessions):
        if session.auth and not any(attempt.succeeded for attempt in session.auth):
            last = session.auth[-1]
            return f"AUTH {last.mechanism} as {last.username!r} was refused"
    return None


def _sent_nothing(scene: Scene) -> str | None:
    if not scene.sessions or scene.transactions or _tls_failed(scene) or _auth_refused(scene):
        return None
    who = counted(len(scene.sessions), "client")
    return f"{who} connected, but none began to send a message{_last_refusal(scene.sessions)}"


def _last_refusal(sessions: Sequence[Session]) -> str:
    """Return what the server refused last, with what stands before it."""
    for session in reversed(sessions):
        for exchange in reversed(session.exchanges):
            reply = exchange.reply
            if reply is not None and not reply.is_positive:
                said = " ".join(str(reply).split())
                return f"; the answer to {exchange.verb or 'the connection'} was {said}"
    return ""


def _is_open(scene: Scene) -> str | None:
    if not any(transaction.outcome is None for transaction in scene.transactions):
        return None
    return "a message is still being sent: its transaction is open"


def _aborted(scene: Scene) -> str | None:
    last = scene.transactions[-1] if scene.transactions else None
    if last is None or last.outcome != "aborted":
        return None
    if not last.envelope.rcpt_to:
        return "the last transaction was aborted without an accepted recipient"
    return "the last transaction was aborted: its content was never complete"


#: The most telling first.
_LOOKS: Final[tuple[Callable[[Scene], str | None], ...]] = (
    _blocked_loop,
    _django_outbox,
    _no_client,
    _tls_failed,
    _auth_refused,
    _sent_nothing,
    _is_open,
    _aborted,
)
