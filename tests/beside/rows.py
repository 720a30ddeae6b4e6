"""Other plugins beside ours: one table for the tests and for the page.

A row has a small suite, which pytest runs with the plugin's real package installed, and the
expected result. Its sentence about the two plugins is shown on the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.beside.suites import (
    AIOHTTP,
    ANYIO,
    ASYNCIO,
    BDD,
    BDD_FEATURE,
    COMPARING,
    DJANGO,
    EVENTLET,
    FLASK,
    FREEZER,
    GEVENT,
    HYPOTHESIS,
    LOCALSERVER,
    LOCALSERVERS_OWN,
    MOCK,
    PYFAKEFS,
    RERUN,
    SMTPDFIX,
    SUBTESTS,
    TIME_MACHINE,
    TORNADO,
    TRIO,
    TWISTED,
    TWO_TESTS,
    WAITING,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CAUSE = "subject is 'Welcom', not 'Welcome'"
TRANSCRIPT = "Subject: Welcom"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A plugin, and the result of a suite with it."""

    #: Its name on the page; unique, and without spaces the name for `--beside`.
    name: str
    #: What is installed.
    needs: tuple[str, ...]
    #: One run for each, with these arguments.
    runs: tuple[str, ...] = ("",)
    suite: str = TWO_TESTS
    #: Other files of the suite.
    files: Mapping[str, str] = field(default_factory=dict)
    #: pytest's own words for how many tests passed, failed and so on.
    outcome: str = "1 failed, 1 passed"
    #: Words that must be printed, or be in files whose names begin with `out`.
    shows: tuple[str, ...] = (CAUSE, TRANSCRIPT)
    #: For the page.
    says: str
    #: Whether it is among the rows that each change is checked with.
    is_chosen: bool = False


