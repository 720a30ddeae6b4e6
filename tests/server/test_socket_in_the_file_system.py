"""A server on `unix:` and a path, instead of an address."""

from __future__ import annotations

import smtplib
import socket
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SettingsError, SMTPServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="this system has no sockets in the file system"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mail.sock"


class Client(smtplib.SMTP):
    """smtplib knows such sockets for LMTP only."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(timeout)
        client.connect(host)
        return client


def test_a_client_sends_mail_to_a_socket_in_the_file_system(path: Path) -> None:
    with SMTPServer(host=f"unix:{path}") as server:
        assert (server.host, server.port) == (f"unix:{path}", 0)
        assert server.url == f"smtp+unix:{path}"
        assert server.env()["SMTP_HOST"] == f"unix:{path}"
        assert "SMTP_PORT" not in server.env()
        with Client(str(path), timeout=10) as client:
            client.sendmail("shop@example.com", "ann@example.org", "Subject: Welcome\n\nHi\n")
        assert server.wait_for_message().subject == "Welcome"
        assert server.wait_for_session().client == ("unix:", 0)
        assert f"unix:{path}, listening" in repr(server)


def test_a_client_verifies_the_certificate_by_the_server_s_own_name(path: Path) -> None:
    with SMTPServer(host=f"unix:{path}", tls="starttls") as server:
        with Client(str(path), timeout=10) as client:
            client._host = server.hostname  # type: ignore[attr-defined]
            client.starttls(context=server.client_context())
            client.sendmail("shop@example.com", "ann@example.org", "Subject: Welcome\n\nHi\n")
        server.wait_for_session().assert_tls()


def test_smtplib_delivers_by_lmtp_over_a_socket(path: Path) -> None:
    with SMTPServer(host=f"unix:{path}", protocol="lmtp") as server:
        assert server.url == f"lmtp+unix:{path}"
        with smtplib.LMTP(str(path)) as client:
            client.sendmail("shop@example.com", "ann@example.org", "Subject: Welcome\n\nHi\n")
        assert server.wait_for_message().envelope.rcpt_to == ("ann@example.org",)


def test_the_file_goes_when_the_server_stops_and_comes_when_it_starts_again(path: Path) -> None:
    server = SMTPServer(host=f"unix:{path}").start()
    assert path.is_socket()
    server.stop()
    assert not path.exists()
    server.start()
    assert path.is_socket()
    server.stop()


def test_a_file_that_nobody_listens_on_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert path.is_socket()
    with SMTPServer(host=f"unix:{path}"), Client(str(path), timeout=10) as client:
        assert client.noop()[0] == 250


def test_a_path_on_which_somebody_listens_is_in_use(path: Path) -> None:
    with SMTPServer(host=f"unix:{path}"):
        with pytest.raises(OSError, match=f"unix:{path}: it is in use"):
            SMTPServer(host=f"unix:{path}").start()
        assert path.is_socket()


def test_a_file_that_is_not_a_socket_is_left_alone(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(OSError, match=f"unix:{path}: there is a file that is not a socket"):
        SMTPServer(host=f"unix:{path}").start()
    assert path.read_text() == "mine"


def test_a_file_that_took_the_place_of_ours_stays(path: Path) -> None:
    first = SMTPServer(host=f"unix:{path}").start()
    path.unlink()
    with SMTPServer(host=f"unix:{path}"):
        first.stop()
        assert path.is_socket()


@pytest.mark.parametrize("name", ["no/such/directory/mail.sock", "x" * 120])
def test_a_path_that_cannot_be_is_a_settings_error_that_names_it(path: Path, name: str) -> None:
    impossible = path.parent / name
    with pytest.raises(SettingsError, match=f"host='unix:{impossible}'"):
        SMTPServer(host=f"unix:{impossible}").start()
