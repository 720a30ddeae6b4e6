"""The words in a sentence that name a code: a one-time code, a code, or one of another kind."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pytest_smtpserver.frozen import frozen

from .vocabulary import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .reading import Sentence, Token

#: Kinds of phrases, from the clearest to the least clear.
ONE_TIME: Final = "one-time"  # "verification code", "OTP"
CONFIRMS: Final = "confirms"  # "confirmation code": of an account, or of a booking
NUMBER: Final = "number"  # "the number you need to log in"
PIN: Final = "PIN"
CODE: Final = "code"  # "your code"
QUALIFIED: Final = "qualified"  # "inventory code": an unknown kind
OTHER: Final = "other"  # "promo code"

# How many words before and after a word for a code say what it is for; arbitrary.
_BEFORE: Final = 3
_AFTER: Final = 5
_LENGTHS: Final = frozenset("45678")
# "código de cliente": a short word may come between a code and what it is for.
_LONGEST_LINK: Final = 4
# Languages that say the kind of a code after the word for it, and those that say it before. "code"
# is both French and English.
_KIND_COMES_AFTER: Final = frozenset(
    (
        "fr", "es", "ca", "pt", "it", "ro", "pl", "cs", "sk", "sl", "hr", "sr", "bg", "mk", "ru",
        "uk", "be", "el", "he", "ar", "fa", "vi", "id", "ms", "sq", "sw", "th",
    )
)  # fmt: skip
_KIND_COMES_BEFORE: Final = frozenset(("en", "de", "nl"))
_FRENCH_OF: Final = frozenset(("de", "d", "du", "des"))

# A kind, with the first and the last token that say it; if nothing says it, the word itself.
_Kind = tuple[str, int, int]


@frozen()
class Phrase:
    """A word for a code, with the words that say its kind: tokens `start` to `end`."""

    kind: str
    start: int
    end: int
    languages: frozenset[str]
    is_number: bool = False

    @property
    def is_for_once(self) -> bool:
        """Whether this can only be a one-time code."""
        return self.kind in (ONE_TIME, NUMBER)


def has_role(token: Token, role: str, languages: frozenset[str]) -> bool:
    """Return whether a token has a role in one of these languages, or in every language."""
    found = token.roles.get(role, frozenset())
    is_shared = ANY in languages or ANY in found or not languages.isdisjoint(found)
    return bool(found) and is_shared


@lru_cache(maxsize=256)
def phrases(sentence: Sentence) -> tuple[Phrase, ...]:
    """Return the phrases for codes of any kind in a sentence, in order."""
    return tuple(_phrases(sentence.tokens))


def _phrases(tokens: Sequence[Token]) -> Iterator[Phrase]:
    for place, token in enumerate(tokens):
        roles = token.roles
        if "alone" in roles:
            yield _alone(tokens, place)
        elif "code" in roles or "number" in roles or "qualified" in roles:
            phrase = _phrase(tokens, place)
            if phrase:
                yield phrase


def _alone(tokens: Sequence[Token], place: int) -> Phrase:
    languages = tokens[place].roles["alone"]
    before = _neighbours(tokens, place, -1, 1)
    if (
        before
        and has_role(tokens[before[0]], "other", languages)
        and "proof" not in tokens[before[0]].roles
    ):
        return Phrase(OTHER, before[0], place + 1, languages)
    return Phrase(ONE_TIME, place, place + 1, languages)


def _phrase(tokens: Sequence[Token], place: int) -> Phrase | None:
    token = tokens[place]
    is_code = "code" in token.roles
    languages = token.roles.get("code") or token.roles.get("number") or token.roles["qualified"]
    before = _neighbours(tokens, place, -1, _BEFORE)
    after = _neighbours(tokens, place, 1, _AFTER)
    kind, first, last = (
        _said_before(tokens, before, languages, is_code=is_code)
        or _said_after(tokens, after, languages, is_code=is_code)
        or (_unsaid(tokens, place, before, after, languages), place, place)
    )
    if kind == ONE_TIME and not is_code:
        kind = NUMBER
    if not kind:
        return None
    return Phrase(kind, min(first, place), max(last, place) + 1, languages, is_number=not is_code)


def _said_before(
    tokens: Sequence[Token], before: list[int], languages: frozenset[str], *, is_code: bool
) -> _Kind | None:
    """Return the kind that the words before a code say: *verification code*."""
    for distance, at in enumerate(before):
        nearer = tokens[before[distance - 1]] if distance else None
        if nearer and not _leads_on(nearer, languages):
            return None
        if _proves(tokens[at], is_code=is_code):
            others = (tokens[one] for one in before[distance + 1 :])
            return _proven(tokens[at], others, languages), at, at
        if _is_of_another(tokens[at], languages, is_code=is_code):
            # "gift card code" as well as "gift code".
            is_said = nearer is None or "label" in nearer.roles
            return (OTHER, at, at) if is_said else None
    return None


def _said_after(
    tokens: Sequence[Token], after: list[int], languages: frozenset[str], *, is_code: bool
) -> _Kind | None:
    """Return the kind that the words after a code say: *código de verificación*."""
    for distance, at in enumerate(after):
        if _proves(tokens[at], is_code=is_code):
            return _proven(tokens[at], (), languages), at, at
        between = [tokens[one] for one in after[:distance]]
        is_next = not between or (len(between) == 1 and _is_link(between[0], languages))
        if is_next and _is_of_another(tokens[at], languages, is_code=is_code):
            return OTHER, at, at
        if "code" in tokens[at].roles:
            return None
    return None


def _unsaid(
    tokens: Sequence[Token],
    place: int,
    before: list[int],
    after: list[int],
    languages: frozenset[str],
) -> str:
    token = tokens[place]
    if "code" not in token.roles:
        return QUALIFIED if "qualified" in token.roles else ""
    if _is_qualified(tokens, before, after, languages):
        return QUALIFIED
    return PIN if token.text == "PIN" else CODE


def _is_of_another(token: Token, languages: frozenset[str], *, is_code: bool) -> bool:
    return has_role(token, "other", languages) or (
        not is_code and has_role(token, "label", languages)
    )


def _proves(token: Token, *, is_code: bool) -> bool:
    return "proof" in token.roles or (is_code and "confirm" in token.roles)


def _leads_on(token: Token, languages: frozenset[str]) -> bool:
    """Return whether the words before this one may still say the kind of a code."""
    return (
        bool(token.roles.keys() & {"proof", "confirm"})
        or len(token.text) <= _LONGEST_LINK
        or _is_plain(token, languages)
    )


def _proven(token: Token, others: Iterable[Token], languages: frozenset[str]) -> str:
    if "proof" in token.roles:
        return ONE_TIME
    # "order confirmation code"
    return OTHER if any(has_role(one, "other", languages) for one in others) else CONFIRMS


def _is_link(token: Token, languages: frozenset[str]) -> bool:
    return len(token.text) <= _LONGEST_LINK and not has_role(token, "is", languages)


def _is_qualified(
    tokens: Sequence[Token], before: list[int], after: list[int], languages: frozenset[str]
) -> bool:
    """Return whether an unknown word says the kind of a code: *inventory code*."""
    if before:
        word = tokens[before[0]]
        is_brand = _is_name(word) and len(before) > 1
        if not is_brand and not _is_plain(word, languages):
            return True
    return bool(after) and _is_qualified_after(tokens, before, after, languages)


def _is_qualified_after(
    tokens: Sequence[Token], before: list[int], after: list[int], languages: frozenset[str]
) -> bool:
    first = tokens[after[0]]
    if first.text.lower() in _FRENCH_OF and "fr" in languages:
        return _is_of_a_kind(tokens, after, languages)
    if _is_plain(first, languages):
        return False
    if _is_name(first):
        # "Code Camp: 1200 guests", unlike "votre code Acme : 1200".
        return not before and _is_before_colon(tokens, after[0])
    if _KIND_COMES_AFTER & languages and not _KIND_COMES_BEFORE & languages:
        return _is_of_a_kind(tokens, after, languages)
    if any("enter" in one.roles for one in tokens[: after[0]]):
        return False
    # "code expires: ..." is a sentence, "code machine: 48291" a label.
    return _is_before_colon(tokens, after[len(after) > 1 and _is_link(first, languages)])


def _is_before_colon(tokens: Sequence[Token], place: int) -> bool:
    return any(one.text == ":" for one in tokens[place + 1 : place + 2])


def _is_of_a_kind(tokens: Sequence[Token], after: list[int], languages: frozenset[str]) -> bool:
    """Return whether an unknown word that is not a name follows: *código de inventario*."""
    first = tokens[after[0]]
    if not _is_link(first, languages):
        return True
    if len(after) == 1:
        # "código de 6 dígitos"
        return not any(_is_passed_over(one) for one in tokens[after[0] + 1 : after[0] + 2])
    second = tokens[after[1]]
    return not _is_name(second) and not _is_plain(second, languages)


def _is_name(token: Token) -> bool:
    return token.text[:1].isupper()


def _is_plain(token: Token, languages: frozenset[str]) -> bool:
    return any(
        has_role(token, role, languages) for role in ("filler", "is", "enter", "code", "alone")
    )


def _neighbours(tokens: Sequence[Token], place: int, step: int, most: int) -> list[int]:
    """Return the places of the words next to a token, nearest first; a mark or a number ends it."""
    found: list[int] = []
    place += step
    while 0 <= place < len(tokens) and len(found) < most:
        token = tokens[place]
        if token.kind == "word" and "digit" not in token.roles:
            found.append(place)
        elif not _is_passed_over(token):
            break
        place += step
    return found


def _is_passed_over(token: Token) -> bool:
    """Return whether this is a hyphen, or a part of "6-digit"."""
    return token.is_joint or token.text in _LENGTHS or "digit" in token.roles


def quoted(tokens: Sequence[Token], phrase: Phrase) -> str:
    """Return a phrase as a failure shows it."""
    texts = [one.text for one in tokens[phrase.start : phrase.end]]
    is_unspaced = all(one[0] > "\u0e00" for one in texts)
    return repr(("" if is_unspaced else " ").join(texts).replace(" - ", "-"))


def words(tokens: Sequence[Token]) -> list[Token]:
    """Return the words among tokens."""
    return [one for one in tokens if one.kind == "word"]
