"""No client came: the server did not listen, or the mail went somewhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.matching import Cause, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts

ASYNC_ADVICE = "use the fixture smtpserver_async, or AsyncSMTPServer(server)"


def not_listening(facts: Facts) -> Cause | None:
    """The server does not listen."""
    if facts.server.state == "new":
        return Cause("the server was never started", "use `with server:`, or server.start()")
    if facts.server.state == "stopped":
        return Cause("the server is stopped", "nothing can arrive until server.start()")
    return None


def blocked_loop(facts: Facts) -> Cause | None:
    """The wait blocked the event loop in which the application would have run."""
    if facts.loop is None or any(session.ended_at for session in facts.sessions):
        return None
    return Cause(
        f"this wait blocked the running {facts.loop} loop, and all code in it", ASYNC_ADVICE
    )


def in_djangos_memory(facts: Facts) -> Cause | None:
    """Django's test environment kept the mail in memory."""
    # The list exists only while the test environment is set up.
    outbox = getattr(sys.modules.get("django.core.mail"), "outbox", None)
    if facts.sessions or not outbox:
        return None
    return Cause(
        f"Django kept {counted(len(outbox), 'message')} in memory",
        "Django's test environment does so; use the fixture smtpserver_django",
        aside="django.core.mail.outbox",
    )


def suppressed_by_flask(facts: Facts) -> Cause | None:
    """Flask-Mail or Flask-Mailman sends nothing while the application is being tested."""
    if facts.sessions:
        return None
    for app in _flask_applications():
        mail = getattr(app, "extensions", {}).get("mail")
        if getattr(mail, "suppress", False):
            return Cause(
                "Flask-Mail sends nothing while TESTING is on",
                "set MAIL_SUPPRESS_SEND = False before Mail(app)",
            )
        mailman = getattr(app, "extensions", {}).get("mailman")
        if getattr(mailman, "backend", None) == "locmem":
            return Cause(
                "Flask-Mailman keeps mail in memory while TESTING is on",
                'set MAIL_BACKEND = "smtp" before Mail(app)',
            )
    return None


def _flask_applications() -> Iterator[Any]:
    flask = sys.modules.get("flask")
    kind = getattr(flask, "Flask", None)
    if not isinstance(kind, type):
        return
    import gc

    # Flask keeps no list of applications, and the test may not run in the context of one.
    # Not `isinstance`, which asks objects for their class: a dead proxy raises, a lazy one works.
    yield from (one for one in gc.get_objects() if issubclass(type(one), kind))


def at_another_server(facts: Facts) -> Cause | None:
    """The client went to another server of the same test."""
    if facts.sessions:
        return None
    for other in facts.server.others:
        if other.sessions or other.messages:
            what = counted(other.messages, "message") if other.messages else "a client"
            return Cause(
                f"{what} went to the test's other server, {other.address}",
                f"this wait is for {facts.server.address}",
            )
    return None


def in_a_twisted_reactor(facts: Facts) -> Cause | None:
    """The wait blocked Twisted's reactor."""
    reactor = sys.modules.get("twisted.internet.reactor")
    if not getattr(reactor, "running", False) or any(one.ended_at for one in facts.sessions):
        return None
    threadable = sys.modules.get("twisted.python.threadable")
    if threadable is None or not threadable.isInIOThread():
        return None
    return Cause(
        "this wait blocked Twisted's reactor, and all code in it",
        "wait in another thread: deferToThread(server.wait_for_message)",
    )


def before_the_block(facts: Facts) -> Cause | None:
    """The messages came before the block of `capture` was entered."""
    if not facts.skipped:
        return None
    came = counted(facts.skipped, "message")
    return Cause(
        f"{came} came before the block was entered, not in it",
        "send within `with server.capture(...)`",
    )


def nobody(facts: Facts) -> Cause | None:
    """No client connected."""
    if facts.sessions:
        return None
    if facts.forgotten:
        return Cause(
            "no client connected since clear() or the test's start",
            "what came before is forgotten; does the code under test send again, to "
            f"{facts.server.address}?",
        )
    return Cause(
        f"no client connected to {facts.server.address}",
        "does the code under test use this host and port?",
    )
