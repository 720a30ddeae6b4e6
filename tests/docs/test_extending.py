"""The changes that the page about extending shows: each is applied to a copy, and its test runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "explanation" / "extending.md"
CHANGES = re.findall(r"(?ms)^## (.*?)$.*?```diff\n(.*?)```", PAGE.read_text("utf-8"))


def test_the_page_has_all_five() -> None:
    assert len(CHANGES) == 5


@pytest.mark.parametrize(("title", "change"), CHANGES, ids=[title for title, _ in CHANGES])
def test_a_change_applies_to_a_copy_and_its_test_passes(
    tmp_path: Path, title: str, change: str
) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pytest_smtpserver", tmp_path / "pytest_smtpserver", ignore=ignored)
    # Lines that have moved are found, if those beside the change are still the same.
    apply = ["git", "apply", "-C1", "--whitespace=nowarn", "-"]
    subprocess.run(apply, input=change, text=True, cwd=tmp_path, check=True, timeout=60)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
