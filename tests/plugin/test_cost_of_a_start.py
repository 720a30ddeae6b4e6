"""What each start of pytest imports from us, in every environment with the plugin."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from pytest_smtpserver import plugin
from pytest_smtpserver.plugin import fixtures, hooks, options

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

#: Each costs 0.8 million instructions or more.
_OF_EACH_START = {
    "clock", "plugin", "plugin.fixtures", "plugin.hooks", "plugin.lasting", "plugin.options",
    "settings", "settings.table", "unpatched",
}  # fmt: skip


def _of_a_start(folder: Path, expression: str) -> set[str]:
    """Return the names in an expression, computed in a process in which pytest has run."""
    code = f"""
import sys, pytest
from _pytest.assertion.rewrite import AssertionRewritingHook
# As if the package were installed from a wheel: pytest rewrites such plugins.
_init = AssertionRewritingHook.__init__
def init(self, config):
    _init(self, config)
    self.mark_rewrite("pytest_smtpserver")
AssertionRewritingHook.__init__ = init
pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", sys.argv[1], sys.argv[1]])
ours = [one for name, one in sys.modules.items() if name.startswith("pytest_smtpserver.")]
print("names", *({expression}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    names = done.stdout.splitlines()[-1].split()[1:]
    return {name.removeprefix("pytest_smtpserver.") for name in names}


def test_a_start_imports_no_more_than_options_fixtures_and_the_table_of_settings(
    tmp_path: Path,
) -> None:
    assert _of_a_start(tmp_path, "one.__name__ for one in ours") == _OF_EACH_START


def test_pytest_itself_loads_only_the_package_and_the_plugin(tmp_path: Path) -> None:
    tmp_path.joinpath("test_one.py").write_text("def test(smtpserver): pass")
    rewritten = "one.__name__ for one in ours if isinstance(one.__loader__, AssertionRewritingHook)"
    assert _of_a_start(tmp_path, rewritten) == {"plugin"}


def test_pytest_does_not_warn_if_the_package_was_imported_before(
    pytester: pytest.Pytester,
) -> None:
    # It asks for this itself if the package is installed from a wheel.
    pytester.makeconftest("import pytest; pytest.register_assert_rewrite('pytest_smtpserver')")
    pytester.makepyfile("def test(smtpserver): pass")
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_a_run_leaves_no_finder_of_modules_behind(tmp_path: Path) -> None:
    finders = "type(one).__name__ for one in sys.meta_path"
    assert "_OurModules" not in _of_a_start(tmp_path, finders)


def test_the_plugin_has_each_hook_and_each_fixture() -> None:
    there = {*vars(fixtures), *vars(hooks), *vars(options)}
    assert {name for name in there if name.startswith(("pytest_", "smtpserver"))} == {
        name for name in vars(plugin) if name.startswith(("pytest_", "smtpserver"))
    }
