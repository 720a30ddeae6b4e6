"""However a run ends, it ends soon, with pytest's ordinary output."""

from __future__ import annotations

import ast
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_smtpserver
from pytest_smtpserver.network import connection, listener

# Far more than pytest itself takes to end, and far less than anything waits for here.
TIMEOUT = 120

# Each prints `ready` when it has reached the place where it will be interrupted. What is about to
# wait has waited before, so that everything is imported: CPython takes Ctrl-C in the definition of
# a `NamedTuple` for one that nobody handled, and ends with another exit status in the end.
INTERRUPTED = {
    "in a wait": """
        import smtplib

        def test_it(smtpserver):
            with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
                client.sendmail("from@example.org", "to@example.org", "Subject: hello")
            # Said by the criterion: the wait has looked at the one message that there is.
            smtpserver.wait_for_message(timeout=3600, where=lambda _: print("ready", flush=True))
        """,
    "in a wait of a task": """
        import asyncio
        import smtplib

        def test_it(smtpserver_async):
            with smtplib.SMTP(smtpserver_async.host, smtpserver_async.port) as client:
                client.sendmail("from@example.org", "to@example.org", "Subject: hello")
            asyncio.run(
                smtpserver_async.wait_for_message(
                    timeout=3600, where=lambda _: print("ready", flush=True)
                )
            )
        """,
    "in a hold": """
        import smtplib
        import threading

        def test_it(smtpserver):
            rule = smtpserver.on("mail").hold()

            def say_when_held():
                rule.wait_held(timeout=3600)
                print("ready", flush=True)

            threading.Thread(target=say_when_held, daemon=True).start()
            # Not in a `with`: it would say QUIT, and wait for the reply.
            client = smtplib.SMTP(smtpserver.host, smtpserver.port)
            client.ehlo()
            client.mail("from@example.org")
        """,
    "in set-up": """
        import pytest

        @pytest.fixture
        def waiting(smtpserver):
            with pytest.raises(AssertionError):
                smtpserver.wait_for_message(timeout=0)
            print("ready", flush=True)
            smtpserver.wait_for_message(timeout=3600)

        def test_it(waiting):
            pass
        """,
    "in wait_held": """
        import pytest

        def test_it(smtpserver):
            rule = smtpserver.on("mail").hold()
            with pytest.raises(AssertionError):
                rule.wait_held(timeout=0)
            print("ready", flush=True)
            rule.wait_held(timeout=3600)
        """,
    "in a callable that blocks": """
        import smtplib
        import threading

        def block(command):
            print("ready", flush=True)
            threading.Event().wait()

        def test_it(smtpserver):
            smtpserver.on("mail").reply(block)
            client = smtplib.SMTP(smtpserver.host, smtpserver.port)
            client.ehlo()
            client.mail("from@example.org")
        """,
}

# Besides `-s`.
OPTIONS = {"with the inbox open": ["--smtpserver-inbox=0"]}
INTERRUPTED["with the inbox open"] = INTERRUPTED["in set-up"]

