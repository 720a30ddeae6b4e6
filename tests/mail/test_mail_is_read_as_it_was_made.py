"""Whatever is composed is read back: at random, and by the libraries that compose mail."""

from __future__ import annotations

import json
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import composing
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import message

if TYPE_CHECKING:
    from composing import Leaf, Tree

HEADER = b"From: a@x.example\r\nDate: x\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"


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


SUBJECTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs", "Cf"]),
    min_size=1,
)
WORDS = st.lists(SUBJECTS, min_size=1, max_size=12).map(" ".join)


@given(subject=WORDS, name=WORDS, text=WORDS, file=WORDS)
def test_what_the_standard_library_composes_is_read_as_composed(
    subject: str, name: str, text: str, file: str
) -> None:
    made = EmailMessage()
    made["Subject"] = subject
    made["To"] = f'"{name.translate({34: None, 92: None})}" <ann@example.org>'
    made.set_content(text)
    made.add_alternative(f"<p>{len(text)}</p>", subtype="html")
    made.add_attachment(text.encode(), maintype="application", subtype="x", filename=file)
    mail = message(made.as_bytes().replace(b"\n", b"\r\n"))
    assert mail.to == ("ann@example.org",)
    assert (mail.text, mail.html_text) == (f"{text}\n", str(len(text)))
    assert [one.content for one in mail.attachments] == [text.encode()]
