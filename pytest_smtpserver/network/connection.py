"""Driving one connection: octets in, the engine's actions out.

The loop
--------

Each connection is one task, but waking a task costs more than answering an SMTP command. So most
octets never wake it: `Stream.feed` calls `_answer` as soon as they arrive. `_answer` gives them to
the engine, sends the replies if the socket takes them at once, and returns `None`: go on reading.
It returns an action only if the task itself must do something that takes time, such as waiting,
shaking hands or closing. The task carries that out (`_carry_out`) and then feeds again.

What `_gather` returns
----------------------

`_gather` pulls the engine and puts the octets of every `Send` into `_owed`, the send queue. So ten
commands that came in one packet are answered in one write. It stops in one of three cases:

* at `None`: the engine has nothing more to say;
* at an action that is not a `Send`: that must be carried out, after the queue has been sent;
* at a `Send`, when the queue is large or many replies were made in a row. This `Send` is already
  queued; never queue it again. It means only "there may be more: let other connections have a
  turn, then gather again".

`_SEND_THE_REST` is a `Send` without octets, used for the same purpose: the socket was full, so the
task must wait until it can send the rest of the queue.

The deadline
------------

One cancel scope spans the conversation. Its deadline is the idle timeout: each time that the peer
says something it is moved ahead. It is infinite while the engine is paused, because the client is
not to blame for a pause. Once the server stops, the deadline is final (`_set_deadline`).

Reading ahead
-------------

While the engine is paused it takes no octets, but somebody has to read, or nobody would notice that
the peer has left. So `_pause` reads up to `CHUNK` octets ahead and gives them to the engine
directly after `resume`. Example: a rule holds DATA; the client loses patience and closes. The read
returns nothing, and the engine gets `eof` at once instead of when the rule is released.

Stop and goodbye
----------------

`stop` ends the conversation by cancelling the scope; `run` then calls `_finish`, where the engine
says its last word (a 421), within a bounded time. There is one exception. In the most ordinary test
the message has arrived, the test ends, and the client's thread is just about to send QUIT. Such a
client (`Engine.awaits_goodbye`) gets a moment, `_GOODBYE_SECONDS`, to say so. If it stays silent it
gets no 421: it might send QUIT at that very moment and take the 421 for the reply.
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
from .stream import CHUNK, ClearStream, Lost
from .throttled import ThrottledStream
from .tls import TLSStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.engine import Action, Engine

    from .readiness import Readiness
    from .stream import Stream

# How long an orderly close waits for the peer to close too. Closing a socket that has unread
# input resets it on Linux, and the last reply would be lost.
_DRAIN_SECONDS = 1.0
# How long it may take to send the last word. It must fit into the time for stopping a server.
_LAST_WORD_SECONDS = 0.5
# How long a client that is done may take to send QUIT when the server stops. Arbitrary: a QUIT that
# is about to come is on its way already, and a client that stays connected must not delay a test.
_GOODBYE_SECONDS = 0.1
# Moving a deadline costs more than asking the time. So it is moved a little farther than needed,
# and not at every read. Arbitrary.
_SPARSELY = 17 / 16
# After so many replies in a row, other clients get a turn: this is some 2 ms of work.
_REPLIES_IN_A_ROW = 64
# With these trio ends a task; nothing has failed. Any other exception is reported to the test, even
# one that is not an `Exception`: a test's callable may raise `SystemExit` or call `pytest.fail`.
_OUR_OWN = (trio.Cancelled, GeneratorExit)
# Asks the task to send what the socket did not take at once.
_SEND_THE_REST = Send(b"")


class Connection:
    """One accepted socket and its engine."""

    def __init__(
        self,
        accepted: socket.socket,
        engine: Engine,
        on_crash: Callable[[BaseException], object],
        readiness: Readiness,
    ) -> None:
        self._socket = accepted
        self._readiness = readiness
        self._clear = ClearStream(accepted, readiness)
        # Replies go out through this: first the clear stream, after STARTTLS a TLS stream.
        self._stream: Stream = self._clear
        self._engine = engine
        self._on_crash = on_crash
        self._owed = bytearray()
        self._scope = trio.CancelScope(deadline=monotonic() + engine.idle_timeout * _SPARSELY)
        self._end_reason: EndReason = "idle"
        self._over = False
        self._resets = self._has_waited = self._has_begun = self._is_closing = False

    def stop(self) -> None:
        """Send what is queued, say a last word, and close.

        A client that is done gets a moment to send QUIT first.
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
        # Called outside of the connection's task, where an exception would end the thread.
        if not self._has_begun:
            return False
        try:
            return self._engine.awaits_goodbye
        except Exception as error:  # noqa: BLE001  # reported to the test; other connections go on
            self._on_crash(error)
            return False

    def disconnect(self, *, goodbye: bool, reset: bool) -> None:
        """Send what is queued and close, with or without a last word, or reset the connection."""
        if self._is_ending:
            return
        self._end_reason = "stop" if goodbye and not reset else "silence"
        self._resets = reset
        self._scope.cancel()

    def give_up(self) -> None:
        """Send nothing more; from any thread. The connection's own thread closes the socket."""
        self._clear.give_up()

    @property
    def _is_ending(self) -> bool:
        return self._end_reason != "idle"

    def _set_deadline(self, deadline: float) -> None:
        # Once the server stops, the deadline is final, even if the client is held or slow.
        if not self._is_ending:
            self._scope.deadline = deadline

    def abandon(self) -> None:
        """Close this process's copy of the socket, and do nothing else."""
        self._socket.close()

    async def run(self) -> None:
        """Drive the engine until the connection is closed; raises nothing but cancellation."""
        if self._is_ending:
            # Its session would begin after the server has stopped.
            self._socket.close()
            return
        self._has_begun = True
        try:
            with self._scope:
                self._engine.opened(now())
                self._hear_early_octets()
                await self._converse()
            if self._scope.cancelled_caught and not self._is_closing:
                await self._finish(self._reason_to_finish())
        except _OUR_OWN:
            raise
        except BaseException as error:  # noqa: BLE001  # reported to the test; other connections go on
            self._on_crash(error)
            await self._finish_after_crash()
        finally:
            self._socket.close()

    def _reason_to_finish(self) -> EndReason:
        # The client did not send QUIT in time. It may send it now, and would take a 421 for the
        # reply.
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
        # Return an action for the task, or `None` to go on reading.
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
        # Queue all Sends; return the first other action. A returned Send is already queued.
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
        # Whatever is there now, the peer sent before the engine's greeting. The next read meets an
        # end or a reset again.
        with contextlib.suppress(OSError):
            if octets := self._socket.recv(CHUNK):
                self._engine.receive(octets, now())

    def _eof(self) -> None:
        self._over = True
        self._engine.eof(now())

    def _push_deadline(self) -> None:
        idle_timeout, present = self._engine.idle_timeout, monotonic()
        if not present + idle_timeout <= self._scope.deadline < math.inf:
            self._set_deadline(present + idle_timeout * _SPARSELY)

    async def _finish(self, reason: EndReason) -> None:
        with trio.move_on_after(_LAST_WORD_SECONDS, shield=True), contextlib.suppress(Lost):
            self._engine.end(reason, now())
            if self._resets:
                await self._close(reset=True)
            else:
                await self._carry_out(self._gather())

    async def _finish_after_crash(self) -> None:
        # The engine is in an unknown state. Try to say a last word; ignore a second failure.
        try:
            await self._finish("crash")
        except _OUR_OWN:  # pragma: no cover  # the thread ends at this very moment
            raise
        except BaseException:  # noqa: BLE001, S110  # the first one was reported
            pass

    async def _carry_out(self, action: Action | None) -> bool:
        # Do it, and whatever the engine wants next; return whether the conversation goes on.
        while action is not None:
            if isinstance(action, Close):
                await self._stream.send(self._owed)
                await self._close(reset=action.reset)
                return False
            await self._do(action)
            action = self._gather()
        await self._stream.send(self._owed)
        if self._over:
            # The peer has closed; close too.
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
        await self._readiness.others_turn()
        # A client that reads a long answer is not idle.
        self._push_deadline()

    async def _pause(self, action: Wait | Hold) -> None:
        # The pause is a cancel scope: its deadline or the gate cancels it, and the read-ahead too.
        self._set_deadline(math.inf)
        ahead = bytearray()
        with trio.CancelScope() as pause:
            if isinstance(action, Wait):
                pause.deadline = monotonic() + action.seconds
            else:
                self._cancel_when_open(action, pause)
            await self._read_ahead(ahead)
        if not pause.cancelled_caught:
            self._eof()
            return
        self._engine.resume(now())
        if ahead:
            # At once: if a handshake is next, only the engine knows which octets belong to it.
            self._engine.receive(bytes(ahead), now())

    def _cancel_when_open(self, action: Hold, pause: trio.CancelScope) -> None:
        def cancel() -> None:
            # The loop may have ended before the gate is opened.
            with contextlib.suppress(trio.RunFinishedError):
                self._readiness.soon(pause.cancel)

        action.gate.when_open(cancel)

    async def _read_ahead(self, ahead: bytearray) -> None:
        # Return when the peer has sent its last octet.
        while len(ahead) < CHUNK:
            octets = await self._stream.receive()
            if not octets:
                return
            ahead += octets
        await self._readiness.until_peer_leaves(self._socket)

    async def _start_tls(self, action: StartTLS) -> None:
        # One deadline for the whole handshake, even if the peer sends one octet after another.
        self._push_deadline()
        # From here on nothing is sent in clear.
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
            # With a linger time of zero, closing the socket sends a reset.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        # Everything was said: the deadline is that of the close now.
        self._is_closing = True
        self._set_deadline(monotonic() + _DRAIN_SECONDS)
        with contextlib.suppress(OSError, Lost):
            await self._stream.half_close()
            await self._drain()

    async def _drain(self) -> None:
        if self._is_ending:
            # The server stops: read what has arrived, but do not wait for the peer.
            while self._socket.recv(CHUNK):
                pass
            return
        while await self._clear.receive():
            pass
