"""Building blocks for the tables of criteria: meanings, readings, and rows that several share."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from operator import eq
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.frozen import frozen

from .criterion import Criterion, compared_address, compared_whole
from .kinds import ADDRESSES, TEXTUAL, VALUE, Actual, Meaning, ValueKind, any_text
from .passages import contains
from .wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .criterion import MappedCriterion
    from .notes import Note

Meanings = Mapping[ValueKind, Meaning]

# The four kinds of text: only the meaning of a str differs.
EQUAL: Final[Meanings] = {**TEXTUAL, ValueKind.TEXT: any_text(eq)}
CASELESS: Final[Meanings] = {
    **TEXTUAL,
    ValueKind.TEXT: any_text(lambda a, b: a.lower() == b.lower()),
}
CONTAINED: Final[Meanings] = {**TEXTUAL, ValueKind.TEXT: any_text(contains)}
GLOB: Final[Meanings] = {
    **TEXTUAL,
    ValueKind.TEXT: any_text(lambda glob, name: fnmatchcase(name, glob)),
}

#: What `where` takes.
PREDICATE: Final[Meanings] = {ValueKind.PREDICATE: VALUE[ValueKind.PREDICATE]}


@frozen(eq=False)
class RecordKind:
    """A kind of record: its name, its criteria, and those that tell two such records apart.

    `elsewhere` returns a sentence on where a criterion is known that this kind does not have, or
    `""`. Without it, the other kinds of record are searched for the criterion.
    """

    noun: str
    criteria: Mapping[str, Criterion | MappedCriterion]
    summary: tuple[str, ...]
    elsewhere: Callable[[str], str] | None = None

    def summarize(self, record: object) -> str:
        """Return a line that tells this record from others, in the words of its criteria."""
        values = {
            keyword: criterion.read(record).values[0]
            for keyword in self.summary
            if isinstance(criterion := self.criteria[keyword], Criterion)
        }
        return ", ".join(f"{keyword}={shown(value)}" for keyword, value in values.items())


def one(value: str | None) -> Actual:
    """Return the value of a record that has one text, or none."""
    texts = () if value is None else (value,)
    return Actual(texts=texts, named=texts, values=(value,), absent=value is None)


def each(values: tuple[str, ...]) -> Actual:
    """Return the value of a record that has several texts, each of which can fit."""
    return Actual(texts=values, values=values, absent=not values)


def addresses(values: tuple[str, ...]) -> Actual:
    """Return the value of a record that has a tuple of addresses."""
    return Actual(texts=values, named=values, values=(values,), absent=not values)


def text_criterion(read: Callable[[Any], str | None], *, words: tuple[str, ...] = ()) -> Criterion:
    """Return the row for one text: a str is equal to it."""
    return Criterion(
        read=lambda record: one(read(record)),
        meanings=EQUAL,
        compared=compared_whole,
        words=words,
    )


def address_criterion(read: Callable[[Any], Actual], note: Note | None = None) -> Criterion:
    """Return the row for one address or several: a str is one of them."""
    return Criterion(read=read, meanings=ADDRESSES, compared=compared_address, note=note)


def predicate_criterion() -> Criterion:
    """Return the row for `where`: a callable gets the whole record."""
    return Criterion(
        read=lambda record: Actual(values=(record,)),
        meanings=PREDICATE,
        described=lambda _: "false",
    )
