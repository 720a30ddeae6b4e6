"""What an engine and its peer say to each other: octets in, the engine's actions out.

What takes no waiting is done by functions, and everything else by coroutines. `open` and `read`
give the engine what has come, and send its replies if the socket takes them at once. They return
`None`, or the first action that a task must carry out. `converse` is that task's part: it carries
the action out (`_carry_out`), and goes on reading until the conversation is over.

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

The deadline is the idle timeout: each time that the peer says something it is moved ahead. It is
infinite while the engine is paused, because the client is not to blame for a pause.

Reading ahead
-------------

While the engine is paused it takes no octets, but somebody has to read, or nobody would notice that
the peer has left. So `_pause` reads up to `CHUNK` octets ahead and gives them to the engine
directly after `resume`. Example: a rule holds DATA; the client loses patience and closes. The read
returns nothing, and the engine gets `eof` at once instead of when the rule is released.
"""

from __future__ import annotations

import math
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import trio

from pytest_smtpserver.clock import monotonic, now
from pytest_smtpserver.engine import Close, Hold, Send, StartTLS, Throttle, Wait

from .handshake import HandshakeFailed
from .stream import CHUNK, Lost
from .throttled import ThrottledStream
from .tls import TLSStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.engine import Action, EndReason, Engine, Gate

    from .deadlines import Deadline
    from .readiness import Readiness
    from .stream import ClearStream, Stream

# After so many replies in a row, other clients get a turn: this is some 2 ms of work.
_REPLIES_IN_A_ROW = 64
# Asks the task to send what the socket did not take at once.
_SEND_THE_REST = Send(b"")
# The peer has closed; close too.
_CLOSE_TOO = Close()


