"""Problems of a message's content: each row of the table finds its problem."""

import pytest

from pytest_smtpserver import SMTPAssertionError
from pytest_smtpserver.records.problems import KINDS
from tests.making import message

OUTSIDE_ASCII = "has characters outside US-ASCII"
HEADER = "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1@x.example>\nFrom: a@x.example\n"
HTML = "Content-Type: text/html\n\n<p>Hi\n"
MULTIPART = "Content-Type: multipart/alternative; boundary=B\n\n--B\n\nHi\n"


def problems(content: str | bytes, **parameters: str | None) -> list[tuple[str, str]]:
    made = message(content, parameters=parameters)
    return [(problem.code, problem.text) for problem in made.problems]


def test_a_correct_message_has_no_problems() -> None:
    assert problems(f"{HEADER}Subject: Hi\n\nHello\n", SIZE="999") == []
    message(f"{HEADER}\nHi\n").assert_no_problems()


@pytest.mark.parametrize(
    ("content", "parameters", "code", "text"),
    [
        (
            f"{HEADER}Bcc: eve@x.example\n\nHi\n", {}, "bcc-header",
            "Bcc, which every recipient can read, names eve@x.example (RFC 5322 section 3.6.3)",
        ),
        (
            f"{HEADER[HEADER.index('Message') :]}\nHi\n", {}, "missing-date",
            "there is no Date field (RFC 5322 section 3.6)",
        ),
        (
            HEADER.replace("Message-ID", "X-ID") + "\nHi\n", {}, "missing-message-id",
            "there is no Message-ID field (RFC 5322 section 3.6.4)",
        ),
        (
            HEADER.replace("From", "X-From") + "\nHi\n", {}, "missing-from",
            "there is no From field (RFC 5322 section 3.6)",
        ),
        (
            f"{HEADER}Subject: a\nSUBJECT: b\n\nHi\n", {}, "duplicate-header",
            "the header has 2 Subject fields (RFC 5322 section 3.6)",
        ),
        (
            f"{HEADER}\nHi\n".replace("\n", "\r\n").encode() + b"\nHo\n\r\n", {}, "bare-lf",
            "there is an LF without CR in line 6 (RFC 5322 section 2.3)",
        ),
        (
            f"{HEADER}\nHi\rHo\n", {}, "bare-cr",
            "there is a CR without LF in line 5 (RFC 5322 section 2.3)",
        ),
        (
            f"{HEADER}\n{'x' * 999}\n", {}, "long-line",
            "there are more than 998 octets in line 5 (RFC 5322 section 2.1.1)",
        ),
        (
            f"{HEADER}\nHi\nü\n", {}, "undeclared-8bit",
            "MAIL had no BODY=8BITMIME, but line 6 has an octet above 127 (RFC 6152 section 3)",
        ),
        (
            f"{HEADER}Subject: ü\n\nHi\n", {"BODY": "8BITMIME"}, "undeclared-utf8",
            f"MAIL had no SMTPUTF8, but Subject {OUTSIDE_ASCII}: ü (RFC 6531 section 3.4)",
        ),
        (
            f"{HEADER}\nHi\n", {"SIZE": "5"}, "wrong-size",
            "MAIL declared SIZE=5, but there are 90 octets (RFC 1870 section 6.3)",
        ),
        (
            HEADER + HTML, {}, "html-without-text",
            "there is an HTML body, but no plain-text body (advice)",
        ),
        (
            f"{HEADER}Content-Transfer-Encoding: base64\n\nYWJj*\n", {}, "bad-encoding",
            (
                "part 1 (text/plain): base64 text has characters that are not in its alphabet "
                "(RFC 2045 section 6, RFC 2047 section 5)"
            ),
        ),
        (
            f"{HEADER}Content-Transfer-Encoding: quoted-printable\n\na=ZZb\n", {}, "bad-encoding",
            (
                "part 1 (text/plain): quoted-printable text has an equals sign that begins no "
                "escape (RFC 2045 section 6, RFC 2047 section 5)"
            ),
        ),
        (
            f"{HEADER}Content-Transfer-Encoding: uuu\n\nHi\n", {}, "bad-encoding",
            (
                "part 1 (text/plain): unknown transfer encoding 'uuu' "
                "(RFC 2045 section 6, RFC 2047 section 5)"
            ),
        ),
        (
            f"{HEADER}Content-Type: text/plain; charset=nope\n\nHi\n", {}, "bad-encoding",
            (
                "part 1 (text/plain): text in the unknown charset 'nope' "
                "(RFC 2045 section 6, RFC 2047 section 5)"
            ),
        ),
        (
            f"{HEADER}Subject: =?nope?q?x?=\n\nHi\n", {}, "bad-encoding",
            (
                "Subject has encoded words that cannot be decoded: =?nope?q?x?= "
                "(RFC 2045 section 6, RFC 2047 section 5)"
            ),
        ),
        (
            HEADER + MULTIPART, {}, "unparsable",
            (
                "part 1 (multipart/alternative): a multipart has no close delimiter "
                "(RFC 5322 section 3.6, RFC 2046 section 5.1)"
            ),
        ),
        (
            f"{HEADER}To: nobody\n\nHi\n", {}, "unparsable",
            "To has no address: nobody (RFC 5322 section 3.6, RFC 2046 section 5.1)",
        ),
    ],
)  # fmt: skip
def test_each_is_found_and_says_what_and_where(
    content: str | bytes, parameters: dict[str, str | None], code: str, text: str
) -> None:
    assert problems(content, **parameters) == [(code, text)]


