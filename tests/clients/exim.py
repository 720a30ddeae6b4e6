"""Exim as a client: one process that delivers one message and ends, with files of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.drivers import missing_program, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.drivers import Delivery

#: Those of Debian's light build.
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")

# The two authenticators know PLAIN and LOGIN by what they are told to send.
_CONFIGURATION = """\
primary_hostname = client.example.org
exim_path = {program}
spool_directory = {home}
log_file_path = {home}/%slog
keep_environment =
add_environment = PATH=/usr/bin:/bin
tls_advertise_hosts =
message_size_limit = 100M

begin routers
all:
  driver = manualroute
  route_list = * {host}
  self = send
  transport = remote

begin transports
remote:
  driver = smtp
  protocol = {protocol}
  port = {port}
  {options}

begin retry
* * F,1d,1s

begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{username}^{listed_secret}
LOGIN:
  driver = plaintext
  public_name = LOGIN
  client_send = : {username} : {listed_secret}
CRAM_MD5:
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = {username}
  client_secret = {secret}
"""


@contextmanager
def exim_home() -> Iterator[Path]:
    """Yield a directory that Exim can write to after it has given up root's rights."""
    home = Path(tempfile.mkdtemp(prefix="exim-"))
    shutil.chown(home, "Debian-exim", "Debian-exim")
    try:
        yield home
    finally:
        shutil.rmtree(home)


def deliver_with_exim(delivery: Delivery, *, protocol: str = "smtp", **options: str) -> None:
    """Deliver; if that fails, the error quotes Exim's log."""
    with exim_home() as home:
        configuration = home / "configuration"
        configuration.write_text(_configuration(delivery, home, protocol, options))
        run(
            *("exim4", "-C", str(configuration), "-odi", "-i", "-f", delivery.sender),
            *("--", *delivery.recipients),
            stdin=delivery.content.replace(b"\r\n", b"\n"),
        )
        log = (home / "mainlog").read_text()
        assert "Completed" in log, log


def _configuration(delivery: Delivery, home: Path, protocol: str, options: dict[str, str]) -> str:
    return _CONFIGURATION.format(
        program=shutil.which("exim4"),
        home=home,
        host=delivery.host,
        port=delivery.port,
        protocol="smtps" if delivery.tls == "implicit" else protocol,
        options="\n  ".join(
            f"{name} = {value}" for name, value in (_security(delivery) | options).items()
        ),
        username=delivery.username,
        secret=delivery.secret,
        # Special characters in its `client_send`; doubled they mean themselves.
        listed_secret=delivery.secret.replace("^", "^^").replace(":", "::"),
    )


def _security(delivery: Delivery) -> dict[str, str]:
    options = {}
    if delivery.tls != "off":
        options = {
            "hosts_require_tls": "*",
            "tls_verify_hosts": "*",
            "tls_verify_certificates": delivery.ca_file,
        }
    return options | ({"hosts_require_auth": "*"} if delivery.mechanism else {})


def missing_exim() -> str | None:
    if os.geteuid() != 0:
        return "needs root: Exim takes the configuration of no other user"
    return missing_program("exim4")
