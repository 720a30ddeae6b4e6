"""Whatever a hostile mail contains, the time to read it is linear in its size.

Each mail is read in two sizes, one four times the other. Linear time then grows four times, and
quadratic time sixteen times. This process's processor time is compared, so the machine's speed does
not matter, and each mail has three chances. The garbage collector must wait: what it visits is
everything that the tests before this one have left.
"""

from __future__ import annotations

import gc
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError
from pytest_smtpserver.mail import long_document, long_html
from tests.making import message

if TYPE_CHECKING:
    from collections.abc import Callable

VIEWS = (
    "headers", "subject", "from_", "to", "cc", "reply_to", "text", "html", "html_text", "links",
    "attachments", "blind_recipients", "defects", "problems",
)  # fmt: skip

#: How many times as large the second size is, and how many times as long it may take.
LARGER = 4
LONGER = 9

TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
HTML = b"Content-Type: text/html\r\n\r\n"
FLOWED = b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n"
QUOTED = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
BASE64 = b"Content-Transfer-Encoding: base64\r\n\r\n"
PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def nested(count: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(count)
    )


def closed(count: int) -> bytes:
    return nested(count) + b"\r\n" + b"".join(b"\r\n--%d--" % n for n in reversed(range(count)))


def hiding(selector: str) -> bytes:
    return HTML + f"<style>{selector}{{display:none}}</style>".encode()


