"""The commands, one row for each: how it is parsed, answered and carried out.

`parse` gets the argument and raises `Refusal` for one that is malformed. `answer` says what the
server replies of its own accord; only here are its limits applied. `accepted` does what it means
that the command was accepted, after the state has followed from `states.TRANSITIONS`; `declined`
does what it means that it was not, be it by a reply or by none. `malformed` is told of an argument
that could not be parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.records.reply import Reply

from . import replies
from .grammar import Refusal, forward_path, parameters, reverse_path

if TYPE_CHECKING:
    from .dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Path:
    """What MAIL and RCPT say."""

    address: str
    parameters: Mapping[str, str | None]


# The middle value is whatever `parse` makes of the argument; each row is consistent in itself.
Parse = Callable[["Dialogue", str], Any]
Answer = Callable[["Dialogue", Any], Reply]
Accepted = Callable[["Dialogue", Any, Reply], None]
Declined = Callable[["Dialogue", Any, "Reply | None"], None]
About = Callable[["Dialogue", Any], dict[str, Any]]


def parse_nothing(dialogue: Dialogue, argument: str) -> None:
    """Accept no argument."""
    if argument:
        raise Refusal(replies.NO_ARGUMENT_ALLOWED)


def parse_something(dialogue: Dialogue, argument: str) -> str:
    """Accept any argument but none."""
    if not argument:
        raise Refusal(replies.ARGUMENT_REQUIRED)
    return argument


def parse_anything(dialogue: Dialogue, argument: str) -> str:
    """Accept any argument or none."""
    return argument


def parse_user(dialogue: Dialogue, argument: str) -> str:
    """RFC 5321 section 4.1.1.6; RFC 6531 section 3.7.4.2: `[SP "SMTPUTF8"]` after UTF-8."""
    if not argument.isascii() and not (
        argument.upper().endswith(" SMTPUTF8") and dialogue.offers("SMTPUTF8")
    ):
        raise Refusal(replies.NEEDS_SMTPUTF8)
    return parse_something(dialogue, argument)


def parse_mail(dialogue: Dialogue, argument: str) -> Path:
    """RFC 5321 section 4.1.1.2: `MAIL FROM:<reverse-path> [SP <mail-parameters>]`."""
    address, rest = reverse_path(argument)
    given = parameters(rest)
    dialogue.check_parameters(given, "mail")
    if "SMTPUTF8" not in given and not argument.isascii():
        raise Refusal(replies.NEEDS_SMTPUTF8)
    return Path(address, given)


def parse_rcpt(dialogue: Dialogue, argument: str) -> Path:
    """RFC 5321 section 4.1.1.3: `RCPT TO:<forward-path> [SP <rcpt-parameters>]`."""
    address, rest = forward_path(argument)
    given = parameters(rest)
    dialogue.check_parameters(given, "rcpt")
    if not dialogue.is_utf8 and not argument.isascii():
        raise Refusal(replies.NEEDS_SMTPUTF8)
    return Path(address, given)


def answer_ehlo(dialogue: Dialogue, domain: str) -> Reply:
    """RFC 5321 section 4.1.1.1: our domain, then a line for each extension."""
    return dialogue.face.ehlo


def answer_helo(dialogue: Dialogue, domain: str) -> Reply:
    """RFC 5321 section 4.1.1.1: our domain, and no extensions."""
    return dialogue.offer.helo


def answer_mail(dialogue: Dialogue, mail: Path) -> Reply:
    """RFC 1870 section 6.1: a declared size over the maximum is refused at once."""
    limit = dialogue.offer.settings.max_message_size
    if 0 < limit < int(mail.parameters.get("SIZE") or 0):
        return replies.TOO_BIG
    return replies.SENDER_OK


def answer_rcpt(dialogue: Dialogue, recipient: Path) -> Reply:
    """RFC 5321 section 4.5.3.1.10: too many recipients are 452."""
    if dialogue.recipient_count >= dialogue.offer.settings.max_recipients:
        return replies.TOO_MANY_RECIPIENTS
    return replies.RECIPIENT_OK


def answer_help(dialogue: Dialogue, topic: str) -> Reply:
    """RFC 5321 section 4.1.1.8: what there is, whatever the topic."""
    return Reply(214, f"commands: {' '.join(COMMANDS)}", "2.0.0")


def greet_esmtp(dialogue: Dialogue, domain: str, reply: Reply) -> None:
    """Take note of who the client says it is; EHLO also resets (RFC 5321 section 4.1.4)."""
    dialogue.introduce(domain, is_esmtp=True)


def greet_smtp(dialogue: Dialogue, domain: str, reply: Reply) -> None:
    """The same for HELO, after which there are no extensions."""
    dialogue.introduce(domain, is_esmtp=False)


def begin(dialogue: Dialogue, mail: Path, reply: Reply | None) -> None:
    """Begin a transaction; one that was not accepted has ended already."""
    dialogue.begin(mail.address, mail.parameters, reply)


def add_recipient(dialogue: Dialogue, recipient: Path, reply: Reply) -> None:
    """Add a recipient."""
    dialogue.accept_recipient(recipient.address, recipient.parameters, reply)


def refuse_recipient(dialogue: Dialogue, recipient: Path, reply: Reply | None) -> None:
    """Note that a recipient was refused."""
    if reply is not None:
        dialogue.refuse_recipient(recipient.address, reply)


def refuse_malformed_recipient(dialogue: Dialogue, argument: str, reply: Reply | None) -> None:
    """To the client it is a recipient that was refused, whatever the reason."""
    if reply is not None and not reply.is_positive:
        dialogue.refuse_recipient(_address_in(argument), reply)


def _address_in(argument: str) -> str:
    try:
        return forward_path(argument)[0]
    except Refusal:
        return argument[len("TO:") :].strip("<> ")


def expect_content(dialogue: Dialogue, _: None, reply: Reply) -> None:
    """Note that the content may come."""
    dialogue.expect_content(reply)


def refuse_content(dialogue: Dialogue, _: None, reply: Reply | None) -> None:
    """Note that the content may not come."""
    if reply is not None:
        dialogue.refuse_content(reply)


def reset(dialogue: Dialogue, _: None, reply: Reply) -> None:
    """Forget the transaction."""
    dialogue.reset()


def leave(dialogue: Dialogue, _: None, reply: Reply) -> None:
    """End the session."""
    dialogue.end("quit")


def nothing(dialogue: Dialogue, _: object, reply: Reply | None) -> None:
    """Change nothing."""


def about_nothing(dialogue: Dialogue, _: object) -> dict[str, Any]:
    """Say no more than what is known of the session."""
    return {}


def about_sender(dialogue: Dialogue, mail: Path) -> dict[str, Any]:
    """Say whose transaction it is to be."""
    return {"mail_from": mail.address}


def about_recipient(dialogue: Dialogue, recipient: Path) -> dict[str, Any]:
    """Say who it is to be delivered to, after those accepted so far."""
    address = recipient.address
    return {"recipient": address, "rcpt_to": (*dialogue.recipients, address)}


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table."""

    parse: Parse
    answer: Answer
    accepted: Accepted = nothing
    declined: Declined = nothing
    malformed: Declined = nothing
    about: About = about_nothing
    #: The first digit of a reply that accepts it (RFC 5321 section 4.2.1).
    accepted_by: int = 2


def always(reply: Reply) -> Answer:
    """Return an `answer` that is the same at all times."""
    return lambda dialogue, parsed: reply


# fmt: off
COMMANDS: Mapping[str, Command] = {
    "EHLO": Command(parse_something, answer_ehlo,                  greet_esmtp),
    "HELO": Command(parse_something, answer_helo,                  greet_smtp),
    "MAIL": Command(parse_mail,      answer_mail,                  begin,          begin,
                    about=about_sender),
    "RCPT": Command(parse_rcpt,      answer_rcpt,                  add_recipient,  refuse_recipient,
                    malformed=refuse_malformed_recipient, about=about_recipient),
    "DATA": Command(parse_nothing,   always(replies.GO_AHEAD),     expect_content, refuse_content,
                    accepted_by=3),
    "RSET": Command(parse_nothing,   always(replies.OK),           reset),
    "NOOP": Command(parse_anything,  always(replies.OK)),
    "QUIT": Command(parse_nothing,   always(replies.BYE),          leave),
    "VRFY": Command(parse_user,      always(replies.NOT_VERIFIED)),
    "EXPN": Command(parse_user,      always(replies.NO_LISTS)),
    "HELP": Command(parse_anything,  answer_help),
}
# fmt: on
