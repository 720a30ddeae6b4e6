"""The server that a test holds in its hand."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pytest_smtpserver.clock import now
from pytest_smtpserver.matching import Criteria
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook
from pytest_smtpserver.settings import DEFAULTS
from pytest_smtpserver.smtp import SMTPEngine, offer_of
from pytest_smtpserver.waiting import Waits, blocking
from pytest_smtpserver.waiting.capture import Capture

from . import access, ports
from .final_checks import check
from .outbox import Outbox

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from pytest_smtpserver.network import Listener
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.reply import Reply
    from pytest_smtpserver.records.session import Address, Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.records.violations import Violation
    from pytest_smtpserver.rules import Command, Rule
    from pytest_smtpserver.settings import Settings
    from pytest_smtpserver.waiting.expectation import Waiting

    from .certificates import CertificateAuthority

# What a test's author got wrong is shown at the line of the test, not in here.
__tracebackhide__ = True

# Arbitrary: what somebody may still read.
_SESSIONS_SHOWN = 20

Result = TypeVar("Result")


class SMTPServer:
    """A real SMTP server in this process, that records all that it sees.

    `SMTPServer(port=2525)`: the keywords are the settings of the reference; an unknown one or an
    impossible value is a `SettingsError`. As a context manager it is started, then stopped and
    checked. All times are in seconds. What it records are immutable snapshots, oldest first; what
    a reply reports is recorded before that reply is sent.

    `criteria` say which records are meant, and all that are given must hold. Of a message they
    are `mail_from`, `rcpt_to`, `from_`, `to`, `cc`, `reply_to`, `subject`, `header`, `text`,
    `html`, `body`, `attachment`, `username` and `where`; of a transaction `outcome`, `mail_from`,
    `rcpt_to` and `where`; of a session `helo`, `username`, `mechanism`, `tls`, `ended_by` and
    `where`. The reference says what they take.
    """

    def __init__(self, **settings: Any) -> None:
        self._set_up(DEFAULTS.changed(settings))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return a server with these settings, not started."""
        server = cls.__new__(cls)
        server._set_up(settings)
        return server

    def _set_up(self, settings: Settings) -> None:
        self._settings = settings
        self._offer = offer_of(settings, access.tls_context(settings))
        self._recorder = Recorder()
        self._rules = RuleBook(self._offer.stages, self._recorder.wake, self._wait_held)
        self._listener: Listener | None = None
        self._address: Address | None = None
        self._pid = os.getpid()

    @property
    def settings(self) -> Settings:
        """The settings, frozen."""
        return self._settings

    @property
    def hostname(self) -> str:
        """The domain with which the server introduces itself."""
        return self._settings.hostname

    @property
    def addr(self) -> Address:
        """Host and port. Raises `RuntimeError` before the first start."""
        if self._address is None:
            raise RuntimeError("the server was not started yet: it has no address")
        return self._address

    @property
    def host(self) -> str:
        """The address on which it listens, numeric; errors as `addr`."""
        return self.addr[0]

    @property
    def port(self) -> int:
        """The port on which it listens; it stays the same when started again. Errors as `addr`."""
        return self.addr[1]

    @property
    def url(self) -> str:
        """`smtp://host:port`, or `smtps://` with implicit TLS. Errors as `addr`.

        If there are users, the first one's name and password stand in it, percent-encoded, and
        IPv6 addresses stand in brackets (RFC 3986).
        """
        return access.url(self._settings, *self.addr)

    @property
    def shown_url(self) -> str:
        """The `url` without name and password, as reports show it. Errors as `addr`."""
        return access.shown_url(self._settings, *self.addr)

    def env(self, prefix: str = "SMTP_") -> dict[str, str]:
        """Return what an application reads from its environment; errors as `addr`.

        The names are `HOST`, `PORT`, `HOSTNAME`, `URL` and `TLS` after the prefix, with users the
        first one's `USERNAME` and `PASSWORD`, and with TLS `CA_FILE`.
        """
        values = access.environment(self._settings, *self.addr)
        return {f"{prefix}{name}": value for name, value in values.items()}

    @property
    def ca(self) -> CertificateAuthority:
        """The authority of this run, which has signed the server's valid certificate."""
        from .certificates import authority

        return authority()

    def client_context(self) -> ssl.SSLContext:
        """Return a new context for clients that trusts the run's authority, and it alone."""
        return self.ca.client_context()

    def start(self) -> Self:
        """Listen, and return the server; without effect if it already does.

        Raises `OSError` naming a port that is taken, and `SettingsError` for a fixed port where
        several servers would want it. After `stop` it listens on the same port again.
        """
        if self._listener is None:
            self._listener = self._listen()
            self._address = self._listener.address
        return self

    def _listen(self) -> Listener:
        host, port = self._address or (self._settings.host, self._settings.port)
        with ExitStack() as undo:
            ports.claim(self._settings)
            undo.callback(ports.release, self._settings)
            # trio is imported here, and not before: it takes a tenth of a second.
            from pytest_smtpserver.network import Listener

            make_engine = partial(SMTPEngine, self._offer, self._recorder, self._rules)
            listener = Listener(host, port, make_engine, self._recorder.crashed)
            undo.callback(listener.close)
            # Where warnings are errors, it does not listen.
            ports.warn_unless_loopback(listener.address[0], stacklevel=3)
            undo.pop_all()
        return listener

    def stop(self) -> None:
        """Close all connections and listen no more, within a second. Never raises.

        The records stay, and `start` listens on the same port again.
        """
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            ports.release(self._settings)

    def check(self) -> None:
        """Raise what is wrong with the server, which should be stopped by then.

        `ServerCrashed` if it failed by its own fault, the exception of a callable of the test,
        `SMTPAssertionError` for a violation under `strict` or a rule that was never used.
        """
        __tracebackhide__ = True
        check([self])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.stop()
        if exc is None:
            self.check()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages that were accepted."""
        return self._recorder.messages.all()

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """Every attempt to send a message, refused, aborted and open ones included."""
        return self._recorder.transactions()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session, open ones included."""
        return self._recorder.sessions()

    @property
    def violations(self) -> tuple[tuple[Session, Violation], ...]:
        """What clients did against the protocol since the last `clear`, each with its session."""
        return self._recorder.violations()

    @property
    def crash(self) -> BaseException | None:
        """What the server failed with by its own fault, if it did."""
        return self._recorder.crash

    @property
    def callable_error(self) -> BaseException | None:
        """What a callable of the test raised in the server's thread, if one did."""
        return self._recorder.callable_error

    @property
    def unused_rules(self) -> tuple[str, ...]:
        """A sentence for each rule that was never used and is not optional."""
        return self._rules.unused()

    @property
    def rule_notes(self) -> tuple[str, ...]:
        """What a failing test's report should say of the rules, such as the seed of `chaos`."""
        return self._rules.notes()

    @property
    def transcript(self) -> str:
        """What passed on the wire in all sessions, both directions, for reading."""
        return self._recorder.transcript()

    @property
    def shown_transcript(self) -> str:
        """The `transcript` as reports show it: of the last sessions, where there are many."""
        before = len(self._recorder.sessions()) - _SESSIONS_SHOWN
        if before <= 0:
            return self.transcript
        more = f"... {before} more before; `transcript` has them all\n\n"
        return more + self._recorder.transcript(_SESSIONS_SHOWN)

    @property
    def outbox(self) -> Outbox:
        """The accepted messages as pytest-localserver gives them: a list of `EmailMessage`.

        Each has `details`: `peer`, `mailfrom`, `rcpttos`, `mail_options`, `rcpt_options`. What is
        deleted from the list is forgotten.
        """
        return Outbox(self.messages, self._recorder.forget_message)

    def clear(self) -> None:
        """Forget messages, finished transactions and ended sessions; ids go on."""
        self._recorder.clear(now())

    def reset(self) -> None:
        """Forget what `clear` forgets, the rules, and an error that was reported."""
        self.clear()
        self._rules.clear()
        self._recorder.forget_errors()

    def on(self, stage: str, *, optional: bool = False, **match: Any) -> Rule:
        """Return a new rule: what the server does instead at a stage.

        `stage` is `"connect"`, `"tls"`, the verb of a command such as `"rcpt"`, `"message"` (the
        end of the content), or `"*"` (every command line). `match` are the criteria that are known
        there, `helo`, `username`, `mechanism`, `argument`, `session` (its id) and `where` (a
        callable that is given the `Command`). The newest rule that fits wins. Unless it is
        `optional`, a rule that is never used fails the test.
        Raises `ValueError` for a stage that this server does not have, `TypeError` for a keyword
        that the stage does not know.
        """
        return self._rules.on(stage, optional=optional, **match)

    def refuse(
        self,
        reply: str | Reply,
        *,
        stage: str | None = None,
        optional: bool = False,
        **match: Any,
    ) -> Rule:
        """Return a rule that gives this reply, 4xx or 5xx, such as `"550 5.1.1 no such user"`.

        Without `stage` it stands at the earliest that knows all the keywords, and at MAIL without
        any. Errors as in `on`.
        """
        return self._rules.refuse(reply, stage=stage, optional=optional, **match)

    def greylist(self, times: int = 1, *, optional: bool = False, **match: Any) -> Rule:
        """Return a rule that refuses each recipient so many times with 451. Errors as in `on`."""
        return self._rules.greylist(times, optional=optional, **match)

    def chaos(self, rate: float = 0.1, seed: int | str | None = None) -> Rule:
        """Return a rule that refuses commands, or disconnects, by chance.

        `rate` is the share of commands, from 0 to 1. What happens is decided from the seed, the
        session's id and the number of the command in it, so that it is the same in each run; the
        seed, chosen if none is given, is in the failing test's report.
        """
        return self._rules.chaos(rate, seed)

    def find(self, **criteria: Any) -> tuple[Message, ...]:
        """Return the messages that match now; never waits.

        An unknown criterion is a `TypeError`, here and in the methods below.
        """
        wanted = Criteria.for_messages(criteria)
        return tuple(message for message in self.messages if wanted.matches(message))

    def wait_for_message(
        self, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> Message:
        """Return the one message that matches, as soon as it is there.

        Raises `SMTPAssertionError` if none comes within `timeout` (default: the setting
        `wait_timeout`), if several match, or as soon as a second one comes within `settle`.
        """
        __tracebackhide__ = True
        waits = self._waits.messages(1, criteria, timeout=timeout, settle=settle)
        return self._wait(waits)[0]

    def wait_for_messages(
        self, count: int, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> tuple[Message, ...]:
        """Return the messages that match, oldest first: exactly `count`, else as above."""
        __tracebackhide__ = True
        return self._wait(self._waits.messages(count, criteria, timeout=timeout, settle=settle))

    def assert_no_message(self, *, within: float = 0.0, **criteria: Any) -> None:
        """Raise `SMTPAssertionError` if a message matches, or does within so many seconds."""
        __tracebackhide__ = True
        self._wait(self._waits.no_message(within, criteria))

    def capture(
        self,
        count: int | None = None,
        *,
        timeout: float | None = None,
        settle: float = 0.0,
        **criteria: Any,
    ) -> Capture:
        """Give, as a context manager, a list of what matched of the messages accepted in it.

        The list is filled when the block ends. With `count` that waits for exactly so many, and
        raises `SMTPAssertionError` otherwise. If the block raises, nothing is awaited. The list has
        what came by then in any case.
        """
        enter = self._waits.capture(count, criteria, timeout=timeout, settle=settle)
        return Capture(enter, self._wait)

    def wait_for_transaction(
        self, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> Transaction:
        """Return the one finished transaction that matches, as `wait_for_message` does."""
        __tracebackhide__ = True
        waits = self._waits.transactions(1, criteria, timeout=timeout, settle=settle)
        return self._wait(waits)[0]

    def wait_for_transactions(
        self, count: int, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> tuple[Transaction, ...]:
        """Return the finished transactions that match, as `wait_for_messages` does."""
        __tracebackhide__ = True
        return self._wait(self._waits.transactions(count, criteria, timeout=timeout, settle=settle))

    def wait_for_session(
        self, *, timeout: float | None = None, settle: float = 0.0, **criteria: Any
    ) -> Session:
        """Return the one ended session that matches, as `wait_for_message` does."""
        __tracebackhide__ = True
        return self._wait(self._waits.session(criteria, timeout=timeout, settle=settle))[0]

    def wait_closed(self, timeout: float | None = None) -> None:
        """Return as soon as no client is connected; `SMTPAssertionError` after `timeout`."""
        __tracebackhide__ = True
        self._wait(self._waits.closed(timeout))

    @property
    def _waits(self) -> Waits:
        return self._waits_for(in_task=False)

    def _waits_for(self, *, in_task: bool) -> Waits:
        """Return what one can wait for; `RuntimeError` where waiting would never end."""
        if os.getpid() != self._pid:
            raise RuntimeError(
                f"this server runs in process {self._pid}; a process forked from it cannot wait"
            )
        if self._listener is not None and self._listener.is_current_thread:
            raise RuntimeError("the server's own thread cannot wait for the server")
        address = "{}:{}".format(*self._address) if self._address else "a server that was started"
        return Waits(self._recorder, address, self._settings.wait_timeout, in_task=in_task)

    def _wait_held(self, rule: Rule, count: int, timeout: float | None) -> Command:
        __tracebackhide__ = True
        return self._wait(self._waits.held(rule, count, timeout))

    def _wait(self, waiting: Waiting[Result]) -> Result:
        __tracebackhide__ = True
        blocking.wait(self._recorder, waiting.look)
        return waiting.result()

    def __repr__(self) -> str:
        where = "{}:{}".format(*self._address) if self._address else "not started"
        state = "listening" if self._listener else "stopped"
        return f"<SMTPServer {where}, {state}, {len(self.messages)} messages>"
