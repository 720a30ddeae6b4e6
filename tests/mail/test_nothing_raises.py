"""Whatever a message looks like, reading it never raises."""

from __future__ import annotations

import contextlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smtpserver import SMTPAssertionError
from pytest_smtpserver.matching import Criteria, describe_failure
from tests.making import message

NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(1000)
)
FORWARDED = b"Content-Type: message/rfc822\r\n\r\n" * 1000

MAILS = {
    "nothing": b"",
    "open quote": b'To: "\r\nFrom: "\r\nCc: "a" <\r\n\r\nHi\r\n',
    "open domain literal": b"To: a@[\r\nFrom: a@[\r\n\r\nHi\r\n",
    "brackets in Message-ID": b"Message-ID: <[x]>\r\nIn-Reply-To: <[\r\n\r\nHi\r\n",
    "unknown charset": b"Subject: =?nope?q?x?=\r\nContent-Type: text/plain; charset=nope\r\n\r\nHi",
    "charset of octets": b"Content-Type: text/plain; charset=base64\r\n\r\nHi\r\n",
    "charset with NUL": b"Content-Type: text/plain; charset=\"\0\"\r\n\r\nHi\r\n",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nHi\r\n",
    "empty boundary": b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nHi\r\n',
    "wrong base64": b"Content-Transfer-Encoding: base64\r\n\r\na*b=c\r\n",
    "base64 of 5": b"Content-Transfer-Encoding: base64\r\n\r\nabcde\r\n",
    "wrong quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ=\x80\r\n",
    "raw 8-bit": b"Subject: \xff\xfe\r\nTo: \xff@\xff\r\nX-\xff: 1\r\n\r\n\xff\r\n",
    "no colon": b"Subject: Hi\r\nno colon\r\nTo: a@x.example\r\n\r\nHi\r\n",
    "only a colon": b": x\r\n:\r\n\r\n",
    "continuation first": b" folded\r\nSubject: Hi\r\n\r\n",
    "NULs": b"Subject: \0\r\n\0: \0\r\n\r\n\0\r\n",
    "bare line ends": b"Subject: a\rb\nTo: a@x.example\n\nHi\r\r\n",
    "bad parameters": b"Content-Type: text/plain; name*0*=x'y; name*1=\"z\r\n\r\nHi\r\n",
    "bad file name": b"Content-Disposition: attachment; filename*=nope'en'%FF%\r\n\r\nHi\r\n",
    "bad content type": b"Content-Type: ;;;=\r\nContent-Disposition: ;\r\n\r\nHi\r\n",
    "bad date": b"Date: yesterday\r\nDate: \r\n\r\n",
    "endless group": b"To: x: a@b, : ;, <<>>, (\r\n\r\n",
    "nested parts": NESTED + b"\r\nHi\r\n",
    "nested messages": FORWARDED + b"Subject: Hi\r\n\r\nHi\r\n",
    "nested HTML": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 20_000 + b"Hi<a href='http://[",
    "one line": b"Subject: Hi\r\n\r\n" + b"x" * 10_000_000 + b"\r\n",
    "one header line": b"To: " + b"a@x.example," * 5_000 + b"\r\n\r\nHi\r\n",
}  # fmt: skip

READ = (
    "attachments", "blind_recipients", "cc", "defects", "email", "from_", "headers", "html",
    "html_text", "links", "problems", "reply_to", "subject", "text", "to",
)  # fmt: skip

CRITERIA = {
    "mail_from": "x@y.example", "rcpt_to": ["x@y.example"], "from_": "x@y.example",
    "to": '"A" <x@y.example>', "cc": "x@y.example", "reply_to": "x@y.example", "subject": "Ho",
    "header": {"Message-ID": "<x>"}, "text": "Hello Ann", "html": "<p>", "body": "Hello Ann",
    "attachment": "*.pdf",
}  # fmt: skip


