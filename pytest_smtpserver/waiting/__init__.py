"""Waiting for records, by event and never by polling.

* `expectations`: makes what a server's waiting methods wait for
* `expectation`: one of them: whether the records have come, or a rule holds clients; pure
* `capture`: a block whose messages are captured
* `failing`: the failure if they do not come; `causes`: why, as the server's facts show, the most
  telling first. `matching` makes its text
* `awaiting`: waiting in a thread, or in a task of asyncio or trio
"""

from .expectations import Expectations

__all__ = ["Expectations"]
