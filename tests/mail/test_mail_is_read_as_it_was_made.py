"""Mail is read back as it was composed: random mail, and mail of the usual libraries."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from tests.mail import composing
from tests.making import message

if TYPE_CHECKING:
    from tests.mail.composing import Leaf, Tree

HEADER = b"From: a@x.example\r\nDate: x\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
NODE = Path(__file__).parent.parent / "clients" / "node"


@settings(max_examples=200)
@given(composing.messages())
def test_a_structure_is_read_as_it_was_made(made: Leaf | Tree) -> None:
    declared = {"BODY": "8BITMIME", "SMTPUTF8": None}
    mail = message(HEADER + composing.octets(made) + b"\r\n", parameters=declared)
    leaves = composing.leaves(made)
    texts = [leaf.content for leaf in leaves if leaf.kind == "text/plain" and not leaf.name]
    htmls = [leaf.content for leaf in leaves if leaf.kind == "text/html" and not leaf.name]
    files = [leaf for leaf in leaves if leaf.name]
    assert mail.text.removesuffix("\n") == "".join(map(str, texts))
    assert mail.html.removesuffix("\n") == "".join(map(str, htmls))
    assert [(one.filename, one.content_type) for one in mail.attachments] == [
        (leaf.name, leaf.kind) for leaf in files
    ]
    assert [one.content for one in mail.attachments] == [composing.content(leaf) for leaf in files]
    assert mail.defects == ()


LANGUAGES = sorted(composing.LANGUAGES)


@pytest.mark.parametrize("text", LANGUAGES)
def test_mail_composed_by_the_standard_library_is_read_as_composed(text: str) -> None:
    made = EmailMessage()
    made["Subject"] = text
    made["From"] = f'"{text}" <bob@example.org>'
    made["To"] = '"Ann, B." <ann@example.org>, Team: c@example.org, d@example.org;'
    made.set_content(f"{text} and so on")
    made.add_alternative(f"<p>{text}</p>", subtype="html")
    made.add_attachment(text.encode(), maintype="application", subtype="x", filename=f"{text}.x")
    mail = message(made.as_bytes().replace(b"\n", b"\r\n"))
    assert (mail.subject, mail.from_) == (text, "bob@example.org")
    assert mail.to == ("ann@example.org", "c@example.org", "d@example.org")
    assert (mail.text, mail.html_text) == (f"{text} and so on\n", text)
    assert [(one.filename, one.content) for one in mail.attachments] == [
        (f"{text}.x", text.encode())
    ]
    assert mail.defects == ()


# In a process of its own: settings of Django are for a whole process.
DJANGO = """
import base64, json, sys
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
settings.configure()
def made(text):
    mail = EmailMultiAlternatives(
        text, f"{text} and so on", f'"{text}" <ann@example.org>', ["bob@example.org"]
    )
    mail.attach_alternative(f"<p>{text}</p>", "text/html")
    mail.attach(f"{text}.bin", text.encode(), "application/x")
    return base64.b64encode(mail.message().as_bytes()).decode()
print(json.dumps(list(map(made, json.load(sys.stdin)))))
"""


def composed(*command: str, given: object) -> list[bytes]:
    """Return the mails that a program composed, with the line ends of mail."""
    run = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    octets = map(base64.b64decode, json.loads(run.stdout))
    return [one.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for one in octets]


def test_mail_composed_by_django_is_read_as_composed() -> None:
    mails = composed(sys.executable, "-c", DJANGO, given=LANGUAGES)
    for text, octets in zip(LANGUAGES, mails, strict=True):
        mail = message(octets)
        assert (mail.subject, mail.from_) == (text, "ann@example.org")
        assert mail.to == ("bob@example.org",)
        assert (mail.text.rstrip(), mail.html_text) == (f"{text} and so on", text)
        assert [(one.filename, one.content) for one in mail.attachments] == [
            (f"{text}.bin", text.encode())
        ]
        assert mail.defects == ()


COMPOSE = """
const { readFileSync } = require("node:fs");
const MailComposer = require(process.argv[1] + "/node_modules/nodemailer/lib/mail-composer");
const build = (mail) => new MailComposer(mail).compile().build();
Promise.all(JSON.parse(readFileSync(0, "utf8")).map(build)).then((built) =>
  process.stdout.write(JSON.stringify(built.map((octets) => octets.toString("base64")))));
"""


@pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules/nodemailer").is_dir(),
    reason="needs nodemailer: .ci/install-programs",
)
def test_mail_composed_by_nodemailer_is_read_as_composed() -> None:
    mails = [
        {
            "subject": text,
            "from": f"{text} <ann@example.org>",
            "to": "bob@example.org",
            "text": f"{text} and so on",
            "html": f"<p>{text}<img src='cid:logo'></p>",
            "attachments": [
                {"filename": f"{text}.bin", "content": text},
                {"filename": "logo.png", "content": "PNG", "cid": "logo"},
            ],
        }
        for text in LANGUAGES
    ]
    built = composed("node", "-e", COMPOSE, str(NODE), given=mails)
    for text, octets in zip(LANGUAGES, built, strict=True):
        mail = message(octets)
        assert (mail.subject, mail.from_) == (text, "ann@example.org")
        assert (mail.text.rstrip(), mail.html_text) == (f"{text} and so on", text)
        logo, file = sorted(mail.attachments, key=lambda one: one.content_id is None)
        assert (logo.content_id, logo.is_inline, logo.content) == ("logo", True, b"PNG")
        assert (file.filename, file.content) == (f"{text}.bin", text.encode())
        assert mail.defects == ()
