"""Print what a report of 500 tests with 2,000 messages costs, and a page of 10,000 in the inbox.

`python -m benchmarks.report`, where the plugin is installed. What is printed are seconds of this
process on the processor, without the sending, and the size of the page.
"""

from __future__ import annotations

import smtplib
import tempfile
import time
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smtpserver import SMTPServer
from pytest_smtpserver.inbox.live import Inbox
from pytest_smtpserver.report import files, spool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver import Transaction

_TESTS = 500
_MESSAGES = 2_000
_IN_THE_INBOX = 10_000


def _text() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Shop <shop@example.com>", "ann@example.org"
    mail["Subject"] = "Welcome"
    mail["Date"] = "Mon, 05 Oct 2026 09:30:00 +0000"
    mail["Message-ID"] = "<1@example.com>"
    mail.set_content("Hello Ann,\n\nwelcome.\n")
    return mail


def _with_html() -> EmailMessage:
    mail = _text()
    html = "<p>Hello <b>Ann</b>, welcome.</p>" * 20 + "<img src='cid:a'>"
    mail.add_alternative(html, subtype="html")
    alternative = mail.get_body(("html",))
    assert alternative is not None
    alternative.add_related(bytes(500), "image", "png", cid="<a>")
    mail.add_attachment(bytes(1_000), "application", "pdf", filename="invoice.pdf")
    return mail


def _received(mail: EmailMessage, count: int) -> list[Transaction]:
    with SMTPServer() as server:
        # A session for each test.
        for _ in range(_TESTS):
            with smtplib.SMTP(*server.addr) as client:
                for _ in range(count // _TESTS):
                    client.send_message(mail)
        return list(server.transactions)


def _report(transactions: Iterable[Transaction]) -> int:
    attempts = [("smtp://x", one) for one in transactions]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        written, each = spool.Spool(directory), _MESSAGES // _TESTS
        for number in range(_TESTS):
            mails = attempts[number * each : (number + 1) * each]
            written.add(f"test_{number}.py::test_it", "passed", "", float(number), mails)
        files.write_page(directory / "mail.html", spool.cases(directory))
        return (directory / "mail.html").stat().st_size


def _inbox(transactions: Iterable[Transaction]) -> int:
    inbox = Inbox(0, title="Inbox", hint="")
    for transaction in transactions:
        inbox.add("", "smtp://x", transaction)
    with urllib.request.urlopen(inbox.url) as answer:
        size = len(answer.read())
    inbox.close()
    return size


def main() -> None:
    """See the module's docstring."""
    for name, mail in (("text", _text()), ("HTML, picture, attachment", _with_html())):
        for what, make, count in (("report", _report, _MESSAGES), ("inbox", _inbox, _IN_THE_INBOX)):
            transactions = _received(mail, count)
            before = time.process_time()
            size = make(transactions)
            spent = time.process_time() - before
            print(f"{what}, {count:,} messages ({name}): {spent:.1f} s, {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
