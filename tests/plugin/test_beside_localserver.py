"""pytest-localserver has a fixture of the same name: ours is used, but never against the user."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_localserver", reason="needs pytest-localserver")

OURS, THEIRS = "pytest_smtpserver.plugin", "pytest_localserver.plugin"

WHOSE = """
    def test_it(smtpserver):
        assert whose(smtpserver) == {expected!r}

    def whose(server):
        return server if isinstance(server, str) else type(server).__module__
"""
USERS_OWN = """
    import pytest

    @pytest.fixture
    def smtpserver():
        return "the user's own"
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    # Entry points come in the order of directory entries; `-p` makes the order known.
    monkeypatch.delenv("PYTEST_ADDOPTS")
    pytester.syspathinsert()
    return pytester


def run(suite: pytest.Pytester, expected: str, *plugins: str) -> None:
    suite.makepyfile(test_it=WHOSE.format(expected=expected))
    args = [word for plugin in plugins for word in ("-p", plugin)]
    suite.runpytest_subprocess(*args).assert_outcomes(passed=1)


ORDERS = pytest.mark.parametrize("order", [(OURS, THEIRS), (THEIRS, OURS)], ids=["first", "last"])


@ORDERS
def test_ours_is_used_whichever_is_loaded_first(
    suite: pytest.Pytester, order: tuple[str, str]
) -> None:
    run(suite, "pytest_smtpserver.server.server", *order)


@ORDERS
def test_a_fixture_of_the_users_conftest_is_used(
    suite: pytest.Pytester, order: tuple[str, str]
) -> None:
    suite.makeconftest(USERS_OWN)
    run(suite, "the user's own", *order)


@ORDERS
def test_a_fixture_of_a_plugin_that_the_users_conftest_names_is_used(
    suite: pytest.Pytester, order: tuple[str, str]
) -> None:
    suite.makepyfile(users=USERS_OWN)
    suite.makeconftest("pytest_plugins = ['users']")
    run(suite, "the user's own", *order)


def test_a_fixture_of_a_plugin_that_is_loaded_last_is_used(suite: pytest.Pytester) -> None:
    suite.makepyfile(users=USERS_OWN)
    run(suite, "the user's own", OURS, THEIRS, "users")


@ORDERS
def test_pytest_lists_the_fixtures(suite: pytest.Pytester, order: tuple[str, str]) -> None:
    result = suite.runpytest_subprocess("--fixtures", "-p", order[0], "-p", order[1])
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["smtpserver -- *pytest_smtpserver*"])


HEADER = "smtpserver: this fixture is pytest-smtpserver's; for pytest-localserver's write *"


@ORDERS
def test_the_header_says_whose_it_is(suite: pytest.Pytester, order: tuple[str, str]) -> None:
    suite.makepyfile(test_it="def test_it(): pass")
    result = suite.runpytest_subprocess("-p", order[0], "-p", order[1])
    result.stdout.fnmatch_lines([HEADER])


@ORDERS
def test_the_header_says_nothing_if_the_user_has_chosen(
    suite: pytest.Pytester, order: tuple[str, str]
) -> None:
    suite.makeconftest(USERS_OWN)
    suite.runpytest_subprocess("-p", order[0], "-p", order[1]).stdout.no_fnmatch_line("smtpserver*")


@pytest.mark.parametrize("plugins", [("-p", OURS), ("-p", THEIRS)], ids=["ours", "theirs"])
def test_the_header_says_nothing_if_only_one_is_installed(
    suite: pytest.Pytester, plugins: tuple[str, ...]
) -> None:
    suite.runpytest_subprocess(*plugins).stdout.no_fnmatch_line("smtpserver*")


def test_the_header_says_nothing_if_the_other_plugin_was_only_imported(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(importing="import pytest_localserver.plugin")
    suite.makepyfile(test_it="def test_it(smtpserver): pass")
    result = suite.runpytest_subprocess("-p", "importing", "-p", OURS)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("smtpserver: *")
