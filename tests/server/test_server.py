"""The server in a test's hand, without pytest's fixtures."""

from __future__ import annotations

import errno
import os
import re
import smtplib
import socket
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest

from pytest_smtpserver import ServerCrashed, ServerFactory, SettingsError, SMTPServer
from pytest_smtpserver.server.final_checks import _described
from tests.rawclient import send

MESSAGE = b"Subject: hello\r\n\r\nworld\r\n"


def test_a_message_is_there_when_the_client_has_its_reply() -> None:
    with SMTPServer() as server, smtplib.SMTP(server.host, server.port) as client:
        client.sendmail("from@example.org", "to@example.org", MESSAGE)
        (message,) = server.messages
        assert message.content == MESSAGE
        assert message.envelope.mail_from == "from@example.org"
        assert message.envelope.rcpt_to == ("to@example.org",)
        assert message.envelope.parameters == {"SIZE": str(len(MESSAGE))}


def test_a_session_has_ended_when_the_client_has_its_reply_to_quit() -> None:
    with SMTPServer() as server:
        client = smtplib.SMTP(server.host, server.port)
        client.docmd("QUIT")
        assert server.sessions[0].ended_by == "quit"
        client.close()


def test_a_refusal_is_there_when_the_client_has_its_reply() -> None:
    with SMTPServer() as server, smtplib.SMTP(server.host, server.port) as client:
        client.ehlo()
        client.mail("from@example.org")
        client.docmd("RCPT", "TO:<no address>")
        (transaction,) = server.transactions
        ((address, reply),) = transaction.refused
        assert (address, reply.code, transaction.outcome) == ("no address", 501, None)


def test_records_are_the_same_tuple_until_something_changes() -> None:
    with SMTPServer() as server:
        send(server)
        first = server.messages, server.transactions, server.sessions
        assert all(map(lambda a, b: a is b, first, again(server)))
        send(server)
        assert not any(map(lambda a, b: a is b, first, again(server)))
        assert server.messages[0] is first[0][0]


def again(server: SMTPServer) -> tuple[object, object, object]:
    return server.messages, server.transactions, server.sessions


def test_an_open_session_is_a_snapshot_and_its_final_value_comes_later() -> None:
    with SMTPServer() as server:
        client = smtplib.SMTP(server.host, server.port)
        client.sendmail("from@example.org", "to@example.org", MESSAGE)
        message, early = server.messages[0], server.sessions[0]
        client.quit()
        assert early.ended_by is None
        assert message.session is server.sessions[0]
        assert message.session.ended_by == "quit"
        assert message.transaction is server.transactions[0]
        assert message.session.messages == (message,)


def test_clear_forgets_all_but_open_sessions_and_ids_go_on() -> None:
    with SMTPServer() as server:
        send(server)
        client = smtplib.SMTP(server.host, server.port)
        client.sendmail("from@example.org", "to@example.org", MESSAGE)
        server.clear()
        assert (server.messages, server.transactions) == ((), ())
        assert [session.id for session in server.sessions] == [2]
        client.sendmail("from@example.org", "to@example.org", MESSAGE)
        client.quit()
        send(server)
        assert [session.id for session in server.sessions] == [2, 3]
        assert len(server.messages) == len(server.transactions) == 2


def test_a_transaction_that_is_open_when_cleared_is_recorded_in_the_end() -> None:
    with SMTPServer() as server, smtplib.SMTP(server.host, server.port) as client:
        client.ehlo()
        client.mail("from@example.org")
        client.rcpt("to@example.org")
        server.clear()
        assert [transaction.outcome for transaction in server.transactions] == [None]
        client.data(MESSAGE)
        assert [transaction.outcome for transaction in server.transactions] == ["accepted"]
        assert server.messages[0].content == MESSAGE


def test_start_and_stop_can_be_called_twice() -> None:
    server = SMTPServer()
    server.stop()
    assert server.start() is server.start() is server
    server.stop()
    server.stop()


def test_an_outage_is_two_lines_and_keeps_port_and_records() -> None:
    with SMTPServer() as server:
        send(server)
        address = server.addr
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            send(server)
        server.start()
        send(server)
        assert server.addr == address
        assert len(server.messages) == 2


def test_stopping_ends_a_session_and_the_record_says_who_did() -> None:
    server = SMTPServer().start()
    client = smtplib.SMTP(server.host, server.port)
    client.ehlo()
    client.mail("from@example.org")
    server.stop()
    assert client.getreply()[0] == 421
    client.close()
    assert server.sessions[0].ended_by == "server"
    assert server.transactions[0].outcome == "aborted"


