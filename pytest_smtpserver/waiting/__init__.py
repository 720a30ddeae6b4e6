"""Waiting for records, by event and never by polling.

* `waits`: what one can wait for on a server
* `expectation`: whether what is waited for has come, and whether a rule holds clients; pure
* `capture`: a block whose messages are captured
* `failing`: the failure when it does not come; `causes`: why, by what the server's facts show
* `blocking`: waiting in a thread
* `awaiting`: waiting in a task of asyncio or trio
"""

from .waits import Waits

__all__ = ["Waits"]
