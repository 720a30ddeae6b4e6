"""Type checkers know every keyword and method: right uses pass, each wrong one is its own error."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_smtpserver

HERE = Path(__file__).parent
RIGHT, WRONG = HERE / "right_uses.py", HERE / "wrong_uses.py"
PYRIGHT = HERE.parent / "clients" / "node" / "node_modules" / "pyright" / "index.js"

#: Where a checker sees an error, and the name of its rule.
Errors = set[tuple[str, int, str]]


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """The errors of mypy, which looks at both files at once because the package takes it longer."""
    cache = tmp_path_factory.mktemp("mypy")
    options = ["--strict", "--cache-dir", str(cache)]
    command = [sys.executable, "-m", "mypy", *options, str(RIGHT), str(WRONG)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = re.findall(r"^(.+\.py):(\d+): error: .*\[([\w-]+)\]$", ran.stdout, re.MULTILINE)
    assert lines, ran.stdout + ran.stderr
    return {(Path(file).name, int(line), rule) for file, line, rule in lines}


@pytest.fixture(scope="module")
def pyright(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """The errors of pyright in its strict mode."""
    if not PYRIGHT.exists():
        pytest.skip("needs pyright: .ci/install-programs")
    project = tmp_path_factory.mktemp("pyright")
    for path in (RIGHT, WRONG):
        (project / path.name).write_text(path.read_text())
    # Errors that only strict mode reports are consequences of the mistakes in the file.
    (project / "pyrightconfig.json").write_text(json.dumps({"strict": [RIGHT.name]}))
    options = ["--outputjson", "--pythonpath", sys.executable, "-p", str(project)]
    command = ["node", str(PYRIGHT), *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = json.loads(ran.stdout)["generalDiagnostics"]
    assert found, ran.stdout + ran.stderr
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["rule"]) for one in found
    }


def wanted(number: int) -> Errors:
    """Return the errors that the comments of the file announce: for mypy, then for pyright."""
    lines = enumerate(WRONG.read_text().splitlines(), start=1)
    comments = [(line, text.partition("  # ")[2]) for line, text in lines]
    return {(WRONG.name, line, text.split(", ")[number]) for line, text in comments if text}


def test_mypy_sees_each_wrong_use_and_nothing_else(mypy: Errors) -> None:
    assert mypy == wanted(0)


def test_pyright_sees_each_wrong_use_and_nothing_else(pyright: Errors) -> None:
    assert pyright == wanted(1)


def test_match_keywords_are_those_of_all_stages() -> None:
    from pytest_smtpserver import Match
    from pytest_smtpserver.rules.stages import STAGES

    known = {keyword for stage in STAGES.values() for keyword in stage.matched}
    assert set(Match.__annotations__) == known


def test_stages_are_named_for_type_checkers() -> None:
    from typing import get_args

    from pytest_smtpserver.rules.keywords import StageName
    from pytest_smtpserver.rules.stages import STAGES

    assert set(get_args(StageName)) == set(STAGES)


def test_settings_are_those_of_the_table() -> None:
    from pytest_smtpserver import ServerSettings
    from pytest_smtpserver.settings import SETTINGS

    assert list(ServerSettings.__annotations__) == list(SETTINGS)


def test_criteria_are_those_of_the_tables() -> None:
    from pytest_smtpserver import MessageCriteria, SessionCriteria, TransactionCriteria
    from pytest_smtpserver.matching.tables import MESSAGES, SESSIONS, TRANSACTIONS

    tables = {
        MessageCriteria: MESSAGES,
        SessionCriteria: SESSIONS,
        TransactionCriteria: TRANSACTIONS,
    }
    for keywords, table in tables.items():
        assert set(keywords.__annotations__) == set(table.criteria)


WAITING = [name for name in vars(pytest_smtpserver.AsyncSMTPServer) if not name.startswith("_")]


@pytest.mark.parametrize("name", WAITING)
def test_a_waiting_method_takes_the_same_in_a_thread_and_in_a_task(name: str) -> None:
    in_thread, in_task = (
        inspect.signature(getattr(server, name)).parameters
        for server in (pytest_smtpserver.SMTPServer, pytest_smtpserver.AsyncSMTPServer)
    )
    assert list(in_thread.values()) == list(in_task.values())


def test_all_public_names_are_listed() -> None:
    assert sorted(pytest_smtpserver.__all__) == sorted(pytest_smtpserver._HOMES)


def test_mypy_knows_what_a_star_imports(tmp_path: Path) -> None:
    module = tmp_path / "star.py"
    module.write_text(
        "from pytest_smtpserver import *\n"
        + "".join(f"{name}\n" for name in pytest_smtpserver.__all__)
    )
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(module)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
