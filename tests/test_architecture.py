"""The house: imports run one way, and costly ones wait until they are needed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pytest_smtpserver"

#: The rooms that each room may import; all of them come later in this table.
ALLOWED = {
    "plugin": {
        "clock", "faults", "inbox", "mail", "matching", "network", "records", "report", "server",
        "settings", "unpatched",
    },
    "__main__": {"inbox", "mail", "network", "records", "report", "server", "settings"},
    "inbox": {"engine", "frozen", "mail", "network", "records", "report"},
    "report": {"frozen", "mail", "matching", "records"},
    "server": {
        "clock", "engine", "matching", "network", "recording", "records", "rules", "settings",
        "smtp", "unpatched", "waiting",
    },
    "waiting": {
        "clock", "engine", "frozen", "matching", "numeric", "recording", "records", "settings",
        "unpatched",
    },
    "faults": {"clock", "matching", "numeric", "records", "rules", "settings"},
    "smtp": {
        "engine", "expressions", "frozen", "input", "recording", "records", "rules", "settings",
    },
    "rules": {
        "engine", "expressions", "frozen", "matching", "numeric", "recording", "records",
        "suggesting",
    },
    "recording": {"engine", "matching", "records", "unpatched"},
    "records": {"engine", "expressions", "frozen", "mail", "matching", "numeric", "suggesting"},
    "mail": {"frozen", "matching", "suggesting"},
    "network": {"clock", "engine", "unpatched"},
    "matching": {"expressions", "frozen"},
    "settings": {"engine", "frozen", "numeric", "suggesting"},
    "engine": {"frozen"},
    "input": set(),
    "clock": set(),
    "unpatched": set(),
    "expressions": set(),
    "frozen": set(),
    "suggesting": set(),
    "numeric": set(),
}  # fmt: skip


def test_imports_run_one_way() -> None:
    rooms = list(ALLOWED)
    for number, room in enumerate(rooms):
        assert ALLOWED[room] <= set(rooms[number + 1 :])


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    package = ["pytest_smtpserver", *path.relative_to(PACKAGE).parts[:-1]]
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("pytest_smtpserver.")}
    # Before any room, Python imports the package itself, which rooms may use.
    return rooms - {room_of(path), "_OurModules", "_imported_when_used"}


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    assert imported_rooms(path) <= ALLOWED[room_of(path)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_plugin_imports_pytest(path: Path) -> None:
    imports = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "pytest" not in imports or room_of(path) == "plugin"


#: Files that are shorter or longer than usual, each with its reason.
ODD_SIZES = {
    "expressions.py": "what four rooms do with an expression, which is one idea",
    "faults/catalogue.py": "one table, a row for each fault; half of it would be looked for twice",
    "mail/defects.py": "a value that six files of the room make, and none of them more than others",
    "numeric.py": "what four rooms ask of a number; nothing else on the ground is about values",
    "plugin/misspelt.py": "only a run that has such a marker imports it; other starts are faster",
    "smtp/sasl/passwords.py": "a file for each kind of mechanism, as with the other three",
}


def test_a_file_has_40_to_400_lines_or_a_reason() -> None:
    lines = {
        str(path.relative_to(PACKAGE)): len(path.read_text().splitlines())
        for path in SOURCES
        if path.name != "__init__.py"
    }
    assert {name for name, count in lines.items() if not 40 <= count <= 400} == {*ODD_SIZES}


ROOMS = sorted(path for path in PACKAGE.rglob("__init__.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: str(path.parent.relative_to(PACKAGE)))
def test_the_map_of_a_room_has_all_that_is_in_it(room: Path) -> None:
    files = {path.stem for path in room.parent.glob("*.py")} - {"__init__"}
    inside = files | {path.parent.name for path in room.parent.glob("*/__init__.py")}
    text = ast.get_docstring(ast.parse(room.read_text())) or ""
    heads = "".join(re.findall(r"^\* (.*?):", text, re.MULTILINE))
    assert names_in(heads) <= inside <= names_in(text)


def names_in(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


COSTLY = (
    "trio", "ssl", "email.policy", "cryptography", "selectolax", "scramp", "jinja2", "h11",
    "webencodings",
)  # fmt: skip


def modules_after(code: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import pytest_smtpserver.plugin",
        "from pytest_smtpserver import SMTPServer, AsyncSMTPServer, Message; SMTPServer()",
    ],
)
def test_nothing_costly_is_imported_before_a_server_starts(code: str) -> None:
    baseline = modules_after("import pytest")
    assert not (modules_after(code) - baseline).intersection(COSTLY)


def test_all_public_names_can_be_imported() -> None:
    import pytest_smtpserver

    for name in pytest_smtpserver.__all__:
        assert getattr(pytest_smtpserver, name).__doc__


def test_the_public_names_are_the_same_for_type_checkers_and_at_run_time() -> None:
    import pytest_smtpserver

    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    homes = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert homes == pytest_smtpserver._HOMES


def test_no_two_files_of_the_tests_have_the_same_name() -> None:
    # pytest imports them by their names alone.
    names = [
        path.name for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py"
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


#: Modules that a server does not need until a test reads mail, waits in vain, or uses TLS.
LATER = (
    "pytest_smtpserver.mail",
    "pytest_smtpserver.records.problems",
    "pytest_smtpserver.server.certificates",
    "pytest_smtpserver.waiting",
    "cryptography",
    "email.policy",
)


def test_a_server_that_starts_and_stops_imports_only_what_it_needs() -> None:
    code = "from pytest_smtpserver import SMTPServer\nwith SMTPServer(): pass"
    assert modules_after(code).isdisjoint(LATER)
