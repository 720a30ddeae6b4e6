"""The pages without a mouse, and mail that arrives while a page is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import LivePage
    from tests.browser.driving import Browser


def test_the_list_the_tabs_and_the_way_back(browser: Browser, report: Path) -> None:
    browser.look(1280, 860, "light")
    browser.open(report.as_uri())
    browser.press(Keys.TAB, Keys.TAB, Keys.TAB)
    assert "Welcom to Greenleaf" in browser.focused()  # of the failed test
    browser.press(Keys.ARROW_DOWN, Keys.ENTER)
    browser.until("document.activeElement.id === 'the-subject'")
    assert browser.focused() == "Your parcel is on its way"
    browser.press(Keys.TAB, Keys.TAB)
    assert browser.focused() == "HTML"
    browser.press(Keys.ARROW_RIGHT)
    assert browser.focused() == "Text"
    [text] = browser.seen("[role=tabpanel]")
    assert "your order 4711 left us today" in text
    browser.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert browser.focused() == "Transcript"
    [text] = browser.seen("[role=tabpanel]")
    assert "S: 250 2.0.0" in text
    browser.press(Keys.HOME)
    assert browser.focused() == "HTML"
    browser.press(Keys.ESCAPE)
    assert "Your parcel is on its way" in browser.focused()


@pytest.mark.parametrize(
    ("field", "words", "shown"),
    [
        ("everywhere", "autumn", 3),
        ("everywhere", "BOB@", 2),
        ("test", "newsletter[eve]", 1),
        ("recipient", "bob@example.org", 2),
        ("recipient", "Autumn", 0),
        ("subject", "parcel", 1),
        ("everywhere", "nothing like this", 0),
    ],
)
def test_the_filter(browser: Browser, report: Path, field: str, words: str, shown: int) -> None:
    browser.look(1280, 860, "light")
    browser.open(report.as_uri())
    browser.press("/")
    browser.press(words, Keys.TAB, field[0])
    assert len(browser.seen(".row")) == shown
    assert browser.text("#count") == f"{shown} shown"
    assert bool(browser.seen("#nothing")) is (shown == 0)


def test_new_mail_arrives_without_reloading(browser: Browser, live: LivePage) -> None:
    browser.look(1280, 860, "light")
    browser.open(live.url)
    assert browser.seen("#empty")
    live.test = "test_shop.py::test_first"
    live.deliver(shop.mail("First", "Hi!"))
    browser.until("document.querySelector('.row')?.dataset.subject === 'First'")
    live.test = "test_shop.py::test_second"
    live.deliver(shop.mail("Second", "Hi!"), shop.mail("Third", "Hi!"))
    browser.until("document.querySelector('.row').dataset.subject === 'Third'")
    assert browser.seen(".case h2") == ["test_shop.py::test_second", "test_shop.py::test_first"]
    assert browser.text("#count") == "3 messages"
    assert not browser.seen("#empty")
    assert browser.complaints() == []


def test_a_page_does_not_ask_again_at_a_port_that_may_be_somebody_elses(
    browser: Browser, live: LivePage
) -> None:
    browser.open(live.url)
    live.deliver(shop.mail("First", "Hi!"))
    browser.until("document.querySelector('.row')?.dataset.subject === 'First'")
    live.inbox.close()
    browser.until("'isOver' in document.body.dataset")
    # Nor when somebody looks at the page again.
    asked = browser.run(
        """
        let asked = 0;
        window.EventSource = class extends EventTarget { constructor() { super(); asked += 1; } };
        document.dispatchEvent(new Event("visibilitychange"));
        return asked;
        """
    )
    assert asked == 0


def test_new_mail_heeds_the_filter(browser: Browser, live: LivePage) -> None:
    browser.look(1280, 860, "light")
    browser.open(live.url)
    browser.press("/")
    browser.press("wanted")
    live.deliver(b"Subject: other\r\n\r\n", b"Subject: wanted\r\n\r\n")
    browser.until("document.querySelectorAll('.row').length === 2")
    assert len(browser.seen(".row")) == 1


def test_a_page_of_many_messages_can_be_filtered(browser: Browser, live: LivePage) -> None:
    live.deliver(b"Subject: many\r\n\r\n", b"Subject: few\r\n\r\n")
    many, few = live.server.transactions
    for number in range(9_998):
        live.inbox.add("", "smtp://x", few if number % 1000 == 0 else many)
    browser.look(1280, 860, "light")
    browser.open(live.url)
    assert browser.text("#count") == "10000 messages"
    browser.press("/")
    browser.press("few")
    assert browser.text("#count") == "11 shown"


def test_a_message_has_an_address(browser: Browser, live: LivePage) -> None:
    live.deliver(b"Subject: first\r\n\r\n", b"Subject: second\r\n\r\n")
    browser.look(1280, 860, "light")
    browser.open(f"{live.url}messages/1")
    browser.until("document.querySelector('[aria-current]')")
    assert browser.text("#the-subject") == "first"
