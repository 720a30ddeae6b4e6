"""Finding the one thing of its kind in a message: a link, a one-time code, an attachment."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from pytest_smtpserver.mail.codes import find_codes, find_numbers
from pytest_smtpserver.matching import SMTPAssertionError, describe_candidates, passages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_smtpserver.mail.parts import Attachment

    from .message import Message

    Pattern = str | re.Pattern[str]

Found = TypeVar("Found")


def link(
    message: Message, contains: str | None, text: Pattern | None, pattern: Pattern | None
) -> str:
    """Return the URL of the one link; see `Message.link`."""
    __tracebackhide__ = True
    in_url = "" if contains is None else _text("contains", contains)
    url = None if pattern is None else _compiled("pattern", pattern)
    found = {
        one.url: one
        for one in reversed(message.links)
        if in_url in one.url
        and (url is None or url.search(one.url))
        and (text is None or _reads(text, one.text))
    }
    words = {"containing": contains, "with text": text, "matching": pattern}
    return _only(_wanted("link", words), list(found.values())[::-1], message.links).url


def code(message: Message, pattern: Pattern | None) -> str:
    """Return the one code; see `Message.code`."""
    __tracebackhide__ = True
    bodies = [body for body in (message.text, message.html_text) if body] or [""]
    texts = [f"{message.subject}\n{body}" for body in bodies]
    if pattern is None:
        found = [one for text in texts for one in find_codes(text)]
        among = [one for text in texts for one in find_numbers(text)]
        return _only("one-time code", _each_once(found), _each_once(among))
    expression = _compiled("pattern", pattern)
    found = [_group(match) for text in texts for match in expression.finditer(text)]
    return _only(_wanted("code", {"matching": pattern}), _each_once(found), ())


def attachment(message: Message, glob: str, content_type: str | None) -> Attachment:
    """Return the one attachment; see `Message.attachment`."""
    __tracebackhide__ = True
    _text("glob", glob)
    type_glob = "*" if content_type is None else _text("content_type", content_type).lower()
    found = {
        (one.filename, one.content_type, one.content): one
        for one in message.attachments
        if fnmatchcase(one.filename, glob) and fnmatchcase(one.content_type.lower(), type_glob)
    }
    words = {"": None if glob == "*" else glob, "of type": content_type}
    return _only(_wanted("attachment", words), list(found.values()), message.attachments)


def _only(wanted: str, found: Sequence[Found], among: Sequence[object]) -> Found:
    __tracebackhide__ = True
    if len(found) != 1:
        raise SMTPAssertionError(describe_candidates(wanted=wanted, found=found, among=among))
    return found[0]


def _each_once(found: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(found))


def _wanted(noun: str, words: Mapping[str, object]) -> str:
    given = {word: value for word, value in words.items() if value is not None}
    return " ".join([noun, *(f"{word} {_shown(value)}".strip() for word, value in given.items())])


def _shown(value: object) -> str:
    return repr(value.pattern if isinstance(value, re.Pattern) else value)


def _reads(expected: Pattern, text: str) -> bool:
    if isinstance(expected, re.Pattern):
        return bool(expected.search(text))
    return passages.contains(_text("text", expected), text)


def _group(match: re.Match[str]) -> str:
    return match[1] or "" if match.re.groups else match[0]


def _compiled(name: str, pattern: Pattern) -> re.Pattern[str]:
    """Return the pattern compiled; `TypeError` or `ValueError` naming it if it cannot be."""
    if isinstance(pattern, re.Pattern):
        _text(name, pattern.pattern)
        return pattern
    try:
        return re.compile(_text(name, pattern))
    except re.error as error:
        raise ValueError(f"{name}={pattern!r} is no regular expression: {error}") from None


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r}: must be a str")
    return value
