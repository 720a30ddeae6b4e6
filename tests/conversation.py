"""One conversation with the engine, without a network: octets in, octets out, and records."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NoReturn

from pytest_smtpserver.engine import (
    PAUSING,
    Close,
    EndReason,
    Hold,
    Send,
    StartTLS,
    Throttle,
    TLSInfo,
    Wait,
)  # fmt: skip
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook, RuleMaker
from pytest_smtpserver.rules.rule import Rule
from pytest_smtpserver.settings import Settings
from pytest_smtpserver.smtp import Offer, SMTPEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from pytest_smtpserver import Message, ServerSettings, Session, Transaction
    from pytest_smtpserver.rules.state import RuleState

    #: Makes the rules of a conversation.
    Making = Callable[["Rules"], object]
    #: A step of a rule, such as `lambda rule: rule.delay(1)`.
    Build = Callable[[Rule], Rule]

#: When every conversation begins; arbitrary.
START = 1_000_000_000.0
#: Seconds between two things that happen; a power of two, so that sums are exact.
TICK = 0.125
CLIENT = ("127.0.0.1", 50_000)
#: The result of a handshake that never took place.
TLS = TLSInfo(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", server_name=None)


class Conversation:
    """An engine that has greeted. Each call is one tick later than the one before."""

    def __init__(
        self,
        recorder: Recorder | None = None,
        rules: Making = lambda book: None,
        **settings: Unpack[ServerSettings],
    ) -> None:
        # The engine only passes the context on.
        offer = Offer(Settings().changed(settings), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self.recorder = recorder or Recorder()
        self.rules = rule_book(offer)
        rules(self.rules)
        self.engine = make_engine(offer, self.recorder, self.rules)
        self.now = START
        self.is_closed = self.was_reset = False
        #: The `Wait`, `Hold` or `StartTLS` that the engine is paused by.
        self.pause: Wait | Hold | StartTLS | None = None
        self.throttle: Throttle | None = None
        self.engine.opened(self.now)
        self.greeting = self._pull()

    def send(self, octets: bytes) -> bytes:
        """Feed octets unless the engine has closed, and return what is sent back."""
        if octets and not self.is_closed:
            self.engine.receive(octets, self._tick())
        return self._pull()

    def lines(self, *lines: str) -> list[str]:
        """Send command lines, and return the replies' lines without line ends."""
        octets = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        return self.send(octets).decode().split("\r\n")[:-1]

    def one_by_one(self, *lines: str) -> int:
        """Send command lines, each after the reply to the previous one; return the last code."""
        return [code for line in lines for code in self.codes(line)][-1]

    def codes(self, *lines: str) -> list[int]:
        """Send command lines, and return the codes of the replies."""
        return [int(line[:3]) for line in self.lines(*lines) if line[3:4] != "-"]

    def resume(self, ahead: bytes = b"") -> bytes:
        """End a wait or a hold; `ahead` is what the client sent meanwhile."""
        self.pause = None
        self.engine.resume(self._tick())
        if ahead:
            self.engine.receive(ahead, self.now)
        return self._pull()

    def tls_done(self) -> bytes:
        """Pretend that the handshake succeeded; it begins with the client's first octet."""
        if self.pause is None:
            assert self.send(b"\x16") == b""
        assert isinstance(self.pause, StartTLS)
        self.pause = None
        self.engine.tls_done(TLS, self._tick())
        return self._pull()

    def eof(self, *, reset: bool = False) -> bytes:
        """Let the client close or reset the connection."""
        self.pause = None
        self.engine.eof(self._tick(), reset=reset)
        return self._pull()

    def end(self, reason: EndReason) -> bytes:
        """Let the driver end the conversation."""
        self.pause = None
        self.engine.end(reason, self._tick())
        return self._pull()

    @property
    def session(self) -> Session:
        """The newest session."""
        return self.recorder.sessions()[-1]

    @property
    def transaction(self) -> Transaction:
        """The newest transaction."""
        return self.recorder.transactions()[-1]

    @property
    def violations(self) -> list[str]:
        """The codes of the newest session's violations."""
        return [violation.code for violation in self.session.violations]

    @property
    def messages(self) -> tuple[Message, ...]:
        """The accepted messages."""
        return self.recorder.messages.all()

    def _tick(self) -> float:
        self.now += TICK
        return self.now

    def _pull(self) -> bytes:
        sent = b""
        while (action := self.engine.next_action()) is not None:
            assert not self.is_closed
            assert self.pause is None
            match action:
                case Send(octets):
                    sent += octets
                case Throttle():
                    self.throttle = action
                case Close(reset):
                    self.is_closed, self.was_reset = True, reset
                case _:
                    assert isinstance(action, PAUSING)
                    self.pause = action
        return sent


def make_engine(offer: Offer, recorder: Recorder, rules: RuleBook | None = None) -> SMTPEngine:
    """Return an engine that has not begun; the only place that knows how to make one."""
    return SMTPEngine(offer, recorder, rules or rule_book(offer), CLIENT)


def rule_book(offer: Offer) -> Rules:
    """Return an empty rule book without anything that waits for held commands."""
    return Rules(offer.stages, lambda: None)


class Rules(RuleBook, RuleMaker[Rule]):
    """A rule book that makes rules like a server."""

    @property
    def _rules(self) -> RuleBook:
        return self

    def _new_rule(self, state: RuleState) -> Rule:
        def wait_held(*_: object) -> NoReturn:
            raise NotImplementedError

        return Rule(state, wait_held)


def in_pieces(octets: bytes, size: int) -> list[bytes]:
    """Cut octets into pieces of one size."""
    return [octets[start : start + size] for start in range(0, len(octets), size)]
