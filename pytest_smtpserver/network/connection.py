"""Driving one connection: octets in, the engine's actions out.

A connection is one task, but what can be answered at once is answered without waking it: the
stream is fed to `_answer`, which tells the engine, sends what it says, and returns what takes time.
That the task carries out, and listens again. Replies are gathered until the engine has nothing more
to say, so octets that came together are answered together. One cancel scope spans the conversation;
its deadline is pushed ahead whenever the peer has said something, and `stop` cancels it.

While the engine is paused, the connection reads ahead a bounded amount: it would not see
otherwise that the peer has left. Between pauses all that was read is with the engine.
"""

from __future__ import annotations

import contextlib
import math
import socket
import struct
from typing import TYPE_CHECKING

import trio

from pytest_smtpserver.clock import monotonic, now
from pytest_smtpserver.engine import (
    Close,
    EndReason,
    Hold,
    Send,
    StartTLS,
    Throttle,
    Wait,
)

from .handshake import HandshakeFailed
from .readiness import until_peer_leaves
from .stream import CHUNK, ClearStream, Lost
from .throttled import ThrottledStream
from .tls import TLSStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.engine import Action, Engine

    from .stream import Stream

# How long an orderly close waits for the peer to close too. Closing a socket that has unread
# input resets it on Linux, and the last reply would be lost.
_DRAIN_SECONDS = 1.0
# How long a last word may take to leave; within what stopping a server may take.
_LAST_WORD_SECONDS = 0.5
# How long a client that is done may take to say so when the server stops. Arbitrary: a client that
# is about to say QUIT has it on its way, and one that keeps its connection must not delay a test.
_GOODBYE_SECONDS = 0.1
# After so many replies to what came together, other clients have their turn: some 2 ms of work.
_REPLIES_IN_A_ROW = 64
# What ends a task by the will of trio, and not because something failed. All else is told to the
# test: a callable of its may raise `SystemExit`, or what `pytest.fail` raises.
_OUR_OWN = (trio.Cancelled, GeneratorExit)
# For the task: some of what is owed could not leave at once.
_SEND_THE_REST = Send(b"")


