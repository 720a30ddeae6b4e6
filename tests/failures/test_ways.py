"""Each way to fail has its text, to the letter, and the first line alone names the cause."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.failures import golden
from tests.failures.ways import WAYS, Way

ROOT = Path(__file__).parents[2]

SUITE = f"""
import sys

sys.path.append({str(ROOT)!r})
import pytest
from tests.failures.ways import WAYS

import pytest_smtpserver

@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test(way, smtpserver_factory, record_property):
    record_property("package", pytest_smtpserver.__file__)
    way.fail(smtpserver_factory(**way.settings))
"""

# Gathers what the reports say, which with xdist have come from another process.
COLLECTOR = """
import json

found = []

def pytest_runtest_logreport(report):
    if report.failed:
        name = report.nodeid.partition("[")[2].removesuffix("]")
        package = dict(report.user_properties)["package"]
        found.append((name, package, report.longrepr.reprcrash.message))

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        (session.config.rootpath / "failures.json").write_text(json.dumps(found))
"""


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_the_text_is_the_expected_one(way: Way) -> None:
    text = golden.normal(str(golden.failure(way)))
    assert text == golden.expected(way.name)
    # The part that an 80-column terminal shows.
    assert way.cause in text.splitlines()[0][:50]
    # "At most about 40 lines."
    assert len(text.splitlines()) <= 42


def test_every_text_belongs_to_a_way() -> None:
    assert {path.stem for path in golden.TEXTS.iterdir()} == {way.name for way in WAYS}


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_the_traceback_ends_at_the_tests_own_line(way: Way) -> None:
    caught = pytest.ExceptionInfo.from_exception(golden.failure(way))
    *_, last = caught.traceback.filter(caught)
    assert Path(last.path).name == "ways.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory to which the wheel was installed."""
    built, target = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("target")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (path,) = built.iterdir()
    with zipfile.ZipFile(path) as archive:
        archive.extractall(target)
    return target


def failures(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, installed: Path, *args: str
) -> dict[str, str]:
    """Return the texts of all tests of the suite, run with the package in that directory."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("COLUMNS", "1000")  # so that the short summary is not cut
    pytester.makeconftest(COLLECTOR)
    pytester.makepyfile(SUITE)
    summary = golden.normal(
        pytester.runpytest_subprocess("--tb=no", *args, timeout=60).stdout.str()
    )
    found = {}
    for name, package, text in json.loads((pytester.path / "failures.json").read_text()):
        assert Path(package).is_relative_to(installed)
        found[name] = golden.normal(text)
        assert f"[{name}] - {found[name]}\n" in summary
    return found


def expected() -> dict[str, str]:
    return {way.name: golden.expected(way.name).splitlines()[0] for way in WAYS}


@pytest.mark.parametrize("args", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "xdist"])
def test_the_texts_are_the_same_from_the_source(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    assert failures(pytester, monkeypatch, ROOT, *args) == expected()


def test_the_texts_are_the_same_from_the_wheel(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, wheel: Path
) -> None:
    assert failures(pytester, monkeypatch, wheel) == expected()
