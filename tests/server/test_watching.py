"""What looks on while tests run, such as the inbox and the report, sees all mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.server import watching
from tests.rawclient import TIMEOUT, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import Transaction
    from pytest_smtpserver.server.core import Core


@pytest.fixture
def seen() -> Iterator[list[Transaction]]:
    """Return the transactions that ended on servers which the test starts."""
    ended: list[Transaction] = []

    def add(_: Core, transaction: Transaction) -> None:
        ended.append(transaction)

    watching.watch(add)
    yield ended
    watching.unwatch(add)


def test_mail_that_a_test_clears_at_once_is_seen(
    seen: list[Transaction], monkeypatch: pytest.MonkeyPatch
) -> None:
    with SMTPServer() as server:
        recorder = server._core.recorder
        wake = recorder.wake

        def clear_before() -> None:
            # The test is faster than the server's thread, which has just recorded the mail.
            monkeypatch.setattr(recorder, "wake", wake)
            server.clear()
            monkeypatch.setattr(recorder, "wake", clear_before)
            wake()

        monkeypatch.setattr(recorder, "wake", clear_before)
        send(server)
        server.wait_closed(TIMEOUT)
        assert not server.messages
        server.clear()
        server.clear()
        send(server)
    assert len(seen) == 2
