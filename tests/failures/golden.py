"""The texts that failures should have; `python -m tests.failures.golden` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.failures.ways import Way

TEXTS = Path(__file__).with_name("texts")

# What differs from run to run, and its placeholder.
_VOLATILE = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\b(in|waited) (?:\d+ ms|\d+\.\d+ s)"), r"\1 TIME"),
    (re.compile(r"\+\d+\.\d{3} "), "+TIME "),
    (re.compile(r" at \d\d:\d\d:\d\d\.\d+ UTC"), " at TIME UTC"),
    (re.compile(r"\S*ways\.py:\d+"), "ways.py:LINE"),
    (re.compile(r"after \d[\d.]* s:"), "after TIME:"),
)


# Which commands smtplib writes in capitals depends on the version of Python.
_COMMAND = re.compile(
    r"C: (?i:ehlo|mail from|rcpt to|data|rset|quit)\b|(?<=instead: )(?i:to|from):"
)


def normal(text: str) -> str:
    for pattern, stand_in in _VOLATILE:
        text = pattern.sub(stand_in, text)
    return _COMMAND.sub(lambda command: command[0].upper(), text)


def expected(name: str) -> str:
    return (TEXTS / f"{name}.txt").read_text("utf-8").removesuffix("\n")


def failure(way: Way) -> AssertionError:
    from pytest_smtpserver import SMTPAssertionError, SMTPServer
    from tests.failures import ways

    server = SMTPServer(**way.settings).start()
    try:
        way.fail(server)
    except SMTPAssertionError as error:
        return error
    finally:
        server.stop()
        while ways.KEPT:
            ways.KEPT.pop().close()
    raise RuntimeError(f"{way.name} did not fail")


if __name__ == "__main__":
    from tests.failures.ways import WAYS

    TEXTS.mkdir(exist_ok=True)
    for way in WAYS:
        (TEXTS / f"{way.name}.txt").write_text(f"{normal(str(failure(way)))}\n", "utf-8")
