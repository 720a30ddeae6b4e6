"""What the rows of the catalogue are written with: rules, settings, and whether a fault was met.

Seconds and octets are arbitrary: large enough that a client that does not wait notices them, and
small enough for a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from pytest_smtpserver.records.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.rules import Command
    from pytest_smtpserver.rules.rule import Rule
    from pytest_smtpserver.settings import Settings

#: What makes a rule, such as `SMTPServer.on`.
On = Callable[..., "Rule"]
#: Makes the rules of a fault; it is called with `server.on` and the settings.
MakeRules = Callable[[On, "Settings"], Iterable["Rule"]]

#: Seconds that a slow server takes to answer.
SLOW: Final = 0.5

# The users and mechanisms are for mailers that get their credentials from `env()`.
LOGIN: Final[Mapping[str, Any]] = {
    "auth": "optional",
    "users": {"mailer": "secret"},
    "mechanisms": ("PLAIN", "LOGIN"),
}
#: A client that logs in or sends without TLS can do so, and `check` then says that it did.
STARTTLS: Final[Mapping[str, Any]] = {**LOGIN, "tls": "starttls", "auth_needs_tls": False}


def replies(**given: str | Reply) -> MakeRules:
    """Make a rule for each stage, with its reply."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        return [on(stage).reply(reply) for stage, reply in given.items()]

    return make


def step(stage: str, name: str, *arguments: Any) -> MakeRules:
    """Make a rule of one step, such as `disconnect`."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        return (getattr(on(stage), name)(*arguments),)

    return make


def chain(stage: str, build: Callable[[Rule], Rule]) -> MakeRules:
    """Make a rule of several steps."""
    return lambda on, settings: (build(on(stage)),)


def octets(sent: bytes, *stages: str) -> MakeRules:
    """Make a rule for each of the stages, which sends these octets."""
    return lambda on, settings: [on(stage).send(sent) for stage in stages]


def one_recipient(reply: str, *, once: bool = False) -> MakeRules:
    """Make a rule that refuses the second of all recipients that are named, always or once."""

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
    """Make a rule that refuses further recipients of a transaction that has `accepted` of them."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        return (on("rcpt", where=lambda asked: len(asked.rcpt_to) > accepted).reply(reply),)

    return make


def concealed(keyword: str) -> MakeRules:
    """Make rules that leave STARTTLS or AUTH out of the reply to EHLO, and refuse the command."""

    def make(on: On, settings: Settings) -> Iterable[Rule]:
        def offer(command: Command) -> Reply:
            encrypted = command.session.tls is not None
            lines = [one for one in _offered(settings, encrypted=encrypted) if one[0] != keyword]
            return Reply(250, "\n".join([settings.hostname, *(" ".join(one) for one in lines)]))

        return (on("ehlo").reply(offer), on(keyword.lower()).reply("502 5.5.1 not implemented"))

    return make


def _offered(settings: Settings, *, encrypted: bool) -> Iterable[tuple[str, ...]]:
    # Only extensions that have no value, or can do without one.
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
