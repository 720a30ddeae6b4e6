"""Well-known clients, sending as in their documentation; each returns what it believes.

If the server has AUTH or TLS, a client must log in or insist on TLS.
"""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from docs._pages import blocks
from tests.clients.drivers import NODE, missing_nodemailer, missing_program
from tests.own_loop import run_to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_smtpserver.faults.belief import Sent

ROOT: Final = Path(__file__).parent.parent.parent
SENDER: Final = "shop@x.test"
RECIPIENTS: Final = ("ann@x.test", "bob@x.test", "cat@x.test")
LOGIN: Final = ("mailer", "secret")

#: Seconds. A server that is slow answers after half a second, on a busy machine later.
PATIENCE: Final = 6

# Far more than a program needs on a busy machine, and all servers together.
_TIMEOUT: Final = 100
#: How many run at once; most of their time is waiting.
_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Job:
    """What to send, and where."""

    host: str
    port: int
    starttls: bool
    login: tuple[str, str] | None
    mails: tuple[str, ...]
    #: Seconds between two mails.
    pause: float
    sender: str = SENDER
    recipients: tuple[str, ...] = RECIPIENTS


def _smtplib(job: Job) -> Sent:
    with smtplib.SMTP(job.host, job.port, "client.test", PATIENCE) as client:
        if job.starttls:
            client.starttls(context=ssl.create_default_context())
        if job.login:
            client.login(*job.login)
        for number, mail in enumerate(job.mails):
            _wait(job, number)
            client.sendmail(job.sender, job.recipients, mail)
    return True


def _wait(job: Job, number: int) -> None:
    time.sleep(job.pause if number else 0)


def _aiosmtplib(job: Job) -> Sent:
    import aiosmtplib

    async def send() -> bool:
        client = aiosmtplib.SMTP(
            hostname=job.host, port=job.port, local_hostname="client.test", timeout=PATIENCE,
            start_tls=job.starttls,
            tls_context=ssl.create_default_context() if job.starttls else None,
            username=job.login[0] if job.login else None,
            password=job.login[1] if job.login else None,
        )  # fmt: skip
        async with client:
            for number, mail in enumerate(job.mails):
                await asyncio.sleep(job.pause if number else 0)
                await client.sendmail(job.sender, list(job.recipients), mail)
        return True

    return run_to_the_end(send(), debug=False)


_ONE_BY_ONE = Lock()


def _with_django(job: Job) -> Sent:
    from django.conf import settings
    from django.core import mail

    with _ONE_BY_ONE:
        if not settings.configured:
            settings.configure()
    from django.core.mail.backends.smtp import EmailBackend

    name, password = job.login or ("", "")
    backend = EmailBackend(
        job.host, job.port, name, password, use_tls=job.starttls, timeout=PATIENCE
    )
    messages = [mail.EmailMessage("Hello", "Hello", job.sender, job.recipients) for _ in job.mails]
    sent: int = backend.send_messages(messages)
    return sent == len(messages)


@cache
def _good_mailer() -> ModuleType:
    """Return the mailer of the tutorial."""
    page = (ROOT / "docs" / "tutorial" / "a-mailer-that-copes.md").read_text(encoding="utf-8")
    module = ModuleType("mailer")
    sys.modules["mailer"] = module
    source = [block.text for block in blocks(page) if block.file == "mailer.py"][-1]
    exec(source, vars(module))
    return module


def _the_tutorials(job: Job) -> Sent:
    with _ONE_BY_ONE:
        mailer = _good_mailer()
    server = mailer.Server(
        job.host, job.port, login=job.login, starttls=job.starttls, timeout=PATIENCE, tries=2,
        pause=0,
    )  # fmt: skip
    sent: list[Sent] = [mailer.send(mail, job.recipients, server) for mail in job.mails]
    return sent[-1]


def _curl(job: Job) -> Sent:
    recipients = [word for one in job.recipients for word in ("--mail-rcpt", one)]
    for mail in job.mails:
        _run(
            "curl", "--disable", "--silent", "--show-error", "--max-time", str(PATIENCE),
            "--upload-file", "-", "--mail-from", job.sender, *recipients,
            *(["--ssl-reqd", "--cacert", _ca_file()] if job.starttls else []),
            *(["--user", ":".join(job.login)] if job.login else []),
            f"smtp://{job.host}:{job.port}/client.test",
            stdin=mail,
        )  # fmt: skip
    return True


