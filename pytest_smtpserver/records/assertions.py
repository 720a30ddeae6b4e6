"""What a test asserts about one message or session; a failure shows the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from pytest_smtpserver import matching
from pytest_smtpserver.engine import TLS_VERSIONS
from pytest_smtpserver.matching import given
from pytest_smtpserver.matching.wording import counted, shortened

from . import violations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pytest_smtpserver.mail.dkim import Key, Signature

    from .message import Message
    from .session import Session

#: The parts that `assert_body` knows.
PARTS: Final = ("any", "text", "html")


class _Anything:
    """Equal to everything, like `unittest.mock.ANY`, which takes long to import."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # what is equal to all has no hash

    def __repr__(self) -> str:
        return "ANY"


#: The default of `assert_header`: the field is there, whatever its value.
ANY: Final[Any] = _Anything()


def meets(record: Message | Session, criteria: matching.Criteria) -> None:
    """Raise `SMTPAssertionError` unless the record meets the criteria."""
    __tracebackhide__ = True
    if differences := criteria.differences(record):
        text = matching.describe_mismatch(criteria, record, differences)
        raise matching.SMTPAssertionError(text)


def has_envelope(message: Message, expected: Mapping[str, object]) -> None:
    """Raise `SMTPAssertionError` unless the envelope is as expected; `...` is not compared."""
    __tracebackhide__ = True
    asserted = {name: value for name, value in expected.items() if value is not ...}
    meets(message, matching.Criteria.for_envelopes(asserted))


def has_body(message: Message, expected: object, part: str) -> None:
    """Raise `SMTPAssertionError` unless that part of the body is as expected."""
    __tracebackhide__ = True
    if part not in PARTS:
        raise ValueError(f"part={part!r}: must be one of {', '.join(PARTS)}")
    meets(message, matching.Criteria.for_bodies({"body" if part == "any" else part: expected}))


def has_no_problems(message: Message, ignore: Collection[str]) -> None:
    """Raise `SMTPAssertionError` if the message has problems other than those ignored."""
    __tracebackhide__ = True
    from . import problems

    _assert_none("problem", message.problems, ignore=ignore, known=problems.KINDS, of=message)


# How much of the transcript is shown; arbitrary: an ordinary session fits.
_TRANSCRIPT_LINES: Final = 30

_INSTEAD_OF_QUIT: Final = {
    None: "the session is still open",
    "client": "the client closed the connection without QUIT",
    "reset": "the client reset the connection, without QUIT",
    "timeout": "the client was silent for too long, without QUIT",
    "server": "the server ended the session before QUIT",
}


def has_quit(session: Session) -> None:
    """Raise `SMTPAssertionError` unless the session ended with QUIT."""
    __tracebackhide__ = True
    if session.ended_by != "quit":
        _fail(session, "end with QUIT", _INSTEAD_OF_QUIT[session.ended_by])


def has_no_violations(session: Session, ignore: Collection[str]) -> None:
    """Raise `SMTPAssertionError` if there are violations other than those ignored."""
    __tracebackhide__ = True
    _assert_none("violation", session.violations, ignore=ignore, known=violations.KINDS, of=session)


def is_encrypted(session: Session, minimum: str) -> None:
    """Raise `SMTPAssertionError` unless the session used this version of TLS or a later one."""
    __tracebackhide__ = True
    if minimum not in TLS_VERSIONS:
        raise ValueError(f"minimum={minimum!r}: must be one of {', '.join(TLS_VERSIONS)}")
    wanted = f"use {minimum} or later"
    if session.tls is None:
        _fail(session, wanted, _why_in_clear(session))
    elif _rank(session.tls.version) < _rank(minimum):
        _fail(session, wanted, f"{session.tls.version} was used, not {minimum} or later")


def is_authenticated(session: Session, username: str | None, mechanism: str | None) -> None:
    """Raise `SMTPAssertionError` unless the client authenticated as this user, in this way."""
    __tracebackhide__ = True
    mechanism = given.text_or_none("mechanism", mechanism)
    # RFC 3207 section 4.2: with STARTTLS the server forgets what it knew of the client.
    counting = [one for one in session.auth if one.over_tls or session.tls is None]
    succeeded = [one for one in counting if one.succeeded]
    if not succeeded:
        wanted = "be authenticated" + (f" as {username!r}" if username is not None else "")
        _fail(session, wanted, _why_not_authenticated(session))
    if username is not None:
        meets(session, matching.Criteria.for_sessions({"username": username}))
    used = succeeded[-1].mechanism
    if mechanism is not None and used.upper() != mechanism.upper():
        _fail(
            session,
            f"be authenticated with {mechanism}",
            f"the client logged in with {used}, not {mechanism}",
        )


