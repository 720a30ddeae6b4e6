"""The pages can be read where they are: as Markdown on a site, and in an editor."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import PAGES, name_of

if TYPE_CHECKING:
    from pathlib import Path

_DELIMITER = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_table_has_a_head_of_its_own(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    for head, line in pairwise(lines):
        assert not _DELIMITER.fullmatch(line) or head.startswith("|"), head


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_has_a_text(page: Path) -> None:
    assert not re.findall(r"(?<!!)\[\]\([^)]*\)", page.read_text(encoding="utf-8"))
