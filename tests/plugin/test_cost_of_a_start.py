"""What each start of pytest imports from us, in every environment with the plugin."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CODE = """
import sys, pytest
pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", sys.argv[1], sys.argv[1]])
print("imported", *(name for name in sys.modules if name.startswith("pytest_smtpserver.")))
"""


#: Each costs 0.8 million instructions or more, because pytest loads a plugin's modules itself.
_OF_EACH_START = {
    "clock", "plugin", "plugin.fixtures", "plugin.lasting", "plugin.options", "settings",
    "settings.table", "unpatched",
}  # fmt: skip


def test_a_start_imports_no_more_than_options_fixtures_and_the_table_of_settings(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    imported = done.stdout.splitlines()[-1].split()[1:]
    assert {name.removeprefix("pytest_smtpserver.") for name in imported} == _OF_EACH_START
