"""Unsubscribing, showing the HTML in a browser, and following links."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smtpserver import SMTPAssertionError
from tests.making import html, message, text

WEB = "https://app.example/u?t=1"
POST = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (f"<{WEB}>", WEB),
        (f"<mailto:out@app.example?subject=x>, <{WEB}>", WEB),
        ("<mailto:out@app.example>", "mailto:out@app.example"),
        (f"(Press here) <{WEB}> (please)", WEB),
        ("<https://app.example/\n u?t=1>", WEB),
    ],
)
def test_the_link_to_unsubscribe_is_that_of_the_web_if_there_is_one(value: str, url: str) -> None:
    assert message(f"List-Unsubscribe: {value}\n\nHi\n").unsubscribe_link() == url


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ("", "the message has no List-Unsubscribe field"),
        ("List-Unsubscribe: write to us\n", "List-Unsubscribe has no URL in angle brackets"),
        ("List-Unsubscribe: =?utf-8?q?=3Chttps=3A//x=3E?=\n", "List-Unsubscribe has no URL"),
    ],
)
def test_the_failure_says_why_there_is_no_link_to_unsubscribe(fields: str, failure: str) -> None:
    with pytest.raises(SMTPAssertionError, match=f"^{failure}"):
        message(f"{fields}Subject: x\n\nHi\n").unsubscribe_link()


SIGNED = "DKIM-Signature: v=1; h=From:List-Unsubscribe:\n List-Unsubscribe-Post; b=x\n"


@pytest.mark.parametrize("signature", ["", SIGNED])
def test_one_click_needs_an_https_url_and_its_field(signature: str) -> None:
    mail = message(f"List-Unsubscribe: <mailto:a@b.example>, <{WEB}>\n{POST}{signature}\nHi\n")
    assert mail.unsubscribe_link(one_click=True) == WEB


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        (f"List-Unsubscribe: <{WEB}>\n", "the message has no List-Unsubscribe-Post"),
        (f"List-Unsubscribe: <mailto:a@b.example>\n{POST}", "List-Unsubscribe must have one HTTPS"),
        (f"List-Unsubscribe: <http://a.example>\n{POST}", "List-Unsubscribe must have one HTTPS"),
        (
            f"List-Unsubscribe: <{WEB}>\nList-Unsubscribe-Post: yes\n",
            "List-Unsubscribe-Post is 'yes', not 'List-Unsubscribe=One-Click'",
        ),
        (
            f"List-Unsubscribe: <{WEB}>\n{POST}DKIM-Signature: v=1; h=From:Subject; b=x\n",
            "no DKIM-Signature covers List-Unsubscribe and List-Unsubscribe-Post",
        ),
    ],
)
def test_a_failure_says_what_one_click_lacks(fields: str, failure: str) -> None:
    with pytest.raises(SMTPAssertionError, match=f"^{failure}"):
        message(f"{fields}\nHi\n").unsubscribe_link(one_click=True)


PICTURES = """Content-Type: multipart/related; boundary=R

--R
Content-Type: text/html; charset=utf-8

{html}
--R
Content-Type: image/png
Content-ID: <logo@x>

