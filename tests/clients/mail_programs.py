"""Programs that compose the message themselves; each is told to deliver one."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.clients.drivers import missing_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.drivers import Delivery

# Far more than a client needs on a busy machine.
_TIMEOUT = 60


def deliver_with_mutt(delivery: Delivery, home: Path) -> None:
    scheme = "smtps" if delivery.tls == "implicit" else "smtp"
    user = f"{quote(delivery.username, safe='')}@" if delivery.mechanism else ""
    settings = {
        "smtp_url": f"{scheme}://{user}{delivery.host}:{delivery.port}",
        "from": delivery.sender,
        "envelope_from_address": delivery.sender,
        "use_envelope_from": "yes",
        "hostname": delivery.helo,
        "ssl_starttls": "yes" if delivery.tls == "starttls" else "no",
        "ssl_force_tls": "no" if delivery.tls == "off" else "yes",
        "ssl_ca_certificates_file": delivery.ca_file,
        "certificate_file": delivery.ca_file,
        "copy": "no",
    }
    if delivery.mechanism:
        settings["smtp_authenticators"] = delivery.mechanism.lower()
        settings["smtp_pass"] = delivery.secret
    if delivery.is_bearer:
        settings["smtp_oauth_refresh_command"] = f"echo {shlex.quote(delivery.secret)}"
    lines = [f"set {name}={_in_mutts_quotes(value)}\n" for name, value in settings.items()]
    (home / "muttrc").write_text("".join(lines))
    _run(
        home,
        *("mutt", "-n", "-F", str(home / "muttrc"), "-s", "hello", "--", *delivery.recipients),
        stdin=b"world\n",
    )


def _in_mutts_quotes(text: str) -> str:
    return '"' + re.sub(r'(["\\$`])', r"\\\1", text) + '"'


def deliver_with_git(delivery: Delivery, home: Path) -> None:
    patch = home / "0001-hello.patch"
    patch.write_text(f"From: {delivery.sender}\nSubject: hello\n\nworld\n")
    tls = {"off": "none", "starttls": "tls", "implicit": "ssl"}[delivery.tls]
    login = [f"--smtp-user={delivery.username}", f"--smtp-pass={delivery.secret}"]
    _run(
        home,
        *("git", "send-email", "--quiet", "--confirm=never", "--suppress-cc=all", "--no-thread"),
        *(f"--from={delivery.sender}", f"--envelope-sender={delivery.sender}"),
        *(f"--to={recipient}" for recipient in delivery.recipients),
        *(f"--smtp-server={delivery.host}", f"--smtp-server-port={delivery.port}"),
        *(f"--smtp-domain={delivery.helo}", f"--smtp-encryption={tls}"),
        f"--smtp-ssl-cert-path={delivery.ca_file}",
        *([f"--smtp-auth={delivery.mechanism}", *login] if delivery.mechanism else []),
        str(patch),
    )


def missing_git() -> str | None:
    if reason := missing_program("git") or missing_program("perl"):
        return reason
    home = subprocess.check_output(["git", "--exec-path"], text=True, timeout=_TIMEOUT).strip()
    if not (Path(home) / "git-send-email").exists():
        return "needs git send-email: .ci/install-programs"
    modules = ["-MMail::Address", "-MIO::Socket::SSL", "-MDigest::HMAC_MD5"]
    found = subprocess.run(
        ["perl", *modules, "-e", "1"], capture_output=True, timeout=_TIMEOUT, check=False
    )
    if found.returncode != 0:
        return f"needs perl {' '.join(modules)}: .ci/install-programs"
    return None


def _run(home: Path, *command: str, stdin: bytes = b"") -> None:
    # With no settings of the user or of the machine.
    environment = os.environ | {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(home),
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
        "TERM": "dumb",
    }
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
        cwd=home,
        env=environment,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


@dataclass(frozen=True, kw_only=True)
class Mailer:
    """A program, and what it knows."""

    name: str
    deliver: Callable[[Delivery, Path], None]
    missing: Callable[[], str | None]
    mechanisms: tuple[str, ...]


MAILERS = (
    Mailer(
        name="mutt",
        deliver=deliver_with_mutt,
        missing=partial(missing_program, "mutt"),
        mechanisms=(
            *("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"),
            *("XOAUTH2", "OAUTHBEARER"),
        ),
    ),
    Mailer(
        name="git send-email",
        deliver=deliver_with_git,
        missing=missing_git,
        mechanisms=("PLAIN", "LOGIN", "CRAM-MD5"),
    ),
)
