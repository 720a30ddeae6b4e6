"""What the README says that pytest prints is what pytest prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs._pages import blocks, compare
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    import pytest


def test_the_readme_shows_how_its_example_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    [block] = [one for one in blocks((ROOT / "README.md").read_text()) if one.info == "text"]
    test = (ROOT / "examples" / "test_first_mail.py").read_text()
    pytester.makepyfile(test_shop=test.replace("Subject: Welcome", "Subject: Welcom"))
    result = pytester.runpytest_inprocess("-o", "smtpserver_wait_timeout=0.1")
    result.assert_outcomes(failed=1)
    compare(block, "pytest", block.text, result.stdout.str())