#: A mail by its size, with a size that takes some hundredths of a second.
MAILS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "fields": (10_000, lambda n: b"X: y\r\n" * n),
    "fields of one name": (10_000, lambda n: b"To: a@x.example\r\n" * (n // 10)),
    "duplicate fields": (2_000, lambda n: b"Subject: =?x?q?y?=\r\n" * n),
    "a field in many lines": (10_000, lambda n: b"Subject: a" + b"\r\n a" * n),
    "addresses in many lines": (1_000, lambda n: b"To: a@x.example" + b",\r\n a@x.example" * n),
    "semicolons": (10_000, lambda n: b"Content-Type: " + b";" * n + b"\r\n\r\nx"),
    "parameters": (10_000, lambda n: b"Content-Type: a/b" + b"; x=y" * n + b"\r\n\r\nx"),
    "segments": (
        2_000,
        lambda n: b"Content-Type: a/b" + b"".join(b"; x*%d*=%%41" % i for i in range(n)),
    ),
    "quotes": (10_000, lambda n: b'Content-Type: a/b; x="\\' + b'";x="\\' * n),
    "comments": (10_000, lambda n: b"Content-Type: a/b " + b"(" * n + b")" * n),
    "open comments": (10_000, lambda n: b"To: " + b"(" * n),
    "angles": (2_000, lambda n: b"To: " + b"<a@x> " * n),
    "plain addresses": (10_000, lambda n: b"To: " + b"Ann <a@x>, " * n),
    "almost plain addresses": (2_000, lambda n: b"To: " + b"\"Ann\" <a@x, " * n),
    "open quotes": (2_000, lambda n: b"To: " + b'"Ann" "<a@x>, ' * n + b'"'),
    "routes": (5_000, lambda n: b"To: <" + b"@a," * n),
    "groups": (10_000, lambda n: b"To: " + b"a:;" * n),
    "ends of groups": (2_000, lambda n: b"To: " + b";" * n),
    "commas": (10_000, lambda n: b"To: " + b"," * n),
    "encoded words": (2_000, lambda n: b"Subject:" + b" =?utf-8?q?a?=" * n),
    "beginnings of encoded words": (10_000, lambda n: b"Subject: " + b"=?a?q?" * n),
    "encoded words cut": (10_000, lambda n: b"Subject: " + b"=?utf-8?q?a " * n),
    "charsets": (2_000, lambda n: b"Subject:" + b" =?utf-8?q?a?= =?latin1?q?a?=" * n),
    "nested parts": (500, nested),
    "nested parts with ends": (500, closed),
    "parts": (2_000, lambda n: PARTS + b"--b\r\n\r\nx\r\n" * n),
    "attached parts": (500, lambda n: PARTS + b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" * n),
    "almost delimiters": (20_000, lambda n: PARTS + b"--c\r\n" * n),
    "forwarded": (5_000, lambda n: b"Content-Type: message/rfc822\r\n\r\n" * n),
    "bare CRs": (200_000, lambda n: TEXT + b"\r" * n),
    "CRs in lines": (50_000, lambda n: TEXT + b"\r\r\n" * n),
    "bare LFs": (200_000, lambda n: TEXT + b"\n" * n),
    "long lines": (50_000, lambda n: TEXT + b"x" * n + b"\r" * n),
    "white space at ends": (100_000, lambda n: QUOTED + b" \t" * n + b"x \r\n"),
    "equals signs": (50_000, lambda n: QUOTED + b"=" * n),
    "padding": (20_000, lambda n: BASE64 + b"YWI=" * n),
    "no base64": (50_000, lambda n: BASE64 + b"*A" * n),
    "flowed lines": (20_000, lambda n: FLOWED + b"> a \r\n" * n),
    "quote marks": (100_000, lambda n: FLOWED + b">" * n),
    "closing marks": (50_000, lambda n: TEXT + b"https://x.example/a" + b")" * n),
    "links": (2_000, lambda n: TEXT + b"https://x.example/a " * n),
    "open angles": (10_000, lambda n: TEXT + b"<https://x.example/\r\n" * n),
    "an angle and line ends": (5_000, lambda n: TEXT + b"<https://x" + b"\r\n" * n),
    "message identifiers": (5_000, lambda n: b"References: <" + b"@" * n),
    "schemes": (20_000, lambda n: TEXT + b"https://" * n),
    "CJK links": (5_000, lambda n: TEXT + "https://x\u3001".encode() * n),
    "elements": (2_000, lambda n: HTML + b"<div>" * n),
    "elements with ends": (2_000, lambda n: HTML + b"<div>" * n + b"</div>" * n),
    "fonts": (2_000, lambda n: HTML + b"".join(b"<p><font size=%d>" % i for i in range(n))),
    "bold": (2_000, lambda n: HTML + b"<b>" * n + b"x"),
    "attributes": (
        50_000, lambda n: HTML + b"<p" + b"".join(b" a%d=1" % i for i in range(n)) + b">"
    ),
    "spaces in a tag": (50_000, lambda n: HTML + b"<p" + b" " * n + b"=>"),
    "anchors": (1_000, lambda n: HTML + b"<a href=x>y</a>" * n),
    "nested anchors": (200, lambda n: HTML + b"<a href=x><table><tr><td>" * n),
    "hidden": (2_000, lambda n: HTML + b"<p style='display:none'>" * n),
    "rules": (999, lambda n: HTML + b"<style>" + b".a{display:none}" * n + b"</style><i class=a>"),
    "braces": (5_000, lambda n: HTML + b"<style>" + b"a{" * n + b"}" * n),
    "comments of CSS": (5_000, lambda n: HTML + b"<style>" + b"/*" * n),
    "selectors": (5_000, lambda n: HTML + b"<style>" + b"p," * n + b"{display:none}</style><p>"),
    "selectors of steps": (100, lambda n: hiding("x i i .a") + b"<i><u>" * n + b"<p class=a>"),
    "selectors in brackets": (100, lambda n: hiding(":is(x i i i)") + b"<i><u>" * n + b"<p>"),
    "siblings": (2_500, lambda n: hiding("x~p") + b"<p>" * n),
    "numbered siblings": (5_000, lambda n: hiding(":nth-child(2n)") + b"<p>" * n),
    "siblings of a type": (
        5_000,
        lambda n: hiding(":first-of-type") + b"".join(b"<x%d></x%d>" % (i, i) for i in range(n)),
    ),
    "siblings with others": (2_500, lambda n: hiding("p:has(~x)") + b"<p>" * n),
    "comments of HTML": (20_000, lambda n: HTML + b"<!--" * n),
    "a URL of spaces": (5_000, lambda n: HTML + b"<style>p{a:url(" + b" " * n),
    "URLs in URLs": (5_000, lambda n: HTML + b"<style>p{a:" + b"url(" * n),
    "preformatted spaces": (10_000, lambda n: HTML + b"<pre>" + b" " * n),
}  # fmt: skip

#: What reads HTML without a tree, by a size. A whole mail of that kind has four megabytes at least.
WITHOUT_A_TREE: dict[str, tuple[int, Callable[[int], object]]] = {
    "the text between end tags": (
        5_000, lambda n: long_html.text_of("<script>" + "</script" * n, ("script",), str)
    ),
    "a document of end tags": (
        5_000, lambda n: long_document.without_loading("<script>" + "</script" * n, (), str)
    ),
    "a target that does not end": (
        5_000, lambda n: list(long_html.anchors_of("<a href=" + "x" * n, str))
    ),
}  # fmt: skip


def read_all(content: bytes) -> None:
    mail = message(content)
    for view in VIEWS:
        getattr(mail, view)
    for more in (mail.code, mail.html_document, mail.snapshot):
        with suppress(SMTPAssertionError):
            more()


def seconds(do: Callable[[int], object], size: int) -> float:
    gc.disable()
    try:
        start = time.process_time()
        do(size)
        return time.process_time() - start
    finally:
        gc.enable()


def is_linear(do: Callable[[int], object], size: int) -> bool:
    seconds(do, size)
    return any(
        seconds(do, size * LARGER) < LONGER * max(seconds(do, size), 0.001) for _ in range(3)
    )


@pytest.mark.parametrize("name", MAILS)
def test_four_times_the_size_does_not_take_sixteen_times_as_long(name: str) -> None:
    size, made = MAILS[name]
    assert is_linear(lambda size: read_all(made(size)), size)


@pytest.mark.parametrize("name", WITHOUT_A_TREE)
def test_nor_does_it_without_a_tree(name: str) -> None:
    size, read = WITHOUT_A_TREE[name]
    assert is_linear(read, size)


def test_of_very_many_parts_the_rest_is_not_taken_apart() -> None:
    part = b"--b\r\n\r\nx\r\n"
    mail = message(PARTS + part * 11_000 + b"--b--\r\n")
    # With the close delimiter.
    assert mail.text.count("--b") == 1_002
    assert any("more than 10,000 parts" in one for one in mail.defects)


def test_what_follows_very_many_parts_belongs_to_the_last_one() -> None:
    inner = b"--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
    part = b"--i\r\n\r\nx\r\n"
    mail = message(PARTS + inner + part * 10_500 + b"--i--\r\n--b\r\n\r\nthe last\r\n--b--\r\n")
    assert "the last" in mail.text
    # The bound is reached where no part is open.
    mail = message(PARTS + inner + part * 9_998 + b"--i--\r\n--b\r\n\r\nthe last\r\n--b--\r\n")
    assert "the last" in mail.text


def test_a_value_that_was_read_once_is_kept() -> None:
    mail = message(TEXT + b"https://x.example/\xff\r\n")
    for view in ("headers", "links", "attachments", "problems", "html_text", "text"):
        assert getattr(mail, view) is getattr(mail, view)
    assert mail._view.values("content-type") is mail._view.values("Content-Type")
    assert mail._view.addresses("To") is mail._view.addresses("to")
