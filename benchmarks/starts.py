"""Print the processor seconds that a plugin adds to a start of pytest which does not use it.

`python starts.py PLUGIN COUNT`, in the plugin's environment. A start is a fork of this process,
which has imported pytest: what both kinds of start have in common, the interpreter and pytest's
modules, varies by more than a plugin costs. Each start with the plugin is compared with one without
it, just before or just after: a machine can be slower for seconds, and a processor for good.
"""

from __future__ import annotations

import os
import sys
import tempfile
from statistics import median
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    """See the module's docstring."""
    plugin, count = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as empty:
        ordinary = ("-q", "-p", "no:cacheprovider", "--rootdir", empty, empty)
        without = ("-p", f"no:{plugin}", *ordinary)
        added = []
        for number in range(count):
            # Which one comes first changes, because processes may get the processors in turn.
            pair = (ordinary, without) if number % 2 else (without, ordinary)
            spent = {arguments: cpu(arguments) for arguments in pair}
            added.append(spent[ordinary] - spent[without])
    print(median(added))


def cpu(arguments: Sequence[str]) -> float:
    """Return the processor seconds of a run of pytest, in a process of its own."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code: int = pytest.ExitCode.INTERNAL_ERROR
        try:
            code = pytest.main(list(arguments))
        finally:
            # Nothing else of this process is the child's to do.
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == pytest.ExitCode.NO_TESTS_COLLECTED
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