class Conversation:
    """One engine, and the stream to its peer."""

    def __init__(
        self, engine: Engine, clear: ClearStream, readiness: Readiness, deadline: Deadline
    ) -> None:
        self._engine = engine
        self._clear = clear
        self._readiness = readiness
        self._deadline = deadline
        # Replies go out through this: first the clear stream, after STARTTLS a TLS stream.
        self._stream: Stream = clear
        self._owed = bytearray()
        # Whether the peer has sent its last octet.
        self._is_over = False
        self._was_ended = False

    @property
    def awaits_goodbye(self) -> bool:
        """See `Engine.awaits_goodbye`."""
        return self._engine.awaits_goodbye

    @property
    def owes_replies(self) -> bool:
        """Whether there are replies that the socket did not take yet."""
        return bool(self._owed)

    def open(self) -> Action | None:
        """Greet the peer; return what a task must do. Raises `Lost`."""
        self._engine.opened(now())
        # Whatever is there now, the peer sent before the engine's greeting. If it is an end, the
        # next read meets it again; after a reset, the greeting cannot be sent.
        with suppress(Lost):
            if octets := self._clear.receive_at_once():
                self._engine.receive(octets, now())
        return self.answer()

    def answer(self) -> Action | None:
        """Send what the engine says; return what a task must do. Raises `Lost`."""
        return self._answered(self._gather())

    def read(self) -> Action | None:
        """Answer what has come, if it has come in clear; return what a task must do.

        Raises `Lost`.
        """
        octets = self._clear.receive_at_once()
        return None if octets is None else self._answered(self._take(octets))

    def _answered(self, action: Action | None) -> Action | None:
        # Send the replies if no other action comes before them.
        if action is None and self._is_over:
            action = _CLOSE_TOO
        if action is None or isinstance(action, Close):
            self._clear.send_at_once(self._owed)
        if action is None:
            self._push_deadline()
            return _SEND_THE_REST if self._owed else None
        return action

    def _take(self, octets: bytes) -> Action | None:
        if octets:
            self._engine.receive(octets, now())
        else:
            self._eof()
        return self._gather()

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

    def _eof(self) -> None:
        self._is_over = True
        self._engine.eof(now())

    def lost(self) -> None:
        """Tell the engine that the peer has reset the connection, unless it was ended before."""
        if not self._was_ended:
            self._engine.eof(now(), reset=True)

    def end(self, reason: EndReason) -> None:
        """Let the engine end the conversation; `answer` or `last_words` sends what it says."""
        self._was_ended = True
        self._engine.end(reason, now())

    def _push_deadline(self) -> None:
        self._deadline.move(monotonic() + self._engine.idle_timeout)

    async def converse(self, action: Action | None) -> Close | None:
        """Carry an action out, and go on; return how to close, `None` if the peer is lost."""
        try:
            while (closing := await self._carry_out(action)) is None:
                self._push_deadline()
                action = self._take(await self._stream.receive())
        except Lost:
            self.lost()
            return None
        return closing

    async def last_words(self) -> Close | None:
        """Send what is queued and what the engine still says; raises `Lost`."""
        return await self._carry_out(self._gather())

    async def half_close(self) -> None:
        """Tell the peer that nothing more is sent; raises `Lost`."""
        await self._stream.half_close()

    async def _carry_out(self, action: Action | None) -> Close | None:
        # Do it, and whatever the engine wants next; return `None` if the conversation goes on.
        while action is not None:
            if isinstance(action, Close):
                await self._stream.send(self._owed)
                return action
            await self._do(action)
            action = self._gather()
        await self._stream.send(self._owed)
        return _CLOSE_TOO if self._is_over else None

    async def _do(self, action: Send | StartTLS | Throttle | Wait | Hold) -> None:
        if isinstance(action, Send):
            await self._let_others_go_first()
            return
        await self._stream.send(self._owed)
        if isinstance(action, StartTLS):
            await self._start_tls(action)
        elif isinstance(action, Throttle):
            self._stream = ThrottledStream(self._stream, action, self._sleep)
        else:
            await self._pause(action)

    async def _let_others_go_first(self) -> None:
        if len(self._owed) >= CHUNK:
            await self._stream.send(self._owed)
        await self._readiness.others_turn()
        # A client that reads a long answer is not idle.
        self._push_deadline()

    async def _sleep(self, seconds: float) -> None:
        # While the server is slow the client is not idle.
        left = self._deadline.at - monotonic()
        self._deadline.move(math.inf)
        await trio.sleep(seconds)
        self._deadline.move(monotonic() + left)

    async def _pause(self, action: Wait | Hold) -> None:
        # The pause is a cancel scope: its deadline or the gate cancels it, and the read-ahead too.
        self._deadline.move(math.inf)
        ahead = bytearray()
        with trio.CancelScope() as pause:
            if isinstance(action, Wait):
                pause.deadline = monotonic() + action.seconds
            with self._cancelled_by(action.until, pause):
                await self._read_ahead(ahead)
        # A client that does not read the replies is idle again.
        self._push_deadline()
        if not pause.cancelled_caught:
            self._eof()
            return
        self._engine.resume(now())
        if ahead:
            # At once: if a handshake is next, only the engine knows which octets belong to it.
            self._engine.receive(bytes(ahead), now())

    @contextmanager
    def _cancelled_by(self, gate: Gate | None, pause: trio.CancelScope) -> Iterator[None]:
        def cancel() -> None:
            pause.cancel()
            self._readiness.let_tasks_run()

        def opened() -> None:
            # The loop may have ended before that.
            with suppress(trio.RunFinishedError):
                self._readiness.soon(cancel)

        if gate is None:
            yield
            return
        gate.when_open(opened)
        try:
            yield
        finally:
            gate.forget(opened)

    async def _read_ahead(self, ahead: bytearray) -> None:
        # Return when the peer has sent its last octet.
        while len(ahead) < CHUNK:
            octets = await self._stream.receive()
            if not octets:
                return
            ahead += octets
        await self._clear.until_peer_leaves()

    async def _start_tls(self, action: StartTLS) -> None:
        # One deadline for the whole handshake, even if the peer sends one octet after another.
        self._push_deadline()
        # From here on nothing is sent in clear.
        self._stream = tls = TLSStream(self._stream, action.context)
        try:
            info = await tls.shake_hands(action.received)
        except HandshakeFailed as failure:
            self._is_over = True
            self._engine.tls_failed(
                str(failure), now(), in_clear=failure.in_clear, reset=failure.reset
            )
        else:
            self._engine.tls_done(info, now())
