"""What may be the cause when nothing comes: a sentence for each trap that people fall into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .awaiting import in_event_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver.records.recorder import Recorder


def hints(recorder: Recorder, address: str, *, waited: float) -> Iterator[str]:
    """Yield what may be the cause, the most telling first.

    `address` is where the server listens. A wait of no time at all has blocked no loop.
    """
    if waited and (library := in_event_loop()):
        yield (
            f"this wait blocked the running {library} loop, and with it any code under test in "
            "it: use the fixture smtpserver_async"
        )
    if not recorder.sessions():
        yield f"no client connected; does the code under test use {address}?"
