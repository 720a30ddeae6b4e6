"""Print seconds that `find` takes among messages: `python finding.py COUNT...`.

There is a line for each count: by a recipient that one has, and by a sender that all have.
"""

from __future__ import annotations

import smtplib
import sys
import time
from typing import TYPE_CHECKING

from pytest_smtpserver import SMTPServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_smtpserver import MessageCriteria


def main() -> None:
    """See the module's docstring."""
    for count in map(int, sys.argv[1:]):
        with SMTPServer() as server:
            with smtplib.SMTP(server.host, server.port) as client:
                for number in range(count):
                    client.sendmail("a@example.com", [f"u{number}@example.com"], b"Subject: x\n\n")
            print(*seconds_of_finding(server, count))


def seconds_of_finding(server: SMTPServer, count: int) -> Iterator[float]:
    """Yield the seconds for each criterion."""
    last = f"u{count - 1}@example.com"
    kinds: list[tuple[MessageCriteria, int]] = [
        ({"rcpt_to": last}, 1),
        ({"mail_from": "a@example.com"}, count),
    ]
    for criteria, expected in kinds:
        started = time.perf_counter()
        found = server.find(**criteria)
        yield time.perf_counter() - started
        assert len(found) == expected


if __name__ == "__main__":
    main()
