"""Which words point at a candidate: how strongly, and which make it another number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .phrases import (
    CODE,
    CONFIRMS,
    NUMBER,
    ONE_TIME,
    OTHER,
    PIN,
    QUALIFIED,
    Phrase,
    phrases,
    speaks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .candidates import Candidate
    from .reading import Line, Sentence, Token

#: So much must speak for a code; the other figures are set against this one.
ENOUGH: Final = 5

# How clearly each kind of phrase points, by how it is joined to the number. "The verification code
# is 1234", or nothing but such words between; "code 1234"; with other words between.
# Those of each kind, in this order:
_KINDS: Final = (ONE_TIME, CONFIRMS, NUMBER, PIN, CODE, QUALIFIED)
_JOINED: Final = dict(zip(_KINDS, (6, 6, 5, 5, 5, 2), strict=True))
_BESIDE: Final = dict(zip(_KINDS, (6, 6, 3, 5, 3, 1), strict=True))
_LOOSELY: Final = dict(zip(_KINDS, (4, 3, 0, 0, 0, 0), strict=True))
# "1234 is your verification code".
_AFTER: Final = dict(zip(_KINDS, (5, 5, 5, 5, 5, 1), strict=True))
# A number on its own line; the phrase stands in the line before, or further up, or below.
_ABOVE: Final = dict(zip(_KINDS, (6, 6, 5, 5, 5, 2), strict=True))
_FURTHER_UP: Final = dict(zip(_KINDS, (4, 4, 4, 3, 3, 1), strict=True))
_BELOW: Final = dict(zip(_KINDS, (4, 4, 3, 2, 2, 0), strict=True))
_ENTERED: Final = 5
_LINES_UP: Final = 4
_LINES_DOWN: Final = 2
# Words between a phrase and its number, unknown ones, and after a number; arbitrary.
_MOST_BETWEEN: Final = 14
_MOST_UNKNOWN: Final = 2
_MOST_AFTER: Final = 8

_LINKS: Final = frozenset(":=>-՝")
_BEFORE_NUMBERS: Final = frozenset(".#()[]*'\"“”«»„「」【】<|")
_NUMBER_SIGNS: Final = frozenset(("no", "nr", "n", "nº", "num", "č", "id", "o"))


@dataclass(frozen=True, slots=True)
class Pointing:
    """How much words point at a candidate, how closely, and why, or why not."""

    score: int
    why: str
    is_close: bool = False
    #: Whether it is called something else: an order, 10 minutes.
    is_another: bool = False


_NOTHING: Final = Pointing(0, "no word for a code points at it")


@dataclass(frozen=True, slots=True)
class Place:
    """A candidate in its sentence: the tokens before and after it."""

    sentence: Sentence
    first: int
    last: int

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens of the sentence."""
        return self.sentence.tokens


def place_of(line: Line, candidate: Candidate) -> Place:
    """Return where in its line a candidate stands."""
    sentence = next(
        (one for one in line.sentences if one.start <= candidate.start < one.end),
        line.sentences[-1],
    )
    inside = [
        number
        for number, token in enumerate(sentence.tokens)
        if token.start < candidate.end and candidate.start < token.end
    ]
    return Place(sentence, inside[0] if inside else 0, inside[-1] + 1 if inside else 0)


def within(place: Place, claimed: Sequence[tuple[int, int]]) -> Pointing:
    """Return what points at a candidate in its own sentence.

    `claimed` are the tokens of other numbers there that a phrase may point at instead.
    """
    before = _before(place, claimed)
    if before.is_another:
        return before
    after = _after(place, claimed)
    if after.is_another and not before.is_close:
        return after
    entered = _entered(place)
    return max((before, after, entered), key=lambda one: (not one.is_another, one.score))


def is_alone(place: Place, line: Line) -> bool:
    """Return whether there is nothing else in a candidate's line but marks."""
    others = [one for sentence in line.sentences for one in sentence.tokens if one.kind == "word"]
    numbers = [one for s in line.sentences for one in s.tokens if one.kind == "number"]
    inside = place.tokens[place.first : place.last]
    return all(one in inside for one in [*others, *numbers])


def across(lines: Sequence[Line], number: int) -> Pointing:
    """Return what points at a candidate that is alone in line `number` of these."""
    found = [_NOTHING, *_above(lines, number), *_below(lines, number), *_subject(lines)]
    for one in found:
        if one.is_another:
            return one
    return max(found, key=lambda one: one.score)


def at_the_start(lines: Sequence[Line], number: int) -> Pointing:
    """Return what points from the end of the line before at a candidate that begins its line."""
    if not number:
        return _NOTHING
    sentence = lines[number - 1].sentences[-1]
    tokens = sentence.tokens
    found = phrases(sentence)
    if not found or not tokens:
        return _NOTHING
    phrase = found[-1]
    if _has_number(tokens[phrase.end :]):
        return _NOTHING
    is_joined = tokens[-1].text in _LINKS or not _words(tokens[phrase.end :])
    if not is_joined:
        return _NOTHING
    if phrase.kind == OTHER:
        return _called(tokens, phrase)
    return Pointing(_JOINED[phrase.kind], f"it follows {_quoted(tokens, phrase)}", is_close=True)


