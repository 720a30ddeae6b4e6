"""Well-formed mail, read through the guarded view."""

import pytest

from tests.making import message


def test_the_bodies_of_nested_alternatives_are_found() -> None:
    mail = message(
        "Content-Type: multipart/mixed; boundary=a\n\n"
        "--a\nContent-Type: multipart/related; boundary=b\n\n"
        "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
        "--c\nContent-Type: text/plain\n\nplain\n"
        "--c\nContent-Type: text/html\n\n<p>rich</p>\n"
        "--c--\n"
        "--b\nContent-Type: image/png\nContent-ID: <logo>\n\nPNG\n"
        "--b--\n"
        "--a\nContent-Disposition: attachment; filename=notes.txt\n\nnotes\n"
        "--a--\n"
    )
    assert (mail.text, mail.html, mail.html_text) == ("plain", "<p>rich</p>", "rich")
    logo, notes = mail.attachments
    assert (logo.content_type, logo.content_id, logo.is_inline) == ("image/png", "logo", True)
    assert (notes.filename, notes.content, notes.is_inline) == ("notes.txt", b"notes", False)
    assert mail.defects == ()


def test_a_forwarded_message_is_not_mistaken_for_the_body() -> None:
    inner = b"Subject: inner\r\n\r\nFrom here on\r\nit is inner.\r\n"
    mail = message(
        b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nouter text\r\n--x--\r\n"
    )
    assert (mail.subject, mail.text) == ("outer", "outer text")
    (forwarded,) = mail.attachments
    assert (forwarded.content_type, forwarded.content) == ("message/rfc822", inner)


def test_a_message_that_is_a_forwarded_one_has_no_body() -> None:
    mail = message("Content-Type: message/rfc822\n\nSubject: inner\n\ninner text\n")
    assert (mail.text, mail.html) == ("", "")
    assert mail.attachments[0].content == b"Subject: inner\r\n\r\ninner text\r\n"


def test_an_attached_text_is_not_a_body() -> None:
    mail = message("Content-Disposition: attachment\n\nattached\n")
    assert mail.text == ""
    assert mail.attachments[0].content == b"attached\r\n"


@pytest.mark.parametrize(
    ("sent", "subject"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=", "Grüße an alle"),
        ("=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?iso-8859-1*en?q?Gr=FC=DFe?=", "Grüße"),
        ("=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße"),
        ("=?utf-8?q?a?=\n =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b"),
        ("=?utf-8?q?a?=\n =?iso-8859-1?q?=FC?=", "aü"),
        ("a long\n subject\n\tfolded twice", "a long subject\tfolded twice"),
        ("\n starts on the next line", "starts on the next line"),
        ("  spaces around \t", "spaces around"),
        ("100%=?no word", "100%=?no word"),
    ],
)
def test_a_subject_is_decoded_and_unfolded(sent: str, subject: str) -> None:
    mail = message(f"Subject: {sent}\n\nbody\n")
    assert mail.subject == mail["subject"] == subject
    assert mail.defects == ()


def test_header_fields_are_kept_as_they_were_sent() -> None:
    mail = message("A:  1\nB: two\n  folded\na: =?utf-8?q?x?=\nC:\n\nbody\n")
    assert mail.headers == (
        ("A", "1"),
        ("B", "two\r\n  folded"),
        ("a", "=?utf-8?q?x?="),
        ("C", ""),
    )
    assert mail["A"] == "1"
    assert mail["D"] is None


@pytest.mark.parametrize(
    ("field", "specs"),
    [
        ("ann@example.org", ("ann@example.org",)),
        ("Ann <ann@example.org>, bob@example.org", ("ann@example.org", "bob@example.org")),
        ('"B, Ann" <ann@example.org>', ("ann@example.org",)),
        ("=?utf-8?q?B=2C_Ann?= <ann@example.org>", ("ann@example.org",)),
        (
            "Friends: ann@example.org, Bob <bob@example.org>;",
            ("ann@example.org", "bob@example.org"),
        ),
        ("ann@example.org (Ann)", ("ann@example.org",)),
        ("ann@example.org (Ann, that is)", ("ann@example.org",)),
        ('"ann@home" <ann@example.org>', ("ann@example.org",)),
        ("(ann@home) Ann <ann@example.org>", ("ann@example.org",)),
        ("ann@example.org, Bob <bob@example.org>", ("ann@example.org", "bob@example.org")),
        ("ann@example.org,, bob@example.org,", ("ann@example.org", "bob@example.org")),
        ("ann@[127.0.0.1]", ("ann@[127.0.0.1]",)),
        ("Ann <ann@[IPv6:::1]>", ("ann@[IPv6:::1]",)),
        ('"a b"@example.org', ('"a b"@example.org',)),
        ("jürgen@bücher.test", ("jürgen@bücher.test",)),
        ("a@b.test,\n c@d.test", ("a@b.test", "c@d.test")),
        ("a@b.test\nTo: c@d.test", ("a@b.test", "c@d.test")),
    ],
)
def test_addresses_are_the_addr_specs(field: str, specs: tuple[str, ...]) -> None:
    mail = message(f"To: {field}\n\nbody\n")
    assert mail.to == specs
    assert mail.defects == ()


def test_blind_recipients_are_those_whom_no_field_names() -> None:
    mail = message(
        "To: Ann <ann@EXAMPLE.org>\nCc: bob@example.org\nBcc: eve@example.org\n\nbody\n",
        rcpt_to=["ann@example.org", "bob@example.org", "eve@example.org", "Bob@example.org"],
    )
    assert mail.blind_recipients == ("eve@example.org", "Bob@example.org")


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ("attachment; filename=a.txt", "a.txt"),
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ("attachment; filename*0=very; filename*1=long.txt", "verylong.txt"),
        ('attachment; filename="=?utf-8?q?Gr=C3=BC=C3=9Fe=2Etxt?="', "Grüße.txt"),
        ("attachment", ""),
    ],
)
def test_a_file_name_is_decoded(disposition: str, filename: str) -> None:
    mail = message(f"Content-Disposition: {disposition}\n\nbody\n")
    assert mail.attachments[0].filename == filename


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("7bit", "one\ntwo\n", "one\ntwo\n"),
        ("8bit", "Grüße\n", "Grüße\n"),
        ("quoted-printable", "Gr=C3=BC=C3=9Fe=\n!\n", "Grüße!\n"),
        ("base64", "R3LDvMOf\nZQ0KCg==\n", "Grüße\n\n"),
    ],
)
def test_a_body_is_decoded_and_has_lf(encoding: str, body: str, text: str) -> None:
    mail = message(
        f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n{body}"
    )
    assert (mail.text, mail.defects) == (text, ())


def test_the_library_s_own_parse_is_at_hand() -> None:
    mail = message("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nbody\n")
    assert mail.email["Subject"] == "Grüße"
    assert mail.email.get_content().splitlines() == ["body"]
    assert mail.email is mail.email
