"""What is behind both servers, `SMTPServer` and `AsyncSMTPServer`."""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

from pytest_smtpserver.clock import now
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.rules import RuleBook
from pytest_smtpserver.settings import SETTINGS
from pytest_smtpserver.smtp import SMTPEngine, offer_of
from pytest_smtpserver.unpatched import getpid, real_locks

from . import access, ports, registry, watching
from .signals import Uninterrupted
from .unused import unused_rule_text

if TYPE_CHECKING:
    from pytest_smtpserver.engine import SocketAddress
    from pytest_smtpserver.network import Listener
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.violations import Violation
    from pytest_smtpserver.settings import Settings
    from pytest_smtpserver.waiting import Expectations
    from pytest_smtpserver.waiting.causes import Surroundings

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

# Arbitrary: as many as a person will read.
_SESSIONS_SHOWN = 20


class Core:
    """The settings, records, rules and the listener of one server.

    Only this package uses it: what a user needs of it is a method of `BaseServer`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.offer = offer_of(settings, access.tls_context(settings))
        self.recorder = Recorder()
        self.rules = RuleBook(self.offer.stages, self.recorder.wake)
        self.listener: Listener | None = None
        #: Where it listens, or listened last.
        self.address: SocketAddress | None = None
        # Held while the server starts or stops.
        self._lock = threading.Lock()
        # The last listener that was closed, until all of its records are final.
        self._closed: Listener | None = None
        # Where it was started first, if its port is fixed: the plugin may start it again.
        self._first_start = ""
        self._pid = getpid()
        #: How often it was told to stop.
        self.stops = 0

    @property
    def is_serving(self) -> bool:
        """Whether clients are accepted."""
        return self.listener is not None and self.listener.is_serving

    @property
    def has_lost_thread(self) -> bool:
        """Whether nobody has stopped it, but its thread has ended."""
        return self.listener is not None and not self.listener.is_serving

    @property
    def is_inherited(self) -> bool:
        """Whether this is a copy in a process that was forked from the server's own."""
        return getpid() != self._pid

    def renew_locks(self) -> None:
        """Replace the locks: in a forked child, a thread of the parent may have held them."""
        self._lock = threading.Lock()
        self.recorder.renew_lock()
        self.rules.renew_locks()

    def start(self) -> None:
        """Listen; has no effect if it already listens. Raises what `BaseServer.start` raises."""
        was_serving = self.is_serving
        try:
            with Uninterrupted():
                self._start()
        except BaseException:
            # If a signal's handler has raised, nobody gets the server, and nobody will stop it.
            if not was_serving:
                with Uninterrupted():
                    self._stop()
            raise

    def _start(self) -> None:
        with self._lock:
            if self.is_serving:
                return
            # A callable may have stopped it without waiting, or its thread has ended.
            self._leave()
            if self._closed is not None:
                self._closed.close()
                self._seal()
            is_first = self.address is None
            self.listener = self._listen()
            self.address = self.listener.address
        registry.started(self)
        if is_first:
            watching.started(self)

    def _listen(self) -> Listener:
        self._first_start = ports.claim(self.settings, self._first_start)
        try:
            listener = self._open()
        except BaseException:
            ports.release(self.settings)
            raise
        return listener

    def _open(self) -> Listener:
        import_network()
        from pytest_smtpserver.network.listener import Listener
        from pytest_smtpserver.network.unix import ImpossibleHost

        host, port = self.address or (self.settings.host, self.settings.port)
        make_engine = partial(SMTPEngine, self.offer, self.recorder, self.rules)
        try:
            listener = Listener(host, port, make_engine, self.recorder.crashed, self.recorder.wake)
        except ImpossibleHost as error:
            why = str(error.strerror or error)
            raise SETTINGS["host"].wrong("host", self.settings.host, why) from None
        try:
            if self.address is None:
                ports.warn_unless_loopback(listener.address[0])
        except BaseException:
            # If warnings are errors, it does not listen.
            listener.close()
            raise
        return listener

    def leave_blocked_thread(self) -> None:
        """If a test's callable blocks the thread, move to another one; `start` does the rest.

        A server that has clients cannot move, and stops.
        """
        listener = self.listener or self._closed
        if listener is None or listener.thread_becomes_free():
            return
        with Uninterrupted():
            listener.leave_thread()
        if not listener.thread_becomes_free():
            self.stop()

    def stop(self) -> None:
        """Close all connections and stop listening, within a second. Never raises.

        Afterwards all records are final. There is one exception: called by a callable in the
        server's own thread, it does not wait, but a later `stop` or `start` does.
        """
        self.stops += 1
        with Uninterrupted():
            self._stop()

    def end_waits(self) -> None:
        """Make waits in other threads fail now: the server has stopped for good.

        Otherwise they would fail during a later test.
        """
        if wakers := self.recorder.wakers:
            from pytest_smtpserver.waiting.awaiting import end_all

            end_all(wakers)

    def _stop(self) -> None:
        with self._lock:
            self._leave()
            closed = self._closed
        if closed is None:
            return
        # Not under the lock: a callable may stop the server while this waits for its thread.
        closed.close()
        with self._lock:
            if self._closed is closed and not closed.is_current_thread:
                self._seal()

    def disconnect_clients(self, *, goodbye: bool, reset: bool) -> None:
        """End the open sessions, and return once they have ended; within a second."""
        listener = self.listener
        if listener is not None:
            with Uninterrupted():
                listener.disconnect_clients(goodbye=goodbye, reset=reset)

    def let_clients_leave(self, until: float) -> None:
        """Let the clients go that rules keep waiting, until those of a test have left.

        `until` is on `clock.monotonic`. Nobody is waited for twice: it may be an application that
        keeps its connection.
        """
        if self.is_inherited:
            return
        self.rules.let_go()
        recorder = self.recorder
        if not recorder.open_sessions:
            return
        from pytest_smtpserver.waiting.awaiting import in_thread

        newcomers = recorder.take_newcomers()
        in_thread(
            recorder, lambda now: until if now < until and recorder.are_open(newcomers) else None
        )

    def note_left_over(self) -> None:
        """Note that clients that are connected now are those of an earlier test.

        They may be silent until they go on: how long other tests take is not up to them.
        """
        self.recorder.note_left_over()
        self.forgive_silence()

    def forgive_silence(self) -> None:
        """Count no time as idle before a present client goes on."""
        if self.listener is not None and not self.is_inherited:
            self.listener.forgive_silence()

    def _leave(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            self._closed = listener
            ports.release(self.settings)

    def _seal(self) -> None:
        self._closed = None
        self.recorder.seal(now())

    def expectations(self, *, in_task: bool) -> Expectations:
        """Return the methods that wait; raises `RuntimeError` where waiting would never end."""
        if self.is_inherited:
            raise RuntimeError(
                f"this server runs in process {self._pid}; a process forked from it cannot wait"
            )
        if self.listener is not None and self.listener.is_current_thread:
            raise RuntimeError("the server's own thread cannot wait for the server")
        from pytest_smtpserver.waiting import Expectations

        return Expectations(
            self.recorder,
            self._surroundings,
            self._has_clients,
            self.settings.wait_timeout,
            in_task=in_task,
        )

    def _has_clients(self) -> bool:
        listener = self.listener
        return listener is not None and listener.has_clients

    def _surroundings(self) -> Surroundings:
        from pytest_smtpserver.rules.places import running_at
        from pytest_smtpserver.waiting.causes import Elsewhere, Surroundings

        listens = self.is_serving
        return Surroundings(
            address=self.where or "no address yet",
            state="listening" if listens else "stopped" if self.address else "new",
            settings=self.settings,
            callable_at=running_at(self.listener.thread) if self.listener else "",
            others=[
                Elsewhere(other.where, *other.recorder.came_since(registry.test_began()))
                for other in registry.listening()
                if other is not self
            ],
        )

    @property
    def where(self) -> str:
        """Where it listens, or listened last, in words; `""` if it was not started yet."""
        if self.address is None:
            return ""
        host, port = self.address
        return f"{host}:{port}" if port else host

    @property
    def violations(self) -> tuple[tuple[Session, Violation], ...]:
        """The clients' violations since the last `clear`, each with its session."""
        return self.recorder.violations()

    @property
    def cleared(self) -> float:
        """When its records were last cleared, in seconds since the epoch."""
        return self.recorder.cleared

    @property
    def crash(self) -> BaseException | None:
        """The exception with which the server failed by its own fault, or `None`."""
        return self.recorder.crash

    @property
    def callable_error(self) -> BaseException | None:
        """The exception that a callable of the test raised in the server's thread, or `None`."""
        return self.recorder.callable_error

    @property
    def unused_rules(self) -> tuple[str, ...]:
        """A sentence for each rule that was never used and is not optional.

        It is on two lines if it is too long for one.
        """
        recorder = self.recorder
        return tuple(
            [
                unused_rule_text(rule, stage, recorder.sessions(), recorder.forgotten)
                for stage, rule in self.rules.unused()
            ]
        )

    @property
    def rule_notes(self) -> tuple[str, ...]:
        """What a failing test's report should say about the rules, such as the seed of `chaos`."""
        return self.rules.notes()

    @property
    def shown_url(self) -> str:
        """The URL without name and password, as reports show it."""
        assert self.address is not None
        return access.shown_url(self.settings, *self.address)

    @property
    def shown_transcript(self) -> str:
        """The transcript as reports show it: of the last sessions, where there are many."""
        before = len(self.recorder.sessions()) - _SESSIONS_SHOWN
        if before <= 0:
            return self.recorder.transcript(compact=True)
        more = f"... {before} more before; `transcript` has them all\n\n"
        return more + self.recorder.transcript(_SESSIONS_SHOWN, compact=True)


def import_network() -> None:
    """Import what serves clients; raises `RuntimeError` where it cannot run."""
    _refuse_eventlet()
    if "pytest_smtpserver.network" not in sys.modules:
        # Not before it is needed: with it trio is imported, which takes a tenth of a second.
        with real_locks():
            import pytest_smtpserver.network  # noqa: F401


def _refuse_eventlet() -> None:
    # With eventlet, trio cannot even be imported: eventlet's sockets lack what it looks for.
    # `network` deals with gevent, which can be used in more ways.
    patcher = sys.modules.get("eventlet.patcher")
    needed = ("select", "socket", "thread")
    if patcher and (patched := [name for name in needed if patcher.is_monkey_patched(name)]):
        raise RuntimeError(
            f"eventlet has patched {', '.join(patched)} in this process, and the SMTP server's "
            "thread needs the real ones: use eventlet.monkey_patch(select=False, socket=False, "
            "thread=False)"
        )
