"""The commands, one row for each: how it is parsed, answered and carried out.

* `parse` gets the argument and raises `Refusal` if it is malformed.
* `answer` returns the server's own reply; the server's limits are applied only here.
* `accepted` carries out a command that was accepted. The state has already changed, as
  `states.TRANSITIONS` says.
* `declined` does what must be done if it was not accepted: it was refused, or got no reply.
* `unparsed` is called for a command that was refused without being parsed, or because it could not
  be parsed, if it was in order or came in the middle of a transaction.
* `begins` makes a command be answered later: after the client's last answer, or after a chunk.
* `when` says whether a server with these settings knows the command at all.

Everything else that depends on a command follows from its row: the stage of rules, HELP, whether
clients may pipeline after it. Only its place in the order of commands is in `states`, if it differs
from that of NOOP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.records.reply import Reply

from . import replies
from .arguments import (
    address_in,
    parse_anything,
    parse_bdat,
    parse_data,
    parse_mail,
    parse_nothing,
    parse_rcpt,
    parse_something,
    parse_starttls,
    parse_user,
    recipient_in,
    sender_in,
)
from .grammar import Refusal, legible, parameters, reverse_path
from .login import parse_auth, refused_at_once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_smtpserver.engine import Action
    from pytest_smtpserver.settings import Settings

    from .arguments import Chunk, PathArgument
    from .dialogue import Dialogue
    from .login import AuthRequest


# Whatever `parse` returns is passed to the row's other functions; each row is consistent in itself.
Parse = Callable[["Dialogue", str], Any]
Answer = Callable[["Dialogue", Any], Reply]
Accepted = Callable[["Dialogue", Any, Reply], None]
Declined = Callable[["Dialogue", Any, "Reply | None"], None]
Unparsed = Callable[["Dialogue", str, Reply], None]
When = Callable[["Settings"], bool]
Begins = Callable[["Dialogue", Any, str], "Iterable[Action]"]
Facts = Callable[["Dialogue", Any], dict[str, Any]]


def answer_ok(dialogue: Dialogue, _: object) -> Reply:
    """RFC 5321 section 4.2.3: 250, "Requested mail action okay, completed"."""
    return replies.OK


def answer_ehlo(dialogue: Dialogue, domain: str) -> Reply:
    """RFC 5321 section 4.1.1.1: our domain, then a line for each extension."""
    return dialogue.extensions.ehlo


def answer_helo(dialogue: Dialogue, domain: str) -> Reply:
    """RFC 5321 section 4.1.1.1: our domain, and no extensions."""
    return dialogue.offer.helo


def answer_mail(dialogue: Dialogue, mail: PathArgument) -> Reply:
    """RFC 1870 section 6.1: a declared size over the maximum is refused at once."""
    settings = dialogue.offer.settings
    if settings.tls_required and dialogue.session.tls is None:
        return replies.STARTTLS_FIRST
    if settings.auth == "required" and not dialogue.session.is_authenticated:
        return replies.AUTH_FIRST
    limit = settings.max_message_size
    if 0 < limit < int(mail.parameters.get("SIZE") or 0):
        return replies.TOO_BIG
    return replies.SENDER_OK


def answer_rcpt(dialogue: Dialogue, recipient: PathArgument) -> Reply:
    """RFC 5321 section 4.5.3.1.10: too many recipients are 452."""
    if dialogue.recipient_count >= dialogue.offer.settings.max_recipients:
        return replies.TOO_MANY_RECIPIENTS
    return replies.RECIPIENT_OK


def answer_help(dialogue: Dialogue, topic: str) -> Reply:
    """RFC 5321 section 4.1.1.8: "more specific information" on a command, or the list of all."""
    verb = topic.upper()
    if verb in dialogue.offer.commands:
        syntax = f"{verb} {dialogue.offer.commands[verb].syntax}".rstrip()
        return Reply(214, f"syntax: {syntax}", "2.0.0")
    return Reply(214, f"commands: {' '.join(dialogue.offer.commands)}", "2.0.0")


def greet_esmtp(dialogue: Dialogue, domain: str, reply: Reply) -> None:
    """Take note of who the client says it is; EHLO also resets (RFC 5321 section 4.1.4)."""
    dialogue.introduce(domain, reply, is_esmtp=True)


def greet_smtp(dialogue: Dialogue, domain: str, reply: Reply) -> None:
    """The same for HELO, after which there are no extensions."""
    dialogue.introduce(domain, reply, is_esmtp=False)


def begin(dialogue: Dialogue, mail: PathArgument, reply: Reply | None) -> None:
    """Begin a transaction; if MAIL was not accepted, it ends at once."""
    dialogue.begin(mail.address, mail.parameters, reply)


def add_recipient(dialogue: Dialogue, recipient: PathArgument, reply: Reply) -> None:
    """Add a recipient."""
    assert dialogue.transaction is not None
    dialogue.transaction.accept_recipient(recipient.address, recipient.parameters, reply)


def refuse_recipient(dialogue: Dialogue, recipient: PathArgument, reply: Reply | None) -> None:
    """Note that a recipient was refused."""
    if dialogue.transaction is not None and reply is not None:
        dialogue.transaction.refuse_recipient(recipient.address, reply)


def begin_unparsed(dialogue: Dialogue, argument: str, reply: Reply) -> None:
    """A well-formed MAIL with an unknown parameter still counts as an attempt."""
    try:
        address, rest, objection = reverse_path(argument)
        given = parameters(rest)
    except Refusal:
        return
    is_well_formed = objection is None or not dialogue.offer.settings.strict
    if is_well_formed and dialogue.transaction is None:
        dialogue.begin(legible(address), given, reply)


def refuse_unparsed_recipient(dialogue: Dialogue, argument: str, reply: Reply) -> None:
    """Note a refused recipient: for the client the reason makes no difference."""
    assert dialogue.transaction is not None
    dialogue.transaction.refuse_recipient(address_in(argument), reply)


def expect_content(dialogue: Dialogue, _: None, reply: Reply) -> None:
    """Note that the content may come."""
    assert dialogue.transaction is not None
    dialogue.transaction.expect_content(reply)


def refuse_content(dialogue: Dialogue, _: object, reply: Reply | None) -> None:
    """Note that the content may not come."""
    if dialogue.transaction is not None and reply is not None:
        dialogue.transaction.refuse_content(reply)


def begin_authentication(dialogue: Dialogue, request: AuthRequest, line: str) -> Iterable[Action]:
    """Begin an exchange that ends with the conclusion."""
    return dialogue.login.begin(dialogue, request, line)


def begin_chunk(dialogue: Dialogue, chunk: Chunk, line: str) -> Iterable[Action]:
    """Expect a chunk, which is answered when it is complete."""
    assert dialogue.transaction is not None
    dialogue.progress.move("BDAT")
    dialogue.transaction.expect_chunk(chunk.size, line, is_last=chunk.is_last)
    return ()


def reset(dialogue: Dialogue, _: None, reply: Reply) -> None:
    """Forget the transaction."""
    dialogue.reset()


def leave(dialogue: Dialogue, _: None, reply: Reply) -> None:
    """End the session."""
    dialogue.end("quit")


def nothing(dialogue: Dialogue, _: object, reply: Reply | None) -> None:
    """Change nothing."""


def no_facts(dialogue: Dialogue, _: object) -> dict[str, Any]:
    """Add nothing."""
    return {}


def with_sender(dialogue: Dialogue, mail: PathArgument) -> dict[str, Any]:
    """Add the sender that this command names."""
    return {"mail_from": mail.address}


def with_recipient(dialogue: Dialogue, recipient: PathArgument) -> dict[str, Any]:
    """Add the recipient that this command names."""
    return {"recipient": recipient.address, "_is_given": True}


def at_all_times(settings: Settings) -> bool:
    """Always."""
    return True


def in_smtp(settings: Settings) -> bool:
    """RFC 2033 section 4.1: in LMTP, LHLO takes the place of HELO and EHLO."""
    return settings.protocol == "smtp"


def in_lmtp(settings: Settings) -> bool:
    """LHLO exists only in LMTP."""
    return settings.protocol == "lmtp"


def with_starttls(settings: Settings) -> bool:
    """Where TLS begins within the session."""
    return settings.tls == "starttls"


def with_auth(settings: Settings) -> bool:
    """Where clients can log in."""
    return settings.auth != "off"


def with_chunking(settings: Settings) -> bool:
    """Where the content can come in chunks."""
    return "CHUNKING" in settings.offered_extensions


def always(reply: Reply) -> Answer:
    """Return an `answer` that is the same at all times."""
    return lambda dialogue, parsed: reply


@frozen()
class Handling:
    """One row of the table: how one command is handled."""

    parse: Parse
    answer: Answer = answer_ok
    accepted: Accepted = nothing
    declined: Declined = nothing
    unparsed: Unparsed = nothing
    begins: Begins | None = None
    #: What can be read of a refused argument, for a rule that accepts the command all the same.
    salvaged: Callable[[str], Any] = lambda argument: None
    #: What a rule's `Command` has besides the command line and the session.
    facts: Facts = no_facts
    #: The first digit of a reply that accepts it (RFC 5321 section 4.2.1).
    accepted_by: int = 2
    when: When = at_all_times
    #: Whether the argument is the client's own name.
    introduces: bool = False
    #: Whether the argument may hold UTF-8 (RFC 6531 sections 3.4 and 3.7.4.2).
    takes_utf8: bool = False
    #: Whether the client must await the reply. RFC 2920 section 3.1: "the commands RSET, MAIL
    #: FROM, SEND FROM, SOML FROM, SAML FROM, and RCPT TO can all appear anywhere in a pipelined
    #: command group". RFC 3030 section 2 has a server "accept and discard additional BDAT chunks
    #: already in the pipeline".
    ends_group: bool = True
    #: What HELP says about the argument.
    syntax: str = ""


# fmt: off
COMMANDS: Mapping[str, Handling] = {
    "EHLO": Handling(parse_something, answer_ehlo,                greet_esmtp,
                     when=in_smtp, introduces=True, syntax="domain"),
    "HELO": Handling(parse_something, answer_helo,                greet_smtp,
                     when=in_smtp, introduces=True, syntax="domain"),
    "LHLO": Handling(parse_something, answer_ehlo,                greet_esmtp,
                     when=in_lmtp, introduces=True, syntax="domain"),
    "STARTTLS":
            Handling(parse_starttls,  always(replies.READY_FOR_TLS), when=with_starttls),
    "AUTH": Handling(parse_auth,      begins=begin_authentication,
                     unparsed=refused_at_once, when=with_auth,
                     syntax="mechanism [initial-response]"),
    "MAIL": Handling(parse_mail,      answer_mail,                begin,          begin,
                     unparsed=begin_unparsed, salvaged=sender_in, facts=with_sender,
                     takes_utf8=True, ends_group=False,
                     syntax="FROM:<address> [parameters]"),
    "RCPT": Handling(parse_rcpt,      answer_rcpt,                add_recipient,  refuse_recipient,
                     unparsed=refuse_unparsed_recipient, salvaged=recipient_in,
                     facts=with_recipient,
                     takes_utf8=True, ends_group=False,
                     syntax="TO:<address> [parameters]"),
    "DATA": Handling(parse_data,      always(replies.GO_AHEAD),   expect_content, refuse_content,
                     unparsed=refuse_content, accepted_by=3),
    "BDAT": Handling(parse_bdat,      begins=begin_chunk,
                     unparsed=refuse_content, when=with_chunking, ends_group=False,
                     syntax="octets [LAST]"),
    "RSET": Handling(parse_nothing,   answer_ok,                  reset, ends_group=False),
    "NOOP": Handling(parse_anything, syntax="[anything]"),
    "QUIT": Handling(parse_nothing,   always(replies.BYE),        leave),
    "VRFY": Handling(parse_user,      always(replies.NOT_VERIFIED), takes_utf8=True, syntax="user"),
    "EXPN": Handling(parse_user,      always(replies.NO_LISTS),     takes_utf8=True, syntax="list"),
    "HELP": Handling(parse_anything,  answer_help, syntax="[command]"),
}
# fmt: on
