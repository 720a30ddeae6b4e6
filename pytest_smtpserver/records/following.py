"""Where a message leads: how to unsubscribe, whether links work, what a browser shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver import matching
from pytest_smtpserver.expressions import expression
from pytest_smtpserver.matching import given
from pytest_smtpserver.matching.wording import counted, shortened, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pytest_smtpserver.mail.links import Link

    from .message import Message

    Pattern = str | re.Pattern[str]

#: RFC 8058 section 3.1: the value of List-Unsubscribe-Post.
_ONE_CLICK: Final = "List-Unsubscribe=One-Click"
# RFC 6376 section 3.5: `h=` names the fields that are signed.
_SIGNED: Final = expression(r"(?:\A|;)\s*h\s*=([^;]*)")
_TO_BE_SIGNED: Final = frozenset(("list-unsubscribe", "list-unsubscribe-post"))

#: RFC 9110 section 15: from here on a status is an error.
_FIRST_ERROR: Final = 400


def unsubscribe_link(message: Message, *, one_click: bool) -> str:
    """Return where to unsubscribe; see `Message.unsubscribe_link`."""
    __tracebackhide__ = True
    if "List-Unsubscribe" not in message:
        raise matching.SMTPAssertionError("the message has no List-Unsubscribe field (RFC 2369)")
    found = [url for value in message._header_values("List-Unsubscribe") for url in _urls(value)]
    if not found:
        value = shortened(message["List-Unsubscribe"] or "")
        raise matching.SMTPAssertionError(
            f"List-Unsubscribe has no URL in angle brackets: {value!r}"
        )
    web = [url for url in found if url.lower().startswith(("https://", "http://"))]
    if not one_click:
        return (web or found)[0]
    if failure := _not_one_click(message, web):
        raise matching.SMTPAssertionError(failure)
    return web[0]


def _urls(value: str) -> Iterator[str]:
    # RFC 2369 section 2: URLs in angle brackets, with commas between, comments and white space
    # around them; white space within them is ignored.
    inside: list[str] | None = None
    from pytest_smtpserver.mail import lexer

    for token in lexer.tokens(value, "<>"):
        if token.kind == "mark" and token.text in "<>":
            if token.text == ">" and inside:
                yield "".join(inside)
            inside = [] if token.text == "<" else None
        elif inside is not None and token.kind != "space":
            inside.append(value[token.start : token.end])


def _not_one_click(message: Message, web: list[str]) -> str:
    """Return what RFC 8058 section 3.1 demands and the message does not have, or `""`."""
    if len(web) != 1 or not web[0].lower().startswith("https://"):
        has = ", ".join(map(shortened, web)) or "none"
        return f"List-Unsubscribe must have one HTTPS URL, but has {has} (RFC 8058 section 3.1)"
    posts = [" ".join(value.split()) for value in message._header_values("List-Unsubscribe-Post")]
    if not posts:
        return "the message has no List-Unsubscribe-Post field (RFC 8058 section 3.1)"
    if posts != [_ONE_CLICK]:
        has = shown(posts[0] if len(posts) == 1 else posts)
        return f"List-Unsubscribe-Post is {has}, not {_ONE_CLICK!r} (RFC 8058 section 3.1)"
    # Mail is often signed on its way, after a test has seen it. So a missing signature is no fault,
    # but one that does not cover the fields is.
    signatures = message._header_values("DKIM-Signature")
    if signatures and not any(map(_covers, signatures)):
        return (
            "no DKIM-Signature covers List-Unsubscribe and List-Unsubscribe-Post "
            "(RFC 8058 section 4)"
        )
    return ""


def _covers(signature: str) -> bool:
    names = _SIGNED.search(signature)
    signed = {name.strip().lower() for name in names[1].split(":")} if names else set()
    return signed >= _TO_BE_SIGNED


def html_document(message: Message) -> str:
    """Return the HTML body as a document of its own; see `Message.html_document`."""
    __tracebackhide__ = True
    if not message.html:
        has = "no HTML body, only plain text" if message.text else "no body in HTML or plain text"
        raise matching.SMTPAssertionError(f"the message has {has}")
    return message._view.document


def links_work(
    message: Message, fetch: Callable[[str], Any], ignore: Pattern | Collection[Pattern]
) -> None:
    """Raise `SMTPAssertionError` unless all links work; see `Message.assert_links`."""
    __tracebackhide__ = True
    if not callable(fetch):
        raise TypeError(f"fetch={shown(fetch)}: must be a callable that is given a URL")
    ignored = given.several("ignore", ignore, (str, re.Pattern), "a str or a compiled pattern")
    links: dict[str, Link] = {}
    for link in message.links:
        is_web = link.url.lower().startswith(("http://", "https://"))
        if is_web and not any(_is_found(one, link.url) for one in ignored):
            links.setdefault(link.url, link)
    failures = [
        (link, failure) for link in links.values() if (failure := _failure(fetch, link.url))
    ]
    if failures:
        raise matching.SMTPAssertionError(_described(failures, len(links)))


def _is_found(pattern: Pattern, url: str) -> bool:
    if isinstance(pattern, re.Pattern):
        return pattern.search(url) is not None
    return pattern in url


def _failure(fetch: Callable[[str], Any], url: str) -> str:
    """Return what is wrong with a link, or `""` if it works."""
    try:
        status = _status(answer := fetch(url))
    except Exception as error:  # noqa: BLE001  # whatever the caller's client raises
        return f"raised {type(error).__name__}: {error}".rstrip(": ")
    if status is None:
        raise TypeError(
            f"fetch({url!r}) returned {shown(answer)}: must be a status, or have a status_code or "
            "a status"
        )
    return f"answered {status}" if status >= _FIRST_ERROR else ""


def _status(answer: Any) -> int | None:
    for value in (getattr(answer, "status_code", None), getattr(answer, "status", None), answer):
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value)
        # Some clients' `status` is the whole line, such as "404 NOT FOUND".
        if isinstance(value, str) and (digits := re.match(r"\d{3}\b", value)):
            return int(digits[0])
    return None


def _described(failures: list[tuple[Link, str]], count: int) -> str:
    first, failure = failures[0]
    verb = "does" if len(failures) == 1 else "do"
    head = f"{shortened(first.url, 80)} {shortened(failure)}"
    summary = f"{len(failures)} of {counted(count, 'link')} {verb} not work"
    lines = [f"  {shortened(repr(link), 120)} {shortened(how)}" for link, how in failures[:_LISTED]]
    more = len(failures) - len(lines)
    return "\n".join([f"{head} ({summary})", "", *lines, *([f"  ... {more} more"] if more else [])])


#: How many links are listed; arbitrary: as many as fit a screen.
_LISTED: Final = 20
