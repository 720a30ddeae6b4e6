"""Which words of its sentence point at a candidate, and which say that it is another number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen

from .phrases import (
    CODE,
    CONFIRMS,
    NUMBER,
    ONE_TIME,
    OTHER,
    PIN,
    QUALIFIED,
    Phrase,
    has_role,
    phrases,
    quoted,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .candidates import Candidate
    from .reading import Line, Sentence, Token

#: The score that a code needs; the other figures are relative to this one.
ENOUGH: Final = 5

# The scores of each kind of phrase, in the order of KINDS, by how it is joined to the number.
# JOINED: "the verification code is 1234", with only such words between. _BESIDE: "code 1234".
# _LOOSELY: with other words between.
KINDS: Final = (ONE_TIME, CONFIRMS, NUMBER, PIN, CODE, QUALIFIED)
JOINED: Final = dict(zip(KINDS, (6, 6, 5, 5, 5, 1), strict=True))
_BESIDE: Final = dict(zip(KINDS, (6, 6, 1, 5, 2, 1), strict=True))
_LOOSELY: Final = dict(zip(KINDS, (4, 3, 0, 0, 0, 0), strict=True))
# "1234 is your verification code".
_AFTER: Final = dict(zip(KINDS, (5, 5, 5, 5, 5, 1), strict=True))
ENTERED: Final = 5
# The most words between a phrase and its number, how many of them may be unknown, and the most
# words between a number and a phrase after it; arbitrary.
_MOST_BETWEEN: Final = 14
_MOST_UNKNOWN: Final = 2
_MOST_AFTER: Final = 8
_LONGEST_ARTICLE: Final = 3
# "enter the number 1234"
_MOST_TO_ENTER: Final = 4
# "Kód 1234 zadejte"
_LAST_VERB: Final = 2

LINKS: Final = frozenset(":=>-՝")
_BEFORE_NUMBERS: Final = frozenset(".#()[]*'\"“”«»„「」【】<|")
_NUMBER_SIGNS: Final = frozenset(("no", "nr", "n", "nº", "num", "č", "id", "o"))


@frozen()
class Pointing:
    """How clearly words point at a candidate, whether they are close, and why, or why not."""

    score: int
    why: str
    is_close: bool = False
    #: Whether the words say that it is something else: an order, 10 minutes.
    is_another: bool = False
    #: Whether it is only called a number: "the number 1234".
    is_mere_number: bool = False
    #: Whether it counts something: "1234 times".
    is_amount: bool = False


NOTHING: Final = Pointing(0, "no word for a code points at it")


@frozen()
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
    """Return the place of a candidate in its line."""
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

    `claimed` are the places of other numbers there, which a phrase may point at instead.
    """
    before, entered = _before(place, claimed), _entered(place)
    if before.is_another and not (before.is_mere_number and entered.score):
        return before
    after = _after(place, claimed)
    if after.is_another and (after.is_amount or not before.is_close):
        return after
    return max((before, after, entered), key=lambda one: (not one.is_another, one.score))


def _before(place: Place, claimed: Sequence[tuple[int, int]]) -> Pointing:
    tokens, end = place.tokens, place.first
    phrase = next((one for one in reversed(phrases(place.sentence)) if one.end <= end), None)
    label, is_linked = _label(tokens, end)
    if label is not None and not (phrase and phrase.start <= label < phrase.end):
        points = phrase and is_linked and _goes_on(tokens, phrase, label)
        is_number = not is_label(tokens[label], None)
        if not points and (not is_number or "number" in tokens[label].roles):
            return Pointing(
                0, f"it is called {tokens[label].text!r}", is_another=True, is_mere_number=is_number
            )
    if phrase is None or any(phrase.end <= first and last <= end for first, last in claimed):
        return NOTHING
    return _joined(tokens, phrase, end)


def _goes_on(tokens: Sequence[Token], phrase: Phrase, label: int) -> bool:
    """Return whether a label only says more of a code: *the code for your account is*."""
    return (
        phrase.kind != OTHER
        and is_label(tokens[label], phrase.languages)
        and not _has_comma(tokens[phrase.end : label])
    )


def _joined(tokens: Sequence[Token], phrase: Phrase, end: int) -> Pointing:
    between = tokens[phrase.end : end]
    others = words(between)
    if len(others) > _MOST_BETWEEN:
        return NOTHING
    is_linked = _is_linked(between, phrase.languages)
    is_plain = all(_is_plain(one, phrase.languages) for one in others)
    if phrase.kind == OTHER:
        is_another = is_linked or is_plain
        return called(tokens, phrase) if is_another else NOTHING
    name = quoted(tokens, phrase)
    if is_linked or (is_plain and others):
        return Pointing(JOINED[phrase.kind], f"{name} points at it", is_close=True)
    if is_plain:
        return Pointing(_BESIDE[phrase.kind], f"it follows {name}", is_close=True)
    is_near = len(others) <= _MOST_UNKNOWN and not _is_english(phrase) and not _has_comma(between)
    score = _LOOSELY[phrase.kind] if is_near else 0
    return Pointing(score, f"{name} is before it, but with other words between")


