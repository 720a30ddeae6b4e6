"""The pictures of the documentation, taken here.

`PICTURES=docs/pictures python -m pytest tests/browser/test_pictures.py` takes them anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import shop

if TYPE_CHECKING:
    from tests.browser.conftest import LivePage
    from tests.browser.driving import Browser

ROOT = Path(__file__).parent.parent.parent
SHOWN = ("report.png", "report-of-a-failure.png", "inbox-on-a-phone.png")


def directory(tmp_path: Path) -> Path:
    return Path(os.environ.get("PICTURES") or tmp_path)


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


def test_pages_show_what_is_taken_here() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    texts = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert set(re.findall(r"pictures/([\w-]+\.png)", texts)) == set(SHOWN)
    assert {path.name for path in (ROOT / "docs" / "pictures").glob("*.png")} == set(SHOWN)


def test_of_the_report(browser: Browser, report: Path, tmp_path: Path) -> None:
    browser.look(1280, 860, "light")
    browser.open(report.as_uri())
    browser.open_message("Your parcel is on its way")
    assert is_png(browser.picture(directory(tmp_path) / "report.png"))


def test_of_a_failure(browser: Browser, report: Path, tmp_path: Path) -> None:
    browser.look(1280, 860, "dark")
    browser.open(report.as_uri())
    browser.open_message("Welcom to Greenleaf")
    browser.choose_tab("Transcript")
    assert is_png(browser.picture(directory(tmp_path) / "report-of-a-failure.png"))


def test_of_the_inbox_on_a_phone(browser: Browser, live: LivePage, tmp_path: Path) -> None:
    for subject in ("Sign in to Greenleaf", "Autumn at Greenleaf", "Your invoice"):
        live.deliver(shop.mail(subject, "Hello!"))
    live.deliver(shop.parcel())
    browser.look(390, 700, "light")
    browser.open(live.url)
    assert is_png(browser.picture(directory(tmp_path) / "inbox-on-a-phone.png"))
