"""What a test can do with a server without waiting: the same in a thread and in a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pytest_smtpserver import matching
from pytest_smtpserver.clock import now
from pytest_smtpserver.rules.making import AnyRule, RuleMaker

from . import access
from .final_checks import check

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Unpack

    from pytest_smtpserver.engine import SocketAddress
    from pytest_smtpserver.records.keywords import MessageCriteria
    from pytest_smtpserver.records.message import Message
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.rules import RuleBook
    from pytest_smtpserver.settings import Settings

    from .certificates import CertificateAuthority
    from .core import Core
    from .outbox import Outbox

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True


class Reachable:
    """Where a server is, and how an application reaches it."""

    _core: Core

    @property
    def settings(self) -> Settings:
        """The settings, frozen."""
        return self._core.settings

    @property
    def hostname(self) -> str:
        """The domain with which the server introduces itself."""
        return self.settings.hostname

    @property
    def addr(self) -> SocketAddress:
        """The pair of host and port. Raises `RuntimeError` before the first start."""
        if self._core.address is None:
            raise RuntimeError("the server was not started yet: it has no address")
        return self._core.address

    @property
    def host(self) -> str:
        """The address on which it listens, numeric, or `unix:` and a path; errors as `addr`."""
        return self.addr[0]

    @property
    def port(self) -> int:
        """The port on which it listens; it stays the same after a restart. Errors as `addr`.

        0 for a socket in the file system.
        """
        return self.addr[1]

    @property
    def url(self) -> str:
        """`smtp://host:port`, or `smtps://` with implicit TLS. Errors as `addr`.

        With AUTH and users it has the first user's name and password, percent-encoded; an IPv6
        address is in brackets (RFC 3986). For a socket in the file system it is `smtp+unix:`, or
        `lmtp+unix:`, and the path.
        """
        return access.url(self.settings, *self.addr)

    def env(self, prefix: str = "SMTP_", trust: bool = False) -> dict[str, str]:  # noqa: FBT001, FBT002, RUF100
        """Return environment variables for an application; errors as `addr`.

        The names are `HOST`, `PORT`, `HOSTNAME`, `URL` and `TLS` after the prefix, with AUTH and
        users the first one's `USERNAME` and `PASSWORD`, and with TLS `CA_FILE`. `trust=True` adds
        `SSL_CERT_FILE` with TLS, without the prefix: `ca.bundle_file`, which OpenSSL then trusts.
        """
        from pytest_smtpserver.matching import given

        given.text("prefix", prefix)
        values = access.environment(self.settings, *self.addr)
        named = {f"{prefix}{name}": value for name, value in values.items()}
        return named | (access.trust(self.settings) if trust else {})

    @property
    def ca(self) -> CertificateAuthority:
        """The authority of this run, which has signed the server's valid certificate."""
        from .certificates import authority

        return authority()

    def client_context(self) -> ssl.SSLContext:
        """Return a new context for clients that trusts the run's authority, and no other."""
        return self.ca.client_context()


class BaseServer(Reachable, RuleMaker[AnyRule]):
    """Starting and stopping, records, and rules."""

    @property
    def _rules(self) -> RuleBook:
        return self._core.rules

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
        self._core.end_waits()
        if exc is None:
            self.check()

    def start(self) -> Self:
        """Listen, and return the server; has no effect if it already listens.

        Raises `OSError` naming a port that is taken, and `SettingsError` for a fixed port that
        another server of this process has, or under pytest-xdist. After `stop` it listens on the
        same port again.
        """
        self._core.start()
        return self

    def stop(self) -> None:
        """Close all connections and stop listening, within a second. Never raises.

        The records stay, and `start` listens on the same port again.
        """
        self._core.stop()

    def disconnect_clients(self, *, goodbye: bool = True, reset: bool = False) -> None:
        """End the open sessions, within a second, while the server goes on.

        With `goodbye` the clients get a 421 first (RFC 5321 section 3.8); with `reset` they get a
        TCP reset and no 421. Open transactions are aborted.
        """
        self._core.disconnect_clients(goodbye=goodbye, reset=reset)

    def is_alive(self) -> bool:
        """Return whether the server listens (a name of pytest-localserver's)."""
        return self._core.is_serving

    @property
    def accepting(self) -> bool:
        """Whether the server listens (a name of pytest-localserver's)."""
        return self._core.is_serving

    def check(self) -> None:
        """Raise an exception if something is wrong with the server; stop it first.

        `ServerCrashed` if it failed because of a bug in it, the exception of a callable of the
        test, `SMTPAssertionError` for a violation under `strict` or a rule that was never used.
        """
        __tracebackhide__ = True
        check([self._core])

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages that were accepted."""
        return self._core.recorder.messages.all()

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """Every attempt to send a message, refused, aborted and open ones included."""
        return self._core.recorder.transactions()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session, open ones included."""
        return self._core.recorder.sessions()

    @property
    def transcript(self) -> str:
        """The conversation of all sessions, both directions, for people to read."""
        return self._core.recorder.transcript()

    @property
    def outbox(self) -> Outbox:
        """The accepted messages as pytest-localserver gives them: a list of `EmailMessage`.

        Each has `details`: `peer`, `mailfrom`, `rcpttos`, `mail_options`, `rcpt_options`. A message
        that is deleted from the list is forgotten. A list that was kept is always current.
        """
        from .outbox import Outbox

        recorder = self._core.recorder
        return Outbox(lambda: recorder.messages.all(), recorder.forget_message)

    def clear(self) -> None:
        """Forget messages, finished transactions and ended sessions; ids go on.

        An open session stays, with what is open in it and its login; what else it did is forgotten.
        """
        self._core.recorder.clear(now())

    def reset(self) -> None:
        """Forget what `clear` forgets, the rules, and any error that `check` would raise."""
        self.clear()
        self._core.rules.clear()
        self._core.recorder.forget_errors()

    def find(self, **criteria: Unpack[MessageCriteria]) -> tuple[Message, ...]:
        """Return the messages that match now; never waits.

        An unknown criterion is a `TypeError`, here and in the waiting methods.
        """
        wanted = matching.Criteria.for_messages(criteria)
        return tuple(message for message in self.messages if wanted.matches(message))

    def __repr__(self) -> str:
        where = self._core.where or "not started"
        state = "listening" if self._core.is_serving else "stopped"
        return f"<{type(self).__name__} {where}, {state}, {len(self.messages)} messages>"
