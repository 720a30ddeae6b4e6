"""CRAM-MD5 (RFC 2195): the client sends a digest of the challenge, keyed with the password."""

from __future__ import annotations

import os
from hmac import HMAC, compare_digest
from typing import TYPE_CHECKING

from pytest_smtpserver.expressions import expression
from pytest_smtpserver.smtp import replies
from pytest_smtpserver.smtp.grammar import Refusal

from .challenges import Challenge, Conclusion, user_name

if TYPE_CHECKING:
    from pytest_smtpserver.settings.users import Users

    from .challenges import Challenges

# Section 2: "a string consisting of the user name, a space, and a 'digest'"; "The `digest'
# parameter itself is a 16-octet value which is sent in hexadecimal format, using lower-case
# ASCII characters." A name may have spaces in it, so the last one counts.
_ANSWER = expression(rb"(.*) ([0-9a-f]{32})")


def cram_md5(users: Users, hostname: str, *, unique: str | None = None) -> Challenges:
    """RFC 2195. `unique` is the left side of the challenge, which must be different each time.

    Without users no digest can be checked, so any digest is accepted.
    """
    # Section 2: "The syntax of the unencoded form must correspond to that of an RFC 822
    # 'msg-id'". Randomness alone makes it unique: there is no clock here for its timestamp.
    challenge = f"<{unique or os.urandom(16).hex()}@{hostname}>".encode()
    answer = _ANSWER.fullmatch((yield Challenge(challenge)))
    if answer is None:
        raise Refusal(replies.malformed("CRAM-MD5"))
    name = user_name(answer[1])
    return Conclusion(
        name, succeeded=users.are_anyone or _is_right(users.secrets(name), challenge, answer[2])
    )


def _is_right(secrets: tuple[str, ...], challenge: bytes, digest: bytes) -> bool:
    digests = [HMAC(one.encode(), challenge, "md5").hexdigest().encode() for one in secrets]
    return any(compare_digest(one, digest) for one in digests)
