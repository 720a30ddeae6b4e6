"""A run of a shop's tests, whose mail the pages show."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

#: What both the run and the inbox send.
MAILS = '''
import struct
import zlib
from email.message import EmailMessage


def picture(width, height, colour):
    """Return a PNG of one colour (RFC 2083)."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    rows = (b"\\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\\x89PNG\\r\\n\\x1a\\n"
        + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


PARCEL = """<html><body style="margin: 0; font-family: sans-serif; background: #eef3f0">
<div style="background: #1f6f54; color: #fff; padding: 22px 28px"><b>Greenleaf</b>
<h1 style="margin: 6px 0 0; font-size: 26px">Your parcel is on its way</h1></div>
<div style="max-width: 560px; padding: 20px 28px; background: #fff">
<p>Hello Ann,</p><p>your order <b>4711</b> left us today. It should be with you on Tuesday.</p>
<p><img src="cid:leaf" alt="" width="72" height="72" style="border-radius: 10px"></p>
<p><a href="https://shop.example.com/track/4711" style="display: inline-block; padding: 10px 18px;
background: #1f6f54; color: #fff; border-radius: 6px; text-decoration: none">Track it</a></p>
<p style="color: #666; font-size: 13px">You get this mail because you ordered at Greenleaf.</p>
</div></body></html>"""


def mail(subject, text, to="Ann Lee <ann@example.org>"):
    made = EmailMessage()
    made["From"] = "Greenleaf <shop@example.com>"
    made["To"] = to
    made["Subject"] = subject
    made["Date"] = "Mon, 05 Oct 2026 09:30:00 +0000"
    made["Message-ID"] = f"<{zlib.crc32(subject.encode()):x}@example.com>"
    made.set_content(text)
    return made


def parcel():
    made = mail("Your parcel is on its way", "Hello Ann,\\n\\nyour order 4711 left us today.\\n")
    made.add_alternative(PARCEL, subtype="html")
    leaf, map_ = picture(72, 72, (120, 190, 140)), picture(320, 200, (214, 160, 60))
    made.get_payload()[1].add_related(leaf, "image", "png", cid="<leaf>")
    made.add_attachment(b"%PDF-1.4", "application", "pdf", filename="invoice-4711.pdf")
    made.add_attachment(map_, "image", "png", filename="map.png")
    return made
'''


@cache
def _mails() -> dict[str, Callable[..., EmailMessage]]:
    made: dict[str, Any] = {}
    exec(MAILS, made)
    return made


def mail(subject: str, text: str) -> EmailMessage:
    return _mails()["mail"](subject, text)


def parcel() -> EmailMessage:
    return _mails()["parcel"]()


TESTS = """
import smtplib

import pytest

from mails import mail, parcel


def deliver(server, *mails, to=("ann@example.org",)):
    with smtplib.SMTP(*server.addr, timeout=10) as client:
        for one in mails:
            client.send_message(one, "bounces@example.com", list(to))


def test_parcel_is_announced(smtpserver):
    deliver(smtpserver, parcel(), to=["ann@example.org", "archive@example.com"])


def test_customer_is_welcomed(smtpserver):
    deliver(smtpserver, mail("Welcom to Greenleaf", "Hello Ann,\\n\\ngood to have you.\\n"))
    smtpserver.wait_for_message(subject="Welcome to Greenleaf", timeout=0.01)


def test_unknown_address_is_reported(smtpserver):
    smtpserver.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(smtpserver, mail("Sign in", "Your code is 481516."), to=["bob@example.org"])


@pytest.mark.parametrize("customer", ["ann", "bob", "eve"])
def test_newsletter(smtpserver, customer):
    letter = mail("Autumn at Greenleaf", "Leaves are falling.\\n", f"{customer}@example.org")
    del letter["Message-ID"]
    deliver(smtpserver, letter, to=[f"{customer}@example.org"])
"""


def write(directory: Path) -> None:
    """Write the tests of the shop into a directory."""
    (directory / "mails.py").write_text(MAILS, encoding="utf-8")
    (directory / "test_shop.py").write_text(TESTS, encoding="utf-8")


def report(directory: Path) -> Path:
    """Run the tests of the shop there, and return the report."""
    write(directory)
    page = directory / "mail.html"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
         f"--rootdir={directory}", f"--smtpserver-report={page}", "test_shop.py"],
        cwd=directory, check=False, capture_output=True, timeout=120,
    )  # fmt: skip
    return page
