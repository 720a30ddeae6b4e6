"""What the reference says of well-known clients is what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_smtpserver import FAULTS
from tests.faults import matrix
from tests.faults.famous import CLIENTS, Famous

ROOT = Path(__file__).parents[2]
WRITTEN = json.loads(matrix.WRITTEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_does_what_is_written(client: Famous) -> None:
    """`python -m tests.faults.matrix` writes it anew, and `python -m docs._generate` the page."""
    if why := client.missing():
        pytest.skip(why)
    # In a process of its own: Django's settings, and the authority that all clients trust.
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.matrix", client.name],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)[client.name] == WRITTEN[client.name]


def test_each_client_and_each_fault_is_written() -> None:
    assert set(WRITTEN) == {client.name for client in CLIENTS}
    for cells in WRITTEN.values():
        assert list(cells) == [fault.name for fault in FAULTS]


def test_the_mailer_of_the_tutorial_passes_all() -> None:
    assert [cell for cell in WRITTEN["the tutorial's"].values() if ": " in cell] == []
