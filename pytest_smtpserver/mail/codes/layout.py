"""Candidates with a line or an element of their own, and the words around that point at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.mail.nesting import flattened

from .phrases import ONE_TIME, OTHER, QUALIFIED, Phrase, phrases, quoted, words
from .pointing import (
    ENTERED,
    JOINED,
    KINDS,
    LINKS,
    NOTHING,
    Place,
    Pointing,
    called,
    is_label,
)
from .reading import tidy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .reading import Line, Sentence, Token

# Scores for a number on its own line, by the kind of the phrase: if the phrase is in the line
# above, further up, or below.
_ABOVE: Final = dict(zip(KINDS, (6, 6, 5, 5, 5, 1), strict=True))
_FURTHER_UP: Final = dict(zip(KINDS, (4, 4, 4, 3, 3, 1), strict=True))
_BELOW: Final = dict(zip(KINDS, (4, 4, 3, 2, 2, 0), strict=True))
# How many lines away such a phrase may be; arbitrary: a greeting may come between.
_LINES_UP: Final = 4
_LINES_DOWN: Final = 2
# The most words of a label above a number, such as "Your order number".
_LABEL: Final = 3
# Elements that set their text apart, or that mails style to do so.
_APART: Final = "b, strong, h1, h2, h3, h4, code, pre, td, div, p, span, font, mark, big, center"
# The longest code, with its prefix and spaces.
_LONGEST: Final = 40
# How many elements are looked at; arbitrary: more than any mail has around its code.
_MOST: Final = 5_000
# Only the beginning of longer HTML is looked at, as with longer texts; arbitrary.
_MOST_READ: Final = 500_000
_NUMBER: Final = re.compile(r"(?:[A-Za-z]{1,3}-)?(\d(?:[ -]?\d){3,7})")


def set_apart(html: str) -> frozenset[str]:
    """Return the numbers that are the whole text of an element, digits only."""
    if not html:
        return frozenset()
    html = html[:_MOST_READ]
    from selectolax.lexbor import LexborHTMLParser

    found = set()
    for node in LexborHTMLParser(flattened(html)).css(_APART)[:_MOST]:
        text = node.text(deep=False)
        if len(text) <= _LONGEST or len(text.strip()) <= _LONGEST:
            match = _NUMBER.fullmatch(tidy(text))
            if match:
                found.add(re.sub(r"\D", "", match[1]))
    return frozenset(found)


def is_alone(place: Place, line: Line) -> bool:
    """Return whether a candidate's line has only marks besides it."""
    tokens = [one for sentence in line.sentences for one in sentence.tokens]
    inside = place.tokens[place.first : place.last]
    return all(one in inside for one in tokens if one.kind in ("word", "number"))


def across(lines: Sequence[Line], number: int) -> Pointing:
    """Return what points at a candidate that is alone in line `number` of these."""
    found = [NOTHING, *_above(lines, number), *_below(lines, number), *_subject(lines)]
    for one in found:
        if one.is_another:
            return one
    return max(found, key=lambda one: one.score)


def at_the_start(lines: Sequence[Line], number: int) -> Pointing:
    """Return what points at a candidate at a line's start, from the end of the line before."""
    if not number:
        return NOTHING
    sentence = lines[number - 1].sentences[-1]
    tokens = sentence.tokens
    found = phrases(sentence)
    if not found or not tokens:
        return NOTHING
    phrase = found[-1]
    if _has_number(tokens[phrase.end :]):
        return NOTHING
    is_joined = tokens[-1].text in LINKS or not words(tokens[phrase.end :])
    if not is_joined:
        return NOTHING
    if phrase.kind == OTHER:
        return called(tokens, phrase)
    return Pointing(JOINED[phrase.kind], f"it follows {quoted(tokens, phrase)}", is_close=True)


def _above(lines: Sequence[Line], number: int) -> Iterator[Pointing]:
    for distance in range(1, min(_LINES_UP, number) + 1):
        line = lines[number - distance]
        found = _last_phrase(line)
        if found is not None:
            yield from _from_above(*found, distance)
            return
        if distance == 1:
            yield from _asked(line)
            yield from _labelled(line)


def _from_above(sentence: Sentence, phrase: Phrase, distance: int) -> Iterator[Pointing]:
    """Yield what a phrase says about a number that is so many lines below it."""
    tokens = sentence.tokens
    is_next = distance == 1
    if phrase.kind == OTHER:
        if is_next:
            yield called(tokens, phrase)
        return
    if elsewhere := next((one for one in tokens if "by_post" in one.roles), None):
        yield Pointing(0, f"the code is sent elsewhere: {elsewhere.text!r}", is_another=True)
    elif not _has_number(tokens[phrase.end :]):
        where = "the line above" if is_next else f"a line further up ({distance} lines)"
        weight = (_ABOVE if is_next else _FURTHER_UP)[phrase.kind]
        name = quoted(tokens, phrase)
        yield Pointing(weight, f"{name} is in {where}", is_close=is_next)


def _asked(line: Line) -> Iterator[Pointing]:
    """Yield a pointing if a line asks the reader to enter something in order to log in."""
    said = _words_of(line)
    verb = next((one for one in said if "enter" in one.roles), None)
    proof = next((one for one in said if "proof" in one.roles), None)
    if verb and proof and not any(is_label(one, verb.roles["enter"]) for one in said):
        why = f"the line above asks to {verb.text!r} something: {proof.text!r}"
        yield Pointing(ENTERED, why, is_close=True)


def _labelled(line: Line) -> Iterator[Pointing]:
    """Yield a pointing if a line of few words is a label for another number: *Order number*."""
    said = _words_of(line)
    label = next((one for one in said if is_label(one, None)), None)
    if label is not None and len(said) <= _LABEL:
        yield Pointing(0, f"{label.text!r} is above it", is_another=True)


def _subject(lines: Sequence[Line]) -> Iterator[Pointing]:
    found = _last_phrase(lines[0])
    if found and lines[0].where == "subject" and found[1].kind == ONE_TIME:
        name = quoted(found[0].tokens, found[1])
        if not _has_number(found[0].tokens):
            yield Pointing(_FURTHER_UP[ONE_TIME], f"{name} is in the subject")


def _below(lines: Sequence[Line], number: int) -> Iterator[Pointing]:
    for line in lines[number + 1 : number + 1 + _LINES_DOWN]:
        for sentence in line.sentences:
            for phrase in phrases(sentence):
                if phrase.kind not in (OTHER, QUALIFIED) and not _has_number(
                    sentence.tokens[phrase.end : phrase.end + 3]
                ):
                    name = quoted(sentence.tokens, phrase)
                    yield Pointing(_BELOW[phrase.kind], f"{name} is below it")
                return


def _last_phrase(line: Line) -> tuple[Sentence, Phrase] | None:
    for sentence in reversed(line.sentences):
        found = phrases(sentence)
        if found:
            return sentence, max(reversed(found), key=lambda one: one.is_for_once)
    return None


def _words_of(line: Line) -> list[Token]:
    return [one for sentence in line.sentences for one in words(sentence.tokens)]


def _has_number(tokens: Sequence[Token]) -> bool:
    return any(one.kind == "number" and len(one.text) > 3 for one in tokens)
