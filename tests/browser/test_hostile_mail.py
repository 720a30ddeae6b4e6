"""A hostile mail changes nothing outside its frame, and causes no request."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from tests.browser.driving import Trap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.conftest import LivePage
    from tests.browser.driving import Browser

TABS = ("Text", "HTML source", "Headers", "Raw", "Attachments", "Transcript", "HTML")

#: Each of them asks for something, if a browser lets it.
ATTACKS = """
<base href="{url}/base/">
<meta http-equiv="refresh" content="0; url={url}/refresh">
<link rel="stylesheet" href="{url}/style.css"><link rel="preload" as="image" href="{url}/preload">
<link rel="prefetch" href="{url}/prefetch"><link rel="dns-prefetch" href="//evil.example">
<style>
@import url("{url}/import.css");
@font-face {{ font-family: evil; src: url("{url}/font"); }}
body {{ font-family: evil; background: url("{url}/background"); }}
.cover {{ position: fixed; inset: 0; width: 400vw; height: 400vh; z-index: 2147483647; }}
</style>
<script>document.title = "owned"; top.owned = 1; parent.document.title = "owned";
fetch("{url}/fetch"); top.location = "{url}/top"; window.open("{url}/window");</script>
<script src="{url}/script.js"></script>
<body onload="top.owned = 1; new Image().src = '{url}/onload'">
<img src="{url}/picture.png" onerror="top.owned = 1">
<img srcset="{url}/small.png 1x, {url}/large.png 2x">
<picture><source srcset="{url}/source.png"><img src="relative.png"></picture>
<svg><script>top.owned = 1</script><image href="{url}/svg-image"/><use href="{url}/use#x"/></svg>
<svg onload="top.owned = 1"></svg>
<a href="javascript:top.owned=1" id="javascript">a</a>
<a href="data:text/html,<script>top.owned=1</script>">b</a> <a href="blob:{url}/x">c</a>
<a href="{url}/link" target="_top" id="link" style="position: fixed; inset: 0">everywhere</a>
<iframe src="{url}/frame"></iframe><iframe srcdoc="<script>top.owned=1</script>
<img src='{url}/srcdoc.png'>"></iframe>
<object data="{url}/object"></object><embed src="{url}/embed">
<video src="{url}/video" poster="{url}/poster" autoplay></video>
<audio src="{url}/audio" autoplay></audio>
<input type="image" src="{url}/input"><table background="{url}/table"><tr><td>x</td></tr></table>
<form action="{url}/form" method="post"><input name="x" autofocus
onfocus="top.owned = 1; this.form.submit()"></form>
<div class="cover" style="background: url('{url}/cover')">covered</div>
<math href="javascript:top.owned=1">m</math>
</body>
"""
MARKUP = '"><img src={url}/markup onerror="top.owned=1"><script>top.owned=1</script>'
SVG = """<svg xmlns="http://www.w3.org/2000/svg">
<script>top.owned = 1</script><image href="{url}/svg"/></svg>"""
TURNED = "\u202e\u2066exe.png\u2069"


def hostile(url: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = f"hostile {MARKUP.format(url=url)} {TURNED}"
    mail["From"] = f"'{MARKUP.format(url=url)}' <from@example.org>".replace(",", "")
    mail["X-Markup"] = MARKUP.format(url=url)
    mail.set_content(f"text {MARKUP.format(url=url)} {TURNED}")
    mail.add_alternative(ATTACKS.format(url=url), subtype="html")
    name = f"{MARKUP.format(url=url)}{TURNED}.svg"
    mail.add_attachment(SVG.format(url=url).encode(), "image", "svg+xml", filename=name)
    mail.add_attachment(ATTACKS.format(url=url), "html", filename="../../x.html")
    return mail.as_bytes()


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as set_up:
        yield set_up


def test_the_trap_would_see_requests(browser: Browser, trap: Trap, tmp_path: Path) -> None:
    page = tmp_path / "unprotected.html"
    page.write_text(f"<!doctype html>{ATTACKS.format(url=trap.url)}")
    wanted = {"/style.css", "/picture.png", "/script.js", "/source.png", "/preload"}
    # Some attacks lead away from the page, sometimes before others have begun.
    for _ in range(10):
        browser.open(page.as_uri())
        if trap.is_asked_for(wanted, timeout=5):
            break
    assert wanted <= set(trap.asked)
    browser.driver.get("about:blank")


def outside(browser: Browser) -> dict[str, object]:
    """Return what a mail could change of the page that shows it."""
    state = browser.run(
        """
        const at = document.elementFromPoint(20, 20);
        return {
          owned: window.owned ?? null, title: document.title, url: location.pathname,
          covered: at.tagName === "IFRAME", base: document.baseURI === location.href.split("#")[0]
            || document.baseURI === location.href, scripts: document.scripts.length,
          handlers: document.querySelectorAll("[onerror], [onload], [onfocus]").length,
        };
        """
    )
    assert isinstance(state, dict)
    return {**state, "windows": len(browser.driver.window_handles)}


def look_at_all_of_it(browser: Browser) -> None:
    before = outside(browser)
    assert before["owned"] is None
    browser.run("document.querySelector('.row').click()")
    browser.until("document.querySelector('#shown iframe')")
    for name in TABS:
        browser.choose_tab(name)
        after = outside(browser)
        assert {**after, "url": before["url"]} == before
    click_in_the_frame(browser)
    after = outside(browser)
    assert {**after, "url": before["url"]} == before


def click_in_the_frame(browser: Browser) -> None:
    # On a link that covers the whole frame, and would replace the whole page.
    x, y = browser.run(
        """
        const box = document.querySelector('iframe').getBoundingClientRect();
        return [box.x + 40, box.y + 40];
        """
    )
    for kind in ("mousePressed", "mouseReleased"):
        click = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", click)


def test_the_report_shows_it_and_nothing_happens(
    browser: Browser, trap: Trap, tmp_path: Path
) -> None:
    from pytest_smtpserver import SMTPServer
    from pytest_smtpserver.report import files, spool

    with SMTPServer() as server:
        import smtplib

        with smtplib.SMTP(*server.addr, timeout=10) as client:
            client.sendmail("from@example.org", ["to@example.org"], hostile(trap.url))
        directory = tmp_path / "spool"
        directory.mkdir()
        written = spool.Spool(directory)
        markup = MARKUP.format(url=trap.url)
        attempts = [(markup, one) for one in server.transactions]
        written.add(f"test_it[{markup}]", "failed", markup, 0.0, attempts)
    files.write_page(tmp_path / "mail.html", spool.cases(directory))
    browser.look(1280, 860, "light")
    browser.open((tmp_path / "mail.html").as_uri())
    look_at_all_of_it(browser)
    assert trap.asked == []


def test_the_inbox_shows_it_and_nothing_happens(
    browser: Browser, trap: Trap, live: LivePage
) -> None:
    browser.look(1280, 860, "light")
    browser.open(live.url)
    live.test = f"test_it[{MARKUP.format(url=trap.url)}]"
    live.deliver(hostile(trap.url))
    browser.until("document.querySelector('.row')")
    look_at_all_of_it(browser)
    browser.open(f"{live.url}messages/1")
    look_at_all_of_it(browser)
    for path in ("raw", "view"):
        browser.open(f"{live.url}messages/1/{path}")
        assert browser.run("return window.owned ?? null") is None
    assert trap.asked == []
