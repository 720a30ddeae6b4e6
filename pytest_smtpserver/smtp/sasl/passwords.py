"""PLAIN (RFC 4616) and LOGIN: the client sends name and password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

from .challenges import NO_DATA, Challenge, Conclusion, accepts, text, user_name

if TYPE_CHECKING:
    from pytest_smtpserver.settings.users import Users

    from .challenges import Challenges


def plain(users: Users, hostname: str) -> Challenges:
    """RFC 4616 section 2: `message = [authzid] UTF8NUL authcid UTF8NUL passwd`.

    An empty password is compared like any other, although `passwd = 1*SAFE`: "wrong password" helps
    a test more than a syntax error. No user may act for another.
    """
    message = yield NO_DATA
    text(message)
    try:
        authzid, authcid, password = message.split(b"\0")
    except ValueError:
        raise Refusal(replies.malformed("PLAIN")) from None
    name = user_name(authcid)
    is_right, is_own = accepts(users, "PLAIN", name, password), authzid in (b"", authcid)
    return Conclusion(name, succeeded=is_right and is_own, is_for_another=is_right and not is_own)


def login(users: Users, hostname: str) -> Challenges:
    """LOGIN, which never became a standard: the prompts are those that clients look for."""
    name = user_name((yield Challenge(b"Username:")))
    password = yield Challenge(b"Password:")
    return Conclusion(name, succeeded=accepts(users, "LOGIN", name, password))