# If a shell started pytest in the background, the signal would be ignored.
OBEYS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("where", INTERRUPTED)
def test_a_run_is_interrupted_at_once(pytester: pytest.Pytester, where: str) -> None:
    pytester.makeconftest(OBEYS)
    pytester.makepyfile(INTERRUPTED[where])
    run = pytester.popen(
        [sys.executable, "-m", "pytest", "-s", *OPTIONS.get(where, [])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with run:
        assert run.stdout
        assert any("ready" in line for line in run.stdout)
        run.send_signal(signal.SIGINT)
        try:
            output, _ = run.communicate(timeout=TIMEOUT)
        finally:
            run.kill()
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
    assert "Exception in thread" not in output


@pytest.mark.parametrize(
    "ending",
    ["signal.raise_signal(signal.SIGINT)", "raise KeyboardInterrupt", "pytest.exit('now')"],
)
def test_a_run_that_is_ended_in_a_teardown_ends(pytester: pytest.Pytester, ending: str) -> None:
    pytester.makepyfile(
        f"""
        import signal
        import pytest

        # A shell may have told its background jobs to ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        @pytest.fixture
        def ends():
            yield
            {ending}

        def test_of_a_rule_that_is_never_used(ends, smtpserver):
            smtpserver.on("mail").reply(550)

        def test_that_never_begins():
            pass
        """
    )
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(passed=1)


def test_a_client_that_is_never_closed_keeps_no_run_from_ending(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import smtplib

        LEAKED = []

        def test_fails(smtpserver):
            LEAKED.append(smtplib.SMTP(smtpserver.host, smtpserver.port, timeout=20))
            assert 0

        def test_is_never_run(smtpserver):
            pass
    """)
    result = pytester.runpytest_subprocess("-x", timeout=TIMEOUT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*stopping after 1 failures*")


SCRIPT = """
import os
import smtplib
from pytest_smtpserver import SMTPServer
servers = [SMTPServer().start() for _ in range(10)]
clients = [smtplib.SMTP(server.host, server.port, timeout=20) for server in servers]
for client in clients:
    client.sendmail("from@example.org", "to@example.org", "Subject: hello")
print(sum(len(server.messages) for server in servers), flush=True)
{ending}
"""


@pytest.mark.parametrize(("ending", "status"), [("", 0), ("os._exit(3)", 3), ("os.abort()", None)])
def test_an_interpreter_ends_with_servers_and_clients_open(ending: str, status: int | None) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(ending=ending)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert run.stdout == "10\n"
    if status is not None:
        assert (run.returncode, run.stderr) == (status, "")


SENDS_FROM_ANOTHER_PROCESS = """
import multiprocessing
import smtplib

import pytest

def send(host, port):
    with smtplib.SMTP(host, port, timeout=20) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: hello")

@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_it(smtpserver, method):
    process = multiprocessing.get_context(method).Process(target=send, args=smtpserver.addr)
    process.start()
    smtpserver.wait_for_message(timeout=20)
    process.join(20)
    assert process.exitcode == 0
"""


def test_every_way_to_start_a_process_works_and_ends(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SENDS_FROM_ANOTHER_PROCESS)
    result = pytester.runpytest_subprocess("-W", "error", timeout=TIMEOUT)
    assert result.ret == pytest.ExitCode.OK


DIES = """
import os
import smtplib

import pytest

@pytest.mark.parametrize("number", range(3))
def test_it(smtpserver, smtpserver_session, number):
    with smtplib.SMTP(*smtpserver.addr, timeout=20) as client:
        client.sendmail("from@example.org", "to@example.org", "Subject: hello")
        if number == 1:
            {ending}
    smtpserver.wait_for_message()
"""


@pytest.mark.parametrize("ending", ["os._exit(3)", "os.abort()"])
def test_a_worker_that_dies_costs_its_test_only(pytester: pytest.Pytester, ending: str) -> None:
    pytester.makepyfile(DIES.format(ending=ending))
    options = ("--smtpserver-report=mail.html", "--smtpserver-artifacts=mail")
    result = pytester.runpytest_subprocess("-p", "xdist", "-n", "1", *options, timeout=TIMEOUT)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*crashed while running*test_it*1*"])
    assert (pytester.path / "mail.html").exists()


HELD_IN_A_DEBUGGER = """
def test_it(smtpserver):
    print("port", smtpserver.port, flush=True)
    assert 0, "look at me"
"""


def test_a_server_serves_while_a_debugger_holds_its_test_and_ends_with_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(HELD_IN_A_DEBUGGER)
    run = pytester.popen(
        [sys.executable, "-m", "pytest", "--pdb", "-s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with run:
        assert run.stdin
        assert run.stdout
        port = next(line.split()[-1] for line in run.stdout if "port" in line.split())
        assert any("look at me" in line for line in run.stdout)
        with smtplib.SMTP("127.0.0.1", int(port), timeout=TIMEOUT) as client:
            client.sendmail("from@example.org", "to@example.org", "Subject: hello")
            try:
                # Leave the debugger; a client is connected.
                output, _ = run.communicate("p smtpserver.messages[0].subject\nq\n", TIMEOUT)
            finally:
                run.kill()
    assert "'hello'" in output
    assert "1 failed" in output
    assert run.returncode != 0


PACKAGE = Path(pytest_smtpserver.__file__).parent


def unbounded_waits(source: str) -> list[int]:
    """Return the lines that wait for a thread, an event or a lock without saying how long."""
    tree = ast.parse(source)
    awaited = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Await)}
    return [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("wait", "join", "acquire")
        and not (call.args or call.keywords or id(call) in awaited)
    ]


def test_every_wait_of_a_thread_has_a_bound() -> None:
    assert unbounded_waits("thread.join()\nevent.wait(1)\nawait event.wait()") == [1]
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := unbounded_waits(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_bounds_of_an_end_are_within_a_second() -> None:
    assert connection._GOODBYE_SECONDS + connection._LAST_WORD_SECONDS < listener._CLOSE_TIMEOUT
    assert listener._CLOSE_TIMEOUT < 1
    # `network.background` is the function of that name.
    assert sys.modules["pytest_smtpserver.network.background"]._SHUTDOWN_TIMEOUT <= 1
