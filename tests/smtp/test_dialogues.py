"""The dialogues of the standards and of the rules, replayed; see `replay.py`."""

import pytest

from tests.smtp.replay import CUTS, FILES, read, replay


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dialogue_is_answered_and_recorded_as_written_however_it_is_cut(path, cut) -> None:
    dialogue = read(path)
    wrong, records = replay(dialogue, cut)
    assert wrong == []
    assert records == dialogue.recorded
