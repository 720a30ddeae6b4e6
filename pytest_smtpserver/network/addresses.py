"""Binds an address to listen on, and accepts the clients that connect to it."""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import socket_path

from . import unix
from .stream import never_block

if TYPE_CHECKING:
    from pytest_smtpserver.engine import SocketAddress

# Errors that a client caused. accept(2): "Linux accept() passes already-pending network errors on
# the new socket as an error code from accept()"; they are to be treated "like EAGAIN by retrying".
_OF_ONE_CLIENT = {
    getattr(errno, name, None)
    for name in (
        "ECONNABORTED", "EHOSTDOWN", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENETUNREACH", "ENONET",
        "ENOPROTOOPT", "EOPNOTSUPP", "EPROTO",
    )
}  # fmt: skip

# Arbitrary; more clients at once than a test is likely to start.
_BACKLOG = 1024


def accept(listening: socket.socket) -> tuple[socket.socket, SocketAddress]:
    """Return a client's socket and address; raises `OSError`."""
    # `socket.accept` makes a `socket.socket`, which a test may have replaced since this server was
    # started: by a mock, or by something that raises.
    descriptor, address = listening._accept()  # type: ignore[attr-defined]
    try:
        kind = listening.family, listening.type, listening.proto
        return type(listening)(*kind, fileno=descriptor), address
    except BaseException:
        os.close(descriptor)
        raise


def is_harmless(error: OSError) -> bool:
    """Return whether `accept` raised this because no client waits, or because one has left."""
    return isinstance(error, BlockingIOError) or error.errno in _OF_ONE_CLIENT


def does_client_wait(listening: socket.socket) -> bool:
    """Return whether a client waits to be accepted."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([listening], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(listening, select.POLLIN)
    return bool(waiting.poll(0))


def bind(host: str, port: int) -> socket.socket:
    """Return a listening, non-blocking socket on the first address of `host` that is free.

    Raises `OSError`, whose text names the address.
    """
    __tracebackhide__ = True
    try:
        return _bind(host, port)
    except RuntimeError as error:
        # The system raises no RuntimeError; pytest-socket does, which replaces its calls.
        advice = f"; allow it with --allow-hosts={host}" if "pytest_socket" in sys.modules else ""
        raise OSError(
            f"cannot listen on port {port} of {host}: {str(error).rstrip('.')} "
            f"({type(error).__name__}){advice}"
        ) from None


def _bind(host: str, port: int) -> socket.socket:
    __tracebackhide__ = True
    path = socket_path(host)
    if path is not None:
        return unix.listen(Path(path), _BACKLOG)
    failure: OSError | None = None
    try:
        addresses = _found(host, port)
    except OSError as error:
        raise unix.ImpossibleHost(
            error.errno, f"{host} is not an address of this machine: {error.strerror or error}"
        ) from None
    for family, address in addresses:
        try:
            return _listen(family, address)
        except OSError as error:
            failure = failure or error
    assert failure is not None  # getaddrinfo gives at least one address
    reason = os.strerror(failure.errno) if failure.errno else str(failure)
    # EINVAL: an address of a link without its interface, of a group, or an IPv4 address as IPv6.
    is_impossible = failure.errno in (errno.EADDRNOTAVAIL, errno.EINVAL)
    kind = unix.ImpossibleHost if is_impossible else OSError
    raise kind(failure.errno, f"cannot listen on port {port} of {host}: {reason}") from None


def _found(host: str, port: int) -> list[tuple[int, tuple[object, ...]]]:
    """Return the families and addresses of a host; an IPv4 address is not looked up.

    To look up a name, Python imports two modules for internationalised names.
    """
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        try:
            found = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except UnicodeError:  # from the codec for internationalised names
            reason = "in a name, each label must have 1 to 63 characters"
            raise socket.gaierror(socket.EAI_NONAME, reason) from None
        return [(family, address) for family, _, _, _, address in found]
    return [(socket.AF_INET, (host, port))]


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # On Windows SO_REUSEADDR would let two servers share a port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # A stopped server can start again on the same port at once.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Replies are short and awaited: Nagle's algorithm would only delay them. Accepted sockets
        # inherit the option; setting it there can fail if the client has left already.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        never_block(listening)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