def test_there_is_no_address_before_the_first_start() -> None:
    with pytest.raises(RuntimeError, match="not started yet"):
        _ = SMTPServer().port


def test_an_unknown_setting_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match=r"unknown setting 'max_recipient'.*'max_recipients'"):
        SMTPServer(max_recipient=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", ""),
        ("host", 1),
        ("port", -1),
        ("port", 65536),
        ("port", "25"),
        ("port", True),
        ("hostname", "two words"),
        ("max_message_size", -1),
        ("max_message_size", 1.5),
        ("max_recipients", 0),
        ("max_connections", -1),
        ("extensions", "SIZE"),
        ("extensions", ["NOPE"]),
        ("extensions", ["-SIZE", "8BITMIME"]),
        ("extensions", [1]),
        ("wait_timeout", -0.1),
        ("wait_timeout", float("nan")),
        ("wait_timeout", "2"),
        ("idle_timeout", None),
    ],
)
def test_an_impossible_value_is_named_with_its_setting(name: str, value: Any) -> None:
    with pytest.raises(SettingsError) as raised:
        SMTPServer(**{name: value})
    assert f"{name}={value!r}: must be" in str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_the_host_is_always_numeric_and_the_url_can_be_used(host: str) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    with SMTPServer(host=host) as server:
        assert server.host in ("127.0.0.1", "::1")
        assert server.addr == (server.host, server.port)
        literal = "[::1]" if server.host == "::1" else "127.0.0.1"
        assert server.url == f"smtp://{literal}:{server.port}"
        send(server)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_env_has_what_an_application_reads() -> None:
    with SMTPServer(hostname="mail.example.org") as server:
        assert server.env("MAIL_") == {
            "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": str(server.port),
            "MAIL_HOSTNAME": "mail.example.org",
            "MAIL_URL": server.url,
            "MAIL_TLS": "off",
        }


def test_a_busy_port_is_an_oserror_that_names_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1") as raised:
            SMTPServer(port=port).start()
    assert raised.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize(
    "host",
    [
        "203.0.113.1",
        "no-such-host.invalid",
        "1.2.3",
        "::zz",
        "a..b",
        "a." * 200,
        "a" * 64,
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
    ],
)
def test_a_host_that_cannot_be_is_a_settings_error_that_names_it(host: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"host={host!r}: ")) as raised:
        SMTPServer(host=host).start()
    assert "; must be an IP address or a host name of this machine" in str(raised.value)
    assert "Errno" not in str(raised.value)


def test_two_servers_with_one_fixed_port_are_an_error_that_says_to_use_0() -> None:
    port = free_port()
    with SMTPServer(port=port), pytest.raises(SettingsError, match=f"port={port}.*use port=0"):
        SMTPServer(port=port).start()
    # Once the first has stopped, the port can be had.
    with SMTPServer(port=port) as server:
        assert server.port == port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_fixed_port_in_an_xdist_worker_is_an_error_that_says_to_use_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import xdist  # noqa: F401  # it is imported in a worker

    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    with pytest.raises(SettingsError, match=r"pytest-xdist.*use port=0"):
        SMTPServer(port=free_port()).start()


def test_a_script_that_an_xdist_worker_starts_can_have_a_fixed_port() -> None:
    code = "import sys, pytest_smtpserver as p; p.SMTPServer(port=int(sys.argv[1])).start().stop()"
    subprocess.run(
        [sys.executable, "-c", code, str(free_port())],
        env={**os.environ, "PYTEST_XDIST_WORKER": "gw0"},
        check=True,
        timeout=60,
    )


def test_an_address_that_others_can_reach_gives_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"host=0\.0\.0\.0: other machines can reach") as caught:
        server = SMTPServer(host="0.0.0.0").start()
    server.stop()
    assert caught[0].filename == __file__


def test_the_warning_is_at_the_line_of_a_with_block() -> None:
    with pytest.warns(UserWarning, match="other machines") as caught, SMTPServer(host="0.0.0.0"):
        pass
    assert caught[0].filename == __file__


def test_the_warning_is_at_the_line_of_a_call_of_the_factory(
    smtpserver_factory: ServerFactory,
) -> None:
    with pytest.warns(UserWarning, match="other machines") as caught:
        smtpserver_factory(host="0.0.0.0")
    assert caught[0].filename == __file__


def test_loopback_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SMTPServer(host="127.0.0.2").start().stop()


def test_one_client_too_many_gets_421_and_a_record() -> None:
    with SMTPServer(max_connections=1) as server:
        with smtplib.SMTP(server.host, server.port):
            with pytest.raises(smtplib.SMTPConnectError) as raised:
                smtplib.SMTP(server.host, server.port)
            assert raised.value.smtp_code == 421
        send(server)
        assert [session.ended_by for session in server.sessions] == ["quit", "server", "quit"]


