"""One criterion: how it reads a record, and what each kind of expected value means for it."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.frozen import frozen

from .kinds import ValueKind, is_usable, kind_of
from .mailboxes import parse_address, unmatched
from .wording import listed, shown

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence

    from .kinds import Actual, Meaning
    from .notes import Note

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

#: Values of exactly these types are never equal to text, so giving one is a mistake.
_NEVER_TEXT: Final = (bytes, bytearray, int, bool, float, complex, dict)


def described(actual: Actual) -> str:
    """Return the record's value in words."""
    return "absent" if actual.absent else listed(actual.texts or actual.values)


@frozen(kw_only=True, eq=False)
class Criterion:
    """A row of a table of criteria.

    `read` returns the record's value. `meanings` has, for each kind of expected value, a function
    that decides whether the record's value fits; a kind without one is an error. `compared` makes
    the comparison for a str. `note` may say where the expected value is instead. `words` are the
    only strings that can match, if there are only a few. `takes` says which kinds of value make
    sense, if a list of all possible ones does not help. `missing` is a sentence for a record that
    has no value.
    """

    read: Callable[[Any], Actual]
    meanings: Mapping[ValueKind, Meaning]
    compared: Callable[[str, Actual], Comparison] | None = None
    described: Callable[[Actual], str] = described
    absence: str = "absent"
    missing: str = ""
    note: Note | None = None
    never: tuple[type, ...] = _NEVER_TEXT
    words: tuple[str, ...] = ()
    takes: str = ""

    def conditions(self, keyword: str, expected: object) -> Iterator[Condition]:
        """Yield the conditions; raise `TypeError` or `ValueError` for an impossible value."""
        kind = kind_of(expected)
        if iscoroutinefunction(expected):
            # A coroutine is always true.
            raise _impossible(keyword, expected, "give a function that is not async", "fail")
        usable = is_usable(kind, expected) and type(expected) not in self.never
        if not usable or kind not in self.meanings:
            raise _impossible(keyword, expected, f"give {self._takes()}")
        if kind is ValueKind.TEXT and self.words and expected not in self.words:
            known = ", ".join(map(repr, self.words))
            raise ValueError(f"{keyword}={shown(expected)} can never match: it is one of {known}")
        yield Condition(keyword, expected, kind, self, _WORDING[kind](self, expected))

    def _takes(self) -> str:
        known = [kind.value for kind in ValueKind if kind in self.meanings]
        return self.takes or " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))


@frozen(kw_only=True, eq=False)
class MappedCriterion:
    """A row whose expected value is a mapping: `named` returns the row for a name in it."""

    named: Callable[[str], Criterion]
    #: What a name looks like.
    syntax: re.Pattern[str]

    def conditions(self, keyword: str, expected: object) -> Iterator[Condition]:
        """Yield the conditions; errors as for a `Criterion`."""
        if not isinstance(expected, Mapping):
            raise _impossible(keyword, expected, "give a mapping of names to expected values")
        for name, value in expected.items():
            if not isinstance(name, str) or not self.syntax.fullmatch(name):
                raise _impossible(keyword, expected, f"{shown(name)} is not a valid name")
            yield from self.named(name).conditions(f"{keyword}[{name!r}]", value)


@frozen(eq=False)
class Condition:
    """A criterion with its expected value.

    `wording` describes the value as it was given, since objects such as those of dirty_equals
    change their `repr` when they are compared.
    """

    keyword: str
    expected: Any
    kind: ValueKind
    criterion: Criterion
    wording: str

    def fits(self, record: object) -> bool:
        """Return whether the record fits, without explaining how it differs."""
        return self._meets(self.criterion.read(record))

    def _meets(self, actual: Actual) -> bool:
        return self.criterion.meanings[self.kind](self.expected, actual)

    def difference(self, record: object) -> Difference | None:
        """Return how the record differs, or `None` if it fits."""
        actual = self.criterion.read(record)
        if self._meets(actual):
            return None
        described = self.criterion.described(actual)
        return Difference(
            keyword=self.keyword,
            expected=self.wording,
            actual=described + self._surplus(actual),
            phrase=self._phrase(actual, described),
            aside=f"expected {self.keyword}={shown(self.expected)}" if self._lacks(actual) else "",
            comparison=self._comparison(actual),
            note=self.criterion.note(record, self.expected) if self.criterion.note else "",
        )

    def _comparison(self, actual: Actual) -> Comparison | None:
        compared = self.criterion.compared
        if self.kind is not ValueKind.TEXT or compared is None or actual.absent or not actual.texts:
            return None
        return compared(self.expected, actual)

    def _phrase(self, actual: Actual, described: str) -> str:
        if self._lacks(actual):
            return self.criterion.missing
        if self.kind is ValueKind.COLLECTION:
            missing, unexpected = unmatched(self.expected, actual.named)
            return f"{self.keyword} {_lacks_and_has(missing, unexpected)}"
        pattern = _PHRASES[self.kind]
        if self.keyword == "where":
            pattern = "where={expected} is false"
        return pattern.format(
            keyword=self.keyword,
            actual=described,
            expected=shown(self.expected),
            absence=self.criterion.absence,
        )

    def _lacks(self, actual: Actual) -> bool:
        return actual.absent and bool(self.criterion.missing)

    def _surplus(self, actual: Actual) -> str:
        if self.kind is not ValueKind.COLLECTION:
            return ""
        missing, unexpected = unmatched(self.expected, actual.named)
        parts = [("missing", missing), ("unexpected", unexpected)]
        return f" ({'; '.join(f'{word} {listed(texts)}' for word, texts in parts if texts)})"


