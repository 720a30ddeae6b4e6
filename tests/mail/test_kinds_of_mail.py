"""More mails of each kind of `cases/mail/expected.json`: what a reader sees of them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.making import message

if TYPE_CHECKING:
    from pytest_smtpserver import Message


def part(head: str, body: str = "x") -> str:
    return f"--b\n{head}\n\n{body}\n" if head else f"--b\n\n{body}\n"


def mixed(*parts: str, kind: str = "mixed", more: str = "") -> Message:
    return message(f"Content-Type: multipart/{kind}{more}; boundary=b\n\n{''.join(parts)}--b--\n")


def names(mail: Message) -> list[str]:
    return [one.filename for one in mail.attachments]


BASE64 = base64.b64encode("Grüße\n".encode()).decode()
UTF8 = "Content-Type: text/plain; charset=utf-8\n"


@pytest.mark.parametrize(
    "encoding",
    [
        "base64 ", "\n base64", "BASE64\t", "base64 (as (they) say)", "(all) base64", "base64;",
        "(\n folded) base64",
    ],
)  # fmt: skip
def test_a_transfer_encoding_is_understood_with_space_and_comments(encoding: str) -> None:
    mail = message(f"{UTF8}Content-Transfer-Encoding:{encoding}\n\n{BASE64}\n")
    assert (mail.text, mail.defects) == ("Grüße\n", ())


@pytest.mark.parametrize(
    "head",
    [
        "multipart/mixed;\n\tboundary=b", "multipart/mixed; boundary=\n b",
        "Multipart/Mixed;boundary=b",
        "multipart / mixed ; boundary = \"b\" ", "multipart/mixed (two); (its) boundary=b (end)",
        "multipart/mixed; boundary=b;", "multipart/mixed; charset=utf-8; boundary=\"b\"",
    ],
)  # fmt: skip
def test_a_boundary_is_found_with_space_and_comments(head: str) -> None:
    body = part("", "one") + "--b \t\nContent-Type: a/b; name=n\n\nx\n--b-- \n"
    mail = message(f"Content-Type: {head}\n\n{body}")
    assert (mail.text, names(mail), mail.defects) == ("one", ["n"], ())


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("iso-8859-1", b"\x93Gr\xfc\xdfe\x94 \x96 \x80 5", "“Grüße” – € 5"),
        ("us-ascii", b"Gr\xfc\xdfe", "Grüße"),
        ("x-sjis", "①髙".encode("cp932"), "①髙"),
        ("Shift_JIS", "①髙".encode("cp932"), "①髙"),
        ("iso-2022-jp", b"\x1b$B-!\x1b(B!", "①!"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
        ("x-gbk", "镕".encode("gbk"), "镕"),
        ("gb2312", "國".encode("gbk"), "國"),
        ("big5", "㗎".encode("big5hkscs"), "㗎"),
        ("tis-620", "สวัสดี".encode("cp874"), "สวัสดี"),
        ("iso-8859-8-i", "שלום".encode("iso8859_8"), "שלום"),
        ("iso-8859-9", b"\x93\xdd\xfe\x94", "“İş”"),
        ("unicode-1-1-utf-8", "ü".encode(), "ü"),
        ("koi8-r", "Привет".encode("koi8_r"), "Привет"),
        ("cp437", b"\x81", "ü"),
    ],
)
def test_a_charset_is_known_by_its_label(charset: str, octets: bytes, text: str) -> None:
    encoded = base64.b64encode(octets).decode()
    mail = message(
        f"Subject: =?{charset}?b?{encoded}?=\nContent-Type: text/plain; charset={charset}\n"
        f"Content-Transfer-Encoding: base64\n\n{encoded}\n"
    )
    assert (mail.text, mail.subject) == (text, text)


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1", "gb2312", "shift_jis", "utf-8"])
def test_octets_that_the_declared_charset_does_not_have_are_a_problem(charset: str) -> None:
    octets = {"gb2312": "國", "shift_jis": "①"}.get(charset, "“").encode(
        {"gb2312": "gbk", "shift_jis": "cp932"}.get(charset, "cp1252")
    )
    head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    mail = message(head + octets, parameters={"BODY": "8BITMIME"})
    assert "bad-encoding" in [problem.code for problem in mail.problems]


def test_html_says_its_charset_where_the_field_does_not() -> None:
    head = b"Content-Type: text/html\r\n\r\n"
    meta = b'<meta http-equiv=Content-Type content="text/html; charset=windows-1251">'
    assert message(head + meta + "Привет".encode("cp1251")).html_text == "Привет"
    assert message(head + "Привет".encode()).html_text == "Привет"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("=?utf-8?q?a?= =?utf-8?b?YWJjZ?= =?utf-8?q?b?=", "a =?utf-8?b?YWJjZ?= b"),
        ("=?utf-8?q?a=FFb?= =?koi8-r?q?=D0?=", "a\ufffdbп"),
        ("=?nope?q?a?= =?utf-8?q?=C3=BC?=", "=?nope?q?a?= ü"),
        ("=?utf-8?q?=C3=BC?= \udcff", "ü \ufffd"),
    ],
)
def test_undecodable_words_do_not_affect_others(subject: str, text: str) -> None:
    mail = message(
        f"Subject: {subject}\n\nHi\n".replace("\n", "\r\n").encode(errors="surrogateescape")
    )
    assert mail.subject == text
    assert mail.defects


def test_one_bad_attachment_spoils_no_other_part() -> None:
    encoded = "Content-Transfer-Encoding: base64\nContent-Type: a/b"
    mail = mixed(part("", "text"), part(encoded, "YW*Jj"), part(encoded, "YWJj"))
    assert mail.text == "text"
    assert [one.content for one in mail.attachments] == [b"abc", b"abc"]
    assert len(mail.defects) == 1


def test_text_parts_are_joined_and_what_a_list_appends_is_seen() -> None:
    mail = mixed(part("", "one"), part("Content-Type: text/plain", "two"))
    assert (mail.text, mail.attachments) == ("one\ntwo", ())


def test_a_named_text_is_the_body_only_if_it_comes_first() -> None:
    named = "Content-Type: text/plain; name=a.txt\nContent-Disposition: inline; filename=a.txt"
    first = mixed(part(named, "one"), part("", "two"))
    later = mixed(part("", "one"), part(named, "two"))
    assert (first.text, names(first)) == ("one\ntwo", [])
    assert (later.text, names(later)) == ("one", ["a.txt"])


@pytest.mark.parametrize(
    ("kind", "other", "body"), [("plain", "html", "text"), ("html", "plain", "html")]
)
def test_a_mixed_part_within_an_alternative_belongs_to_the_body_of_its_kind(
    kind: str, other: str, body: str
) -> None:
    head, own = f"Content-Type: text/{other}", f"Content-Type: text/{kind}"
    deepest = (part(own, "two") + part(head, "three")).replace("--b", "--j") + "--j--\n"
    nested = part(own, "one") + part("Content-Type: multipart/mixed; boundary=j", deepest)
    inner = nested.replace("--b", "--i") + "--i--\n"
    mail = mixed(
        part(head, "alternative"),
        part("Content-Type: multipart/mixed; boundary=i", inner),
        kind="alternative",
    )
    assert getattr(mail, body) == "one\ntwo"
    assert {mail.text, mail.html} == {"one\ntwo", "alternative"}
    assert [one.content for one in mail.attachments] == [b"three"]


def test_an_alternative_of_html_alone_is_the_body() -> None:
    picture = "Content-Type: image/png\nContent-Disposition: inline"
    mail = mixed(part("Content-Type: text/html", "<p>one"), part(picture), kind="alternative")
    assert (mail.text, mail.html) == ("", "<p>one")
    assert [one.content_type for one in mail.attachments] == ["image/png"]


def test_an_alternative_of_plain_text_alone_is_the_body() -> None:
    mail = mixed(part("", "one"), part("Content-Type: image/png"), kind="alternative")
    assert (mail.text, mail.html) == ("one", "")
    assert [one.content_type for one in mail.attachments] == ["image/png"]


def test_html_with_attachments_between_stands_beside_its_plain_text() -> None:
    html = "Content-Type: text/html"
    inner = part(html, "<p>one") + part("Content-Type: a/pdf; name=p") + part(html, "<p>two")
    nested = inner.replace("--b", "--i") + "--i--\n"
    mail = mixed(
        part("", "one two"),
        part("Content-Type: multipart/mixed; boundary=i", nested),
        kind="alternative",
    )
    assert (mail.text, mail.html, names(mail)) == ("one two", "<p>one\n<p>two", ["p"])


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("--i--\n", "end"),
        ("", "end"),
        ("\n \n", "end"),
        ("kept\n", "kept\n\nend"),
        ("--i\n\ninner", "inner\nend"),
        ("--i\nContent-Type: text/plain", "\nend"),
    ],
)
def test_a_broken_multipart_within_hides_nothing(inner: str, text: str) -> None:
    mail = mixed(part("Content-Type: multipart/related; boundary=i", inner), part("", "end"))
    assert (mail.text, mail.attachments) == (text, ())
    assert any("multipart has no" in defect for defect in mail.defects) or "--i--" in inner


def test_pictures_calendars_and_unknown_types_are_attachments() -> None:
    mail = mixed(
        part("", "text"),
        part("Content-Type: image/png\nContent-ID: <x>\nContent-Disposition: inline; filename=x"),
        part("Content-Type: text/calendar; name=y"),
        part("Content-Type: audio/ogg"),
        kind="related",
    )
    assert [(one.content_type, one.is_inline) for one in mail.attachments] == [
        ("image/png", True), ("text/calendar", False), ("audio/ogg", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("; filename*=utf-8''a%20b.txt; filename=plain.txt", "a b.txt"),
        ("; filename=plain.txt; filename*=UTF-8'de'%C3%BC.txt", "ü.txt"),
        ("; filename*=''%C3%BC.txt", "ü.txt"),
        ("; filename*1*=%AC.txt; filename*0*=utf-8''%E2%82", "€.txt"),
        ("; filename*0*=iso-8859-1''%FC; filename*1=\" b.txt\"", "ü b.txt"),
        ('; filename="=?utf-8?b?w7w=?=\n =?utf-8?q?_b=2Etxt?="', "ü b.txt"),
        ('; filename="a \\"b\\".txt"', 'a "b".txt'),
        ("; filename=report(1).pdf", "report(1).pdf"),
        ("; filename=my report.pdf", "my report.pdf"),
        ('; filename="open.pdf', "open.pdf"),
        ('; FileName="ä\'b.txt"', "ä'b.txt"),
        (";; filename = a.txt ;", "a.txt"),
        ("\nContent-Type: a/b; name*=utf-8''%C3%BC", "ü"),
        ("; filename=a\nContent-Type: a/b; name=b", "a"),
    ],
)
def test_a_file_has_the_name_that_a_reader_shows(head: str, name: str) -> None:
    mail = message(f"Content-Disposition: attachment{head}\n\nx\n")
    assert names(mail) == [name]


FLOWED = "Content-Type: text/plain; charset=utf-8; format=flowed"


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (FLOWED, "one \ntwo\nthree", "one two\nthree"),
        (f"{FLOWED}; DelSp=Yes", "one  \ntwo", "one two"),
        (FLOWED, " From here\n  on", "From here\n on"),
        (FLOWED, "> a \n> b\n>> c \nd", "> a b\n>> c \nd"),
        (FLOWED, "bye \n-- \nAnn", "bye \n-- \nAnn"),
        ("Content-Type: text/plain; format=fixed", "one \ntwo", "one \ntwo"),
        ("Content-Transfer-Encoding: quoted-printable", "one=20=\ntwo =\n three", "one two  three"),
        ("Content-Transfer-Encoding: quoted-printable", "one \t\ntwo", "one\ntwo"),
    ],
)
def test_a_line_that_was_broken_on_its_way_is_one_line(head: str, body: str, text: str) -> None:
    assert message(f"{head}\n\n{body}").text == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<p style="display:none!important">no</p>yes', "yes"),
        ('<p style="DISPLAY : None ;">no</p>yes', "yes"),
        ("<style>.pre, #x { display: none }</style><p class='a pre'>no<p id=x>no<p>yes", "yes"),
        ("<style>@media (max-width:9px) { p { display:none } }</style><p>yes", "yes"),
        ("<style>.a{display:none}</style><p class=a style='display:block!important'>yes", "yes"),
        ("<style>p{display:none !important}</style><p style='display:block'>no</p>yes", "yes"),
        ('<table><tr><td style="font-size:0px"><b style="font-size:13px">yes</b>no', "yes"),
        ('<div style="visibility:hidden">no<b style="visibility:visible">yes</b>', "yes"),
        ('<div style="max-height:0px;overflow:hidden">no</div>yes', "yes"),
        ('<div style="height:0;overflow:hidden">no</div>yes', "yes"),
        ('<div style="mso-hide:all">no</div>yes', "yes"),
        ("<div hidden>no</div>yes", "yes"),
        ("<!--[if mso]><p>no</p><![endif]--><![if !mso]>yes<![endif]>", "yes"),
        ("<pre>one\n  two</pre>\nthree\nfour", "one\ntwo\nthree four"),
        ("one<xmp>two\nthree</xmp>four", "one\ntwo\nthree\nfour"),
        ("<select><option>one<option>two</select>", "one\ntwo"),
        ("one<menu>two</menu>three", "one\ntwo\nthree"),
        ("sh\u00ady\u200b", "shy"),
        ('<p style="font-size:10px;opacity:0.5;max-height:10px">yes', "yes"),
        ('<img alt="Logo" src=x><img alt="pixel" style="display:none">', "Logo"),
    ],
)
def test_a_reader_of_the_html_sees_what_is_not_hidden(markup: str, text: str) -> None:
    head = "Content-Type: text/html; charset=utf-8\n\n"
    assert message(f"{head}{markup}").html_text == text


URL = "https://example.org/verify/abc"


@pytest.mark.parametrize(
    "body",
    [
        f"確認{URL}。", f"「{URL}」", f"({URL})", f"{URL}—now", f"{URL}–now", f"{URL}\u200b.",
        f"{URL}をクリック", f"[Go]({URL}).", f"<{URL}>", f"“{URL}”", f"{URL}、または", f"`{URL}`",
        f"{{{URL}}}", f"|{URL}|", f"{URL}\u00ad", f"{URL}…", f"{URL}，", f"*{URL}*", f"{URL}）",
        "<https://example.org/veri\nfy/abc>", "<URL:https://example.org/\n\tverify/abc>",
        f"{URL}👈", f"{URL}؟", f"{URL}\u00a0here", f"{URL}로", f"«{URL}»", f"{URL}}};",
    ],
)  # fmt: skip
def test_a_link_ends_where_a_reader_sees_the_end(body: str) -> None:
    assert message(f"{UTF8}\n{body}\n").link() == URL


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a_(b)", "https://example.org/?q[]=1&r={", "https://bücher.example/ü",
        "https://example.org/wiki/日本", "https://[2001:db8::1]/x", "https://a:b@example.org:8/~x",
        "https://example.org/a;b,c!d'e*f/", "http://例え.example/", "https://example.org/#!/x?y=z_",
    ],
)  # fmt: skip
def test_a_link_has_all_that_belongs_to_it(url: str) -> None:
    assert message(f"{UTF8}\nSee {url} there\n").link() == url.rstrip("{")


def test_a_scheme_alone_is_not_a_link() -> None:
    assert message(f"{UTF8}\nIt begins with https://. or https://...\n").links == ()


def test_the_same_link_in_text_and_html_counts_once() -> None:
    mail = mixed(
        part("", "https://Example.org and https://example.org/b"),
        part("Content-Type: text/html", '<a href="https://example.org/">A</a>'
                                        '<a href="https://exa\nmple.org/b">B</a>'),
        kind="alternative",
    )  # fmt: skip
    assert [(one.url, one.text) for one in mail.links] == [
        ("https://example.org/", "A"),
        ("https://example.org/b", "B"),
    ]


@pytest.mark.parametrize(
    ("field", "specs", "complains"),
    [
        ("bob@example.org <bob@example.org>", ["bob@example.org"], True),
        ("'b' <bob@example.org>", ["bob@example.org"], False),
        ("Bob <@a.example:bob@example.org>", ["bob@example.org"], False),
        ("Team (all) : Ann (A) <ann@example.org>, bob@example.org (B);",
         ["ann@example.org", "bob@example.org"], False),
        ("ann . smith @ example . org", ["ann.smith@example.org"], False),
        ("ann(x)@(y)example.org", ["ann@example.org"], False),
        ("good@example.org, bad one, fine@example.org",
         ["good@example.org", "bad one", "fine@example.org"], True),
        ("ann@example.org; bob@example.org", ["ann@example.org", "bob@example.org"], True),
        ("Bob <bob@example.org", ["bob@example.org"], True),
        ("Smith, Ann <ann@example.org>", ["Smith", "ann@example.org"], True),
        ("<ann@example.org> <bob@example.org>", ["ann@example.org", "bob@example.org"], True),
        ('"Ann <x@y>" <ann@example.org>', ["ann@example.org"], False),
        ('"ann b"@example.org', ['"ann b"@example.org'], False),
        ("=?utf-8?q?j=C3=BC?=@example.org", ["=?utf-8?q?j=C3=BC?=@example.org"], True),
        ("=?utf-8?q?j=40example=2Eorg?=", ["=?utf-8?q?j=40example=2Eorg?="], True),
    ],
)  # fmt: skip
def test_an_address_is_found_in_an_unusual_form(
    field: str, specs: list[str], complains: bool
) -> None:
    mail = message(f"To: {field}\n\nHi\n")
    assert (list(mail.to), bool(mail.defects)) == (specs, complains)


def test_the_author_is_the_first_who_has_an_address() -> None:
    assert message("From: Smith, Ann <ann@example.org>\n\nHi\n").from_ == "ann@example.org"
    assert message("From: nobody\n\nHi\n").from_ == "nobody"


@pytest.mark.parametrize(
    ("field", "is_wrong"),
    [
        ("Message-ID: =?utf-8?q?=3Ca=40b=3E?=", True),
        ("References: <a@b> =?utf-8?q?=3Ca=40b=3E?=", True),
        ("List-Unsubscribe: =?utf-8?q?=3Chttps=3A//x=3E?=", True),
        ('To: "=?utf-8?q?J=C3=BC?=" <a@b.example>', True),
        ("To: =?utf-8?q?J=C3=BC?= <a@b.example>", False),
        ("Received: from x (=?utf-8?q?J=C3=BC?=)", False),
        ("X-Note: =?utf-8?q?J=C3=BC?=", False),
        ("Subject: =?utf-8?q?a b?=", True),
    ],
)
def test_an_encoded_word_where_none_is_allowed_is_a_problem(field: str, is_wrong: bool) -> None:
    mail = message(f"{field}\n\nHi\n")
    name, _, value = field.partition(": ")
    assert ("bad-encoding" in [problem.code for problem in mail.problems]) == is_wrong
    assert (mail[name] == value) == (is_wrong or name == "Received")


INNER = b"Subject:inner\r\nX: a \r\n\tb\r\nEmpty:\r\n\r\nHi \xff\0\nbare\rends\r\n--c\r\n\r\n"


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "message/delivery-status", "text/rfc822-headers"]
)
def test_a_forwarded_message_is_kept_octet_by_octet(kind: str) -> None:
    head = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: %s\r\n\r\n"
    mail = message(head % kind.encode() + INNER + b"\r\n--b--\r\n")
    assert [(one.content_type, one.content) for one in mail.attachments] == [(kind, INNER)]


def test_a_forwarded_message_that_was_encoded_is_decoded_and_a_problem() -> None:
    head = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64"
    mail = mixed(part("", "see"), part(head, base64.encodebytes(INNER).decode().rstrip()))
    assert [one.content for one in mail.attachments] == [INNER]
    assert "bad-encoding" in [problem.code for problem in mail.problems]


def test_in_a_digest_parts_are_messages() -> None:
    mail = mixed(part("", "Subject: inner\n\nHi"), kind="digest")
    assert mail.attachments[0].content == b"Subject: inner\r\n\r\nHi"
    assert mail.attachments[0].content_type == "message/rfc822"