def test_a_silent_client_gets_421() -> None:
    with SMTPServer(idle_timeout=0.05) as server:
        client = smtplib.SMTP(server.host, server.port)
        assert client.getreply()[0] == 421
        client.close()
        assert server.wait_for_session().ended_by == "timeout"


def test_a_crash_is_raised_by_check_and_costs_one_client_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("our own fault")

    with pytest.raises(ServerCrashed, match="our own fault") as raised, SMTPServer() as server:
        with smtplib.SMTP(server.host, server.port) as other:
            other.ehlo()
            with monkeypatch.context() as patch:
                patch.setattr("pytest_smtpserver.smtp.dialogue.Dialogue.begin", fail)
                with smtplib.SMTP(server.host, server.port) as client:
                    client.ehlo()
                    assert client.mail("from@example.org")[0] == 421
                with pytest.raises(ServerCrashed):
                    server.wait_for_message(timeout=60)
            other.sendmail("from@example.org", "to@example.org", MESSAGE)
        assert len(server.messages) == 1
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_what_a_callable_written_in_c_raises_has_no_place() -> None:
    assert str(_described(StopIteration())) == "a callable of the test raised StopIteration"


def test_a_callable_that_waits_for_its_own_server_is_told_why_it_cannot() -> None:
    def wait(_: object) -> None:
        server.wait_for_message()

    server = SMTPServer()
    server.on("noop").reply(wait)
    with server, smtplib.SMTP(*server.addr, "client.example", 10) as client:
        code, said = client.noop()
        client.close()
        with pytest.raises(RuntimeError, match="the server's own thread cannot wait"):
            server.check()
        server.reset()
    assert code == 421
    assert b"a callable of the test raised RuntimeError" in said


def test_checking_twice_adds_no_note_twice() -> None:
    server = SMTPServer(strict=True)
    server.on("noop").reply(lambda command: 1 / 0)  # type: ignore[arg-type,return-value]
    server.start()
    with smtplib.SMTP(*server.addr, "client.example", 10) as client:
        client.docmd("NONSENSE")
        client.noop()
        client.close()
    server.stop()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as raised:
            server.check()
        [note] = raised.value.__notes__
        assert "NONSENSE" in note


def test_check_does_not_hide_the_error_of_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError), SMTPServer() as server:
        server._core.recorder.crashed(ZeroDivisionError())
        raise KeyError


def test_a_start_that_fails_leaves_nothing_behind() -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        server = SMTPServer(port=port)
        with pytest.raises(OSError, match="in use"):
            server.start()
    with server:
        assert server.port == port


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_can_have_a_server_of_its_own_but_not_wait_for_its_parents() -> None:
    with SMTPServer() as server:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os._exit(child_result(server))
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        send(server)
        assert len(server.messages) == 1


def child_result(parents: SMTPServer) -> int:
    try:
        try:
            parents.wait_for_message()
        except RuntimeError:
            pass
        else:
            return 1
        parents.stop()
        with SMTPServer() as own:
            send(own)
            return 0 if len(own.messages) == 1 else 2
    except BaseException:  # noqa: BLE001  # the parent's test must not go on in the child
        return 3


def test_the_servers_thread_says_what_it_is() -> None:
    with SMTPServer():
        names = [thread.name for thread in threading.enumerate()]
    assert names.count("pytest-smtpserver (trio)") == 1


def test_the_process_can_end_with_a_server_that_was_never_stopped(
    pytester: pytest.Pytester,
) -> None:
    script = pytester.makepyfile(
        """
        import smtplib
        from pytest_smtpserver import SMTPServer
        server = SMTPServer().start()
        client = smtplib.SMTP(server.host, server.port)
        client.ehlo()
        """
    )
    result = pytester.run(sys.executable, script, timeout=20)
    assert result.ret == 0
    result.stderr.no_fnmatch_line("*Error*")


def test_a_frozen_clock_stops_neither_the_server_nor_a_wait() -> None:
    freezegun = pytest.importorskip("freezegun")
    with (
        freezegun.freeze_time("2020-01-01"),
        SMTPServer() as server,
        SMTPServer(idle_timeout=0.05) as impatient,
    ):
        send(server)
        server.wait_for_message()
        with pytest.raises(AssertionError):
            server.wait_for_message(subject="another", timeout=0.05)
        client = smtplib.SMTP(impatient.host, impatient.port)
        assert client.getreply()[0] == 421
        client.close()