def _swaks(job: Job) -> Sent:
    for mail in job.mails:
        _run(
            "swaks", "--silent=2", f"--server={job.host}", f"--port={job.port}",
            "--helo=client.test", f"--from={job.sender}", f"--to={','.join(job.recipients)}",
            f"--timeout={PATIENCE}", "--data=-",
            *(["--tls", "--tls-verify", f"--tls-ca-path={_ca_file()}"] if job.starttls else []),
            *([f"--auth-user={job.login[0]}", f"--auth-password={job.login[1]}", "--auth"]
              if job.login else []),
            stdin=mail.removesuffix("\r\n"),
        )  # fmt: skip
    return True


# sysexits.h: EX_TEMPFAIL.
_TRY_AGAIN: Final = 75


def _msmtp(job: Job) -> Sent:
    tls = [f"--tls-trust-file={_ca_file()}", "--tls-starttls=on"] if job.starttls else []
    auth = [f"--user={job.login[0]}", f"--passwordeval=echo {job.login[1]}"] if job.login else []
    for mail in job.mails:
        code = _run(
            "msmtp", f"--host={job.host}", f"--port={job.port}", "--domain=client.test",
            f"--from={job.sender}", f"--timeout={PATIENCE}",
            f"--tls={'on' if job.starttls else 'off'}", *tls,
            f"--auth={'on' if job.login else 'off'}", *auth, "--", *job.recipients,
            stdin=mail, allowed=(_TRY_AGAIN,),
        )  # fmt: skip
        if code == _TRY_AGAIN:
            return None
    return True


class ProgramFailed(Exception):
    """A program has ended with a status that is not 0."""


def _run(*command: str, stdin: str, allowed: tuple[int, ...] = ()) -> int:
    done = subprocess.run(
        command, input=stdin.encode(), capture_output=True, timeout=_TIMEOUT, check=False
    )
    if done.returncode and done.returncode not in allowed:
        raise ProgramFailed(done.returncode, (done.stdout + done.stderr).decode(errors="replace"))
    return done.returncode


@cache
def _ca_file() -> str:
    from pytest_smtpserver.server.certificates import authority

    return str(authority().cert_file)


def _each(send: Callable[[Job], Sent]) -> Callable[[Sequence[Job]], list[Sent]]:
    def believed(job: Job) -> Sent:
        try:
            return send(job)
        except Exception as error:  # noqa: BLE001  # whatever a client raises is what it says
            return error

    def all_of_them(jobs: Sequence[Job]) -> list[Sent]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(believed, jobs))

    return all_of_them


def _nodemailer(jobs: Sequence[Job]) -> list[Sent]:
    request = {
        "jobs": [vars(job) for job in jobs],
        "timeout": PATIENCE * 1000,
        "ca_file": _ca_file(),
        "at_once": _AT_ONCE,
    }
    done = subprocess.run(
        ["node", str(NODE / "meet.js")], input=json.dumps(request).encode(),
        stdout=subprocess.PIPE, timeout=_TIMEOUT, check=True,
    )  # fmt: skip
    return [_as_nodemailer_says(said) for said in json.loads(done.stdout)]


def _as_nodemailer_says(said: dict[str, Any]) -> Sent:
    if "error" in said:
        return ProgramFailed(said["error"])
    rejected = said["rejected"]
    permanent = 500
    return {
        one: (False if rejected[one] >= permanent else None) if one in rejected else True
        for one in RECIPIENTS
    }


@dataclass(frozen=True)
class Famous:
    """A client, and why it cannot run here, if so."""

    name: str
    send_all: Callable[[Sequence[Job]], list[Sent]]
    missing: Callable[[], str | None] = lambda: None


CLIENTS: Final = (
    Famous("the tutorial's", _each(_the_tutorials)),
    Famous("smtplib", _each(_smtplib)),
    Famous("aiosmtplib", _each(_aiosmtplib)),
    Famous("Django", _each(_with_django)),
    Famous("nodemailer", _nodemailer, missing_nodemailer),
    Famous("curl", _each(_curl), lambda: missing_program("curl")),
    Famous("msmtp", _each(_msmtp), lambda: missing_program("msmtp")),
    Famous("swaks", _each(_swaks), lambda: missing_program("swaks")),
)