def _before(place: Place, claimed: Sequence[tuple[int, int]]) -> Pointing:
    tokens, end = place.tokens, place.first
    phrase = next((one for one in reversed(phrases(place.sentence)) if one.end <= end), None)
    label, is_linked = _label(tokens, end)
    if label is not None and not (phrase and phrase.start <= label < phrase.end):
        points = phrase and is_linked and _goes_on(tokens, phrase, label)
        if not points and _is_label(tokens[label], None):
            return Pointing(0, f"it is called {tokens[label].text!r}", is_another=True)
    if phrase is None or any(phrase.end <= first and last <= end for first, last in claimed):
        return _NOTHING
    return _joined(tokens, phrase, end)


def _goes_on(tokens: Sequence[Token], phrase: Phrase, label: int) -> bool:
    """Return whether a label only says more of a code: *the code for your account is*."""
    return (
        phrase.kind != OTHER
        and _is_label(tokens[label], phrase.languages)
        and not _has_comma(tokens[phrase.end : label])
    )


def _joined(tokens: Sequence[Token], phrase: Phrase, end: int) -> Pointing:
    between = tokens[phrase.end : end]
    words = _words(between)
    if len(words) > _MOST_BETWEEN:
        return _NOTHING
    is_linked = _is_linked(between, phrase.languages)
    is_plain = all(_is_plain(one, phrase.languages) for one in words)
    if phrase.kind == OTHER:
        is_another = is_linked or is_plain
        return _called(tokens, phrase) if is_another else _NOTHING
    quoted = _quoted(tokens, phrase)
    if is_linked or (is_plain and words):
        return Pointing(_JOINED[phrase.kind], f"{quoted} points at it", is_close=True)
    if is_plain:
        return Pointing(_BESIDE[phrase.kind], f"it follows {quoted}", is_close=True)
    is_near = len(words) <= _MOST_UNKNOWN and not _is_english(phrase) and not _has_comma(between)
    score = _LOOSELY[phrase.kind] if is_near else 0
    return Pointing(score, f"{quoted} stands before it, but other words between")


def _after(place: Place, claimed: Sequence[tuple[int, int]]) -> Pointing:
    tokens, start = place.tokens, place.last
    counted = _counted(tokens, start)
    if counted:
        return Pointing(0, f"it is followed by {counted!r}", is_another=True)
    phrase = next((one for one in phrases(place.sentence) if one.start >= start), None)
    if phrase is None or any(start <= first < phrase.start for first, _ in claimed):
        return _NOTHING
    between = tokens[start : phrase.start]
    words = _words(between)
    is_plain = all(_is_plain(one, phrase.languages) or _is_name(one) for one in words)
    has_own = any(
        first >= phrase.end and _joined(tokens, phrase, first).is_close for first, _ in claimed
    )
    if has_own or len(words) > _MOST_AFTER:
        return _NOTHING
    if phrase.kind == OTHER:
        return _called(tokens, phrase) if is_plain else _NOTHING
    quoted = _quoted(tokens, phrase)
    if is_plain and not any(one.text in ",;:" for one in between):
        return Pointing(_AFTER[phrase.kind], f"{quoted} follows it", is_close=True)
    return Pointing(0, f"{quoted} stands after it, but other words between")


def _counted(tokens: Sequence[Token], start: int) -> str:
    """Return the unit, or the other thing, that a number is directly followed by."""
    for token in tokens[start : start + 2]:
        if token.kind == "word":
            is_other = token.roles.keys() & {"unit", "other"}
            is_code = token.roles.keys() & {"code", "alone", "proof", "is", "filler", "enter"}
            return token.text if is_other and not is_code else ""
        if not token.is_joint:
            return ""
    return ""


def _entered(place: Place) -> Pointing:
    """Return whether a sentence says to enter this, in order to log in."""
    tokens = place.tokens
    before = _words(tokens[: place.first])[-3:]
    verb = next((one for one in before if "enter" in one.roles), None)
    if verb is None:
        return _NOTHING
    languages = verb.roles["enter"]
    others = [one for one in tokens if speaks(one, "other", languages)]
    proof = next(
        (
            one
            for one in (*tokens[place.last :], *tokens[: place.first])
            if one.roles.keys() & {"proof", "confirm"}
        ),
        None,
    )
    if proof is None or others:
        return _NOTHING
    return Pointing(_ENTERED, f"{verb.text!r} it, {proof.text!r}", is_close=True)


def _above(lines: Sequence[Line], number: int) -> Iterator[Pointing]:
    for distance in range(1, min(_LINES_UP, number) + 1):
        line = lines[number - distance]
        found = _last_phrase(line)
        if found is None:
            if distance == 1:
                yield from _asked(line)
                yield from _labelled(line)
            continue
        sentence, phrase = found
        if phrase.kind == OTHER:
            if distance == 1:
                yield _called(sentence.tokens, phrase)
            return
        weights = _ABOVE if distance == 1 else _FURTHER_UP
        where = "the line above" if distance == 1 else f"{distance} lines above"
        quoted = _quoted(sentence.tokens, phrase)
        if _has_number(sentence.tokens[phrase.end :]):
            return
        yield Pointing(weights[phrase.kind], f"{quoted} stands in {where}", is_close=distance == 1)
        return