def _after(place: Place, claimed: Sequence[tuple[int, int]]) -> Pointing:
    tokens, start = place.tokens, place.last
    counted = _counted(tokens, start)
    if counted is not None:
        why = f"it is followed by {counted.text!r}"
        return Pointing(0, why, is_another=True, is_amount="unit" in counted.roles)
    phrase = next((one for one in phrases(place.sentence) if one.start >= start), None)
    if phrase is None or any(start <= first < phrase.start for first, _ in claimed):
        return NOTHING
    between = tokens[start : phrase.start]
    others = words(between)
    is_plain = all(_is_plain(one, phrase.languages) or _is_name(one) for one in others)
    has_own = any(
        first >= phrase.end and _joined(tokens, phrase, first).is_close for first, _ in claimed
    )
    if has_own or len(others) > _MOST_AFTER:
        return NOTHING
    if phrase.kind == OTHER:
        return called(tokens, phrase) if is_plain else NOTHING
    name = quoted(tokens, phrase)
    if is_plain and not any(one.text in ",;:" for one in between):
        return Pointing(_AFTER[phrase.kind], f"{name} follows it", is_close=True)
    return Pointing(0, f"{name} is after it, but with other words between")


def _counted(tokens: Sequence[Token], start: int) -> Token | None:
    """Return the unit, or the word for another thing, that directly follows a number."""
    for token in tokens[start : start + 2]:
        if token.kind == "word":
            is_other = token.roles.keys() & {"unit", "other"}
            is_code = token.roles.keys() & {"code", "alone", "proof", "is", "filler", "enter"}
            return token if is_other and not is_code else None
        if not token.is_joint:
            return None
    return None


def _entered(place: Place) -> Pointing:
    """Return whether a sentence asks the reader to enter this number in order to log in."""
    tokens = place.tokens
    before = words(tokens[: place.first])[-_MOST_TO_ENTER:]
    verb = next((one for one in before if "enter" in one.roles), None) or _verb_after(place)
    if verb is None:
        return NOTHING
    languages = verb.roles["enter"]
    others = [one for one in tokens if has_role(one, "other", languages)]
    proof = next(
        (
            one
            for one in (*tokens[place.last :], *tokens[: place.first])
            if one.roles.keys() & {"proof", "confirm"}
        ),
        None,
    )
    if proof is None or others:
        return NOTHING
    return Pointing(ENTERED, f"the text asks to {verb.text!r} it: {proof.text!r}", is_close=True)


def _verb_after(place: Place) -> Token | None:
    """Return the verb that directly follows, as in languages other than English."""
    after = words(place.tokens[place.last :])[:_LAST_VERB]
    return next((one for one in after if "en" not in one.roles.get("enter", ("en",))), None)


def _label(tokens: Sequence[Token], end: int) -> tuple[int | None, bool]:
    """Return the word directly before a number, and whether something joins them.

    Of "order number" that is *order*. It is *number* only if no other word is there.
    """
    is_linked = False
    number = None
    for place in range(end - 1, -1, -1):
        token = tokens[place]
        if token.kind != "word":
            is_linked = is_linked or token.text in LINKS
            if not is_linked and token.text not in _BEFORE_NUMBERS and not token.is_joint:
                break
        elif "is" in token.roles and not is_label(token, None):
            is_linked = True
        elif not _is_number_sign(token):
            return (place if number is None or is_label(token, None) else number), is_linked
        elif number is None and not is_linked and "number" in token.roles:
            number = place
    return number, is_linked


def _is_number_sign(token: Token) -> bool:
    return token.text.lower() in _NUMBER_SIGNS or "number" in token.roles


def is_label(token: Token, languages: frozenset[str] | None) -> bool:
    """Return whether a word says, in one of these languages, that a number is not a code."""
    if token.roles.keys() & {"code", "alone", "proof"}:
        return False
    if languages is None:
        return bool(token.roles.keys() & {"other", "label"})
    return has_role(token, "other", languages) or has_role(token, "label", languages)


def _is_linked(between: Sequence[Token], languages: frozenset[str]) -> bool:
    nearest = words(between)[-1:]
    for token in reversed(between):
        if token.text in LINKS:
            return True
        if token.kind == "word":
            # "votre code Acme est le 1234"
            is_article = token in nearest and has_role(token, "filler", languages)
            if not is_article or len(token.text) > _LONGEST_ARTICLE:
                return has_role(token, "is", languages)
    return False


def _is_plain(token: Token, languages: frozenset[str]) -> bool:
    return any(
        has_role(token, role, languages)
        for role in ("filler", "is", "enter", "code", "proof", "alone", "number", "digit")
    )


def _is_name(token: Token) -> bool:
    return token.text[:1].isupper() and not token.roles.keys() & {"other", "label", "unit"}


def _has_comma(tokens: Sequence[Token]) -> bool:
    return any(one.text in ",،、" for one in tokens)


def _is_english(phrase: Phrase) -> bool:
    return "en" in phrase.languages


def called(tokens: Sequence[Token], phrase: Phrase) -> Pointing:
    """Return a pointing that says that a number is a code of another kind."""
    return Pointing(0, f"it is called {quoted(tokens, phrase)}", is_another=True)
