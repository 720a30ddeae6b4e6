"""Weighs the evidence for each candidate of a message, and chooses the code."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen, replaced

from .candidates import Candidate, candidates
from .layout import across, at_the_start, is_alone
from .phrases import CONFIRMS, ONE_TIME, OTHER, PIN, Phrase, has_role, phrases, words
from .pointing import ENOUGH, Place, Pointing, place_of, within
from .reading import lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .reading import Line, Sentence

# Evidence for a candidate. It counts only if words point at the candidate too.
_SIX_DIGITS: Final = 1
_ALONE: Final = 1
_SET_APART: Final = 1
_ONE_TIME_NEARBY: Final = 2
# Evidence against one: an order or a discount in the sentence. In doubt it is not a code.
_OTHER_NEARBY: Final = 3
# A gift is mentioned, and a gift card has a security code of its own. This outweighs the rest.
_OF_AN_OCCASION: Final = 5
# The highest score of a candidate that no words point at closely: just enough.
_MOST_LOOSELY: Final = ENOUGH
# How many candidates before and after one are considered as what a phrase points at; arbitrary.
_NEIGHBOURS: Final = 3
#: How many numbers of a body are looked at; arbitrary: far more than a mail with a code has.
MOST_WEIGHED: Final = 1_000
# If the score of another candidate is less than this below the best, it is unclear which is meant.
_CLEARLY: Final = 2


@frozen()
class Weighed:
    """A candidate, its score, and the reasons."""

    value: str
    score: int
    is_close: bool
    reasons: tuple[str, ...]
    line: str
    start: int
    where: str
    #: The decisive reason against it although words point at it, or "".
    against: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether its score is enough."""
        return self.score >= ENOUGH


@frozen()
class Weighing:
    """The candidates of a message, the likeliest first, and which of them may be the code."""

    candidates: tuple[Weighed, ...]
    found: tuple[Weighed, ...]


@frozen()
class _Pointed:
    """A candidate, what points at it, the number of its line, and its place in a sentence."""

    candidate: Candidate
    pointing: Pointing
    number: int
    place: Place


def weigh(subject: str, bodies: Mapping[str, str], set_apart: Iterable[str] = ()) -> Weighing:
    """Return the candidates of a message, and those that may be its one-time code.

    `bodies` maps the name of each body to its text. `set_apart` are the numbers that have an
    element of their own in the HTML.
    """
    apart = frozenset(set_apart)
    weighed = [
        one
        for where, body in bodies.items()
        for one in islice(_weigh(subject, body, where, apart), MOST_WEIGHED)
    ]
    best: dict[str, Weighed] = {}
    for one in weighed:
        if one.value not in best or one.score > best[one.value].score:
            best[one.value] = one
    ordered = sorted(best.values(), key=lambda one: -one.score)
    return Weighing(tuple(ordered), tuple(_possible(ordered)))


def _possible(ordered: Sequence[Weighed]) -> list[Weighed]:
    taken = [one for one in ordered if one.is_taken]
    return [one for one in taken if one.is_close or taken[0].score - one.score < _CLEARLY]


def _weigh(subject: str, body: str, where: str, apart: frozenset[str]) -> Iterator[Weighed]:
    all_lines = [*lines(subject, "subject"), *lines(body, where)]
    before: _Pointed | None = None
    for number, line in enumerate(all_lines):
        found = candidates(line.text)
        places = [place_of(line, one) for one in found]
        for which, one in enumerate(found):
            pointing = _pointing(all_lines, number, places[which], _claimed(found, places, which))
            pointed = _Pointed(one, pointing, number, places[which])
            if before and _are_in_a_row(before, pointed, all_lines):
                pointed = replaced(pointed, pointing=before.pointing)
            yield _weighed(pointed, all_lines, apart)
            before = pointed


def _are_in_a_row(one: _Pointed, other: _Pointed, all_lines: Sequence[Line]) -> bool:
    """Return whether the words that point at one number also mean the next: *your codes: ...*."""
    if not one.pointing.is_close or other.pointing.is_close or other.pointing.is_another:
        return False
    if len(one.candidate.value) != len(other.candidate.value):
        return False
    if one.place.sentence is other.place.sentence:
        return not words(one.place.tokens[one.place.last : other.place.first])
    return other.number == one.number + 1 and all(
        is_alone(each.place, all_lines[each.number]) for each in (one, other)
    )


def _weighed(one: _Pointed, all_lines: Sequence[Line], apart: frozenset[str]) -> Weighed:
    score, reasons = _judged(one.candidate, one.pointing)
    against = ""
    if score > 0:
        more = list(_besides(one, all_lines, apart))
        score += sum(points for points, _ in more)
        reasons += [why for _, why in more]
        against = next((why for points, why in more if points < 0), "")
        score = score if one.pointing.is_close else min(score, _MOST_LOOSELY)
    return Weighed(
        value=one.candidate.value,
        score=score,
        is_close=one.pointing.is_close,
        reasons=tuple(reasons),
        line=all_lines[one.number].text,
        start=one.candidate.start,
        where=all_lines[one.number].where,
        against=against,
    )


