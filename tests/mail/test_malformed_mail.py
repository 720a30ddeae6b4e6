"""Malformed mail never raises: the raw value is the fallback, and `defects` says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.making import everything, message

BODY = "\nbody\n"


@pytest.mark.parametrize(
    ("raw", "addresses"),
    [
        ('"', ('"',)),
        ("a@[", ("a@[",)),
        ("a@", ("a@",)),
        ("@", ("@",)),
        ("<", ("<",)),
        ("nobody in particular", ("nobody in particular",)),
        ("Ann <ann>", ("Ann <ann>",)),
        ("ann@", ("ann@",)),
        ("ann@example.org bob@example.org", ("ann@example.org bob@example.org",)),
        ("=?utf-8?q?J=C3=BCrgen?=", ("Jürgen",)),
        ("(" * 100_000, ("(" * 100_000,)),
        ("x" * 2_000_000, ("x" * 2_000_000,)),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_field_that_holds_no_address_gives_its_raw_value_and_a_defect(
    raw: str, addresses: tuple[str, ...]
) -> None:
    mail = message(f"To: {raw}\n{BODY}")
    assert mail.to == addresses
    assert mail.defects == (f"To has no address: {addresses[0]}",)
    assert mail.blind_recipients == ("ann@example.org",)


@pytest.mark.parametrize("raw", ["", "undisclosed-recipients:;", "Friends: ;"])
def test_an_empty_group_is_not_a_defect(raw: str) -> None:
    mail = message(f"To: {raw}\n{BODY}")
    assert (mail.to, mail.defects) == ((), ())


def test_a_message_id_in_brackets_is_kept_as_it_was_sent() -> None:
    mail = message(f"Message-ID: <[x]>\n{BODY}")
    assert mail["Message-ID"] == "<[x]>"
    assert mail.text == "body\n"


@pytest.mark.parametrize(
    "charset", ["nope", "undefined", "idna", "rot13", "base64", "\0", "x y", "ü", "utf-8\udcff"]
)
def test_an_unknown_charset_is_taken_for_utf_8(charset: str) -> None:
    mail = message(f'Content-Type: text/plain; charset="{charset}"\n\nGrüße \udcff\n')
    assert mail.text == "Grüße \ufffd\n"
    assert any("charset" in defect for defect in mail.defects)


def test_octets_that_are_not_in_their_charset_are_a_defect() -> None:
    mail = message("Content-Type: text/plain; charset=us-ascii\n\nGr\udcfc\udcdfe\n")
    assert mail.text == "Grüße\n"
    assert mail.defects == ("text that is not in its charset 'us-ascii'",)


def test_lone_surrogates_are_not_text() -> None:
    mail = message("Content-Type: text/html; charset=utf-7\n\n<p>+2AA-</p>\n")
    assert mail.html_text == "\ufffd"
    assert mail.defects == ("text that is not in its charset 'utf-7'",)


def test_a_charset_may_have_a_charset_and_a_language_of_its_own() -> None:
    mail = message("Content-Type: text/plain; charset*=us-ascii'en'iso-8859-1\n\nGr\udcfc\udcdfe\n")
    assert (mail.text, mail.defects) == ("Grüße\n", ())


@pytest.mark.parametrize("value", ["multipart/mixed", "multipart/alternative; charset=utf-8"])
def test_a_multipart_without_a_boundary_is_text(value: str) -> None:
    mail = message(f"Content-Type: {value}\n\n--x\n\none\n--x--\n")
    assert mail.text == "--x\n\none\n--x--\n"
    assert mail.attachments == ()
    assert mail.defects[0] == ("a multipart has no boundary parameter")


def test_a_multipart_that_does_not_end_has_the_parts_that_came() -> None:
    mail = message("Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo\n")
    assert mail.text == "one\ntwo"
    assert mail.attachments == ()
    assert mail.defects == ("a multipart has no close delimiter",)


@pytest.mark.parametrize(
    ("encoded", "text"), [("YWJ!j=", "abc"), ("YWJjZ", "abc"), ("YWJ", "ab"), ("!", "")]
)
def test_wrong_base64_gives_what_can_be_decoded_and_a_defect(encoded: str, text: str) -> None:
    mail = message(f"Content-Transfer-Encoding: base64\n\n{encoded}\n")
    assert mail.text.rstrip("\n") == text.rstrip("\n")
    assert any("base64" in defect for defect in mail.defects)


def test_text_that_a_list_appends_to_base64_is_not_part_of_it() -> None:
    mail = message(
        "Content-Transfer-Encoding: base64\n\naGVsbG8=\n____________\nthe mailing list\n"
    )
    assert mail.text == "hello"
    assert mail.defects == ("base64 text goes on after its padding",)


@pytest.mark.parametrize("name", ["uuencode", "x-uuencode", "x-uue"])
def test_a_uuencoded_file_is_decoded(name: str) -> None:
    mail = message(
        f"Content-Type: a/b\nContent-Transfer-Encoding: {name}\n\n"
        "begin 644 hello.txt\n+:&5L;&\\@=V]R;&0 \n`\nend\n"
    )
    assert [one.content for one in mail.attachments] == [b"hello world"]
    assert mail.defects == ()


def test_wrong_uuencoded_text_is_left_as_it_is_and_a_defect() -> None:
    mail = message("Content-Transfer-Encoding: x-uue\n\nbegin 644 a\n\x7f\x7f\nend\n")
    assert mail.text == "begin 644 a\n\x7f\x7f\nend\n"
    assert mail.defects == ("uuencoded text has a line that is not uuencoded",)


@pytest.mark.parametrize("encoded", ["a=ZZb", "a=3", "=", "100% = all"])
def test_wrong_quoted_printable_is_left_as_it_is_and_a_defect(encoded: str) -> None:
    mail = message(f"Content-Transfer-Encoding: quoted-printable\n\n{encoded}x\n")
    assert mail.text.startswith(encoded[0])
    assert mail.defects == ("quoted-printable text has an equals sign that begins no escape",)


@pytest.mark.parametrize("encoded", ["a=3Db", "a=3db", "soft=\nbreak", "soft= \t\nbreak", "end="])
def test_good_quoted_printable_is_not_a_defect(encoded: str) -> None:
    mail = message(f"Content-Transfer-Encoding: Quoted-Printable\n\n{encoded}\n")
    assert mail.defects == ()


def test_raw_octets_in_a_header_are_replaced_and_are_a_defect() -> None:
    mail = message(f"Subject: Gr\udcfc\udcdfe\nFrom: J\udcfc <j@example.org>\n{BODY}")
    assert mail.subject == "Gr\ufffd\ufffde"
    assert mail.headers[0] == ("Subject", "Gr\udcfc\udcdfe")
    assert mail.from_ == "j@example.org"
    assert mail.defects == (
        "Subject has octets that are not UTF-8",
        "From has octets that are not UTF-8",
    )


def test_raw_utf_8_in_a_header_is_text() -> None:
    mail = message(f"Subject: Grüße\n{BODY}")
    assert (mail.subject, mail.defects) == ("Grüße", ())


@pytest.mark.parametrize(
    "words",
    [
        "=?nope?q?a?=",
        "=?\0?q?a?=",
        "=?undefined?q?a?=",
        "=?idna?q?a=ff?=",
        "=?utf-8?b?YWJjZ?=",
    ],
)
def test_encoded_words_that_cannot_be_decoded_stay_as_they_are(words: str) -> None:
    mail = message(f"Subject: see {words} there\n{BODY}")
    assert mail.subject == f"see {words} there"
    shown = words.replace("\0", r"\x00")
    assert mail.defects == (f"Subject has encoded words that cannot be decoded: {shown}",)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("=?utf-7?q?+2AA-?=", "\ufffd"),
        ("=?utf-8?q?a=ffb?=", "a\ufffdb"),
        ("=?us-ascii?q?=e9?=", "é"),
    ],
)
def test_characters_that_are_not_in_the_charset_do_not_affect_others(word: str, text: str) -> None:
    mail = message(f"Subject: see {word} there\n{BODY}")
    assert mail.subject == f"see {text} there"
    assert mail.defects == (f"Subject has encoded words that cannot be decoded: {word}",)


def test_a_line_without_a_colon_ends_the_header_of_a_part() -> None:
    mail = message(
        "Content-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/plain\nno field\n\ntext\n--b--\n"
    )
    assert mail.text == "no field\n\ntext"
    assert mail.defects == ("the header has a line that is not a field; the body begins there",)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("text/plain; charset", "a parameter without a value: charset"),
        ("text/plain; name*0=a; name*2=c", "a parameter 'name' with a missing segment"),
    ],
)
def test_a_parameter_that_is_not_whole_is_a_defect(value: str, said: str) -> None:
    mail = message(f"Content-Type: {value}\n{BODY}")
    assert (mail.text, mail.defects) == ("body\n", (f"Content-Type has {said}",))


def test_a_link_to_no_url_is_given_as_it_stands() -> None:
    base = '<base href="https://x.example/">'
    mail = message(f'Content-Type: text/html\n\n{base}<a href="https://[::1">Go</a>\n')
    assert [(one.url, one.text) for one in mail.links] == [("https://[::1", "Go")]


def test_a_line_without_a_colon_ends_the_header() -> None:
    mail = message("Subject: one\nno colon here\nTo: ann@example.org\n\nbody\n")
    assert mail.subject == "one"
    assert mail.to == ()
    assert mail.text == "no colon here\nTo: ann@example.org\n\nbody\n"
    assert "the header has a line that is not a field; the body begins there" in mail.defects


@pytest.mark.parametrize("content", ["", "\n", "\n\n", "body without a header\n", ":\n\n", " x\n"])
def test_content_may_be_next_to_nothing(content: str) -> None:
    mail = message(content)
    assert everything(mail)["subject"] == ""


def test_ten_megabytes_in_one_line_are_read() -> None:
    line = "x" * 10_000_000
    assert message(f"Subject: s\n\n{line}\n").text == f"{line}\n"
    assert message(f"Subject: {line}\n\nbody\n").subject == line


def nested(count: int) -> str:
    heads = (f'Content-Type: multipart/mixed; boundary="b{i}"\n\n--b{i}\n' for i in range(count))
    return "".join(heads) + "Content-Type: text/plain\n\ninnermost\n"


def test_parts_are_found_at_some_depth() -> None:
    assert message(nested(50)).text == "innermost"


def test_parts_are_found_far_below_the_top() -> None:
    mail = message(f"Subject: deep\n{nested(9_000)}")
    assert mail.text == "innermost"


def test_the_first_of_very_many_defects_are_listed_and_the_rest_counted() -> None:
    mail = message(nested(9_000))
    assert mail.defects == ("a multipart has no close delimiter", "and 8900 more")
    assert len([problem for problem in mail.problems if problem.code == "unparsable"]) == 101


def test_defects_that_are_not_listed_are_counted_by_their_kind() -> None:
    fields = "".join(f"X-{number}: =?utf-8?b?=FF{number}?=\n" for number in range(101))
    mail = message(f"{fields}To: <\n{BODY}")
    counted = [problem for problem in mail.problems if problem.text.startswith("and 1 more")]
    assert [problem.code for problem in counted] == ["bad-encoding", "unparsable"]


@pytest.mark.parametrize("count", [100, 200, 300, 400, 1000])
def test_forwarded_messages_may_be_nested_at_any_depth(count: int) -> None:
    mail = message("Content-Type: message/rfc822\n\n" * count + "innermost\n")
    assert "innermost" in mail.text or b"innermost" in mail.attachments[0].content
    everything(mail)


FRAGMENTS = st.sampled_from(
    [
        b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b"=", b'"', b"<", b">", b"@",
        b"[", b"]", b"(", b")", b"\\", b",", b"'", b"*", b"%", b"?", b"=?", b"?=", b"\0", b"\xff",
        b"To: ", b"\r\nFrom: ", b"\r\nSubject: ", b"\r\nMessage-ID: ", b"\r\nDate: ",
        b"\r\nContent-Type: ", b"multipart/mixed", b"; boundary=", b"x", b"\r\n--x\r\n",
        b"\r\n--x--\r\n", b"text/plain", b"text/html", b"message/rfc822",
        b"message/delivery-status",
        b"; charset=", b"utf-8", b"utf-7", b"iso-8859-1", b"nope", b"; name*0*=", b"utf-8''%ff",
        b"\r\nContent-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode", b"8bit",
        b"\r\nContent-Disposition: ", b"attachment", b"inline", b"; filename=", b"; filename*=",
        b"\r\nContent-ID: ", b"=?utf-8?q?", b"=?utf-8?b?", b"<a href=", b"http://[", b"</p>",
        b"<!--",
        b"begin 666 x\r\n", b"\xc3\xbc", b"a@b.test",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(FRAGMENTS | st.binary(max_size=5), max_size=30).map(b"".join))
def test_reading_never_raises_whatever_the_content(content: bytes) -> None:
    mail = message(content)
    everything(mail)
    assert mail.content == content
