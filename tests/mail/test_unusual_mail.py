"""Habits of other mailers than those in `test_kinds_of_mail.py`, a few of each kind."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.making import message

if TYPE_CHECKING:
    from pytest_smtpserver import Message

PDF = "Content-Type: application/pdf; name=a.pdf\n\nabc"
HI = "Content-Type: text/plain; charset=utf-8\n\nhi"


def multipart(*parts: str, boundary: str = "b") -> str:
    return "".join(f"--{boundary}\n{one}\n" for one in parts) + f"--{boundary}--\n"


def mixed(*parts: str) -> Message:
    return message(f"Content-Type: multipart/mixed; boundary=b\n\n{multipart(*parts)}")


def encoded(octets: bytes, charset: str) -> Message:
    text = base64.b64encode(octets).decode()
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64"
    return message(f"{head}\n\n{text}\n")


@pytest.mark.parametrize(
    ("head", "boundary"),
    [
        ("multipart/mixed\n ;\n boundary\n =\n b", "b"),
        ("multipart/mixed;\n boundary*0=ab;\n boundary*1=cd", "abcd"),
        ("multipart/mixed;\n \n boundary=b", "b"),
        ("multipart/mixed (a (nested) one); (x) boundary(y)=(z)\"b\" (w)", "b"),
        ("multipart/mixed; boundary=\"-- 0 1.2\"", "-- 0 1.2"),
        ("multipart/mixed (a; boundary=no); boundary=b", "b"),
    ],
)  # fmt: skip
def test_the_parts_are_found(head: str, boundary: str) -> None:
    mail = message(f"Content-Type: {head}\n\n{multipart(HI, PDF, boundary=boundary)}")
    assert (mail.text, [one.filename for one in mail.attachments]) == ("hi", ["a.pdf"])
    assert mail.defects == ()


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text(t)/(s)plain; charset=utf-8 (grüße)",
        "Content-Type: text/plain (with \\) one); charset=\"utf-8\"(eight)",
        "Content-Type: text/plain (a; charset=utf-16); charset=\n\t\"utf-8 \"",
        "Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline (as we like)",
    ],
)  # fmt: skip
def test_the_text_is_read_beside_comments(head: str) -> None:
    mail = message(f"{head}\n\ncafé\n")
    assert (mail.text, mail.defects) == ("café\n", ())


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("euc-jp", b"\xfc\xe2\xb6\xb6 \xad\xa1 \x8e\xb1 \x8f\xb0\xa1", "髙橋 ① ｱ 丂"),
        ("x-euc-jp", b"10\xa1\xc11\xa1\xdd2", "10～1－2"),
        ("iso-2022-jp", b"\x1b$B|b66\x1b(I1\x1b(B (x)", "髙橋ｱ (x)"),
        ("big5", b"\xa6\xe6\xa1E\xad\xbb", "行‧香"),
        ("cn-big5", b"\xa2D100", "￥100"),
        ("gbk", b"\x80 100 \xd6\xec", "€ 100 朱"),
        ("visual", b"\xf9\xec", "של"),
        ("dos-874", b"\xe4\xb7\xc2", "ไทย"),
        ("x-unicode20utf8", "ü".encode(), "ü"),
        ("csiso88596e", b"\xd3", "س"),
        ("koi8-u", "Їжак".encode("koi8_u"), "Їжак"),
        ("utf-8", b"\xef\xbb\xbfcaf\xc3\xa9", "café"),
        ("utf-16le", b"\xfe\xff\x00c\x00a\x00f\x00\xe9", "café"),
    ],
)
def test_a_charset_has_the_characters_of_the_encoding_standard(
    charset: str, octets: bytes, text: str
) -> None:
    assert encoded(octets, charset).text == text


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("euc-kr", b"\xbe\xc8\xff \xb3\xe7", "안\ufffd 녕"),
        ("shift_jis", b"\x93\xfa\xfd \x8c\xea", "日\ufffd 語"),
        ("iso-2022-jp", b"\x1b$BF|K\\\x1b(B \xff ok", "日本 \ufffd ok"),
        ("euc-jp", b"\xfd\xfe\xa4\xa2\xff", "\ufffdあ\ufffd"),
        ("gb18030", b"\xff \xd6\xec", "\ufffd 朱"),
        ("windows-1252", b"a\x81b \x93q\x94", "a\ufffdb “q”"),
        ("utf-8", b"caf\xc3\xa9 \xc3", "café \ufffd"),
    ],
)
def test_an_octet_that_is_not_a_character_does_not_affect_others(
    charset: str, octets: bytes, text: str
) -> None:
    mail = encoded(octets, charset)
    assert (mail.text, [one.code for one in mail.problems].count("bad-encoding")) == (text, 1)


def test_very_many_wrong_octets_are_read_all_the_same() -> None:
    assert encoded(b"\xff" * 200_000 + b"a", "gbk").text == "\ufffd" * 200_000 + "a"


def test_a_part_that_cannot_be_decoded_does_not_affect_others() -> None:
    odd = "Content-Type: text/plain; charset=x-nope\n\nhello"
    wrong = "Content-Type: application/pdf; name*=utf-8''%FFa.pdf\n\nabc"
    mail = mixed(odd, HI, wrong, PDF)
    assert mail.text == "hello\nhi"
    assert [one.filename for one in mail.attachments] == ["\ufffda.pdf", "a.pdf"]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('Content-Type: application/pdf; name="übung größe.pdf"', "übung größe.pdf"),
        ("Content-Type: application/pdf; name=übung.pdf", "übung.pdf"),
        ('Content-Type: a/b; name="=?iso-2022-jp?B?GyRCRnxLXBsoQi5wZGY=?="', "日本.pdf"),
        ("Content-Disposition: attachment; filename*=gb18030''%B1%A8%B8%E6.pdf", "报告.pdf"),
        ("Content-Disposition: attachment; filename*2=.pdf; filename*0*=utf-8''a%20; filename*1=b",
         "a b.pdf"),
        ('Content-Disposition: attachment; filename="a;b=c.pdf"', "a;b=c.pdf"),
        ("Content-Disposition: attachment; filename==?utf-8?B?w7wucGRm?=", "ü.pdf"),
        ('Content-Disposition: attachment; filename="100%25.pdf"', "100%25.pdf"),
        ("Content-Disposition: attachment; filename*=utf-8''it%27s.pdf", "it's.pdf"),
    ],
)  # fmt: skip
def test_a_file_keeps_its_name(head: str, name: str) -> None:
    mail = mixed(HI, f"{head}\n\nabc")
    assert [one.filename for one in mail.attachments] == [name]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (">\n> a \n> b\n>", ">\n> a b\n>"),
        (" >not quoted\n From me", ">not quoted\nFrom me"),
        ("text \nmore\n-- \nAnn \nB", "text more\n-- \nAnn B"),
        ("one \nto be continued ", "one to be continued "),
    ],
)
def test_flowed_lines_are_put_together(body: str, text: str) -> None:
    mail = message(f"Content-Type: text/plain; charset=utf-8; Format=Flowed\n\n{body}")
    assert mail.text == text


#: Rules of such a number that only the first hundred would be applied, if each of them mattered.
SIZES = "".join(f".w{number}{{width:{number}px}}" for number in range(1, 200))


@pytest.mark.parametrize(
    "markup",
    [
        '<p style="display:/* for all */none">no</p>yes',
        '<span style="max-width:0;overflow:hidden;display:inline-block">no</span>yes',
        "<style><!-- /* {} */ .x/**/{display:none} --></style><p class=x>no</p>yes",
        "<style>.a .b{display:none}.b{display:block}</style><b class=a><i class=b>no</i></b>yes",
        "<iframe>no</iframe>yes",
        "<datalist><option>no</datalist>yes",
        "<style>[data-x='1']{display:none}</style><p data-x=1>no</p>yes",
        '<table><tr style="visibility:collapse"><td>no</td></tr><tr><td>yes</td></tr></table>',
        "<style>.m{display:none}@media (max-width:9px){.m{color:red}}</style><p class=m>no</p>yes",
        '<p style="display&#58;none">no</p>yes',
        "<style>} p{color:red} } .x{display:none}</style><p class=x>no</p>yes",
        "<style>.y[={display:none}.x{display:none}</style><p class=x>no</p>yes",
        "<style>.y:is(.a,.b){display:none}.x{display:none}</style><p class=x>no</p>yes",
        "<style>p:hover,,p::before{display:none}.x{display:none}</style><b class=x>no</b><p>yes",
        "<style>@media\nscreen{.x{display:none}}</style><p class=x>no</p>yes",
        '<p style="display:none!important;display:block">no</p>yes',
        '<p style="height:0;overflow-y:hidden">no</p>yes',
        "<style>.x{overflow:hidden}</style><p class=x style='height:0'>no</p>yes",
        f"<style>{SIZES}.x{{display:none}}</style><p class=x>no</p>yes",
        "<style>.a .b i{display:none}</style><p class=a><u class=b><u><i>no</i></u></u></p>yes",
        "<style>.a  >  p i{display:none}</style><div class=a><p><u><i>no</i></u></div>yes",
        "<style>div .a>p+u{display:none}</style><div><div class=a><p></p><u>no</u></div></div>yes",
        "<style>[title='a b'] i{display:none}</style><p title='a b'><i>no</i></p>yes",
    ],
)
def test_hidden_text_is_not_read(markup: str) -> None:
    assert message(f"Content-Type: text/html; charset=utf-8\n\n{markup}").html_text == "yes"


@pytest.mark.parametrize(
    "markup",
    [
        "<style>p .a .b{display:none}</style><p><i class=b>yes",
        "<style>.a .a .b{display:none}</style><p class=a><i class=b>yes",
        "<style>div>.a .b{display:none}</style><div><p><u class=a><i class=b>yes",
        "<style>.a p>.b{display:none}</style><p class=a><i class=b>yes",
        "<style>[hidden]{display:block}</style><p hidden>yes",
        "<style>b{font-size:9px}</style><p style='font-size:0'>no<b>yes",
        f"<style>p{{display:none}} {'.a ' * 200}p{{display:none}}p{{display:block}}</style><p>yes",
    ],
)
def test_text_that_is_shown_is_read(markup: str) -> None:
    assert message(f"Content-Type: text/html; charset=utf-8\n\n{markup}").html_text == "yes"


URL = "https://example.org/v/a"


@pytest.mark.parametrize(
    "body",
    [
        f"لینک: {URL}، بعد", f"यहाँ {URL}।", f"คลิก{URL}เพื่อ", f"地址：{URL}；请", f"『{URL}』",
        f"{URL}〜まで", f"„{URL}“", f"[x]({URL} \"title\")", f"{URL}\u3000次", f"{URL}→",
    ],
)  # fmt: skip
def test_a_link_ends_in_many_languages(body: str) -> None:
    assert message(f"Content-Type: text/plain; charset=utf-8\n\n{body}\n").link() == URL


@pytest.mark.parametrize(
    ("field", "specs", "complains"),
    [
        ("(c)Bob(c)<(c)bob(c)@(c)example.com(c)>(c)", ["bob@example.com"], False),
        ("Bob < @a.example , @b.example : bob@example.com >", ["bob@example.com"], False),
        ("G: <@x.example:a@example.com>;", ["a@example.com"], False),
        (" , a@example.com,, b@example.com, ", ["a@example.com", "b@example.com"], False),
        ("bob@[IPv6:2001:db8::1]", ["bob@[IPv6:2001:db8::1]"], False),
        ('"bob..b".c@example.com', ['"bob..b".c@example.com'], False),
        ("ann.@example.org", ["ann.@example.org"], True),
        ("a..b@example.org", ["a..b@example.org"], True),
        ("bob@example.com.", ["bob@example.com."], True),
        ("[Acme] Support <s@example.org>", ["s@example.org"], True),
    ],
)
def test_an_address_is_read_in_all_its_forms(field: str, specs: list[str], complains: bool) -> None:
    mail = message(f"To: {field}\n\nHi\n")
    assert (list(mail.to), bool(mail.defects)) == (specs, complains)


@pytest.mark.parametrize(
    ("kind", "inner"),
    [
        ("message/rfc822", b"Content-Type: a/b; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--"),
        ("message/rfc822", b"SUBJECT : x\r\n\r\n..\r\n.\r\n\r\n"),
        ("message/rfc822", b"Content-Type: message/rfc822\r\n\r\nSubject:deep\r\n\r\nx"),
        ("message/global", "Subject: grüße \r\n\r\nx".encode()),
        ("message/partial; id=1; number=1", b"Subject:x\r\n\r\nx"),
    ],
)  # fmt: skip
def test_a_message_within_is_not_changed(kind: str, inner: bytes) -> None:
    head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
    mail = message(f"{head}{kind}\r\n\r\n".encode() + inner + b"\r\n--b--\r\n")
    assert [one.content for one in mail.attachments] == [inner]


@pytest.mark.parametrize(
    ("charset", "octets", "is_declared"),
    [
        ("utf-8", b"\xff\xfe", False),
        ("utf-8", b"\xfe\xff\x00a", False),
        ("utf-16", b"\xef\xbb\xbfa", False),
        ("utf-8", b"\xef\xbb\xbfa", True),
        ("utf-16", b"\xff\xfea\x00", True),
        ("utf-16", b"\xfe\xff\x00a", True),
    ],
)
def test_a_byte_order_mark_that_contradicts_the_charset_is_a_problem(
    charset: str, octets: bytes, is_declared: bool
) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64"
    mail = message(f"{head}\r\n\r\n".encode() + base64.b64encode(octets))
    found = [one for one in mail.problems if one.code == "bad-encoding"]
    assert len(found) == (not is_declared)


def test_a_link_and_an_attachment_are_shown_short() -> None:
    long = "x" * 1_000
    mail = message(
        f"Content-Type: application/pdf; name={long}\r\n\r\nhttp://a.test/{long}\r\n".encode()
    )
    other = message(f"\r\nhttp://a.test/{long}\r\n".encode())
    assert len(repr(mail.attachments[0])) < 250
    assert len(repr(other.links[0])) < 350
