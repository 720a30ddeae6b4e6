"""Finding the one thing of its kind in a message: a link, a one-time code, an attachment."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from pytest_smtpserver import matching
from pytest_smtpserver.matching import given, passages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_smtpserver.mail.links import Link
    from pytest_smtpserver.mail.parts import Attachment

    from .message import Message

    Pattern = str | re.Pattern[str]

Found = TypeVar("Found")


def link(
    message: Message, contains: str | None, text: Pattern | None, pattern: Pattern | None
) -> str:
    """Return the URL of the one link; see `Message.link`."""
    __tracebackhide__ = True
    part = "" if contains is None else given.text("contains", contains)
    url = None if pattern is None else _compiled("pattern", pattern)

    def why_not(one: Link) -> str:
        if part not in one.url:
            return f"{part!r} is not in it"
        if url is not None and not url.search(one.url):
            return f"{_shown(url)} is not found in it"
        reads = text is None or _reads(text, one.text)
        return "" if reads else f"{_shown(text)} is not in its text"

    words = {"containing": contains, "with text": text, "matching": pattern}
    fitting, others = _parted(message.links, why_not)
    found = {one.url: one for one in reversed(fitting)}
    return _only(message, "link", _which(words), list(found.values())[::-1], others).url


def code(message: Message, pattern: Pattern | None) -> str:
    """Return the one code; see `Message.code`."""
    __tracebackhide__ = True
    if pattern is None:
        return _one_time_code(message)
    bodies = [body for body in (message.text, message.html_text) if body] or [""]
    texts = [f"{message.subject}\n{body}" for body in bodies]
    expression = _compiled("pattern", pattern)
    found = [_group(match) for text in texts for match in expression.finditer(text)]
    return _only(message, "code", _which({"matching": pattern}), _each_once(found))


def _one_time_code(message: Message) -> str:
    __tracebackhide__ = True
    # Read on first use: few tests ask for a code.
    from pytest_smtpserver.mail import codes

    bodies = {"text": message.text, "html": message.html_text}
    weighing = codes.weigh(message.subject, bodies, codes.set_apart(message.html))
    if len(weighing.found) != 1:
        raise matching.SMTPAssertionError(codes.describe(weighing, repr(message)))
    return weighing.found[0].value


def attachment(message: Message, glob: str, content_type: str | None) -> Attachment:
    """Return the one attachment; see `Message.attachment`."""
    __tracebackhide__ = True
    given.text("glob", glob)
    type_glob = "*" if content_type is None else given.text("content_type", content_type).lower()

    def why_not(one: Attachment) -> str:
        if not fnmatchcase(one.filename, glob):
            caseless = fnmatchcase(one.filename.lower(), glob.lower())
            return "its name differs only in case" if caseless else "its name does not fit"
        fits = fnmatchcase(one.content_type.lower(), type_glob)
        return "" if fits else f"it is of type {one.content_type}"

    fitting, others = _parted(message.attachments, why_not)
    found = {(one.filename, one.content_type, one.content): one for one in fitting}
    words = {"": None if glob == "*" else glob, "of type": content_type}
    return _only(message, "attachment", _which(words), list(found.values()), others)


def _parted(
    candidates: Iterable[Found], why_not: Callable[[Found], str]
) -> tuple[list[Found], list[tuple[object, str]]]:
    """Return those that fit, and the others, each with the reason."""
    judged = [(one, why_not(one)) for one in candidates]
    return [one for one, why in judged if not why], [(one, why) for one, why in judged if why]


def _only(
    message: Message,
    noun: str,
    which: str,
    found: Sequence[Found],
    others: Sequence[tuple[object, str]] = (),
) -> Found:
    __tracebackhide__ = True
    if len(found) != 1:
        raise matching.SMTPAssertionError(
            matching.describe_candidates(
                noun=noun, which=which, found=found, among=others, of=repr(message)
            )
        )
    return found[0]


def _each_once(found: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(found))


def _which(words: Mapping[str, object]) -> str:
    chosen = {word: value for word, value in words.items() if value is not None}
    return " ".join(f"{word} {_shown(value)}".strip() for word, value in chosen.items())


def _shown(value: object) -> str:
    return repr(value.pattern if isinstance(value, re.Pattern) else value)


def _reads(expected: Pattern, text: str) -> bool:
    if isinstance(expected, re.Pattern):
        return bool(expected.search(text))
    return passages.contains(given.text("text", expected), text)


def _group(match: re.Match[str]) -> str:
    return match[1] or "" if match.re.groups else match[0]


def _compiled(name: str, pattern: Pattern) -> re.Pattern[str]:
    """Return the pattern compiled; `TypeError` or `ValueError` naming it if it cannot be."""
    if isinstance(pattern, re.Pattern):
        given.text(name, pattern.pattern)
        return pattern
    try:
        return re.compile(given.text(name, pattern))
    except re.error as error:
        raise ValueError(f"{name}={pattern!r} is not a regular expression: {error}") from None
