"""Who may log in, without ever showing a password."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Users(Mapping[str, str]):
    """User -> password, immutable; its `repr` shows the names only.

    Raises `ValueError` for what nobody could log in with. Its text never has a password.
    """

    __slots__ = ("_passwords",)

    def __init__(self, passwords: Mapping[str, str]) -> None:
        for name, password in passwords.items():
            if not isinstance(name, str) or not name or not _can_be_sent(name):
                raise ValueError("a user's name is a str of at least one character, without NUL")
            if not isinstance(password, str) or not _can_be_sent(password):
                raise ValueError(f"the password of {name!r} is not a str without NUL")
        self._passwords = dict(passwords)

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Users:
        """Return the users of lines like `name:password`; the password may have colons in it."""
        found: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            name, colon, password = line.partition(":")
            if not colon:
                raise ValueError(f"its line {number} has no colon")
            if name in found:
                raise ValueError(f"{name!r} stands there twice")
            found[name] = password
        return cls(found)

    def __getitem__(self, name: str) -> str:
        return self._passwords[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._passwords)

    def __len__(self) -> int:
        return len(self._passwords)

    def __hash__(self) -> int:
        return hash(frozenset(self._passwords.items()))

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: ***' for name in self)}}}"


def _can_be_sent(value: str) -> bool:
    # No mechanism sends NUL, nor what is not UTF-8.
    if "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
