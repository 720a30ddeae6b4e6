"""Links and attachments: all of them, and exactly one or a list of the candidates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import SMTPAssertionError
from tests.making import both, html, message, text

if TYPE_CHECKING:
    from pytest_smtpserver import Message

RESET = "https://app.example/reset?a=1&b=2"


def links(message: Message) -> list[tuple[str, str]]:
    return [(link.url, link.text) for link in message.links]


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ("Go to https://app.example/a.", "https://app.example/a"),
        ("Go to <https://app.example/a>!", "https://app.example/a"),
        ('See "https://app.example/a", then', "https://app.example/a"),
        ("(see https://app.example/a)", "https://app.example/a"),
        ("https://app.example/a_(b).", "https://app.example/a_(b)"),
        ("token: HTTPS://app.example/?t=x-_", "HTTPS://app.example/?t=x-_"),
        ("really?https://app.example/?q=1?", "https://app.example/?q=1"),
    ],
)
def test_a_url_in_plain_text_ends_before_the_punctuation(body: str, url: str) -> None:
    assert links(text(body)) == [(url, url)]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (f'<a href="{RESET.replace("&", "&amp;")}">Reset&nbsp;it</a>', (RESET, "Reset it")),
        (f"<A HREF='{RESET}'><b>Reset</b> it", (RESET, "Reset it")),
        (f'<a href="{RESET}"><img alt="Reset it" src="x.png"></a>', (RESET, "Reset it")),
        (f'<map><area href="{RESET}" alt="Reset it"></map>', (RESET, "Reset it")),
        (
            '<base href="https://app.example/x/"><a href="../y">Y</a>',
            ("https://app.example/y", "Y"),
        ),
        ('<a href=" /y ">Y</a>', ("/y", "Y")),
        ('<svg><a xlink:href="/y"><text>Y</text></a></svg>', ("/y", "Y")),
        ('<a href="http://[">bad</a>', ("http://[", "bad")),
        ('<a href="">nowhere</a>', ("", "nowhere")),
    ],
)
def test_a_link_in_html_has_its_target_and_its_visible_text(
    markup: str, expected: tuple[str, str]
) -> None:
    assert links(html(markup)) == [expected]


def test_a_link_shows_control_characters_in_its_repr() -> None:
    assert repr(html('<a href="/\x1b[31m">\x1b</a>').links) == r"(<Link /\x1b[31m '\x1b'>,)"


def test_an_anchor_without_a_target_is_not_a_link() -> None:
    assert links(html("<a name=top>Top</a>")) == []


def test_one_link_is_found_by_its_url_by_its_text_and_by_a_pattern() -> None:
    markup = f'<a href="{RESET}">Reset it</a> <a href="https://app.example/">Home</a>'
    message = both(f"Reset: {RESET}", markup)
    assert message.link("reset") == RESET
    assert message.link(text="Reset\n it") == RESET
    assert message.link(text=re.compile("^Reset")) == RESET
    assert message.link(pattern=r"\?a=\d") == RESET
    assert message.link("app.example", pattern=re.compile("/$")) == "https://app.example/"


def test_the_candidates_are_listed_when_several_links_fit_or_none_does() -> None:
    message = html('<a href="https://a.example">A</a> <a href="https://b.example">B</a>')
    with pytest.raises(SMTPAssertionError) as caught:
        message.link()
    assert str(caught.value) == (
        "2 links, not 1: 'https://a.example', 'https://b.example'\n\n"
        "expected exactly one link\n\n"
        "  1. <Link https://a.example 'A'>\n  2. <Link https://b.example 'B'>\n\n"
        f"in {message!r}"
    )
    with pytest.raises(SMTPAssertionError, match=r"^there is no link\n"):
        text("no link").link()


def test_a_failure_says_why_each_link_was_not_taken() -> None:
    message = html('<a href="https://a.example">A</a> <a href="https://b.example/b">B</a>')
    with pytest.raises(SMTPAssertionError) as caught:
        message.link("https", text="B", pattern="/a")
    assert str(caught.value) == (
        "none of 2 links fits: 'https://a.example', 'https://b.example/b'\n\n"
        "expected exactly one link containing 'https' with text 'B' matching '/a'\n\n"
        "  1. <Link https://a.example 'A'>: 'B' is not in its text\n"
        "  2. <Link https://b.example/b 'B'>: '/a' is not found in it\n\n"
        f"in {message!r}"
    )


def test_wrong_arguments_name_themselves() -> None:
    with pytest.raises(ValueError, match=r"pattern='\(' is not a regular expression"):
        text("x").link(pattern="(")
    with pytest.raises(TypeError, match=r"contains=1: must be a str"):
        text("x").link(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"glob=None: must be a str"):
        text("x").attachment(None)  # type: ignore[arg-type]


def test_a_reader_sees_blocks_as_lines_and_nothing_hidden() -> None:
    markup = (
        "<html><head><title>T</title><style>x</style></head><body>"
        '<div style="display: NONE">preview</div><p>Hello&nbsp;<b>Ann</b> &amp; Bob,'
        "<p>unclosed <i>text<br>next<script>x</script><table><tr><td>1<td>2</table>"
    )
    assert html(markup).html_text == "Hello Ann & Bob,\nunclosed text\nnext\n1 2"


MIXED = """Subject: Hello
Content-Type: multipart/mixed; boundary=M

--M
Content-Type: multipart/related; boundary=R

--R
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain

plain
--A
Content-Type: text/html

<p>markup
--A--
--R
Content-Type: image/png
Content-ID: <logo>
Content-Transfer-Encoding: base64

YWJj
--R--
--M
Content-Type: application/pdf; name="=?utf-8?q?Rechnung_=C3=BC.pdf?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

cGRm
--M
Content-Type: message/rfc822

Subject: forwarded
Content-Type: text/plain

not this body
--M--
"""


def test_bodies_and_attachments_are_found_however_deep() -> None:
    mail = message(MIXED)
    assert (mail.text, mail.html, mail.defects) == ("plain", "<p>markup", ())
    logo, invoice, forwarded = mail.attachments
    assert (logo.content, logo.content_id, logo.is_inline) == (b"abc", "logo", True)
    assert (invoice.filename, invoice.content) == ("Rechnung ü.pdf", b"pdf")
    assert forwarded.content_type == "message/rfc822"
    assert b"not this body" in forwarded.content


def test_one_attachment_is_found_by_its_name_and_by_its_type() -> None:
    mail = message(MIXED)
    assert mail.attachment("*.pdf").content == b"pdf"
    assert mail.attachment(content_type="IMAGE/*").content == b"abc"
    with pytest.raises(
        SMTPAssertionError,
        match=r"^3 attachments, not 1: <Attachment ''",
    ):
        mail.attachment()
    with pytest.raises(SMTPAssertionError, match=r"^none of 3 attachments fits: ") as caught:
        mail.attachment("*.PDF", content_type="image/png")
    assert ": its name differs only in case\n" in str(caught.value)
    with pytest.raises(SMTPAssertionError, match=": it is of type application/pdf\n"):
        mail.attachment("*.pdf", content_type="image/png")
