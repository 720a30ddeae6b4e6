"""The life of one accepted connection: who reads from it, how it ends, who closes it.

The phases
----------

To start and wake a task costs more than answering an SMTP command. So a connection has no task as
long as nothing takes time. Its phases are:

* `"new"`: it was accepted.
* `"resting"`: `Readiness` calls `_ready` when the client has sent something, and the conversation
  reads and answers it. Most sessions are in this phase from the greeting to QUIT.
* `"working"`: something takes time, such as a pause or a handshake; or the socket was full; or
  something failed. A task does that, and goes on reading itself until the conversation is over.
* `"draining"`: everything was said. What the client still sends is thrown away until it closes too,
  or a second is over.
* `"closed"`.

Example: a client sends MAIL, and a rule delays the reply by a second. `Conversation.read` returns a
`Wait`, and `_step` starts a task. The task waits, sends the reply, and reads and answers RCPT, DATA
and QUIT too. Then it ends, and the connection drains.

Stop and goodbye
----------------

`stop` lets the engine say its last word, a 421. A connection without a task says it at once. If
there is a task, its scope is cancelled; then `_run` calls `_finish`, and the last word must be sent
within a bounded time.

There is one exception. In the most ordinary test the message has arrived, the test ends, and the
client's thread is just about to send QUIT. Such a client (`Engine.awaits_goodbye`) gets a moment,
`_GOODBYE_SECONDS`, to say so. If it stays silent it gets no 421: it might send QUIT at that very
moment and take the 421 for the reply.

The deadline is that of the conversation, and in the end that of the close. Once the server stops,
it is final, even if the client is held or slow.
"""

from __future__ import annotations

import math
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import trio

from pytest_smtpserver.clock import monotonic
from pytest_smtpserver.engine import Close

from .conversation import Conversation
from .stream import ClearStream, Lost, close

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_smtpserver.engine import Action, EndReason, Engine

    from .background import Background

    Phase = Literal["new", "resting", "working", "draining", "closed"]

# How long an orderly close waits for the peer to close too. Closing a socket that has unread
# input resets it on Linux, and the last reply would be lost.
_DRAIN_SECONDS = 1.0
# How long it may take to send the last word. It must fit into the time for stopping a server.
_LAST_WORD_SECONDS = 0.5
# How long a client that is done may take to send QUIT when the server stops. Arbitrary: a QUIT that
# is about to come is on its way already, and a client that stays connected must not delay a test.
_GOODBYE_SECONDS = 0.1
# How often a connection that ends reads what has arrived. Linux buffers at most 6 MB by default,
# some 100 reads. Without a limit, a client that sends on and on would keep everybody waiting.
_LAST_READS = 100
# With these trio ends a task; nothing has failed. Any other exception is reported to the test, even
# one that is not an `Exception`: a test's callable may raise `SystemExit` or call `pytest.fail`.
_OUR_OWN = (trio.Cancelled, GeneratorExit)


