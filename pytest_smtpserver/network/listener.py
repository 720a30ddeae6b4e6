"""A listening socket, and the connections that were accepted on it.

`bind` runs in the caller's thread. So an error about the address shows at the caller's line, the
port is known at once, and a client that comes early waits in the kernel's backlog.

Which object owns a socket and closes it
----------------------------------------

A descriptor is a small number, and the system reuses it as soon as it is closed. Suppose that one
thread closes a socket while another still waits for its number. The next server may get the same
number, and then never learns of its clients. Therefore:

* Each socket has one owner, which closes it: a listening socket its `Listener`, an accepted socket
  its `Connection`.
* Before a socket is closed, nobody waits for it any more: it leaves the selector
  (`Readiness.unregister`), and if its connection has a task, that task is about to end.
* Accepted sockets belong to the server's thread: no other thread registers or closes them.
* A listening socket is used and closed under the lock of its listener. So the thread that stops an
  idle server, one without connections, closes the socket itself. The server's thread may have been
  told of a client at that very moment; then it finds, under the same lock, that the listener is
  closing, and touches nothing.
* If there are connections, the server's thread has to close them. It is asked to
  (`Background.soon`), and the other thread waits for a bounded time. If a test's callable blocks
  the server's thread, the listening socket is shut down instead: nobody can connect any more, the
  port can be bound again, and the number stays in use until the server's thread closes it. The
  thread's other listeners move to a new one, under their lock, unless they have connections.
* A listening socket is shut down before it is closed. A process that is just being started has a
  copy of each descriptor until its own program begins, and as long as there is a copy, the kernel
  goes on listening for a server that has stopped.
* There are two exceptions, where no server's thread is left: a thread that ends closes all that it
  owns, and a forked child closes its copies.
* If a test has closed all descriptors of the process (`os.closerange`), others get their numbers.
  Then nothing of ours is closed (`Readiness.is_lost`), and the next server gets a new thread.

Why an idle server is stopped without its thread: most tests begin and end with a server that has no
connection. To wake the thread would be most of what start and stop cost. A start wakes nobody
either: the socket is added to the selector, and the thread wakes up when a client connects.

How a server stops: the listener closes its own socket and tells each connection. Each connection
lets its engine say a last word and write the final record, then closes its socket. The listener is
`_closed` when the last connection is gone. If that takes too long, `Recorder.seal` records what is
left as ended.
"""

from __future__ import annotations

import socket
import sys
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from pytest_smtpserver.engine import socket_path
from pytest_smtpserver.unpatched import Event, in_forked_child

from . import unix
from .addresses import accept, bind, does_client_wait, is_harmless
from .background import background
from .connection import Connection
from .stream import close, never_block, own_methods

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smtpserver.engine import Engine, SocketAddress

    from .background import Background

    MakeEngine = Callable[[SocketAddress], Engine]

# Stopping must return within a second, whatever clients do.
_CLOSE_TIMEOUT = 0.9
# The pause after an accept that failed: no busy loop, and descriptors may be free by then.
_RETRY_DELAY = 0.05

_listeners: weakref.WeakSet[Listener] = weakref.WeakSet()


