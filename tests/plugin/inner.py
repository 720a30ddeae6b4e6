"""Runs a few small tests of mail in a process of their own, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

HELPERS = """
    import atexit, pathlib, signal, smtplib, socket, tempfile, threading, time
    from unittest import mock
    import pytest
    from pytest_smtpserver import SMTPServer

    def send(server):
        server.clear()
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            client.sendmail("shop@x.test", ["ann@x.test"], "Subject: Welcome")
        assert server.wait_for_message(timeout=20)

    def keep_thread(server, work):
        asked = threading.Event()
        server.on("noop").reply(lambda _: asked.set() or work())
        client = smtplib.SMTP(*server.addr)
        client.putcmd("noop")
        assert asked.wait(20)
        client.close()

    @pytest.fixture(scope="module")
    def own():
        with SMTPServer() as server:
            yield server
"""


def run(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    pytester.makepyfile(HELPERS + tests)
    return pytester.runpytest_subprocess("-W", "error")