def look_at_all_of(content: bytes) -> None:
    mail = message(content)
    for name in READ:
        getattr(mail, name)
    repr([mail, mail["Subject"], mail["Message-ID"], mail.attachments, mail.links, mail.problems])
    one_click = partial(mail.unsubscribe_link, one_click=True)
    finders = (mail.link, mail.code, mail.attachment, mail.unsubscribe_link, mail.html_document)
    for find in (*finders, one_click):
        with contextlib.suppress(SMTPAssertionError):
            find()
    for keyword, expected in CRITERIA.items():
        assert not Criteria.for_messages({keyword: expected}).matches(mail)
    criteria = Criteria.for_messages(CRITERIA)
    describe_failure(count=1, criteria=criteria, records=[mail], matched=[]).encode()


@pytest.mark.parametrize("name", MAILS)
def test_nothing_raises(name: str) -> None:
    look_at_all_of(MAILS[name])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("open quote", "From has no address"),
        ("open domain literal", "has no address"),
        ("unknown charset", "in the unknown charset 'nope'"),
        ("no boundary", "boundary"),
        ("wrong base64", "base64"),
        ("base64 of 5", "base64"),
        ("wrong quoted-printable", "equals sign that begins no escape"),
        ("no colon", "the header has a line that is not a field"),
        ("nested parts", "a multipart has no close delimiter"),
    ],
)
def test_defects_say_which_part_could_not_be_parsed(name: str, said: str) -> None:
    assert any(said in defect for defect in message(MAILS[name]).defects)


def test_mail_that_the_standard_library_cannot_parse_still_has_its_fields() -> None:
    mail = message(b"Subject: Deep\r\n" + MAILS["nested parts"]).email
    assert mail["Subject"] == "Deep"
    assert "Hi" in mail.as_string()


def test_the_raw_value_stands_in_for_an_address_that_cannot_be_parsed() -> None:
    assert message(MAILS["open quote"]).to == ('"',)


OCTETS = st.sampled_from(
    [
        b"\x1b$B", b"\x1b(I", b"\x1b(J", b"\x1b$@", b"\x8e", b"\x8f", b"\x80", b"\xa1", b"\xfc",
        b"\xfd\xfe", b"\xff", b"~{", b"~}", b"+AD", b"-", b"!", b"a", b"|b", b"\r\n",
    ]
)  # fmt: skip


@given(
    st.lists(OCTETS, max_size=20).map(b"".join),
    st.sampled_from(("euc-jp", "iso-2022-jp", "shift_jis", "gbk", "big5", "utf-7", "hz")),
)
def test_no_octets_in_any_charset_raise(octets: bytes, charset: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    mail = message(head + octets)
    # Text without lone surrogates.
    assert mail.text.encode().decode() == mail.text


PIECES = st.sampled_from(
    [
        b"Subject: ", b"To: ", b"From: ", b"Content-Type: ", b"multipart/mixed; boundary=b",
        b"text/html", b"text/plain; charset=", b"utf-7", b"Content-Transfer-Encoding: ", b"base64",
        b"quoted-printable", b"\r\n", b"\n", b"\r", b"--b", b"--b--", b"=?utf-8?q?", b"?=", b"=?",
        b'"', b"<", b">", b"@", b"[", b"]", b"(", b",", b";", b":", b"=", b" ", b"\xff", b"a",
        b"code 1234", b"<a href=", b"&", b"*0*=", b"Content-Disposition: attachment; filename",
        b"message/rfc822", b"\0", b"List-Unsubscribe: <https://x>", b"; format=flowed", b"<style>",
        b"{display:none}", b" style='font-size:0'", b"cid:x", b"Content-ID: <x>", b"*1=",
        b"gb2312", b"iso-2022-jp", b"\x1b$B", b"https://x/", b"multipart/alternative; boundary=c",
        b"--c", b"\xe3\x80\x81",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map(b"".join))
def test_nothing_raises_whatever_is_put_together(content: bytes) -> None:
    look_at_all_of(content)