def test_a_header_line_that_is_not_a_field_is_found() -> None:
    found = problems(f"{HEADER}no field\n\nHi\n")
    said = "the header has a line that is not a field; the body begins there"
    source = "(RFC 5322 section 3.6, RFC 2046 section 5.1)"
    assert ("unparsable", f"{said} {source}") in found
    assert {code for code, _ in found} == {"unparsable"}


def test_declared_properties_are_not_a_problem() -> None:
    content = f"{HEADER}Subject: ü\n\nü\n"
    assert problems(content, BODY="8BITMIME", SMTPUTF8=None) == []
    binary = (
        HEADER.replace("\n", "\r\n").encode() + b"Content-Type: a/b\r\n\r\n\x80\n\r" + b"x" * 2000
    )
    assert problems(binary, BODY="BINARYMIME") == []


def test_the_crlf_that_smtplib_adds_after_counting_is_not_a_problem() -> None:
    content = f"{HEADER}\nHi\n".replace("\n", "\r\n")
    assert problems(content.encode(), SIZE=str(len(content) - 2)) == []
    assert [code for code, _ in problems(content.encode(), SIZE=str(len(content) - 3))] == [
        "wrong-size"
    ]


@pytest.mark.parametrize("value", ["", "undisclosed:;", " (nobody)"])
def test_a_bcc_field_that_names_nobody_is_allowed(value: str) -> None:
    assert problems(f"{HEADER}Bcc: {value}\n\nHi\n") == []


def test_998_octets_are_not_a_long_line() -> None:
    assert problems(f"{HEADER}\n{'x' * 998}\n") == []


def test_every_row_says_a_sentence_and_its_source() -> None:
    for kind in KINDS.values():
        assert kind.sentence.endswith(".")
        assert kind.source == "advice" or kind.source.startswith("RFC ")


def test_the_failure_names_the_first_problem_and_lists_all() -> None:
    with pytest.raises(SMTPAssertionError) as caught:
        message(f"Subject: Hi\n{HTML}").assert_no_problems(ignore=["missing-date", "missing-from"])
    assert str(caught.value) == (
        "missing-message-id: there is no Message-ID field (RFC 5322 section 3.6.4); and 1 more\n"
        "\n"
        "expected no problems; there are 2 problems of "
        "<Message 'Hi': app@example.org -> ann@example.org>:\n"
        "  missing-message-id: there is no Message-ID field (RFC 5322 section 3.6.4)\n"
        "  html-without-text: there is an HTML body, but no plain-text body (advice)"
    )


def test_problems_can_be_ignored() -> None:
    message("\n").assert_no_problems(ignore={"missing-date", "missing-from", "missing-message-id"})
    message("Message-ID: <1@x>\nFrom: a@x.example\n\n").assert_no_problems(ignore="missing-date")


def test_ignoring_an_unknown_code_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="'missing-dat' is not the code of a problem: the codes are bcc-header"
    ):
        message(HEADER).assert_no_problems(ignore=["missing-dat"])


def test_a_problem_shows_control_characters_and_is_not_endless() -> None:
    found = problems(f"{HEADER}Bcc: \x1b[31m{'x' * 2000}\n\nHi\n")
    text = dict(found)["bcc-header"]
    assert text.startswith(r"Bcc, which every recipient can read, names \x1b[31mxxx")
    assert len(text) < 350


def test_a_problem_has_a_short_repr() -> None:
    (problem,) = message(f"{HEADER}{HTML}").problems
    assert repr(problem).startswith("<Problem html-without-text: there is an HTML body")
