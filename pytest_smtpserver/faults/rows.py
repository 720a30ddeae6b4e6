"""What the rows of the catalogue are made with: rules, settings, and whether a fault was met.

Seconds and octets are arbitrary: long enough to be noticed by a client that does not wait, short
enough for a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.records.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.rules import Command, Rule
    from pytest_smtpserver.settings import Settings

On = Callable[..., "Rule"]
#: Makes the rules of a fault, with what makes one.
MakeRules = Callable[[On, "Settings"], Iterable["Rule"]]

#: Seconds that a slow server takes to answer.
SLOW: Final = 0.5

# The users and mechanisms are for mailers that are told by `env()` how to log in.
LOGIN: Final[Mapping[str, Any]] = {
    "auth": "optional",
    "users": {"mailer": "secret"},
    "mechanisms": ("PLAIN", "LOGIN"),
}
#: A client that would log in without TLS, or send, finds that it can.
STARTTLS: Final[Mapping[str, Any]] = {**LOGIN, "tls": "starttls", "auth_needs_tls": False}


def replies(**given: str | Reply) -> MakeRules:
    """Return what makes a rule for each stage, with its reply."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        return [on(stage).reply(reply) for stage, reply in given.items()]

    return make


def step(stage: str, name: str, *arguments: Any, **options: Any) -> MakeRules:
    """Return what makes a rule of one step, such as `disconnect`."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        return (getattr(on(stage), name)(*arguments, **options),)

    return make


def chain(stage: str, build: Callable[[Rule], Rule]) -> MakeRules:
    """Return what makes a rule of several steps."""
    return lambda on, settings: (build(on(stage)),)


def octets(sent: bytes, *stages: str) -> MakeRules:
    """Return what makes a rule for each of the stages that sends these octets."""
    return lambda on, settings: [on(stage).send(sent) for stage in stages]


def one_recipient(reply: str, *, once: bool = False) -> MakeRules:
    """Return what refuses the second of all recipients that are named, always or once."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        seen: list[str] = []

        def is_second(command: Command) -> bool:
            address = command.rcpt_to[-1].lower()
            if address not in seen:
                seen.append(address)
            return seen.index(address) == 1

        rule = on("rcpt", where=is_second).reply(reply)
        return (rule.times(1) if once else rule,)

    return make


def recipients_after(accepted: int, reply: str) -> MakeRules:
    """Return what refuses the recipients of a transaction that has so many."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        return (on("rcpt", where=lambda asked: len(asked.rcpt_to) > accepted).reply(reply),)

    return make


def concealed(keyword: str) -> MakeRules:
    """Return what keeps STARTTLS or AUTH from the reply to EHLO, and refuses it."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        def offer(command: Command) -> Reply:
            encrypted = command.session.tls is not None
            lines = [one for one in _offered(settings, encrypted=encrypted) if one[0] != keyword]
            return Reply(250, "\n".join([settings.hostname, *(" ".join(one) for one in lines)]))

        return (on("ehlo").reply(offer), on(keyword.lower()).reply("502 5.5.1 not implemented"))

    return make


def _offered(settings: Settings, *, encrypted: bool) -> Iterable[tuple[str, ...]]:
    # Those that have no value, or can do without.
    yield from ((one,) for one in settings.offered_extensions if one in ("PIPELINING", "SIZE"))
    if settings.auth != "off" and (encrypted or not settings.auth_needs_tls):
        yield ("AUTH", *settings.mechanisms)
    if settings.tls == "starttls" and not encrypted:
        yield ("STARTTLS",)


def three_lines(code: int, enhanced: str | None = None) -> Reply:
    """Return a reply of three lines."""
    return Reply(code, "the first of three lines\nthe second\nthe last", enhanced)


def has_asked(session: Session) -> bool:
    """Return whether the client was told what the server offers."""
    return any(one.verb in ("EHLO", "LHLO") and one.reply for one in session.exchanges)


def has_begun_tls(session: Session) -> bool:
    """Return whether the client began a handshake."""
    return session.tls is not None or session.tls_failure is not None


def was_idle(session: Session) -> bool:
    """Return whether the client was silent for too long."""
    return session.ended_by == "timeout"
