"""JavaMail (Jakarta Mail): where it is, and what it can do."""

from __future__ import annotations

from pathlib import Path

from tests.clients.drivers import missing_program

# Far more than it needs on a busy machine.
TIMEOUT = 60
JARS = [Path(f"/usr/share/java/jakarta-{name}.jar") for name in ("mail", "activation")]
MECHANISMS = ("PLAIN", "LOGIN", "XOAUTH2")


def missing_javamail() -> str | None:
    """Return why it cannot be used here."""
    if not all(jar.exists() for jar in JARS):
        return "needs Jakarta Mail: .ci/install-programs"
    return missing_program("javac")
