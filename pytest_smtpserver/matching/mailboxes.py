"""When two addresses are the same one, and how two lists of addresses differ."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUOTED_PAIR = expression(r"\\(.)", re.DOTALL)


# RFC 5321 section 4.1.2: `Dot-string = Atom *("."  Atom)`, with the UTF-8 of RFC 6531.
_DOT_STRING = expression(r"[^\s\x00-\x20()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x20()<>\[\]:;@\\,.\"]+)*")


def comparable(spec: str) -> str:
    """Return an addr-spec in a form that is equal for the same mailbox.

    RFC 5321 section 2.4: the local part "MUST BE treated as case sensitive", while "mailbox
    domains follow normal DNS rules and are hence not case sensitive". Section 4.1.2: a quoted
    local part is the same as one without the quotes, if it can do without them. An
    internationalized domain is the same as its A-labels (RFC 5890 section 2.3.2.1).
    """
    local, at, domain = spec.rpartition("@")
    return f"{_least_quoted(local)}@{_ascii(domain)}" if at else spec


def _least_quoted(local: str) -> str:
    if len(local) < 2 or not local[0] == local[-1] == '"':
        return local
    inner = _QUOTED_PAIR.sub(r"\1", local[1:-1])
    if _DOT_STRING.fullmatch(inner):
        return inner
    return '"{}"'.format(inner.replace("\\", "\\\\").replace('"', '\\"'))


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    # trio needs it too, so it is always there; its tables take some milliseconds to import.
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain.lower()


# In a search the expected address is asked for again with each record. The size is arbitrary.
@lru_cache(maxsize=256)
def parse_address(text: str) -> tuple[str, str]:
    """Return the display name (`""` if there is none) and the addr-spec, comparable."""
    name, spec = "", text.strip()
    if spec.endswith(">") and "<" in spec:
        name, _, spec = spec[:-1].rpartition("<")
        name, spec = _unquoted(name.strip()), spec.strip()
    return name, comparable(spec)


def same_address(expected: str, actual: str) -> bool:
    """Return whether both are one address; a display name counts only if `expected` has one."""
    if expected == actual:
        return True
    expected_name, expected_spec = parse_address(expected)
    name, spec = parse_address(actual)
    return spec == expected_spec and expected_name in ("", name)


def unmatched(expected: Iterable[str], actual: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the addresses that `actual` lacks, and those that it has beyond the expected ones.

    Repeated addresses count each time, and the order does not matter: both results are empty if the
    lists are the same.
    """
    left: dict[str, list[tuple[str, str]]] = {}
    for text in actual:
        name, spec = parse_address(text)
        left.setdefault(spec, []).append((name, text))
    missing = [text for text in sorted(expected, key=_named_first) if not _taken(text, left)]
    return missing, [text for rest in left.values() for _, text in rest]


def _taken(expected: str, left: dict[str, list[tuple[str, str]]]) -> bool:
    name, spec = parse_address(expected)
    here = left.get(spec, [])
    found = next((entry for entry in here if name in ("", entry[0])), None)
    if found:
        here.remove(found)
    return found is not None


def _named_first(text: str) -> tuple[bool, str]:
    # An address without a display name matches any, so those with one must choose first.
    return not parse_address(text)[0], text


def _unquoted(name: str) -> str:
    """Return a phrase without the quotes of RFC 5322 section 3.2.4, white space folded."""
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = _QUOTED_PAIR.sub(r"\1", name[1:-1])
    return " ".join(name.split())
