"""Ctrl-C is obeyed at once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

# Far more than pytest itself takes to end, and far less than the wait.
TIMEOUT = 20

WAITS = {
    "in a thread": """
        import signal
        import smtplib

        # Where it was started in the background of a shell, it would be ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        def test_it(smtpserver):
            with smtplib.SMTP(smtpserver.host, smtpserver.port) as client:
                client.sendmail("from@example.org", "to@example.org", "Subject: hello")
            smtpserver.wait_for_message(timeout=3600, where=lambda _: print("looking", flush=True))
        """,
    "in a task": """
        import asyncio
        import signal
        import smtplib

        signal.signal(signal.SIGINT, signal.default_int_handler)

        def test_it(smtpserver_async):
            with smtplib.SMTP(smtpserver_async.host, smtpserver_async.port) as client:
                client.sendmail("from@example.org", "to@example.org", "Subject: hello")
            asyncio.run(
                smtpserver_async.wait_for_message(
                    timeout=3600, where=lambda _: print("looking", flush=True)
                )
            )
        """,
}


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_is_interrupted_at_once(pytester: pytest.Pytester, wait: str) -> None:
    pytester.makepyfile(WAITS[wait])
    command = [sys.executable, "-m", "pytest", "-s"]
    run = pytester.popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with run:
        assert run.stdout
        # Said by the criterion: the wait has looked at the one message that there is.
        assert any("looking" in line for line in run.stdout)
        run.send_signal(signal.SIGINT)
        try:
            output, _ = run.communicate(timeout=TIMEOUT)
        finally:
            run.kill()
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