def _why_in_clear(session: Session) -> str:
    if session.tls_failure:
        return f"the TLS handshake failed: {session.tls_failure}"
    asked = any(exchange.verb == "STARTTLS" for exchange in session.exchanges)
    return f"{'STARTTLS was refused' if asked else 'no STARTTLS'}: the session stayed in clear"


def _why_not_authenticated(session: Session) -> str:
    if mechanism := session._unfinished_auth:
        return f"the client did not finish AUTH {mechanism}"
    asked = session._last_auth
    if not session.auth:
        had = f"AUTH was refused: {asked.reply}" if asked else "there was no AUTH"
        return f"the client did not log in: {had}"
    last = session.auth[-1]
    what = f"AUTH {last.mechanism}" + ("" if last.username is None else f" as {last.username!r}")
    if last.succeeded:
        return f"{what} came before STARTTLS, which undoes it"
    if last.reply is None:
        # Some mechanisms refuse with a challenge. Without one, a rule has withheld the reply.
        return f"{what} got no reply" if asked and asked.rule else f"{what} was refused"
    return f"{what} was refused: {last.reply}"


def _rank(version: str) -> int:
    return TLS_VERSIONS.index(version) if version in TLS_VERSIONS else -1


def _fail(session: Session, wanted: str, instead: str) -> NoReturn:
    __tracebackhide__ = True
    end = matching.transcript_end(session.transcript_end(_TRANSCRIPT_LINES), _TRANSCRIPT_LINES)
    expected = [f"expected the session to {wanted}", f"the session: {session!r}"]
    raise matching.SMTPAssertionError(matching.assembled([[instead], expected, end]))


class _Finding(Protocol):
    """A problem or a violation."""

    @property
    def code(self) -> str:
        """Its kind."""


def _assert_none(
    noun: str,
    found: Sequence[_Finding],
    *,
    ignore: Collection[str],
    known: Collection[str],
    of: object,
) -> None:
    """Raise `SMTPAssertionError` if something is found whose code is not in `ignore`.

    `noun` is what one of them is called; `of` is the record that has them. Raises `ValueError` if
    a code to ignore is unknown.
    """
    __tracebackhide__ = True
    codes = set(given.several("ignore", ignore, (str,), f"the code of a {noun}"))
    for code in sorted(codes.difference(known)):
        raise ValueError(
            f"ignore={code!r} is not the code of a {noun}: the codes are {', '.join(known)}"
        )
    left = [one for one in found if one.code not in codes]
    if left:
        raise matching.SMTPAssertionError(_described(noun, left, of))


def _described(noun: str, left: Sequence[_Finding], of: object) -> str:
    more = f"; and {len(left) - 1} more" if len(left) > 1 else ""
    title = f"expected no {noun}s; there {'is' if len(left) == 1 else 'are'} "
    rows = [f"{title}{counted(len(left), noun)} of {of!r}:", *(f"  {one}" for one in left)]
    return matching.assembled([[f"{left[0]}{more}"], rows])


def has_dkim(message: Message, domain: str | None, selector: str | None, key: Key) -> None:
    """Raise `SMTPAssertionError` unless the message has a valid signature of that domain."""
    __tracebackhide__ = True
    from pytest_smtpserver.mail import dkim

    domain = given.text_or_none("domain", domain)
    selector = given.text_or_none("selector", selector)
    records = dkim.records(key)
    found = list(dkim.signatures(message._header_values("DKIM-Signature")))
    if not found:
        _fail_dkim("no DKIM signature", message, found)
    wanted = [one for one in found if domain is None or one.domain == domain.lower()]
    if not wanted:
        domains = _these(one.domain for one in found)
        _fail_dkim(f"signed by {domains}, not by {domain} (DKIM)", message, found)
    chosen = [one for one in wanted if selector is None or one.selector == selector]
    if not chosen:
        used = _these(one.selector for one in wanted)
        _fail_dkim(f"signed with selector {used}, not {selector} (DKIM)", message, found)
    wrong = [(one, dkim.why_not(message.content, one, records)) for one in chosen]
    if all(why is not None for _, why in wrong):
        signature, why = wrong[0]
        _fail_dkim(f"{why} (DKIM signature of {signature.domain})", message, found)


def _these(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names)) or "nobody"


def _fail_dkim(why: str, message: Message, found: Sequence[Signature]) -> NoReturn:
    __tracebackhide__ = True
    lines = [f"  d={one.domain} s={one.selector} h={one.tags.get('h', '')}" for one in found]
    signatures = [f"{counted(len(found), 'signature')}:", *map(shortened, lines)] if found else []
    raise matching.SMTPAssertionError(
        "\n".join([why, "", f"the message: {message!r}", *signatures])
    )