def _lacks_and_has(missing: Sequence[str], unexpected: Sequence[str]) -> str:
    lacks = f"lacks {listed(missing)}" if missing else ""
    has = f"has {listed(unexpected)}{' instead' if missing else ' too'}" if unexpected else ""
    return " and ".join(filter(None, (lacks, has)))


#: How the first line of a failure puts each kind, the actual value first.
_PHRASES: Final[Mapping[ValueKind, str]] = {
    ValueKind.TEXT: "{keyword} is {actual}, not {expected}",
    ValueKind.PATTERN: "{keyword} is {actual}, and {expected} is not found in it",
    ValueKind.PREDICATE: "{keyword} is {actual}, and {expected} is false of it",
    ValueKind.ABSENT: "{keyword} is {actual}, not {absence}",
    ValueKind.EQUAL: "{keyword} is {actual}, not {expected}",
}


def _impossible(keyword: str, expected: object, advice: str, what: str = "match") -> TypeError:
    return TypeError(f"{keyword}={shown(expected)} can never {what}: {advice}")


#: How each kind of expected value is described.
_WORDING: Final[Mapping[ValueKind, Callable[[Criterion, Any], str]]] = {
    ValueKind.TEXT: lambda _, expected: shown(expected),
    ValueKind.PATTERN: lambda _, expected: shown(expected),
    ValueKind.COLLECTION: lambda _, expected: f"exactly {listed(sorted(expected)) or 'none'}",
    ValueKind.PREDICATE: lambda _, expected: f"{shown(expected)} to be true of it",
    ValueKind.ABSENT: lambda criterion, _: criterion.absence,
    ValueKind.EQUAL: lambda _, expected: shown(expected),
}


#: How many addresses of one record are compared with the expected one; arbitrary.
_ADDRESSES: Final = 50


@frozen(kw_only=True, eq=False)
class Comparison:
    """A str that did not fit, and the texts it was compared with: for a line with a caret."""

    expected: str
    texts: tuple[str, ...]
    #: Whether a text had to contain `expected` instead of being equal to it.
    contained: bool = False


@frozen(kw_only=True, eq=False)
class Difference:
    """One criterion that a record does not meet.

    `keyword` names it as it is written in a call (`subject`, `header['X-Id']`), `expected` and
    `actual` describe the two values, each in one line of limited length. `phrase` says in one line
    what differs, the actual value first; `aside` says more about it. `comparison` is given if two
    texts can be compared character by character. `note` may say where the value is instead.
    """

    keyword: str
    expected: str
    actual: str
    phrase: str
    aside: str = ""
    comparison: Comparison | None = None
    note: str = ""


def compared_whole(expected: str, actual: Actual) -> Comparison:
    """Return the comparison with texts that should be equal to `expected`."""
    return Comparison(expected=expected, texts=actual.texts)


def compared_within(expected: str, actual: Actual) -> Comparison:
    """Return the comparison with texts that should contain `expected`."""
    return Comparison(expected=expected, texts=actual.texts, contained=True)


def compared_address(expected: str, actual: Actual) -> Comparison:
    """Return the comparison with addresses, without what does not count in it."""
    if parse_address(expected)[0]:
        return Comparison(expected=expected, texts=actual.named[:_ADDRESSES])
    return Comparison(expected=expected, texts=actual.texts[:_ADDRESSES])
