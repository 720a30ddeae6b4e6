"""The stages: where a rule can answer, and what it can be matched with there.

A keyword that is missing from a stage's row is an error at that stage. A stage that is missing from
the table is the verb of a command that the server does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.frozen import frozen, replaced
from pytest_smtpserver.matching import (
    ADDRESSES,
    Actual,
    Criterion,
    MappedCriterion,
    RecordKind,
    ValueKind,
    address_criterion,
    predicate_criterion,
    same_address,
    text_criterion,
)
from pytest_smtpserver.matching.criteria import suggestions
from pytest_smtpserver.matching.kinds import VALUE
from pytest_smtpserver.matching.rows import CASELESS, addresses, one
from pytest_smtpserver.matching.tables import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

Row = Criterion | MappedCriterion

#: The stage of every command line.
ANY_COMMAND: Final = "*"

# RFC 5321 section 2.4: a verb consists of letters; verbs of private extensions have more than that.
_VERB = expression(r"[a-z][a-z0-9-]*")


@frozen()
class Stage:
    """A place in a session at which a rule can answer."""

    matched: Mapping[str, Row]
    #: Whether there is something to answer: a TLS handshake has no replies.
    has_reply: bool = True
    #: Whether it is about one recipient of several.
    has_recipient: bool = False

    @property
    def kind(self) -> RecordKind:
        """The criteria as `matching` wants them."""
        summary = tuple(key for key in _SUMMARY if key in self)
        return RecordKind("command", self.matched, summary, _known_at)

    def __contains__(self, keyword: object) -> bool:
        return keyword in self.matched


_SUMMARY: Final = ("argument", "session")


def _recipients(command: Any) -> Actual:
    if command.recipient is None:
        return addresses(command.rcpt_to)
    return one(command.recipient)


def _these_recipients(expected: Collection[str], actual: Actual) -> bool:
    # If the stage is about one recipient, any of the expected ones may match.
    if isinstance(actual.values[0], str):
        return any(same_address(each, actual.values[0]) for each in expected)
    return ADDRESSES[ValueKind.COLLECTION](expected, actual)


def _of_message(row: Row) -> Row:
    if isinstance(row, MappedCriterion):
        return replaced(row, named=lambda name: _read_from_message(row.named(name)))
    return _read_from_message(row)


def _read_from_message(row: Criterion) -> Criterion:
    def read(command: Any) -> Actual:
        # Content that is too big is not kept, so it meets no criterion.
        return Actual() if command.message is None else row.read(command.message)

    # Notes are for the text of a failure; a rule that does not match needs none.
    return replaced(row, read=read, note=None)


_MAIL_FROM: Final = address_criterion(lambda command: one(command.mail_from))
_RCPT_TO: Final = replaced(
    address_criterion(_recipients),
    meanings={**ADDRESSES, ValueKind.COLLECTION: _these_recipients},
)

_SESSION: Final[Mapping[str, Row]] = {
    "session": Criterion(
        read=lambda command: Actual(values=(command.session_id,)),
        meanings=VALUE,
        never=(bool,),
        takes="the id of a session",
    ),
    "where": predicate_criterion(),
}
_INTRODUCED: Final[Mapping[str, Row]] = {
    **_SESSION,
    "argument": text_criterion(lambda command: command.argument),
    "helo": Criterion(read=lambda command: one(command.helo), meanings=CASELESS),
}
_COMMAND: Final[Mapping[str, Row]] = {
    **_INTRODUCED,
    "username": text_criterion(lambda command: command.username),
    "mechanism": Criterion(read=lambda command: one(command.mechanism), meanings=CASELESS),
}
_TRANSACTION: Final[Mapping[str, Row]] = {**_COMMAND, "mail_from": _MAIL_FROM}
_RECIPIENTS: Final[Mapping[str, Row]] = {**_TRANSACTION, "rcpt_to": _RCPT_TO}
_MESSAGE: Final[Mapping[str, Row]] = {
    **{keyword: _of_message(row) for keyword, row in MESSAGES.criteria.items()},
    **{keyword: row for keyword, row in _RECIPIENTS.items() if keyword != "argument"},
}

#: In the order of a session, which is also where `refuse` looks for the earliest one.
STAGES: Final[Mapping[str, Stage]] = {
    "connect": Stage(_SESSION),
    "tls": Stage({**_SESSION, "helo": _INTRODUCED["helo"]}, has_reply=False),
    "ehlo": Stage(_INTRODUCED),
    "lhlo": Stage(_INTRODUCED),
    "helo": Stage(_INTRODUCED),
    "starttls": Stage(_INTRODUCED),
    "auth": Stage(_COMMAND),
    "mail": Stage(_TRANSACTION),
    "rcpt": Stage(_RECIPIENTS, has_recipient=True),
    "data": Stage(_RECIPIENTS),
    "bdat": Stage(_RECIPIENTS),
    "message": Stage(_MESSAGE),
    "rset": Stage(_COMMAND),
    "noop": Stage(_COMMAND),
    "vrfy": Stage(_COMMAND),
    "expn": Stage(_COMMAND),
    "help": Stage(_COMMAND),
    "quit": Stage(_COMMAND),
    ANY_COMMAND: Stage(_COMMAND),
}

_OTHER_VERB: Final = STAGES[ANY_COMMAND]

# RFC 2033 section 4.2: LMTP answers the end of the content for each recipient.
_IN_LMTP: Final[Mapping[str, Stage]] = {"message": Stage(_MESSAGE, has_recipient=True)}


def find_stage(name: str, offered: Collection[str]) -> tuple[str, Stage]:
    """Return a stage under its name in lower case.

    `offered` are the stages that the server's settings allow. Raises `ValueError` for another
    stage of the table, for a word that is close to a known stage, and for what cannot be a verb.
    """
    if not isinstance(name, str):
        raise TypeError(f"a stage must be a str such as 'rcpt', not {name!r}")
    lower = name.lower()
    if lower in STAGES:
        if lower not in offered:
            raise ValueError(
                f"stage {name!r}: this server's settings do not offer it; it has "
                f"{', '.join(stage for stage in STAGES if stage in offered)}"
            )
        return lower, _IN_LMTP.get(lower, STAGES[lower]) if "lhlo" in offered else STAGES[lower]
    return lower, _other_verb(name, lower)


def earliest_stage(keywords: Collection[str], offered: Collection[str]) -> str:
    """Return the first stage at which all these keywords are known, `"mail"` without any.

    Raises `TypeError` if there is none.
    """
    if not keywords:
        return "mail"
    for name, stage in STAGES.items():
        if name in offered and stage.has_reply and all(keyword in stage for keyword in keywords):
            return name
    everywhere = {keyword for stage in STAGES.values() for keyword in stage.matched}
    for keyword in keywords:
        if keyword not in everywhere:
            near = suggestions(keyword, everywhere)
            hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
            known = ", ".join(sorted(everywhere))
            raise TypeError(f"unknown criterion {keyword!r}: {hint}the criteria are {known}")
    raise TypeError(f"no stage of this server can be matched with all of {', '.join(keywords)}")


def _known_at(keyword: str) -> str:
    stages = [repr(name) for name, stage in STAGES.items() if keyword in stage]
    return (
        f"it is known at the stage {' or '.join(stages[:3])}, not at this one; " if stages else ""
    )


def _other_verb(name: str, lower: str) -> Stage:
    from difflib import get_close_matches

    # 0.75 is arbitrary: it takes 'rcp' for 'rcpt', but not TURN or XCLIENT for another stage.
    near = get_close_matches(lower, STAGES, n=1, cutoff=0.75)
    if near or not _VERB.fullmatch(lower):
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"unknown stage {name!r}: {hint}the stages are {', '.join(STAGES)}, and other verbs"
        )
    return _OTHER_VERB
