"""The reference's table of clients names those that are tested, and what they are tested with."""

from __future__ import annotations

from pathlib import Path

from tests.clients import exim, javamail, postfix
from tests.clients.drivers import CLIENTS
from tests.clients.mail_programs import MAILERS

PAGE = Path(__file__).parents[2] / "docs/reference/clients.md"
TESTED = {
    **{client.name: client.mechanisms for client in CLIENTS},
    **{mailer.name: mailer.mechanisms for mailer in MAILERS},
    "JavaMail": javamail.MECHANISMS,
    "Postfix": postfix.MECHANISMS,
    "Exim": exim.MECHANISMS,
}


def test_the_page_has_each_client_with_its_mechanisms() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if "|" in line]
    assert {row[0]: tuple(row[1].split(", ")) for row in rows[2:]} == TESTED


def test_the_page_says_who_leaves_without_quit() -> None:
    lines = PAGE.read_text().splitlines()
    for client in CLIENTS:
        (row,) = [line for line in lines if line.startswith(f"| {client.name} |")]
        assert ("Closes without QUIT" in row) == (not client.says_quit)
