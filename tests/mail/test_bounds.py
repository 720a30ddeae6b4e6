"""Of more than any mailer makes, the rest stays as it was sent, and a defect says so."""

from __future__ import annotations

import pytest

from tests.making import message

WORD = "=?utf-8?q?caf=C3=A9?="
ADDRESS = f"{WORD} <ann@x.test>"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def test_of_very_many_fields_the_rest_is_body() -> None:
    mail = message(b"X-A: 1\r\n" * 10_000 + b"Subject: late\r\n\r\nbody\r\n")
    assert len(mail.headers) == 10_000
    assert mail.text == "Subject: late\n\nbody\n"
    assert mail.defects == ("the header has more than 10,000 fields; the body begins after these",)


def test_so_many_fields_are_no_defect() -> None:
    mail = message(b"X-A: 1\r\n" * 9_999 + b"Subject: in time\r\n\r\nbody\r\n")
    assert (mail.subject, mail.text, mail.defects) == ("in time", "body\n", ())


@pytest.mark.parametrize("name", ["Subject", "To", "References"])
def test_of_very_long_encoded_values_nothing_is_decoded(name: str) -> None:
    sent = f"{WORD} " * 25_000
    mail = message(f"{name}: {sent}\r\nX-Other: {WORD}\r\n\r\nbody\r\n".encode())
    assert mail[name] == sent.strip()
    assert mail["X-Other"] == "café"
    assert any("more than 500,000 characters in encoded values" in one for one in mail.defects)
    assert any("more than 500,000 characters" in one.text for one in mail.problems)


def test_a_very_long_value_that_is_not_encoded_is_read() -> None:
    mail = message(f"X-Long: {'a ' * 500_000}\r\nSubject: {WORD}\r\n\r\nbody\r\n".encode())
    assert len(mail["X-Long"] or "") == 999_999
    assert (mail.subject, mail.defects) == ("café", ())


def test_addresses_in_a_very_long_encoded_value_stay_as_sent() -> None:
    sent = ",".join([ADDRESS] * 20_000)
    mail = message(f"To: {sent}\r\nCc: {sent[:60]}\r\n\r\nbody\r\n".encode())
    assert mail.to == (sent,)
    assert mail.cc[0] == "ann@x.test"


@pytest.mark.parametrize("fields", [1, 40])
def test_of_very_many_addresses_the_rest_is_one_entry_of_each_field(fields: int) -> None:
    entry = "Ann (her) <ann@x.test>,"
    count = 20_000 // fields
    mail = message(f"To: {entry * count}\r\n".encode() * fields + b"\r\nbody\r\n")
    read = [one for one in mail.to if one == "ann@x.test"]
    rest = [one for one in mail.to if one != "ann@x.test"]
    assert 1_000 < len(read) < 10_000
    assert len(read) + sum(one.count("ann@x.test") for one in rest) == 20_000
    assert mail.defects == ("To has very many addresses: what follows is not taken apart",)


def test_of_one_address_with_very_many_words_nothing_is_lost() -> None:
    name = "Ann " * 20_000
    mail = message(f"To: {name}<ann@x.test>\r\n\r\nbody\r\n".encode())
    assert mail.to == (f"{name}<ann@x.test>",)
    assert mail.defects[0].startswith("To has no address: Ann Ann")


def test_of_very_many_parameters_the_rest_is_not_read() -> None:
    value = b"text/html; charset=utf-8" + b"; a=b" * 10_000
    mail = message(b"Content-Type: " + value + b"\r\n\r\n<p>caf\xc3\xa9</p>\r\n")
    assert mail.html_text == "café"
    assert any("Content-Type has" in one for one in mail.defects)


def test_of_parts_with_very_long_headers_the_rest_is_not_taken_apart() -> None:
    part = b"--b\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\npart\r\n"
    mail = message(MULTIPART + part * 10 + b"--b--\r\n")
    assert mail.text.count("part\n--b") == 6
    assert mail.text.count("part") == 10
    assert any("500,000 octets in their headers" in one for one in mail.defects)


def test_a_group_that_is_cut_off_is_no_group_without_end() -> None:
    mail = message(f"To: all: {'(her) ann@x.test,' * 20_000};\r\n\r\nbody\r\n".encode())
    assert mail.defects == ("To has very many addresses: what follows is not taken apart",)