class Connection:
    """One accepted socket and its engine; used in the server's thread, except for `give_up`."""

    def __init__(
        self,
        accepted: socket.socket,
        engine: Engine,
        background: Background,
        on_crash: Callable[[BaseException], object],
        on_closed: Callable[[Connection], object],
    ) -> None:
        self._socket = accepted
        self._background = background
        self._readiness = readiness = background.readiness
        self._on_crash = on_crash
        self._on_closed = on_closed
        self._clear = ClearStream(accepted, readiness)
        self._deadline = readiness.deadlines.begin(monotonic() + engine.idle_timeout, self._cancel)
        self._conversation = Conversation(engine, self._clear, readiness, self._deadline)
        self._phase: Phase = "new"
        # Cancelling it ends the conversation, and the task if there is one.
        self._scope: trio.CancelScope | None = None
        self._end_reason: EndReason = "idle"
        self._resets = self._has_waited = False
        self._is_in_step = self._is_finishing = self._is_closing = False

    def begin(self) -> None:
        """Greet the client, and answer it from now on."""
        if self._is_ending:
            # Its session would begin after the server has stopped.
            self._end()
            return
        self._rest("resting")
        self._step(self._conversation.open)

    def stop(self) -> None:
        """Send what is queued, say a last word, and close.

        A client that is done gets a moment to send QUIT first.
        """
        if self._is_ending:
            return
        self._end_reason = "stop"
        if self._awaits_goodbye():
            self._has_waited = True
            self._deadline.move(min(self._deadline.at, monotonic() + _GOODBYE_SECONDS))
        else:
            self._cancel()
        self._deadline.make_final()

    def disconnect(self, *, goodbye: bool, reset: bool) -> None:
        """Send what is queued and close, with or without a last word, or reset the connection."""
        if self._is_ending:
            return
        self._end_reason = "stop" if goodbye and not reset else "silence"
        self._resets = reset
        self._cancel()
        self._deadline.make_final()

    def forgive_silence(self) -> None:
        """Count no time as idle before the client goes on; from any thread."""
        with suppress(trio.RunFinishedError):
            self._readiness.soon(self._forgive_silence)

    def _forgive_silence(self) -> None:
        if not self._is_closing:
            self._deadline.move(math.inf)

    def give_up(self) -> None:
        """Send nothing more; from any thread. The connection's own thread closes the socket."""
        self._clear.give_up()

    def abandon(self) -> None:
        """Close this process's copy of the socket, and do nothing else."""
        close(self._socket)

    def let_go(self) -> None:
        """Forget the socket without closing it: its number may belong to another one by now."""
        self._socket.detach()

    @property
    def _is_ending(self) -> bool:
        return self._end_reason != "idle"

    def _awaits_goodbye(self) -> bool:
        # Called where an exception would end the thread.
        if self._phase == "new":
            return False
        try:
            return self._conversation.awaits_goodbye
        except Exception as error:  # noqa: BLE001  # reported to the test; other connections go on
            self._on_crash(error)
            return False

    def _cancel(self) -> None:
        if self._phase == "draining":
            self._end()
        elif self._phase == "resting" and not self._is_in_step:
            self._is_finishing = True
            self._step(self._say_last_words)
        else:
            self._scope = self._scope or trio.CancelScope()
            self._scope.cancel()
            self._readiness.let_tasks_run()

    def _say_last_words(self) -> Action:
        # What `_finish` does, as far as it takes no time.
        self._conversation.end(self._reason_to_finish())
        return Close(reset=True) if self._resets else self._conversation.answer() or Close()

    def _rest(self, phase: Literal["resting", "draining"]) -> None:
        self._phase = phase
        self._readiness.register(self._socket, self._ready)

    def _ready(self) -> None:
        # Somebody else whose socket was ready too may have ended this connection just now.
        if self._phase == "resting":
            self._step(self._conversation.read)
        elif self._phase == "draining":
            self._drain()

    def _step(self, function: Callable[[], Action | None]) -> None:
        # Do something without a task, and leave to a task what takes time.
        self._is_in_step = True
        try:
            action = function()
        except BaseException as error:  # noqa: BLE001  # the task raises it
            self._work(self._fail, error)
        else:
            self._go_on(action)
        self._is_in_step = False

    def _go_on(self, action: Action | None) -> None:
        if self._scope is not None:
            # A callable of the test has stopped the server meanwhile.
            self._work(self._converse, action)
        elif isinstance(action, Close) and not (action.reset or self._conversation.owes_replies):
            self._close_at_once()
        elif action is not None:
            self._work(self._say_the_rest if self._is_finishing else self._converse, action)

    def _work(self, function: Callable[..., Awaitable[object]], *arguments: object) -> None:
        # From here on there is a task.
        self._phase = "working"
        self._readiness.unregister(self._socket)
        self._scope = self._scope or trio.CancelScope()
        self._background.start_task(self._run, self._scope, function, *arguments)

    async def _run(
        self,
        scope: trio.CancelScope,
        function: Callable[..., Awaitable[object]],
        *arguments: object,
    ) -> None:
        # Raises nothing but cancellation.
        try:
            with scope:
                await function(*arguments)
            if scope.cancelled_caught and not self._is_closing:
                await self._finish(self._reason_to_finish())
        except _OUR_OWN:
            raise
        except BaseException as error:  # noqa: BLE001  # reported to the test; other connections go on
            self._on_crash(error)
            await self._finish_after_crash()
        finally:
            if self._phase != "draining":
                self._end()

    async def _converse(self, action: Action | None) -> None:
        await self._close(await self._conversation.converse(action))

    async def _say_the_rest(self, action: Action | None) -> None:
        with trio.move_on_after(_LAST_WORD_SECONDS, shield=True):
            await self._converse(action)

    async def _fail(self, error: BaseException) -> None:
        if not isinstance(error, Lost):
            raise error
        self._conversation.lost()

    def _reason_to_finish(self) -> EndReason:
        # The client did not send QUIT in time. It may send it now, and would take a 421 for the
        # reply.
        if self._end_reason == "stop" and self._has_waited and self._awaits_goodbye():
            return "silence"
        return self._end_reason

    async def _finish(self, reason: EndReason) -> None:
        with trio.move_on_after(_LAST_WORD_SECONDS, shield=True), suppress(Lost):
            self._conversation.end(reason)
            closing = Close(reset=True) if self._resets else await self._conversation.last_words()
            await self._close(closing)

    async def _finish_after_crash(self) -> None:
        # The engine is in an unknown state. Try to say a last word; ignore a second failure.
        try:
            await self._finish("crash")
        except _OUR_OWN:  # pragma: no cover  # the thread ends at this very moment
            raise
        except BaseException:  # noqa: BLE001, S110  # the first one was reported
            pass

    async def _close(self, closing: Close | None) -> None:
        if closing is None:
            return
        if closing.reset:
            # With a linger time of zero, closing the socket sends a reset.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self._begin_to_close()
        with suppress(OSError, Lost):
            await self._conversation.half_close()
            self._begin_to_drain()

    def _close_at_once(self) -> None:
        # Without a task the stream is still the clear one.
        self._begin_to_close()
        with suppress(OSError, Lost):
            self._clear.half_close_at_once()
            self._begin_to_drain()
        if self._phase != "draining":
            self._end()

    def _begin_to_close(self) -> None:
        # Everything was said: the deadline is that of the close now.
        self._is_closing = True
        self._deadline.move(monotonic() + _DRAIN_SECONDS)

    def _begin_to_drain(self) -> None:
        if self._is_ending:
            # The server stops: read what has arrived, but do not wait for the peer.
            for _ in range(_LAST_READS):
                if not self._clear.receive_at_once():
                    break
        elif self._phase == "resting":
            self._phase = "draining"
        else:
            self._rest("draining")

    def _drain(self) -> None:
        try:
            is_over = self._clear.receive_at_once() == b""
        except (OSError, Lost):
            is_over = True
        if is_over:
            self._end()

    def _end(self) -> None:
        if self._phase in ("resting", "draining"):
            self._readiness.unregister(self._socket)
        self._phase = "closed"
        self._deadline.end()
        close(self._socket)
        self._on_closed(self)
