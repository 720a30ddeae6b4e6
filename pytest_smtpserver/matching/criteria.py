"""All criteria of one call, and how a record differs from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from pytest_smtpserver.frozen import frozen

from .criterion import Condition
from .tables import BODIES, ENVELOPES, MESSAGES, SESSIONS, TRANSACTIONS
from .wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .criterion import Criterion, Difference, MappedCriterion
    from .rows import RecordKind

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

_T = TypeVar("_T")


class CriterionError(RuntimeError):
    """A callable (or `==`) given as a criterion raised an exception, which is the `__cause__`.

    It is not an assertion failure, because nobody knows whether the record matches.
    """

    # The name under which users import and see it.
    __module__ = "pytest_smtpserver"


@frozen(eq=False)
class Criteria:
    """What a record must meet: all criteria that were given. If none were, any record matches.

    `str` writes them as they were given: `subject='Welcome', rcpt_to='ann@example.org'`.
    """

    kind: RecordKind
    conditions: tuple[Condition, ...]
    wording: str
    #: What was given.
    given: Mapping[str, object]

    @classmethod
    def of(cls, kind: RecordKind, given: Mapping[str, object]) -> Criteria:
        """Return the criteria for a kind of record.

        Raises `TypeError` for an unknown keyword or a value that no record can ever meet, and
        `ValueError` for a word that is not one of the possible ones.
        """
        conditions = tuple(
            condition
            for keyword, expected in given.items()
            for condition in _row(kind, keyword).conditions(keyword, expected)
        )
        wording = ", ".join(f"{key}={shown(given[key])}" for key in given)
        return cls(kind, conditions, wording, given)

    @classmethod
    def for_messages(cls, given: Mapping[str, object]) -> Criteria:
        """Return the criteria for messages; errors as in `of`."""
        return cls.of(MESSAGES, given)

    @classmethod
    def for_envelopes(cls, given: Mapping[str, object]) -> Criteria:
        """Return the criteria for a message's envelope; errors as in `of`."""
        return cls.of(ENVELOPES, given)

    @classmethod
    def for_bodies(cls, given: Mapping[str, object]) -> Criteria:
        """Return the criteria for a message's body, HTML as a reader sees it; errors as in `of`."""
        return cls.of(BODIES, given)

    @classmethod
    def for_transactions(cls, given: Mapping[str, object]) -> Criteria:
        """Return the criteria for transactions; errors as in `of`."""
        return cls.of(TRANSACTIONS, given)

    @classmethod
    def for_sessions(cls, given: Mapping[str, object]) -> Criteria:
        """Return the criteria for sessions; errors as in `of`."""
        return cls.of(SESSIONS, given)

    def differences(self, record: object) -> tuple[Difference, ...]:
        """Return what the record does not meet, in the order given; empty if it matches.

        Raises `CriterionError` if a callable that was given as a criterion raises.
        """
        found = [self._of(one, Condition.difference, record) for one in self.conditions]
        return tuple(difference for difference in found if difference)

    def matches(self, record: object) -> bool:
        """Return whether the record meets all criteria; errors as in `differences`."""
        # Most records of a search do not match, and nobody needs to know how they differ.
        return all(self._of(one, Condition.fits, record) for one in self.conditions)

    def _of(
        self, condition: Condition, ask: Callable[[Condition, object], _T], record: object
    ) -> _T:
        try:
            return ask(condition, record)
        except Exception as error:
            raise CriterionError(
                f"the criterion {condition.keyword}={shown(condition.expected)} raised "
                f"{type(error).__name__}: {error}, for the {self.kind.noun} with "
                f"{self.kind.summarize(record)}"
            ) from error

    def __str__(self) -> str:
        return self.wording


def _row(kind: RecordKind, keyword: str) -> Criterion | MappedCriterion:
    if keyword in kind.criteria:
        return kind.criteria[keyword]
    raise TypeError(
        f"unknown criterion {keyword!r}: {_hint(kind, keyword)}a {kind.noun} has "
        f"{', '.join(kind.criteria)}"
    )


def _hint(kind: RecordKind, keyword: str) -> str:
    """Return what was probably meant, or where it is known, as the start of a sentence."""
    elsewhere = kind.elsewhere or _known_of
    if there := elsewhere(keyword):
        return there
    if takers := _ARGUMENTS.get(keyword):
        return f"{takers}; "
    others = [one for kind in _KINDS for one in kind.criteria if elsewhere(one)]
    meant = suggestions(keyword, [*kind.criteria, *others])
    if here := [one for one in meant if one in kind.criteria]:
        return f"did you mean {' or '.join(map(repr, here))}? "
    return f"did you mean {meant[0]!r}? {elsewhere(meant[0])}" if meant else ""


_KINDS: Final = (MESSAGES, TRANSACTIONS, SESSIONS)


def _known_of(keyword: str) -> str:
    kinds = [kind.noun for kind in _KINDS if keyword in kind.criteria]
    return f"it belongs to {' and '.join(f'{noun}s' for noun in kinds)}; " if kinds else ""


#: Names that other tools and people use, each with our keywords for it.
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "addressee": ("rcpt_to",),
    "author": ("from_",),
    "bcc": ("rcpt_to",),
    "content": ("body",),
    "date": ("header",),
    "envelope_from": ("mail_from",),
    "envelope_recipients": ("rcpt_to",),
    "envelope_sender": ("mail_from",),
    "envelope_to": ("rcpt_to",),
    "filename": ("attachment",),
    "filter": ("where",),
    "from_addr": ("mail_from", "from_"),
    "from_address": ("mail_from", "from_"),
    "from_email": ("from_",),
    "headers": ("header",),
    "html_text": ("body",),
    "login": ("username",),
    "mail_to": ("rcpt_to",),
    "message": ("body",),
    "message_id": ("header",),
    "payload": ("body",),
    "plain": ("text",),
    "predicate": ("where",),
    "receiver": ("rcpt_to",),
    "recipient": ("rcpt_to",),
    "recipients": ("rcpt_to",),
    "return_path": ("mail_from",),
    "sender": ("mail_from", "from_"),
    "title": ("subject",),
    "to_addr": ("rcpt_to",),
    "to_addrs": ("rcpt_to",),
    "to_address": ("rcpt_to",),
    "to_email": ("rcpt_to",),
    "user": ("username",),
}

#: Arguments of some methods only, and which methods these are. Others take them for criteria.
_ARGUMENTS: Final[Mapping[str, str]] = {
    "count": "wait_for_messages, wait_for_transactions and capture take it",
    "settle": "the waiting methods take it",
    "timeout": "the waiting methods take it, and assert_no_message takes within",
    "within": "assert_no_message takes it, and the waiting methods take timeout",
}


# What difflib takes by default; below, what it finds has little in common.
_ALIKE: Final = 0.6


def suggestions(keyword: str, known: Collection[str]) -> list[str]:
    """Return the known keywords that were probably meant: by meaning, otherwise by spelling."""
    meant = [one for one in _SYNONYMS.get(keyword.lower(), ()) if one in known]
    if meant:
        return meant
    from difflib import get_close_matches

    return get_close_matches(keyword, known, n=1, cutoff=_ALIKE)