class Connection:
    """One accepted socket and its engine."""

    def __init__(
        self, accepted: socket.socket, engine: Engine, on_crash: Callable[[BaseException], object]
    ) -> None:
        self._socket = accepted
        self._clear = ClearStream(accepted)
        # What the engine's octets go through: encryption, once there is some.
        self._stream: Stream = self._clear
        self._engine = engine
        self._on_crash = on_crash
        self._owed = bytearray()
        self._scope = trio.CancelScope()
        self._end_reason: EndReason = "idle"
        self._over = False
        self._resets = self._has_waited = False

    def stop(self) -> None:
        """Let what is owed leave, say a last word, and close.

        A client that is done has a moment to say so itself. It is the most ordinary end of a test:
        the message has come, and the thread that has sent it is about to say QUIT.
        """
        if self._is_ending:
            return
        deadline = monotonic() + _GOODBYE_SECONDS
        if self._awaits_goodbye():
            self._has_waited = True
            self._set_deadline(min(self._scope.deadline, deadline))
        else:
            self._scope.cancel()
        self._end_reason = "stop"

    def _awaits_goodbye(self) -> bool:
        # It is asked outside of the connection's task, where an exception would end the thread.
        try:
            return self._engine.awaits_goodbye
        except Exception as error:  # noqa: BLE001  # others go on, and the test hears of it
            self._on_crash(error)
            return False

    def disconnect(self, *, goodbye: bool, reset: bool) -> None:
        """Let what is owed leave and close at once, after a last word or without, or reset."""
        if self._is_ending:
            return
        self._end_reason = "stop" if goodbye and not reset else "silence"
        self._resets = reset
        self._scope.cancel()

    def give_up(self) -> None:
        """Say nothing more, from any thread; the socket is closed by the thread that drives it."""
        self._clear.give_up()

    @property
    def _is_ending(self) -> bool:
        return self._end_reason != "idle"

    def _set_deadline(self, deadline: float) -> None:
        # That of a server that stops is final, also if the client is held, or slow to leave.
        if not self._is_ending:
            self._scope.deadline = deadline

    def abandon(self) -> None:
        """Close this process's copy of the socket, and do nothing else."""
        self._socket.close()

    async def run(self) -> None:
        """Drive the engine until the connection is closed; raises nothing but cancellation."""
        try:
            with self._scope:
                self._engine.opened(now())
                self._hear_early_octets()
                await self._converse()
            if self._scope.cancelled_caught:
                await self._finish(self._reason_to_finish())
        except _OUR_OWN:
            raise
        except BaseException as error:  # noqa: BLE001  # others go on, and the test hears of it
            self._on_crash(error)
            await self._finish_after_crash()
        finally:
            self._socket.close()

    def _reason_to_finish(self) -> EndReason:
        # The moment to say goodbye is over. A last word would be taken for the reply to QUIT.
        if self._end_reason == "stop" and self._has_waited and self._awaits_goodbye():
            return "silence"
        return self._end_reason

    async def _converse(self) -> None:
        try:
            action = self._gather()
            while await self._carry_out(action):
                self._push_deadline()
                action = await self._stream.feed(self._answer)
        except Lost:
            self._engine.eof(now(), reset=True)

    def _answer(self, octets: bytes) -> Action | None:
        # Return what is left to do, if that takes more than this moment.
        if not octets:
            self._eof()
            return self._gather() or _SEND_THE_REST
        self._engine.receive(octets, now())
        action = self._gather()
        if action is None:
            self._push_deadline()
            self._stream.send_at_once(self._owed)
            return _SEND_THE_REST if self._owed else None
        return action

    def _gather(self) -> Action | None:
        # Owe what the engine says, and return what else it wants. A `Send`, owed already, says that
        # there may be more to come, after others have had their turn.
        action = None
        for _ in range(_REPLIES_IN_A_ROW):
            action = self._engine.next_action()
            if not isinstance(action, Send):
                break
            self._owed += action.octets
            if len(self._owed) >= CHUNK:
                break
        return action

    def _hear_early_octets(self) -> None:
        # What is there by now, the peer has sent before the engine could say a word. An end or a
        # reset is met again at the next read.
        with contextlib.suppress(OSError):
            if octets := self._socket.recv(CHUNK):
                self._engine.receive(octets, now())

    def _eof(self) -> None:
        self._over = True
        self._engine.eof(now())

    def _push_deadline(self) -> None:
        # Moving a deadline costs more than asking the time, so it is moved a little farther than
        # needed, and then not for every single read.
        idle_timeout = self._engine.idle_timeout
        earliest = monotonic() + idle_timeout
        if not earliest <= self._scope.deadline < math.inf:
            self._set_deadline(earliest + idle_timeout / 16)

    async def _finish(self, reason: EndReason) -> None:
        with trio.move_on_after(_LAST_WORD_SECONDS, shield=True), contextlib.suppress(Lost):
            self._engine.end(reason, now())
            if self._resets:
                await self._close(reset=True)
            else:
                await self._carry_out(self._gather())

    async def _finish_after_crash(self) -> None:
        # The engine is in an unknown state: what it does now is worth a try, no more.
        try:
            await self._finish("crash")
        except _OUR_OWN:
            raise
        except BaseException:  # noqa: BLE001, S110  # the first one was told
            pass

    async def _carry_out(self, action: Action | None) -> bool:
        # Do it, and what else the engine wants; return whether the conversation goes on.
        while action is not None:
            if isinstance(action, Close):
                await self._stream.send(self._owed)
                await self._close(reset=action.reset)
                return False
            await self._do(action)
            action = self._gather()
        await self._stream.send(self._owed)
        if self._over:
            # Whatever the engine thinks of it: there is nothing left to read.
            await self._close(reset=False)
        return not self._over

    async def _do(self, action: Send | StartTLS | Throttle | Wait | Hold) -> None:
        if isinstance(action, Send):
            await self._let_others_go_first()
            return
        await self._stream.send(self._owed)
        if isinstance(action, StartTLS):
            await self._start_tls(action)
        elif isinstance(action, Throttle):
            self._stream = ThrottledStream(self._stream, action.octets_per_second)
        else:
            await self._pause(action)

    async def _let_others_go_first(self) -> None:
        if len(self._owed) >= CHUNK:
            await self._stream.send(self._owed)
        await trio.lowlevel.checkpoint()
        # Who takes a long answer is not idle, however long it takes.
        self._push_deadline()

    async def _pause(self, action: Wait | Hold) -> None:
        # Whoever ends the pause cancels the scope in which we read ahead.
        self._set_deadline(math.inf)
        ahead = bytearray()
        with trio.CancelScope() as pause:
            if isinstance(action, Wait):
                pause.deadline = monotonic() + action.seconds
            else:
                _cancel_when_open(action, pause)
            await self._read_ahead(ahead)
        if not pause.cancelled_caught:
            self._eof()
            return
        self._engine.resume(now())
        if ahead:
            # At once: the engine alone knows which of them belong to a handshake, if one is next.
            self._engine.receive(bytes(ahead), now())

    async def _read_ahead(self, ahead: bytearray) -> None:
        # Return when the peer has sent its last octet.
        while len(ahead) < CHUNK:
            octets = await self._stream.receive()
            if not octets:
                return
            ahead += octets
        await until_peer_leaves(self._socket)

    async def _start_tls(self, action: StartTLS) -> None:
        # However often the peer sends a little, the handshake as a whole has so much time.
        self._push_deadline()
        # From here on nothing leaves in clear.
        self._stream = tls = TLSStream(self._stream, action.context)
        try:
            info = await tls.shake_hands(action.received)
        except HandshakeFailed as failure:
            self._over = True
            self._engine.tls_failed(
                str(failure), now(), in_clear=failure.in_clear, reset=failure.reset
            )
        else:
            self._engine.tls_done(info, now())

    async def _close(self, *, reset: bool) -> None:
        if reset:
            # Lingering for no time makes closing a reset.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self._set_deadline(math.inf)
        with contextlib.suppress(OSError, Lost), trio.move_on_after(_DRAIN_SECONDS):
            await self._stream.half_close()
            await self._drain()

    async def _drain(self) -> None:
        if self._is_ending:
            # Nobody waits for the peer then; what has arrived is enough.
            while self._socket.recv(CHUNK):
                pass
            return
        while await self._clear.receive():
            pass


def _cancel_when_open(action: Hold, pause: trio.CancelScope) -> None:
    token = trio.lowlevel.current_trio_token()

    def cancel() -> None:
        # The loop may have ended by the time that somebody opens the gate.
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(pause.cancel)

    action.gate.when_open(cancel)
