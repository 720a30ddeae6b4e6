"""The dialogues of the standards and of the rules, replayed; see `replay.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.smtp.replay import CUTS, FILES, read, replay

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dialogue_is_answered_and_recorded_as_written_however_it_is_cut(
    path: Path, cut: str
) -> None:
    dialogue = read(path)
    wrong, records = replay(dialogue, cut)
    assert wrong == []
    assert records == dialogue.recorded
