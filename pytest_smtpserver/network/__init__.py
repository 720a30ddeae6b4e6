"""trio: the background thread, listeners, and driving one connection.

It knows no SMTP: it drives any `pytest_smtpserver.engine.Engine`. Nothing here is imported
before the first server starts, because importing trio takes a tenth of a second.

* `background`: the one thread in which all servers of a process run, on a clock no test can freeze
* `listener`: accepting connections, from the caller's line on; `addresses`: where it listens
* `connection`: the life of one connection: who reads from it, how it ends, who closes it
* `conversation`: what is said on it: octets in, the engine's actions out
* `unix`: sockets in the file system
* `readiness`: where the thread waits, for sockets, calls and `deadlines`
* `stream`: octets over a socket, in clear
* `throttled`: the same, at a limited rate
* `tls`: the same, encrypted; `handshake`: why a handshake failed; `client_hello`: which server the
  client asked for
"""

from .background import background, is_running, shut_down
from .listener import Listener
from .unix import ImpossibleHost

__all__ = ["ImpossibleHost", "Listener", "background", "is_running", "shut_down"]
