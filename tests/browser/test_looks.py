"""Report and inbox in a browser: at a desk and on a phone, in light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import shop
from tests.browser.driving import AXE, LOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import LivePage
    from tests.browser.driving import Browser

TABS = ["HTML", "Text", "HTML source", "Headers", "Raw", "Attachments", "Transcript"]
LOOK = pytest.mark.parametrize("look", LOOKS, ids="{0[0]}-{0[2]}".format)


def check(browser: Browser) -> None:
    assert browser.complaints() == []
    if AXE.is_file():
        assert browser.faults_of_accessibility() == []


def look_at_every_view(browser: Browser) -> None:
    check(browser)
    browser.open_message("Your parcel is on its way")
    for name in TABS:
        browser.choose_tab(name)
        check(browser)
        [label] = browser.seen("[role=tab][aria-selected=true]")
        assert label.startswith(name)
    # Nothing is wider than the screen.
    assert browser.run(
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_axe_is_there() -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core: .ci/install-programs")


@LOOK
def test_the_report_is_sound(browser: Browser, report: Path, look: tuple[int, int, str]) -> None:
    browser.look(*look)
    browser.open(report.as_uri())
    look_at_every_view(browser)


@LOOK
def test_the_inbox_is_sound(browser: Browser, live: LivePage, look: tuple[int, int, str]) -> None:
    live.test = "test_shop.py::test_parcel"
    live.deliver(shop.mail("Hello", "Hi!"), shop.parcel())
    browser.look(*look)
    browser.open(live.url)
    look_at_every_view(browser)


def test_on_a_phone_the_list_and_the_message_come_one_after_the_other(
    browser: Browser, report: Path
) -> None:
    browser.look(390, 844, "light")
    browser.open(report.as_uri())
    assert browser.seen("#list")
    assert not browser.seen("#reader")
    browser.open_message("Your parcel is on its way")
    assert browser.seen("#reader")
    assert not browser.seen("#list")
    browser.run("document.getElementById('back').click()")
    assert browser.seen("#list")


def test_the_html_can_be_seen_at_the_width_of_a_phone(browser: Browser, report: Path) -> None:
    browser.look(1280, 860, "light")
    browser.open(report.as_uri())
    browser.open_message("Your parcel is on its way")
    browser.run("document.querySelector('[data-phone]').click()")
    assert browser.run("return document.querySelector('iframe').offsetWidth") == 390


def test_pictures_within_the_mail_are_shown(browser: Browser, report: Path) -> None:
    browser.look(1280, 860, "light")
    browser.open(report.as_uri())
    browser.open_message("Your parcel is on its way")
    browser.choose_tab("Attachments")
    browser.run("document.querySelectorAll('.files img').forEach((one) => one.loading = 'eager')")
    sizes = browser.driver.execute_async_script(
        """
        const done = arguments[0];
        const pictures = [...document.querySelectorAll('.files img')];
        Promise.all(pictures.map((one) => one.decode())).then(
          () => done(pictures.map((one) => [one.naturalWidth, one.naturalHeight])));
        """
    )
    assert sizes == [[72, 72], [320, 200]]