PNG
--R--
"""
DATA = "data:image/png;base64,UE5H"
#: Too much for a tree of its elements.
LONG = "<p>x</p>\n" * 80_000


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ('<img src="cid:logo%40x">', f'<img src="{DATA}">'),
        ('<td><p background="CID:logo@x">', f'<p background="{DATA}">'),
        ("<p style=\"background: url('cid:logo@x')\">", f"url('{DATA}')"),
        ("<style>p { background: url(cid:logo@x) }</style>", f"url('{DATA}')"),
        ('<a href="https://app.example/">Go</a>', '<a href="https://app.example/">Go</a>'),
        ("<p>Grüße &amp; &lt;so on&gt;", "<p>Grüße &amp; &lt;so on&gt;</p>"),
        ("<style></style>", "<style></style>"),
        (f'<img src="{DATA}">', f'<img src="{DATA}">'),
    ],
)
@pytest.mark.parametrize("rest", ["", LONG])
def test_a_document_has_its_pictures_within_it(markup: str, shown: str, rest: str) -> None:
    # Without a tree, what need not be changed stays as it was written.
    shown = shown.replace("url('", "url(").replace("')", ")").removesuffix("</p>")
    document = message(PICTURES.format(html=f"{markup}{rest}")).html_document()
    assert shown in document.replace("url('", "url(").replace("')", ")")


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="https://out.example/x.png">', '<img srcset="https://out.example/x 2x">',
        '<link rel="stylesheet" href="https://out.example/x.css">',
        '<script src="https://out.example/x.js"></script>',
        '<iframe src="https://out.example/"></iframe>',
        '<p style="background:url(https://out.example/x)">',
        "<style>@import 'https://out.example/x.css'; p{color:red}</style>",
        "<style>p{background:url( \"https://out.example/x\" )}</style>",
        '<meta http-equiv="refresh" content="0;url=https://out.example/">',
        '<video poster="https://out.example/x"><source src="//out.example/y"></video>',
        '<svg><image href="https://out.example/x"/></svg>', '<img src="cid:nobody">x',
        '<object data="https://out.example/x">y</object>', '<table background="//out.example/x">',
        '<svg><use xlink:href="https://out.example/x"/></svg>',
        r'<p style="background:u\72 L(https://out.example/x)">',
    ],
)  # fmt: skip
@pytest.mark.parametrize("rest", ["", LONG])
def test_a_document_loads_nothing_from_outside(markup: str, rest: str) -> None:
    mail = message(PICTURES.format(html=f"<!-- <head></head> --><p>a{markup}{rest}"))
    document = mail.html_document()
    assert mail.html_document() is document
    assert "out.example" not in document
    assert "cid:nobody" not in document
    if rest:
        assert document.startswith(
            '<!DOCTYPE html><html><head><meta charset="utf-8"><meta http-equiv='
        )
        assert "taken out by its words" in document
        return
    body = document.partition("-->")[2]
    assert body.startswith('<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-')


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (r"p{background:\75 RL(https://out.example/x)}", "p{background:url('')}"),
        (r"@\000069mpor\t 'https://out.example/x';p{color:red}", " p{color:red}"),
        (r'p{background:url("https://out.example/(\"")}', "p{background:url('')}"),
        ("@im@import x;port 'https://out.example/x'", "@im port 'https://out.example/x'"),
        ("p{a:'<@import x;/style>'}", "p{a:'< /style>'}"),
        ('p{background:url("data:image/svg+xml,<svg id=\'x\'/>")}',
         "p{background:url('data:image/svg+xml,<svg id=%27x%27/>')}"),
        (r"p{a:'</s\74yle>'}", r"p{a:'<\/style>'}"),
        (r"p::before{content:'\\url \2022 \75a'}", r"p::before{content:'\\url \2022 \75a'}"),
    ],
)  # fmt: skip
def test_a_style_sheet_in_a_document_is_safe_and_keeps_its_meaning(written: str, kept: str) -> None:
    assert f"<style>{kept}</style>" in html(f"<style>{written}</style>").html_document()


@pytest.mark.parametrize("rest", ["", LONG])
def test_a_document_has_one_doctype(rest: str) -> None:
    document = html(f"\n<!doctype html>\n<p>x{rest}").html_document()
    assert document.startswith("<!DOCTYPE html>")
    assert document.lower().count("<!doctype") == 1


def test_without_an_html_body_there_is_no_document() -> None:
    with pytest.raises(
        SMTPAssertionError, match=r"^the message has no HTML body, only plain text$"
    ):
        text("Hi").html_document()


PAGE = html(
    '<a href="https://a.example/">A</a> <a href="https://b.example/x">B</a> '
    '<a href="https://a.example/">Again</a> <a href="mailto:a@b.example">M</a>'
)


def test_each_link_of_the_web_is_fetched_once() -> None:
    fetched: list[str] = []

    def fetch(url: str) -> int:
        fetched.append(url)
        return 200

    PAGE.assert_links(fetch)
    assert fetched == ["https://a.example/", "https://b.example/x"]


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        (404, "answered 404"),
        (SimpleNamespace(status_code=500, status="500 OOPS"), "answered 500"),
        (SimpleNamespace(status=410), "answered 410"),
        (SimpleNamespace(status="404 NOT FOUND"), "answered 404"),
    ],
)
def test_a_link_that_does_not_work_is_named_first(answer: Any, how: str) -> None:
    with pytest.raises(SMTPAssertionError) as caught:
        PAGE.assert_links(lambda url: answer if "b.example" in url else 399)
    assert str(caught.value) == (
        f"https://b.example/x {how} (1 of 2 links does not work)\n\n"
        f"  <Link https://b.example/x 'B'> {how}"
    )


def test_a_fetch_that_raises_means_that_the_link_does_not_work() -> None:
    def fetch(url: str) -> int:
        raise OSError("no route")

    with pytest.raises(SMTPAssertionError, match=r"^https://a.example/ raised OSError: no route"):
        PAGE.assert_links(fetch)


def test_links_may_be_ignored() -> None:
    PAGE.assert_links(lambda url: 404 if "b." in url else 200, ignore=["b.example"])
    PAGE.assert_links(lambda url: 404, ignore="https://")
    PAGE.assert_links(lambda url: 404 if "b." in url else 200, ignore=re.compile(r"//b\.\w+/"))
    with pytest.raises(TypeError, match=r"^ignore has 1: must be a str or a compiled pattern"):
        PAGE.assert_links(lambda url: 200, ignore=[1])  # type: ignore[list-item]


def test_a_result_without_a_status_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"fetch\('https://a.example/'\) returned None: must be"):
        PAGE.assert_links(lambda url: None)
    with pytest.raises(TypeError, match=r"fetch=1: must be a callable"):
        PAGE.assert_links(1)  # type: ignore[arg-type]


def test_whether_there_is_a_field_can_be_asked() -> None:
    mail = message("Subject: x\nX-Empty:\n\nHi\n")
    assert "SUBJECT" in mail
    assert "x-empty" in mail
    assert "To" not in mail
    assert 1 not in mail
