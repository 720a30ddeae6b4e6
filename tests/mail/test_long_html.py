"""HTML of very many elements is read without a tree, and gives the same."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_smtpserver.mail import links, long_html
from tests.making import message

FEW = 50
MANY = 80_000

ROWS = (
    "<p>one &amp; two</p>\r\n",
    "<DIV class='a b'>one<br/>two</DIV>",
    "<table><tr><td>1</td><td>2</td></tr></table>",
    "<p>a &lt;b&gt; &amp;lt; &nbsp;&euro;&#8364;</p>",
    "<p>one<!-- <p>no</p> -->two<b>three</b></p>",
    "<img alt='a picture' src=x><hr>",
    "<ul><li>caf\u00e9 \u200b<li>two</ul>",
    "<p>1 < 2 and\r\n  3</p>",
)
LINKS = (
    '<a href="https://x.example/?a=1&amp;b=2">Go</a>',
    "<A class=x HREF='https://x.example/b'>Go\r\n on</A>",
    "<a href=https://x.example/c>Go</a>",
    "<a href='https://x.example/d'><b>Go</b> <img src=x alt=on></a>",
)


def mail_of(row: str, count: int) -> str:
    head = "<html><head><title>no</title><script>1<2</script></head><body>"
    return f"Content-Type: text/html; charset=utf-8\r\n\r\n{head}{row * count}</body></html>"


@pytest.mark.parametrize("row", ROWS)
def test_the_text_of_long_html_is_that_of_short_html_many_times(row: str) -> None:
    few, many = (message(mail_of(row, count).encode()).html_text for count in (FEW, MANY))
    assert long_html.is_long(row * MANY)
    assert not long_html.is_long(row * FEW)
    lines = {line: count * (MANY // FEW) for line, count in Counter(few.split("\n")).items()}
    assert Counter(many.split("\n")) == lines


@pytest.mark.parametrize("row", LINKS)
def test_the_links_of_long_html_are_those_of_short_html(row: str) -> None:
    few, many = (message(mail_of(f"<p>{row}</p>", count).encode()) for count in (FEW, MANY))
    assert [(one.url, one.text) for one in many.links] == [(one.url, one.text) for one in few.links]


@pytest.mark.parametrize(
    ("kind", "row"), [("html", "<a href=https://x.example/{}>Go</a>"), ("plain", "https://x.example/{}")]
)  # fmt: skip
def test_the_first_of_very_many_links_are_read_and_a_defect_says_so(kind: str, row: str) -> None:
    rows = [row.format(number) for number in range(links.MOST + 1)]
    all_but_one, all_of_them = (
        message(f"Content-Type: text/{kind}\r\n\r\n{' '.join(lot)}".encode())
        for lot in (rows[:-1], rows)
    )
    assert len(all_but_one.links) == len(all_of_them.links) == links.MOST
    assert all_of_them.links[-1].url == f"https://x.example/{links.MOST - 1}"
    assert all_but_one.defects == ()
    assert all_of_them.defects == (links.TOO_MANY,)


@pytest.mark.parametrize("value", ["", "=1", " = 1", '=""', "='a b'", "=https://x.example/a/b"])
@pytest.mark.parametrize("separator", [" ", "\n", "/ "])
def test_an_element_with_very_many_attributes_is_read_without_a_tree(
    value: str, separator: str
) -> None:
    few, many = (
        f"<p>one</p><p{''.join(f'{separator}a{n}{value}' for n in range(count))} >two</p>"
        for count in (500, 501)
    )
    assert not long_html.is_long(few)
    assert long_html.is_long(many)
    assert message(mail_of(many, 1).encode()).html_text == "one\ntwo"


@pytest.mark.parametrize(
    "markup", ['<svg><path d="{}"/></svg>', "<p>1 < 2 {}", "<!-- <p {} --><p>x</p>"]
)
def test_many_words_are_not_taken_for_many_attributes(markup: str) -> None:
    assert not long_html.is_long(markup.format("M 0 0 " * 1000))


def test_signs_that_begin_no_tag_are_read_in_long_html() -> None:
    mail = message(mail_of(f"{'<' * 3000}<b>x</b> ", MANY // 50).encode())
    assert mail.html_text == " ".join([f"{'<' * 3000}x"] * (MANY // 50))


def test_each_of_very_many_different_pictures_is_read() -> None:
    numbers = [str(number) for number in range(60_000)]
    pictures = "".join(f"<img alt='{number}' src=x>" for number in numbers)
    markup = pictures + "<br>" * (2 * MANY)
    assert long_html.is_long(markup)
    assert message(mail_of(markup, 1).encode()).html_text.split() == numbers


def test_a_character_that_is_met_once_is_read_in_long_html() -> None:
    markup = "<p>x</p>" * MANY + "<p>caf&eacute; &amp;eacute;</p>"
    assert long_html.is_long(markup)
    mail = message(mail_of(markup, 1).encode())
    assert mail.html_text.endswith("x\ncafé &eacute;")


def test_styles_that_may_hide_text_in_long_html_are_a_defect() -> None:
    plain = message(mail_of("<p>a</p>", MANY).encode())
    styled = message(mail_of("<p style='display:none'>a</p>", MANY).encode())
    assert plain.defects == ()
    assert styled.defects == (long_html.NOT_APPLIED,)
    assert styled.html_text.startswith("a\na\n")


@pytest.mark.parametrize(
    "piece",
    [
        "<", "<a ", "<a href=", '<a href="', "<!--", "<script", "<b", "&", "&#1", "<img alt=", "\0",
        "</", "<iframe ", "<img src=", "src='", "<p style='\\\\", "url(", "@import", "<link",
    ],
)  # fmt: skip
def test_no_long_html_raises(piece: str) -> None:
    mail = message(f"Content-Type: text/html\r\n\r\n{piece * 200_000}".encode())
    assert isinstance(mail.html_text, str)
    assert isinstance(mail.links, tuple)
    assert mail.html_document().startswith("<!DOCTYPE html>")
