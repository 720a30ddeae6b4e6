"""The service extensions: what EHLO announces, and which parameters may be given with what values.

Tables have valid and invalid values; each is sent to the engine in a dialogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.settings import EXTENSIONS as OFFERED
from pytest_smtpserver.settings import Settings
from pytest_smtpserver.smtp import EXTENSIONS, Offer, SMTPEngine
from pytest_smtpserver.smtp.grammar import Refusal
from pytest_smtpserver.smtp.offer import ExtensionSet
from pytest_smtpserver.smtp.replies import echo
from tests.conversation import rule_book
from tests.present import present

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Unpack

    from pytest_smtpserver import ServerSettings

    Command = Literal["mail", "rcpt"]
    #: Values for each parameter of each command; `None` means without a value.
    Table = Mapping[tuple[Command, str], list[str | None]]


class Client:
    """Talks to an engine, one command at a time."""

    def __init__(self, **settings: Unpack[ServerSettings]) -> None:
        self.recorder = Recorder()
        self.offer = Offer(Settings().changed(settings))
        self.engine = SMTPEngine(self.offer, self.recorder, rule_book(self.offer), ("127.0.0.1", 1))
        self.engine.opened(0.0)
        self.heard()

    def heard(self) -> str:
        octets = b""
        while action := self.engine.next_action():
            octets += getattr(action, "octets", b"")
        return octets.decode()

    def say(self, *lines: str) -> str:
        for line in lines:
            self.engine.receive(line.encode() + b"\r\n", 0.0)
            reply = self.heard()
        return reply


def announced(extensions: ExtensionSet) -> list[str]:
    return extensions.ehlo.text.split("\n")[1:]


def refusal(
    extensions: ExtensionSet, command: Command, given: Mapping[str, str | None]
) -> str | None:
    """Return the reply that refuses these parameters, `None` if they are accepted."""
    try:
        extensions.check_parameters(given, command)
    except Refusal as refused:
        return str(refused.reply)
    return None


XTEXT_100 = "x" * 100

VALID: Table = {
    ("mail", "SIZE"): ["0", "12345678901234567890"],
    ("mail", "BODY"): ["7BIT", "8bitmime", "BinaryMIME"],
    ("mail", "SMTPUTF8"): [None],
    ("mail", "RET"): ["FULL", "HDRS", "hdrs"],
    ("mail", "ENVID"): ["QQ314159", "a+20b+3Dc", XTEXT_100],
    ("rcpt", "NOTIFY"): ["NEVER", "never", "SUCCESS", "SUCCESS,FAILURE,DELAY", "Delay,failure"],
    ("rcpt", "ORCPT"): [
        "rfc822;Bob@Example.COM",
        "rfc822;George+2BTax+3DME@Tax-ME.GOV",
        "utf-8;j\u00f6rg@example.com",
        r"utf-8;j\x{F6}rg@example.com",
        "x400;" + "x" * 489,
    ],
    ("mail", "BY"): ["120;R", "120;RT", "-60;N", "0;N", "+999999999;NT", "1;r"],
    ("mail", "MT-PRIORITY"): ["0", "9", "-9"],
    ("mail", "HOLDFOR"): ["1", "86400", "999999999"],
    ("mail", "HOLDUNTIL"): [
        "2026-12-31T23:59:59Z",
        "2028-02-29T00:00:00.25+01:00",
        "2026-12-31t23:59:60z",
    ],
    ("mail", "REQUIRETLS"): [None],
    ("mail", "AUTH"): ["<>", "e+3Dmc2@example.com"],
}

INVALID: Table = {
    ("mail", "SIZE"): [None, "-1", "1k", "123456789012345678901"],
    ("mail", "BODY"): [None, "9BIT"],
    ("mail", "SMTPUTF8"): ["yes"],
    ("mail", "RET"): [None, "BODY", "FULL,HDRS", "HDR\u017f"],
    ("mail", "ENVID"): [None, "a+2", "a+2b", "a+00b", "a+7Fb", XTEXT_100 + "x"],
    ("rcpt", "NOTIFY"): [None, "NEVER,SUCCESS", "SUCCESS,", ",DELAY", "ALWAYS", "SUCCESS;DELAY"],
    ("rcpt", "ORCPT"): [
        None,
        "Bob@Example.COM",
        "rfc822;",
        ";Bob@Example.COM",
        "rfc822;a+zzb",
        "rfc822;j\u00f6rg@example.com",
        "x400;" + "x" * 490,
    ],
    ("mail", "BY"): [None, "120", "120;", "120;X", "120;T", "0;R", "000;R", "-5;R", "1234567890;N"],
    ("mail", "MT-PRIORITY"): [None, "10", "-0", "+3", "high"],
    ("mail", "HOLDFOR"): [None, "0", "-1", "1h", "1234567890"],
    ("mail", "HOLDUNTIL"): [
        None,
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-12-31T24:00:00Z",
        "2026-12-31T23:59:59",
        "2026-12-31",
        "tomorrow",
    ],
    ("mail", "REQUIRETLS"): ["yes"],
    ("mail", "AUTH"): [None, "a+2", "j\u00f6rg@example.com"],
}  # fmt: skip


def cases(table: Table) -> list[tuple[Command, str, str | None]]:
    return [(*key, value) for key, values in table.items() for value in values]


@pytest.fixture(scope="module")
def offer() -> Offer:
    return Offer(Settings(auth="optional"))


def test_each_parameter_of_an_extension_has_valid_and_invalid_values_here() -> None:
    parameters = {
        (command, keyword)
        for row in EXTENSIONS.values()
        for command in ("mail", "rcpt")
        for keyword in getattr(row, command)
    }
    assert VALID.keys() == INVALID.keys() == parameters


@pytest.mark.parametrize(("command", "keyword", "value"), cases(VALID))
def test_a_good_value_is_accepted(
    offer: Offer, command: Command, keyword: str, value: str | None
) -> None:
    assert refusal(offer.under_tls, command, {keyword: value}) is None


@pytest.mark.parametrize(("command", "keyword", "value"), cases(INVALID))
def test_a_bad_value_is_refused_with_501(
    offer: Offer, command: Command, keyword: str, value: str | None
) -> None:
    reply = refusal(offer.under_tls, command, {keyword: value})
    assert reply == f"501 5.5.4 bad value for {keyword}: {echo(value or 'none')}"


@pytest.mark.parametrize("keyword", OFFERED)
def test_an_extension_that_was_taken_away_is_not_announced(keyword: str) -> None:
    extensions = Offer(Settings(extensions=(f"-{keyword}",))).under_tls
    assert keyword not in [line.split()[0] for line in announced(extensions)]


@pytest.mark.parametrize(
    ("keyword", "command", "parameter"),
    [
        (keyword, command, parameter)
        for keyword in OFFERED
        for command in ("mail", "rcpt")
        for parameter in getattr(EXTENSIONS[keyword], command)
        # Two extensions add values to it: see below.
        if parameter != "BODY"
    ],
)
def test_a_parameter_of_an_extension_that_was_taken_away_is_refused_with_555(
    keyword: str, command: Command, parameter: str
) -> None:
    extensions = Offer(Settings(extensions=(f"-{keyword}",))).under_tls
    for value in VALID[command, parameter]:
        assert refusal(extensions, command, {parameter: value}) == (
            f"555 5.5.4 parameter not recognized: {parameter}"
        )


@pytest.mark.parametrize(
    ("taken_away", "value", "code"),
    [
        (("-8BITMIME",), "8BITMIME", 555),
        (("-8BITMIME",), "BINARYMIME", None),
        (("-BINARYMIME",), "BINARYMIME", 555),
        (("-CHUNKING",), "BINARYMIME", 555),
        (("-CHUNKING",), "9BIT", 501),
        (("-8BITMIME", "-BINARYMIME"), "7BIT", 555),
    ],
)
def test_each_value_of_body_belongs_to_an_extension(
    taken_away: tuple[str, ...], value: str | None, code: int | None
) -> None:
    extensions = Offer(Settings(extensions=taken_away)).in_clear
    reply = refusal(extensions, "mail", {"BODY": value})
    assert reply is None if code is None else present(reply).startswith(str(code))


def test_ehlo_announces_what_is_offered_in_the_order_of_the_settings() -> None:
    client = Client(max_recipients=7, max_message_size=1000)
    assert client.say("EHLO client.example") == (
        "250-smtpserver.test\r\n"
        "250-PIPELINING\r\n"
        "250-SIZE 1000\r\n"
        "250-8BITMIME\r\n"
        "250-SMTPUTF8\r\n"
        "250-ENHANCEDSTATUSCODES\r\n"
        "250-CHUNKING\r\n"
        "250-BINARYMIME\r\n"
        "250-DSN\r\n"
        "250-DELIVERBY\r\n"
        "250-MT-PRIORITY\r\n"
        "250-FUTURERELEASE 999999999 9999-12-31T23:59:59Z\r\n"
        "250 LIMITS RCPTMAX=7\r\n"
    )


def test_the_settings_offer_extensions_of_the_table_in_its_order() -> None:
    assert [keyword for keyword in EXTENSIONS if keyword in OFFERED] == list(OFFERED)


def test_the_limit_of_recipients_is_announced_in_six_digits_at_most() -> None:
    extensions = Offer(Settings(max_recipients=12_345_678)).in_clear
    assert announced(extensions)[-1] == "LIMITS RCPTMAX=999999"


def test_requiretls_is_offered_under_tls_only(offer: Offer) -> None:
    assert "REQUIRETLS" in announced(offer.under_tls)
    assert "REQUIRETLS" not in announced(offer.in_clear)


def test_requiretls_in_clear_is_refused_as_unknown() -> None:
    client = Client()
    reply = client.say("EHLO client.example", "MAIL FROM:<a@example.com> REQUIRETLS")
    assert reply == "555 5.5.4 parameter not recognized: REQUIRETLS\r\n"


def test_a_message_is_held_for_a_time_or_until_one_but_not_both() -> None:
    client = Client()
    reply = client.say(
        "EHLO client.example",
        "MAIL FROM:<a@example.com> HOLDFOR=60 HOLDUNTIL=2026-12-31T23:59:59Z",
    )
    assert reply == "501 5.5.4 only one is allowed: HOLDFOR, HOLDUNTIL\r\n"


def set_of(*keywords: str) -> ExtensionSet:
    return ExtensionSet(Settings(), keywords, encrypted=False)


def test_binarymime_needs_chunking() -> None:
    assert announced(set_of("CHUNKING", "BINARYMIME")) == ["CHUNKING", "BINARYMIME"]
    assert announced(set_of("BINARYMIME")) == []


def test_body_takes_the_values_of_both_extensions_when_both_are_offered() -> None:
    extensions = set_of("8BITMIME", "CHUNKING", "BINARYMIME")
    for value in ("7BIT", "8BITMIME", "BINARYMIME"):
        assert refusal(extensions, "mail", {"BODY": value}) is None


def test_body_8bitmime_is_not_for_a_server_with_binarymime_alone() -> None:
    extensions = set_of("CHUNKING", "BINARYMIME")
    assert refusal(extensions, "mail", {"BODY": "BINARYMIME"}) is None
    refused = refusal(extensions, "mail", {"BODY": "8BITMIME"})
    assert refused == "555 5.5.4 parameter not recognized: BODY=8BITMIME"


def test_without_ehlo_there_are_no_parameters() -> None:
    client = Client()
    reply = client.say("HELO client.example", "MAIL FROM:<a@example.com> RET=FULL")
    assert reply == "555 5.5.4 parameter not recognized: RET\r\n"


def test_parameters_are_recorded_as_sent() -> None:
    client = Client()
    client.say(
        "EHLO client.example",
        "MAIL FROM:<a@example.com> ret=hdrs ENVID=QQ314159 BY=120;R MT-PRIORITY=3 HOLDFOR=60",
        "RCPT TO:<b@example.com> notify=Success,Delay ORCPT=rfc822;Bob@Example.COM",
    )
    [transaction] = client.recorder.transactions()
    assert transaction.envelope.parameters == {
        "RET": "hdrs", "ENVID": "QQ314159", "BY": "120;R", "MT-PRIORITY": "3", "HOLDFOR": "60",
    }  # fmt: skip
    assert transaction.envelope.rcpt_parameters == (
        {"NOTIFY": "Success,Delay", "ORCPT": "rfc822;Bob@Example.COM"},
    )


def longest_of(command: Command, parameter: str) -> int:
    values = VALID[command, parameter]
    return max(len(f" {parameter}={value}" if value else f" {parameter}") for value in values)


@pytest.mark.parametrize(("verb", "command"), [("MAIL", "mail"), ("RCPT", "rcpt")])
@pytest.mark.parametrize("keyword", OFFERED)
def test_a_command_line_may_be_longer_for_the_longest_parameters_of_an_extension(
    keyword: str, verb: str, command: Command
) -> None:
    row = EXTENSIONS[keyword]
    longest = {parameter: longest_of(command, parameter) for parameter in getattr(row, command)}
    excluding = [longest.pop(parameter, 0) for parameter in row.mail_excludes]
    assert sum(longest.values()) + max(excluding, default=0) <= getattr(row, f"{command}_octets")
    extensions = ExtensionSet(Settings(), [keyword, *row.needs], encrypted=True)
    offered = [row, *(EXTENSIONS[needed] for needed in row.needs)]
    longer = sum(getattr(each, f"{command}_octets") for each in offered)
    assert extensions.line_limit(verb) == 512 + longer


def test_a_command_line_that_is_longer_than_all_extensions_allow_is_refused() -> None:
    client = Client()
    client.say("EHLO client.example", "MAIL FROM:<a@example.com>")
    limit = 512 + sum(EXTENSIONS[keyword].rcpt_octets for keyword in OFFERED)
    begin = "RCPT TO:<"
    # The address, `>` and CRLF fill the line to the limit; a long local part is not refused.
    fits = begin + "x" * (limit - len(begin) - len("@example.com>\r\n")) + "@example.com>"
    assert client.say(fits) == "250 2.1.5 recipient OK\r\n"
    assert client.say(fits.replace("x@", "xx@")) == "500 5.5.2 command line too long\r\n"
