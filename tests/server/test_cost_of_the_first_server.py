"""What the first server of a process does beyond importing trio, counted and not clocked."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

_CODE = """
import json, re, sys
import trio

imported, compiled, written = set(sys.modules), [], []
re_compile = re.compile

def counting(pattern, flags=0):
    compiled.append(str(pattern))
    return re_compile(pattern, flags)

def listening(event, args):
    # A module has the name of its file.
    if event == "compile" and args[1] == "<frozen>":
        written.append(str(args[0]))

re.compile = counting
sys.addaudithook(listening)

from pytest_smtpserver import SMTPServer

with SMTPServer():
    print(json.dumps([sorted(set(sys.modules) - imported), compiled, written]))
"""


class Cost(NamedTuple):
    """What happened between the import of trio and the start of the first server."""

    modules: Sequence[str]
    expressions: Sequence[str]
    functions: Sequence[str]


@pytest.fixture(scope="module")
def cost() -> Cost:
    command = [sys.executable, "-c", _CODE]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return Cost(*json.loads(ran.stdout))


def test_hardly_any_regular_expression_is_compiled(cost: Cost) -> None:
    # The replies in the table of `smtp` are checked, and with them their enhanced status codes.
    assert cost.expressions == [r"[245]\.[0-9]{1,3}\.[0-9]{1,3}"]


def test_few_functions_are_written_at_run_time(cost: Cost) -> None:
    # The initializers of the values in the tables of `smtp`, `settings` and `records`: the data
    # classes of the standard library would write more than a hundred functions.
    assert 1 <= len(cost.functions) <= 8, cost.functions
    assert "dataclasses" not in cost.modules


def test_no_module_is_imported_that_a_server_without_rules_and_auth_does_not_use(
    cost: Cost,
) -> None:
    ours = {name.removeprefix("pytest_smtpserver.") for name in cost.modules}
    unused = {
        "matching.criteria", "matching.failure", "matching.tables", "rules.rule", "rules.stages",
        "rules.steps", "server.certificates", "server.outbox", "smtp.authentication", "smtp.sasl",
        "waiting",
    }  # fmt: skip
    assert ours.isdisjoint(unused)


def test_few_modules_are_imported(cost: Cost) -> None:
    ours = [name for name in cost.modules if name.startswith("pytest_smtpserver")]
    others = [name for name in cost.modules if not name.startswith("pytest_smtpserver")]
    # Each costs some 0.4 million instructions, if there is nothing in it.
    assert len(ours) <= 85
    # `datetime` and its C half, which a test run has anyway.
    assert len(others) <= 3, others
