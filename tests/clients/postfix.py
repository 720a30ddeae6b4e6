"""Postfix as a client: a mail system of its own, in a directory of its own, on no port.

It gets mail from its `sendmail` command, and delivers in its own time. Of the system's Postfix it
uses only the programs and the accounts that they need; it reads and writes nothing else of it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.drivers import missing_program, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_smtpserver import SMTPServer

#: The mechanisms that Cyrus SASL has, as far as the server has them too.
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")

# Far more than it needs on a busy machine.
_TIMEOUT = 60

# Its services. The last column is the program; none listens on a port.
_SERVICES = """\
pickup     unix       n - n 1 1 pickup
cleanup    unix       n - n - 0 cleanup
qmgr       unix       n - n 1 1 qmgr
rewrite    unix       - - n - - trivial-rewrite
bounce     unix       - - n - 0 bounce
defer      unix       - - n - 0 bounce
trace      unix       - - n - 0 bounce
tlsmgr     unix       - - n 1000? 1 tlsmgr
smtp       unix       - - n - - smtp
lmtp       unix       - - n - - lmtp
error      unix       - - n - - error
retry      unix       - - n - - error
postlog    unix-dgram n - n - 1 postlogd
"""

# Its directories: the mode, and the group; `postfix` owns them. So `postfix check` makes them too,
# but in two seconds.
_DIRECTORIES = {
    "data": (0o700, "postfix"),
    **{
        f"queue/{name}": (0o700, "postfix")
        for name in (
            *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"),
            *("incoming", "pid", "private", "saved", "trace"),
        )
    },
    "queue/maildrop": (0o730, "postdrop"),
    "queue/public": (0o710, "postdrop"),
}


@contextmanager
def postfix(
    server: SMTPServer,
    content: bytes,
    *,
    sender: str = "from@example.org",
    recipients: tuple[str, ...] = ("to@example.org",),
    parameters: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a Postfix that has this message for the server; `parameters` are those of its main.cf."""
    # Its processes give up root's rights, and pytest's own directories are closed to them.
    home = Path(tempfile.mkdtemp(prefix="postfix-"))
    home.chmod(0o755)
    try:
        _configure(home, _parameters(server, home) | dict(parameters or {}))
        # Before it runs, so that nobody must notify it: it looks into the queue when it starts.
        _submit(home, sender, recipients, content)
        with _running(home):
            yield
    except Exception as error:
        with suppress(FileNotFoundError):
            error.add_note(f"Postfix's log:\n{(home / 'log').read_text()}")
        raise
    finally:
        shutil.rmtree(home)


def missing_postfix() -> str | None:
    if os.geteuid() != 0:
        return "needs root: Postfix starts its processes under several accounts"
    return missing_program("postfix")


def _configure(home: Path, parameters: dict[str, str]) -> None:
    config = home / "config"
    config.mkdir()
    _write(config / "main.cf", "".join(f"{name} = {value}\n" for name, value in parameters.items()))
    _write(config / "master.cf", _SERVICES)
    for name, (mode, group) in _DIRECTORIES.items():
        directory = home / name
        directory.mkdir(parents=True)
        directory.chmod(mode)
        shutil.chown(directory, "postfix", group)


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    # Each program of Postfix waits until what it reads is two seconds old.
    os.utime(file, (0, 0))


def _submit(home: Path, sender: str, recipients: tuple[str, ...], content: bytes) -> None:
    # The submitted message has the line ends of this system's files.
    run(
        *("sendmail", "-C", str(home / "config"), "-i", "-f", sender, "--", *recipients),
        stdin=content.replace(b"\r\n", b"\n"),
    )


@contextmanager
def _running(home: Path) -> Iterator[None]:
    # The program that starts all others. In a process group of its own: it ends the group.
    with subprocess.Popen(
        [_daemon_directory() / "master", "-c", str(home / "config"), "-d"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as master:
        try:
            yield
        finally:
            master.terminate()
            master.wait(_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(master.pid, signal.SIGKILL)


def _daemon_directory() -> Path:
    command = ["postconf", "-d", "-h", "daemon_directory"]
    return Path(subprocess.check_output(command, text=True, timeout=_TIMEOUT).strip())


def _parameters(server: SMTPServer, home: Path) -> dict[str, str]:
    kind = server.settings.protocol
    return {
        "compatibility_level": "3.6",
        "queue_directory": str(home / "queue"),
        "data_directory": str(home / "data"),
        "maillog_file": str(home / "log"),
        "maillog_file_prefixes": str(home),
        "myhostname": "client.example.org",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "alias_maps": "",
        "local_recipient_maps": "",
        "default_transport": f"{kind}:[{server.host}]:{server.port}",
        f"{kind}_dns_support_level": "disabled",
        # A deferred message is tried again after two or three seconds, not after five minutes. On a
        # busy machine the program that could not deliver it may have it locked for a second more,
        # and Postfix then leaves it alone for minutes.
        "queue_run_delay": "1s",
        "minimal_backoff_time": "3s",
        "maximal_backoff_time": "3s",
        "default_destination_recipient_limit": "100",
        "message_size_limit": "0",
        "mailbox_size_limit": "0",
    } | _security(server, home)


def _security(server: SMTPServer, home: Path) -> dict[str, str]:
    settings = server.settings
    parameters = {}
    if settings.tls != "off":
        parameters = {
            "tls_security_level": "secure",
            "tls_wrappermode": "yes" if settings.tls == "implicit" else "no",
            "tls_CAfile": str(server.ca.cert_file),
            # The next hop is an address, and Postfix looks for addresses in no certificate.
            "tls_secure_cert_match": server.hostname,
        }
    if settings.auth != "off":
        ((name, secret),) = settings.users.items()
        _write(home / "passwords", f"[{server.host}]:{server.port} {name}:{secret}\n")
        parameters |= {
            "sasl_auth_enable": "yes",
            "sasl_password_maps": f"texthash:{home}/passwords",
            # Its default refuses PLAIN and LOGIN, even where TLS hides them.
            "sasl_security_options": "noanonymous",
        }
    return {f"{settings.protocol}_{name}": value for name, value in parameters.items()}
