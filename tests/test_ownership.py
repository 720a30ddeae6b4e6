"""State has one owner: only its own module writes an attribute."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pytest_smtpserver"
#: The plugin writes attributes of pytest's objects, whose names may be those of ours.
SOURCES = [p for p in sorted(PACKAGE.rglob("*.py")) if p.parent.name != "plugin"]


def of_itself(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def written(path: Path) -> list[ast.Attribute]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    writes = (ast.Store, ast.Del)
    return [n for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, writes)]


@cache
def owned(path: Path) -> frozenset[str]:
    """Return the attributes that the classes of a module have."""
    found = {node.attr for node in written(path) if of_itself(node)}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            found |= {
                each.target.id
                for each in node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            }
    return frozenset(found)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_its_own_module_writes_an_attribute(path: Path) -> None:
    of_others = frozenset[str]().union(*map(owned, SOURCES)) - owned(path)
    wrong = [node for node in written(path) if not of_itself(node) and node.attr in of_others]
    assert [f"line {node.lineno}: {ast.unparse(node)}" for node in wrong] == []


def test_the_state_of_a_session_is_written_by_its_table_alone() -> None:
    from pytest_smtpserver.smtp import states

    writers = [path for path in (PACKAGE / "smtp").rglob("*.py") if "state" in owned(path)]
    assert writers == [Path(states.__file__)]
