"""Draws what a failing test looks like in a terminal of 80 columns: `python -m docs._pictures`.

It needs the package rich.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
EXAMPLE = DOCS.parent / "examples" / "test_first_mail.py"
#: The end of the report is left out: some more lines of the transcript.
_LINES = 40
_OPTIONS = ("-p", "no:cacheprovider", "--color=yes", "--no-header")


def main() -> None:
    """Run the first example with a subject that is misspelt, and draw what pytest prints."""
    with tempfile.TemporaryDirectory() as directory:
        test = EXAMPLE.read_text(encoding="utf-8").replace("Subject: Welcome", "Subject: Welcom")
        Path(directory, "test_shop.py").write_text(test, encoding="utf-8")
        printed = subprocess.run(
            [sys.executable, "-m", "pytest", *_OPTIONS, "test_shop.py"],
            cwd=directory,
            env={**os.environ, "COLUMNS": "80", "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    lines = printed.splitlines()
    lines[_LINES:-3] = ["[...]"]
    console = Console(width=80, record=True, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(lines)))
    svg = console.export_svg(title="python -m pytest")
    # Without web fonts: the reader's own are good enough.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    (DOCS / "pictures" / "failing-test.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