ROWS = (
    Row(
        name="xdist",
        needs=("pytest-xdist",),
        runs=(
            "-n 2 --dist load",
            "-n 2 --dist loadscope",
            "-n 2 --dist loadfile",
            "-n 2 --dist loadgroup",
            "-n 2 --dist worksteal",
        ),
        says="With `load`, `loadscope`, `loadfile`, `loadgroup` and `worksteal`: each worker has "
        "servers of its own, and `smtpserver_session` is one for each worker.",
        is_chosen=True,
    ),
    Row(
        name="xdist-each",
        needs=("pytest-xdist",),
        runs=("--dist each --tx 2*popen",),
        outcome="2 failed, 2 passed",
        says="With `--dist each`, too: each worker runs all tests with servers of its own.",
    ),
    Row(
        name="randomly",
        needs=("pytest-randomly",),
        runs=("--randomly-seed=1", "--randomly-seed=2"),
        says="Each test has a fresh server, whatever the order.",
    ),
    Row(
        name="rerunfailures",
        needs=("pytest-rerunfailures",),
        runs=("--reruns 1",),
        suite=RERUN,
        outcome="1 passed, 1 rerun",
        shows=(),
        says="A test that runs again has a fresh server.",
        is_chosen=True,
    ),
    Row(
        name="repeat",
        needs=("pytest-repeat",),
        runs=("--count 3",),
        outcome="3 failed, 3 passed",
        says="Each repetition has a fresh server.",
    ),
    Row(
        name="timeout-signal",
        needs=("pytest-timeout",),
        runs=("--timeout 1 --timeout-method signal -o timeout_func_only=true",),
        suite=WAITING,
        outcome="1 failed",
        shows=("Timeout (>1.0s)", TRANSCRIPT),
        says="With the method `signal` a wait ends at once, and the failure has the transcript.",
        is_chosen=True,
    ),
    Row(
        name="timeout-thread",
        needs=("pytest-timeout",),
        runs=("--timeout 1 --timeout-method thread -o timeout_func_only=true",),
        suite=WAITING,
        outcome="",
        shows=("+ Timeout +", "wait_for_message"),
        says="With the method `thread` the plugin ends the whole run, and prints where each thread "
        "stands. There is no report, and so no transcript.",
    ),
    Row(
        name="asyncio",
        needs=("pytest-asyncio",),
        runs=("--asyncio-mode=auto", "--asyncio-mode=auto -o asyncio_debug=true"),
        suite=ASYNCIO,
        says="Use `smtpserver_async`, whose waiting methods are coroutines.",
        is_chosen=True,
    ),
    Row(
        name="anyio",
        needs=("anyio",),
        suite=ANYIO,
        outcome="2 failed, 2 passed",
        says="`smtpserver_async` works on both backends, asyncio and trio.",
    ),
    Row(
        name="trio",
        needs=("pytest-trio",),
        suite=TRIO,
        outcome="2 failed, 2 passed",
        says="`smtpserver_async` waits in real time, also with `autojump_clock` and `mock_clock`.",
        is_chosen=True,
    ),
    Row(
        name="twisted",
        needs=("pytest-twisted", "twisted"),
        runs=("", "--reactor=asyncio"),
        suite=TWISTED,
        says="Await the deferred of Twisted's `sendmail`, then ask `smtpserver`.",
    ),
    Row(
        name="tornado",
        needs=("pytest-tornado", "tornado", "setuptools<81"),
        suite=TORNADO,
        says="`smtpserver_async` in a test with `gen_test`. pytest-tornado 0.8.1 itself needs the "
        "`pkg_resources` of an older setuptools.",
    ),
    Row(
        name="aiohttp",
        needs=("pytest-aiohttp",),
        runs=("--asyncio-mode=auto",),
        suite=AIOHTTP,
        says="`aiohttp_client` beside `smtpserver_async`.",
    ),
    Row(
        name="hypothesis",
        needs=("hypothesis",),
        suite=HYPOTHESIS,
        says="Use a server for each example, or `smtpserver_session` with `clear()`: "
        "[Hypothesis](../recipes/hypothesis.md).",
    ),
    Row(
        name="cov",
        needs=("pytest-cov",),
        runs=("--cov=test_suite", "--cov=test_suite --cov-branch --cov-report=xml:out.xml"),
        shows=(CAUSE, TRANSCRIPT, "test_suite"),
        says="The coverage report is there as always.",
    ),
    Row(
        name="html",
        needs=("pytest-html",),
        runs=("--html=out.html --self-contained-html",),
        shows=("mail 1 Welcom", "S: 354"),
        says="A failed test has its mail and the transcript in the page.",
        is_chosen=True,
    ),
    Row(
        name="json-report",
        needs=("pytest-json-report",),
        runs=("--json-report --json-report-file=out.json",),
        shows=('"smtp_transcript"', f'"message": "{CAUSE}'),
        says="A failed test has the transcript among its `user_properties`.",
    ),
    Row(
        name="allure",
        needs=("allure-pytest",),
        runs=("--alluredir=out",),
        shows=('"SMTP transcript"', "message/rfc822", f'"message": "{CAUSE}'),
        says="A failed test has its mail and the transcript as attachments.",
    ),
    Row(
        name="sugar",
        needs=("pytest-sugar",),
        runs=("--force-sugar",),
        outcome="",
        shows=("1 passed", "1 failed", CAUSE, TRANSCRIPT),
        says="Shows the failure and the transcript.",
    ),
    Row(
        name="rich",
        needs=("pytest-rich",),
        runs=("--rich",),
        outcome="",
        shows=(CAUSE,),
        says="Shows the failure's text, but no sections of a report, and so no transcript.",
    ),
    Row(
        name="icdiff",
        needs=("pytest-icdiff",),
        suite=COMPARING,
        outcome="1 failed",
        shows=("assert 1 message == ()", TRANSCRIPT),
        says="It leaves comparisons of our records to this plugin.",
    ),
    Row(
        name="clarity",
        needs=("pytest-clarity",),
        suite=COMPARING,
        outcome="1 failed",
        shows=("assert 1 message == ()", TRANSCRIPT),
        says="It leaves comparisons of our records to this plugin.",
    ),
    Row(
        name="bdd",
        needs=("pytest-bdd",),
        suite=BDD,
        files={"mail.feature": BDD_FEATURE},
        says="Steps take `smtpserver` like any fixture: [pytest-bdd](../recipes/pytest-bdd.md).",
    ),
    Row(
        name="mock",
        needs=("pytest-mock",),
        suite=MOCK,
        outcome="3 passed",
        shows=(),
        says="Spies on `smtplib` do not keep mail from the server, which goes on working if the "
        "test patches `time.time` or `threading.Thread`.",
    ),
    Row(
        name="freezer",
        needs=("pytest-freezer",),
        suite=FREEZER,
        says="Waits and `received_at` use real time, whatever the test has frozen.",
        is_chosen=True,
    ),
    Row(
        name="time-machine",
        needs=("time-machine",),
        suite=TIME_MACHINE,
        says="Waits and `received_at` use real time, wherever the test has travelled.",
    ),
    Row(
        name="pyfakefs",
        needs=("pyfakefs",),
        suite=PYFAKEFS,
        outcome="2 passed, 1 error",
        shows=("smtpserver: pyfakefs has replaced the file system, and TLS needs real files",),
        says="With TLS, request the fixture `fs` after `smtpserver`; without TLS any order works.",
    ),
    Row(
        name="socket",
        needs=("pytest-socket",),
        runs=("--disable-socket --allow-hosts=127.0.0.1", "--allow-hosts=127.0.0.1"),
        says="Allow the loopback address: `--disable-socket --allow-hosts=127.0.0.1`.",
        is_chosen=True,
    ),
    Row(
        name="socket-disabled",
        needs=("pytest-socket",),
        runs=("--disable-socket",),
        outcome="(1 warning, )?2 errors",
        shows=(": cannot listen on port 0 of 127.0.0.1", "--allow-hosts=127.0.0.1"),
        says="Without `--allow-hosts` a test's set-up fails, and the error says what to add.",
    ),
    Row(
        name="subtests",
        needs=("pytest-subtests",),
        suite=SUBTESTS,
        outcome="",
        shows=(CAUSE, TRANSCRIPT),
        says="A failed subtest names the cause, and the transcript is in the report. pytest has "
        "subtests of its own since 9.0.",
    ),
    Row(
        name="django",
        needs=("pytest-django", "django"),
        runs=("--ds=project",),
        suite=DJANGO,
        files={"project.py": "SECRET_KEY = 'x'\nUSE_TZ = True\n"},
        outcome="1 failed, 2 passed",
        says="`smtpserver_django` sends Django's mail to the server for a test; other tests still "
        "have `mailoutbox`.",
        is_chosen=True,
    ),
    Row(
        name="flask",
        needs=("pytest-flask", "flask"),
        suite=FLASK,
        says="`client` beside `smtpserver`: [Flask](../recipes/flask.md).",
    ),
    Row(
        name="localserver",
        needs=("pytest-localserver[smtp]",),
        suite=LOCALSERVER,
        files={
            "theirs/conftest.py": "from pytest_localserver.plugin import smtpserver\n",
            "theirs/test_theirs.py": LOCALSERVERS_OWN,
        },
        outcome="1 failed, 2 passed",
        shows=(CAUSE, TRANSCRIPT, "smtpserver: this fixture is pytest-smtpserver's"),
        says="`smtpserver` is this plugin's, as the header says. For theirs write "
        "`from pytest_localserver.plugin import smtpserver` in a `conftest.py`, or switch this one "
        "off with `-p no:smtpserver`.",
        is_chosen=True,
    ),
    Row(
        name="smtpdfix",
        needs=("smtpdfix",),
        suite=SMTPDFIX,
        says="Its `smtpd` and this `smtpserver` run side by side, even in one test.",
    ),
    Row(
        name="forked",
        needs=("pytest-forked", "pytest<9"),
        runs=("--forked",),
        says="Each test's process has a server of its own. pytest-forked 1.7.5 itself does not "
        "work with pytest 9.2: every test fails there, even without this plugin.",
        is_chosen=True,
    ),
    Row(
        name="eventlet",
        needs=("eventlet",),
        suite=EVENTLET,
        says="Do not patch what the server's thread needs: `eventlet.monkey_patch(select=False, "
        "socket=False, thread=False)`. Otherwise the test's set-up fails with this sentence.",
    ),
    Row(
        name="gevent",
        needs=("gevent",),
        suite=GEVENT,
        says="Do not patch what the server's thread needs: `monkey.patch_all(select=False, "
        "thread=False)`. Otherwise the test's set-up fails with this sentence.",
    ),
)
