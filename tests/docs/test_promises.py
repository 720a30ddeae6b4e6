"""Each promise about security and trust names the test that holds it, and that test is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named(page: str) -> list[tuple[str, str]]:
    return _NAMED.findall((ROOT / "docs" / "explanation" / page).read_text(encoding="utf-8"))


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), [*named("security.md"), *named("trust.md")])
def test_a_promise_has_the_test_that_it_names(path: str, name: str) -> None:
    assert name in functions(path)


def test_every_promise_of_security_names_a_test() -> None:
    page = (ROOT / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
    promises = [part for part in re.split(r"\n(?=- \*\*|\n)", page) if part.startswith("- **")]
    assert len(promises) > 10
    assert [one for one in promises if not _NAMED.search(one)] == []
