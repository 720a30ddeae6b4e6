"""Who may log in, without ever showing a password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import iscoroutine
from typing import Any

#: A callable that a test may give instead: it gets mechanism, name and secret, and returns whether
#: they are right.
Check = Callable[[str, str, str], object]


class Hidden(dict[str, object]):
    """A mapping of names to secrets whose `repr` shows the names only."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, "***"))


def hiding_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they were given, but so that their `repr` shows no secret.

    `pytest --full-trace --showlocals` shows the variables of our frames.
    """
    if "users" in given and isinstance(users := given["users"], Mapping):
        return {**given, "users": Hidden(users)}
    return dict(given)


class Users(Mapping[str, str]):
    """Who may log in; immutable. Its `repr` shows the names only.

    As a mapping it has each user's first secret. `secrets` has all of them, and each is accepted.
    With a `check` the test's callable decides, and there are no names.

    Raises `ValueError` for credentials that no client could send. Its text never has a password.
    """

    __slots__ = ("_check", "_secrets")

    def __init__(
        self, secrets: Mapping[str, str | tuple[str, ...]], check: Check | None = None
    ) -> None:
        for name, given in secrets.items():
            if not isinstance(name, str) or not name or not _can_be_sent(name):
                raise ValueError("a user's name must be a str without NUL, not empty")
            if given == () or not all(map(_is_secret, _each(given))):
                raise ValueError(f"the password of {name!r} must be a str without NUL")
        self._secrets: dict[str, tuple[str, ...]] = {
            name: given if isinstance(given, tuple) else (given,) for name, given in secrets.items()
        }
        self._check = check

    @property
    def is_callable(self) -> bool:
        """Whether a callable decides, so that the secrets are not known beforehand."""
        return self._check is not None

    @property
    def are_anyone(self) -> bool:
        """Whether any credentials are accepted."""
        return not self._secrets and self._check is None

    def secrets(self, name: str) -> tuple[str, ...]:
        """Return a user's secrets, none for an unknown user."""
        return self._secrets.get(name, ())

    def accepts(self, mechanism: str, name: str, secret: bytes) -> bool:
        """Return whether this is a secret of the user, or any credentials are accepted.

        A callable of the test may raise.
        """
        if self._check is not None:
            found = self._check(mechanism, name, secret.decode("utf-8", "surrogateescape"))
            if iscoroutine(found):
                found.close()
                raise TypeError("users: the callable returned a coroutine, which is always true")
            return bool(found)
        if self.are_anyone:
            return True
        from hmac import compare_digest

        # Compare all of them, so that the time reveals nothing.
        known = [compare_digest(one.encode(), secret) for one in self.secrets(name)]
        return any(known)

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Users:
        """Return the users of lines like `name:password`; the password may have colons in it."""
        found: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            name, colon, password = line.partition(":")
            if not colon:
                raise ValueError(f"line {number} has no colon")
            if name in found:
                raise ValueError(f"{name!r} is given twice")
            found[name] = password
        return cls(found)

    def __getitem__(self, name: str) -> str:
        return self._secrets[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def __hash__(self) -> int:
        return hash((frozenset(self._secrets.items()), self._check))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Users):
            return self._secrets == other._secrets and self._check == other._check
        return self._check is None and Mapping.__eq__(self, other)

    def __repr__(self) -> str:
        if self._check is not None:
            return repr(self._check)
        return f"{{{', '.join(f'{name!r}: ***' for name in self)}}}"


def _each(given: object) -> tuple[object, ...]:
    return given if isinstance(given, tuple) else (given,)


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and _can_be_sent(value)


def _can_be_sent(value: str) -> bool:
    # No mechanism can send NUL, or text that is not UTF-8.
    if "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
