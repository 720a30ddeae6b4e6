"""Runs the pages, so that what a page shows is what happens.

* The Python blocks of a page make one module. pytest collects its tests; tracebacks show the lines
  of the page.
* A `text` block below a Python block is what that block's last test prints, or fails with. A
  comment between them says which: `<!-- prints -->` or `<!-- fails with -->`.
* A block whose first line is a comment with a file's name (`# test_shop.py`) is a file of the
  page's project. With `, continued` after the name, it continues that file.
* A `console` block runs its commands, the lines that begin with `$ `, in the project's directory,
  which has the files that the page has shown so far. The rest of the block is their output.

In an output, `[...]` means that something is left out.

`<!-- plugins: NAME ... -->` on a page names pytest plugins that its project needs besides ours.
"""

from __future__ import annotations

import linecache
import os
import re
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from functools import wraps
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from docs._pages import Block, PageError, blocks, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest._code.code import TracebackStyle

_PLUGINS = re.compile(r"<!-- plugins: (.*?) -->")


@pytest.fixture(scope="session")
def smtpserver_settings() -> dict[str, object]:
    """Let waits that must succeed do so on a busy machine too."""
    return {"wait_timeout": 20}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the pages."""
    if file_path.suffix != ".md":
        return None
    return Page.from_parent(parent, path=file_path)


class Page(pytest.File):
    """A page and everything in it that can be run."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield the module of its Python blocks, and its project if it has commands to run."""
        found = list(blocks(self.path.read_text(encoding="utf-8")))
        if any(block.info == "python" and not block.file for block in found):
            yield PageModule.from_parent(self, path=self.path)
        if any(block.info == "console" for block in found):
            yield Project.from_parent(self, name="project")


class PageModule(pytest.Module):
    """The Python blocks of a page as one module."""

    def _getobj(self) -> ModuleType:
        text = self.path.read_text(encoding="utf-8")
        module = ModuleType(f"page_{re.sub(r'[^a-z]', '_', self.path.stem)}")
        module.__file__ = str(self.path)
        sys.modules[module.__name__] = module
        seen: dict[str, int] = {}
        for block in blocks(text):
            if block.info == "python" and not block.file:
                _refuse_a_second_of_a_name(block, seen)
                # The line numbers are those of the page, for tracebacks.
                source = "\n" * (block.line - 1) + block.text
                exec(compile(source, str(self.path), "exec"), vars(module))
            elif block.role:
                last = [name for name in seen if name.startswith("test_")][-1]
                setattr(module, last, _ROLES[block.role](getattr(module, last), block))
        linecache.checkcache(str(self.path))
        return module


def _refuse_a_second_of_a_name(block: Block, seen: dict[str, int]) -> None:
    for name in re.findall(r"^(?:async )?def (\w+)|^class (\w+)", block.text, re.MULTILINE):
        one = "".join(name)
        if one in seen:
            raise pytest.Collector.CollectError(
                f"line {block.line}: {one} is defined a second time, so the one of line "
                f"{seen[one]} would not be run"
            )
        seen[one] = block.line


def _that_prints(test: Callable[..., None], block: Block) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with redirect_stdout(StringIO()) as printed:
            test(*args, **kwargs)
        compare(block, test.__name__, block.text, printed.getvalue())

    return run


def _that_fails(test: Callable[..., None], block: Block) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with pytest.raises(AssertionError) as failure:
            test(*args, **kwargs)
        compare(block, test.__name__, block.text, str(failure.value))

    return run


_ROLES = {"prints": _that_prints, "fails with": _that_fails}


class Project(pytest.Item):
    """The files of a page, and the commands that it runs with them."""

    def runtest(self) -> None:
        """Write the files and run the commands of a page, in its order."""
        text = self.path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as directory:
            for block in blocks(text):
                if block.file:
                    _write(Path(directory, block.file), block.text)
                elif block.info == "console":
                    _run_console(block, directory, _environment(text))

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: TracebackStyle | None = None,
    ) -> str:
        """Show the difference, without a traceback into this file."""
        if isinstance(excinfo.value, PageError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the page."""
        return self.path, 0, f"{self.path.name}: project"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    goes_on = ", continued\n" in text.partition("\n")[0] + "\n"
    with file.open("a" if goes_on else "w", encoding="utf-8") as opened:
        opened.write(f"\n\n{text}" if goes_on else text)


def _environment(text: str) -> dict[str, str]:
    plugins = " ".join(_PLUGINS.findall(text)).split()
    # Nothing of the outer run must show in the output.
    mine = ("PYTEST_", "COLUMNS", "CI", "BUILD_NUMBER", "COVERAGE_", "PYTHONDONTWRITE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": ",".join(["pytest_smtpserver.plugin", *plugins]),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }


def _run_console(block: Block, directory: str, environment: dict[str, str]) -> None:
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=directory, env=environment, text=True, timeout=120, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        compare(block, command, shown, done.stdout)
