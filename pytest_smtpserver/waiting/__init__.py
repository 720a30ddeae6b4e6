"""Waiting for records, by event and never by polling.

* `expectations`: makes the expectation of each waiting method of a server
* `expectation`: decides whether what is expected has come; pure
* `capture`: a block whose messages are captured
* `failing`: the failure, if the expectation is not met; `matching` makes its text
* `causes`: why it was not met, as the server's facts show it, the most telling cause first
* `awaiting`: waits in a thread, or in a task of asyncio or trio
"""

from .expectations import Expectations

__all__ = ["Expectations"]