class Listener:
    """Accepts connections as soon as it is made, and drives an engine for each."""

    def __init__(
        self,
        host: str,
        port: int,
        make_engine: MakeEngine,
        on_crash: Callable[[BaseException], object],
        on_gone: Callable[[], object] = lambda: None,
    ) -> None:
        """Listen on an address; raises `OSError` if that is not possible.

        `make_engine` is called with each client's address, `on_crash` with whatever an engine
        raises, `on_gone` when a connection was closed; all in the background thread.
        """
        # pytest shows an error about the address at the test's line.
        __tracebackhide__ = True
        self._socket = bind(host, port)
        path = socket_path(host)
        self.address: SocketAddress = (host, 0) if path else self._socket.getsockname()[:2]
        self._file = unix.SocketFile(path) if path else None
        self._make_engine = make_engine
        self._on_crash = on_crash
        self._on_gone = on_gone
        self._connections: set[Connection] = set()
        # The connections that `disconnect_clients` waits for.
        self._leaving: list[tuple[set[Connection], Event]] = []
        self._closing = self._given_up = False
        # Whether the last client could be accepted, and whether the next one is awaited.
        self._can_accept = self._is_accepting = True
        self._closed = Event()
        # Held while the listening socket is used or closed; see above.
        self._lock = threading.Lock()
        try:
            self._background = background(self)
            self._background.readiness.register(self._socket, self._client_waits)
        except BaseException:
            close(self._socket)
            raise
        _listeners.add(self)

    @property
    def is_serving(self) -> bool:
        """Whether it accepts clients: it was not closed, and its thread is alive."""
        return not (self._closing or self._given_up) and self._background.is_alive

    @property
    def has_clients(self) -> bool:
        """Whether it serves and a client is connected, even if all was said, or nothing yet."""
        with self._lock:
            return self.is_serving and (bool(self._connections) or does_client_wait(self._socket))

    @property
    def thread(self) -> int:
        """The identifier of the thread that serves."""
        return self._background.thread

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller is in the thread that serves."""
        return self._background.is_current

    def thread_becomes_free(self) -> bool:
        """Return whether nothing keeps its thread, now or within some seconds."""
        return self._background.becomes_free()

    def close(self) -> None:
        """Stop listening and end all connections; returns within a second. Never raises.

        In the server's own thread it returns at once, and the connections end after that.
        """
        if self._background.is_current:
            self._close()
            return
        if self._background.readiness.is_lost:
            self._let_go()
            return
        if self._closed.is_set() or self._close_if_idle():
            return
        asked = self._background
        with suppress(trio.RunFinishedError):  # then the thread has closed everything
            asked.soon(self._close)
            if not self._closed.wait(_CLOSE_TIMEOUT):
                self._give_up(asked)

    def _let_go(self) -> None:
        # Who closes a socket whose number another one has by now would close that one.
        for connection in self._connections:
            connection.let_go()
        self._socket.detach()
        self._remove_file()
        self._background.listeners.discard(self)
        self._closing = True
        self._closed.set()

    def forgive_silence(self) -> None:
        """Count no time as idle before a present client goes on."""
        for connection in self._connections.copy():
            connection.forgive_silence()

    def disconnect_clients(self, *, goodbye: bool, reset: bool) -> None:
        """End all present connections and go on listening; returns within a second.

        In the server's own thread it returns at once, and the connections end after that.
        """
        gone = Event()
        with suppress(trio.RunFinishedError):
            self._background.soon(self._disconnect, goodbye, reset, gone)
            if not self.is_current_thread:
                gone.wait(_CLOSE_TIMEOUT)

    def _disconnect(self, goodbye: bool, reset: bool, gone: Event) -> None:
        if not self.is_current_thread:  # it has moved to another one, and had no clients then
            gone.set()
            return
        self._leaving.append((self._connections.copy(), gone))
        for connection in self._connections.copy():
            connection.disconnect(goodbye=goodbye, reset=reset)
        self._tell_of_leaving()

    def _tell_of_leaving(self) -> None:
        for leaving, gone in self._leaving:
            leaving &= self._connections
            if not leaving:
                gone.set()
        self._leaving = [one for one in self._leaving if one[0]]

    def _give_up(self, asked: Background) -> None:
        if asked is not self._background:  # it has moved to another one meanwhile
            self.close()
            return
        # Recorded as ended: a 250 that is sent now would promise a message that is not on record.
        for connection in self._connections.copy():
            connection.give_up()
        if self._closing:
            return
        # Something blocks the thread. It closes the socket later.
        self._given_up = True
        self._remove_file()
        self._refuse_clients()
        self.leave_thread()

    def leave_thread(self) -> None:
        """Give the thread up, because something keeps it, but serve from another if possible.

        So do the other listeners of the thread. A listener with clients cannot leave it.
        """
        stuck = self._background
        stuck.give_up()
        for listener in stuck.listeners.copy():
            if listener._can_move:
                listener._move()
        # It may have gone on meanwhile.
        with suppress(trio.RunFinishedError):
            stuck.soon(stuck.server_ended)

    @property
    def _can_move(self) -> bool:
        return self._is_accepting and not (self._connections or self._closing or self._given_up)

    def _move(self) -> None:
        stuck, free = self._background, background(self)
        # Without waiting: what keeps the thread may be an engine that is just being made.
        if self._lock.acquire(blocking=False):
            try:
                if self._can_move:
                    stuck.readiness.unregister(self._socket)
                    stuck.listeners.discard(self)
                    self._background = free
                    free.readiness.register(self._socket, self._client_waits)
            finally:
                self._lock.release()
        if self._background is stuck:
            free.listeners.discard(self)

    def _refuse_clients(self) -> None:
        with suppress(OSError):  # some systems cannot shut down a listening socket
            own_methods(self._socket).shutdown(self._socket, socket.SHUT_RDWR)

    def thread_ended(self, cause: BaseException | None) -> None:
        """Close all sockets and report that the thread has ended; called at its end."""
        with self._lock:
            self._stop_listening()
        for connection in self._connections:
            connection.abandon()
        self._closed.set()
        self._on_crash(cause or RuntimeError("the SMTP server's thread was ended"))

    def _remove_file(self) -> None:
        if self._file is not None:
            self._file.remove()

    def abandon(self) -> None:
        """Close the sockets that a forked child has inherited; its parent's stay open.

        So does the parent's file of a socket in the file system; the child has nothing to close.
        """
        self._file = None
        # Not the old locks: a thread of the parent process may have held them.
        self._lock = threading.Lock()
        self._closed = Event()
        self._closed.set()
        close(self._socket)
        for connection in list(self._connections):
            connection.abandon()

    def _close_if_idle(self) -> bool:
        """Stop listening in the caller's thread if there is no client; return whether it did."""
        background = self._background
        if not background.readiness.notices_changes or background.is_stuck:
            return False
        with self._lock:
            # A client that connected at the last moment still gets an answer.
            if self._closing or self._connections or does_client_wait(self._socket):
                return False
            self._stop_listening()
        self._closed.set()
        return True

    def _close(self) -> None:
        with self._lock:
            if self._closing or not self.is_current_thread:
                return
            self._stop_listening()
        for connection in self._connections.copy():
            connection.stop()
        self._ended()

    def _stop_listening(self) -> None:
        if self._is_accepting:
            self._background.readiness.unregister(self._socket)
            self._is_accepting = False
        self._refuse_clients()
        close(self._socket)
        self._remove_file()
        self._background.listeners.discard(self)
        self._closing = True

    def _ended(self) -> None:
        if self._leaving:
            self._tell_of_leaving()
        if self._closing and not self._connections:
            self._closed.set()
            self._background.server_ended()

    def _client_waits(self) -> None:
        # The server's thread calls this.
        accepted: list[Connection] = []
        failure = None
        with self._lock:
            # Another thread may have closed or moved it at this very moment.
            if self._closing or not self.is_current_thread:  # pragma: no cover
                return
            try:
                while (connection := self._accept_one()) is not None:
                    accepted.append(connection)
            except Exception as error:  # noqa: BLE001  # reported to the test, then it goes on
                failure = error
                self._pause()
        # Without the lock: a callable of the test may stop the server.
        for connection in accepted:
            connection.begin()
        if failure is not None and not self._given_up:
            self._tell(failure)

    def _tell(self, error: Exception) -> None:
        # If it fails several times in a row, report only the first failure.
        if self._can_accept:
            self._can_accept = False
            self._on_crash(error)

    def _pause(self) -> None:
        self._background.readiness.unregister(self._socket)
        self._is_accepting = False
        self._background.start_task(self._go_on)

    async def _go_on(self) -> None:
        await trio.sleep(_RETRY_DELAY)
        with self._lock:
            if not self._closing:
                self._is_accepting = True
                self._background.readiness.register(self._socket, self._client_waits)

    def _accept_one(self) -> Connection | None:
        try:
            accepted, address = accept(self._socket)
        except OSError as error:
            if is_harmless(error):
                return None
            raise
        try:
            never_block(accepted)
            # Records keep the address, and most clients are on the same host: keep one str.
            client = (sys.intern(address[0]), address[1]) if address else unix.CLIENT
            connection = Connection(
                accepted, self._make_engine(client), self._background, self._on_crash, self._gone
            )
        except BaseException:
            close(accepted)
            raise
        self._can_accept = True
        self._connections.add(connection)
        return connection

    def _gone(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._ended()
        self._on_gone()


@in_forked_child
def _abandon_parents_sockets() -> None:
    for listener in list(_listeners):
        listener.abandon()