def _judged(one: Candidate, pointing: Pointing) -> tuple[int, list[str]]:
    """Return the score from words, or 0 if the shape or a label speaks against it."""
    if one.look_alike:
        return 0, [f"it {one.look_alike}"]
    if pointing.is_another:
        return 0, [pointing.why]
    if one.is_postal and pointing.score < ENOUGH:
        return 0, ["it is a postal code"]
    if one.is_mixed and not (pointing.is_close and pointing.score >= ENOUGH):
        return 0, [pointing.why]
    if one.is_year_or_date and pointing.score < ENOUGH:
        return 0, ["it is a year or a date", pointing.why]
    if one.is_numbered and pointing.score < ENOUGH:
        return 0, ["it follows '#'", pointing.why]
    return pointing.score, [pointing.why]


def _pointing(
    all_lines: Sequence[Line], number: int, place: Place, claimed: Sequence[tuple[int, int]]
) -> Pointing:
    found = within(place, claimed)
    if found.is_another or found.score >= ENOUGH:
        return found
    line = all_lines[number]
    if is_alone(place, line):
        other = across(all_lines, number)
    elif line.sentences[0] is place.sentence and not place.first and not _goes_on(place):
        other = at_the_start(all_lines, number)
    else:
        return found
    return other if other.is_another else max(found, other, key=lambda one: one.score)


def _goes_on(place: Place) -> bool:
    """Return whether a word directly follows: *1200 people*."""
    return any(one.kind == "word" for one in place.tokens[place.last : place.last + 1])


def _claimed(
    found: Sequence[Candidate], places: Sequence[Place], which: int
) -> list[tuple[int, int]]:
    """Return the places of other candidates in the sentence that a phrase may point at instead."""
    near = range(max(0, which - _NEIGHBOURS), min(len(found), which + _NEIGHBOURS + 1))
    return [
        (places[other].first, places[other].last)
        for other in near
        if other != which
        and places[other].sentence is places[which].sentence
        and not found[other].look_alike
        and not within(places[other], ()).is_another
    ]


def _besides(
    one: _Pointed, all_lines: Sequence[Line], apart: frozenset[str]
) -> Iterator[tuple[int, str]]:
    """Yield the points for what else speaks for a candidate, or against it, and why."""
    if len(one.candidate.value) == 6:
        yield _SIX_DIGITS, "it has six digits"
    if is_alone(one.place, all_lines[one.number]):
        yield _ALONE, "it has a line of its own"
    if one.candidate.value in apart:
        yield _SET_APART, "it has an element of its own"
    yield from _nearby(one, [all_lines[0], *all_lines[max(1, one.number - 1) : one.number + 2]])


def _nearby(one: _Pointed, near: Sequence[Line]) -> Iterator[tuple[int, str]]:
    """Yield the points for what the subject and the lines around a candidate say."""
    if _is_of_an_occasion(near):
        yield -_OF_AN_OCCASION, "a gift is mentioned, and a gift card has such a code"
    elif not _is_for_once(one, near) and _is_of_another(one, near):
        yield -_OTHER_NEARBY, "the text is about something other than logging in"
    elif one.pointing.is_close and any(
        phrase.kind == ONE_TIME for phrase in _phrases(near, one.place.sentence)
    ):
        yield _ONE_TIME_NEARBY, "a one-time code is mentioned nearby"


def _is_for_once(one: _Pointed, near: Sequence[Line]) -> bool:
    """Return whether its sentence mentions a one-time code, and it cannot be another thing's."""
    is_mentioned = any(phrase.is_for_once for phrase in phrases(one.place.sentence))
    return is_mentioned and not (one.candidate.is_mixed and _names_another(near))


def _is_of_an_occasion(near: Sequence[Line]) -> bool:
    """Return whether these lines are about a gift, and name no code but such as its card has."""
    sentences = [sentence for line in near for sentence in line.sentences]
    if not any("occasion" in token.roles for one in sentences for token in one.tokens):
        return False
    called = [
        sentence.tokens[phrase.start : phrase.end]
        for sentence in sentences
        for phrase in phrases(sentence)
        if phrase.is_for_once
    ]
    return all(any("shared" in token.roles for token in tokens) for tokens in called)


def _is_of_a_receipt(near: Sequence[Line]) -> bool:
    """Return whether these lines are about a booking or a payment, and not about logging in."""
    sentences = [sentence for line in near for sentence in line.sentences]
    roles = {role for one in sentences for token in one.tokens for role in token.roles}
    return "booking" in roles or ("paid" in roles and not roles & {"proof", "enter"})


def _names_another(near: Sequence[Line]) -> bool:
    """Return whether these lines mention another thing whose number may have letters too."""
    return any("other" in one.roles for line in near for s in line.sentences for one in s.tokens)


def _phrases(near: Iterable[Line], besides: Sentence | None = None) -> Iterator[Phrase]:
    """Yield the phrases in these lines, but not those in the sentence `besides`."""
    for line in near:
        for sentence in line.sentences:
            if sentence is not besides:
                yield from phrases(sentence)


def _is_of_another(one: _Pointed, near: Sequence[Line]) -> bool:
    """Return whether its sentence, or the subject, is about an order, a discount or the like.

    The surroundings count only for words that are used for other codes as well.
    """
    own = phrases(one.place.sentence)
    kinds = {phrase.kind for phrase in own}
    is_doubtful = PIN in kinds or not (one.pointing.score >= ENOUGH or CONFIRMS in kinds)
    if is_doubtful and any(it.kind == OTHER and not it.is_number for it in _phrases(near)):
        return True
    if CONFIRMS in kinds and _is_of_a_receipt(near):
        return True
    languages = frozenset(language for phrase in own for language in phrase.languages)
    return any(
        has_role(token, "other", languages)
        for sentence in (one.place.sentence, *near[0].sentences)
        for token in sentence.tokens
    )