def _asked(line: Line) -> Iterator[Pointing]:
    """Yield what a line says that asks to enter something, in order to log in."""
    words = [one for sentence in line.sentences for one in _words(sentence.tokens)]
    verb = next((one for one in words if "enter" in one.roles), None)
    proof = next((one for one in words if "proof" in one.roles), None)
    if verb and proof and not any(_is_label(one, verb.roles["enter"]) for one in words):
        why = f"the line above says to {verb.text!r} something, {proof.text!r}"
        yield Pointing(_ENTERED, why, is_close=True)


def _labelled(line: Line) -> Iterator[Pointing]:
    """Yield what a line of few words that is a label says: *Order number*."""
    words = [one for sentence in line.sentences for one in _words(sentence.tokens)]
    label = next((one for one in words if _is_label(one, None)), None)
    if label is not None and len(words) <= 3:
        yield Pointing(0, f"{label.text!r} stands above it", is_another=True)


def _subject(lines: Sequence[Line]) -> Iterator[Pointing]:
    found = _last_phrase(lines[0])
    if found and lines[0].where == "subject" and found[1].kind == ONE_TIME:
        quoted = _quoted(found[0].tokens, found[1])
        if not _has_number(found[0].tokens):
            yield Pointing(_FURTHER_UP[ONE_TIME], f"{quoted} stands in the subject")


def _below(lines: Sequence[Line], number: int) -> Iterator[Pointing]:
    for line in lines[number + 1 : number + 1 + _LINES_DOWN]:
        for sentence in line.sentences:
            for phrase in phrases(sentence):
                if phrase.kind not in (OTHER, QUALIFIED) and not _has_number(
                    sentence.tokens[phrase.end : phrase.end + 3]
                ):
                    quoted = _quoted(sentence.tokens, phrase)
                    yield Pointing(_BELOW[phrase.kind], f"{quoted} stands below it")
                return


def _last_phrase(line: Line) -> tuple[Sentence, Phrase] | None:
    for sentence in reversed(line.sentences):
        found = phrases(sentence)
        if found:
            return sentence, max(reversed(found), key=lambda one: one.is_for_once)
    return None


def _label(tokens: Sequence[Token], end: int) -> tuple[int | None, bool]:
    """Return the word that a number directly follows, and whether something joins them."""
    is_linked = False
    for place in range(end - 1, -1, -1):
        token = tokens[place]
        if token.kind == "word":
            if "is" in token.roles and not _is_label(token, None):
                is_linked = True
            elif token.text.lower() not in _NUMBER_SIGNS and "number" not in token.roles:
                return place, is_linked
            elif "number" in token.roles and not place:
                return place, is_linked
        elif token.text in _LINKS:
            is_linked = True
        elif token.text not in _BEFORE_NUMBERS and not token.is_joint:
            return None, is_linked
    return None, is_linked


def _is_label(token: Token, languages: frozenset[str] | None) -> bool:
    if token.roles.keys() & {"code", "alone", "proof"}:
        return False
    if languages is None:
        return bool(token.roles.keys() & {"other", "label"})
    return speaks(token, "other", languages) or speaks(token, "label", languages)


def _is_linked(between: Sequence[Token], languages: frozenset[str]) -> bool:
    for token in reversed(between):
        if token.text in _LINKS:
            return True
        if token.kind == "word":
            return speaks(token, "is", languages)
    return False


def _is_plain(token: Token, languages: frozenset[str]) -> bool:
    return any(
        speaks(token, role, languages)
        for role in ("filler", "is", "enter", "code", "proof", "alone", "number", "digit")
    )


def _is_name(token: Token) -> bool:
    return token.text[:1].isupper() and not token.roles.keys() & {"other", "label", "unit"}


def _words(tokens: Sequence[Token]) -> list[Token]:
    return [one for one in tokens if one.kind == "word"]


def _has_comma(tokens: Sequence[Token]) -> bool:
    return any(one.text in ",،、" for one in tokens)


def _is_english(phrase: Phrase) -> bool:
    return "en" in phrase.languages


def _has_number(tokens: Sequence[Token]) -> bool:
    return any(one.kind == "number" and len(one.text) > 3 for one in tokens)


def _quoted(tokens: Sequence[Token], phrase: Phrase) -> str:
    texts = [one.text for one in tokens[phrase.start : phrase.end]]
    joint = "" if all(not one.isascii() for one in texts) and _is_unspaced(texts) else " "
    return repr(joint.join(texts).replace(" - ", "-"))


def _is_unspaced(texts: Sequence[str]) -> bool:
    return all(one[0] > "\u0e00" for one in texts)


def _called(tokens: Sequence[Token], phrase: Phrase) -> Pointing:
    return Pointing(0, f"it is called {_quoted(tokens, phrase)}", is_another=True)
