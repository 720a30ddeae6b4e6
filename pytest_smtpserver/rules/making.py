"""How a test makes rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from pytest_smtpserver.records.reply import Reply

if TYPE_CHECKING:
    from typing import Unpack

    from .book import RuleBook
    from .keywords import Match, StageName
    from .rule import RuleSteps
    from .state import RuleState
    from .steps import Replying

# Errors in a test's arguments show at the test's line.
__tracebackhide__ = True

# RFC 5321 section 4.2.1: 4yz is a transient, 5yz a permanent negative completion reply.
_REFUSING = 400

# The texts for bare codes: RFC 5321 section 4.2.3, RFC 4954 section 6, RFC 7504, RFC 5248.
_TEXTS = {
    421: "service not available, closing",
    450: "mailbox busy, try again later",
    451: "local error, try again later",
    452: "insufficient storage, try again later",
    454: "temporary failure, try again later",
    500: "command not recognized",
    501: "syntax error in parameters",
    502: "command not implemented",
    503: "bad sequence of commands",
    504: "parameter not implemented",
    521: "this host accepts no mail",
    530: "authentication required",
    534: "authentication mechanism is too weak",
    535: "authentication credentials invalid",
    550: "mailbox unavailable",
    551: "user not local",
    552: "exceeded storage allocation",
    553: "mailbox name not allowed",
    554: "transaction failed",
    555: "parameter not recognized",
    556: "domain does not accept mail",
}


AnyRule = TypeVar("AnyRule", bound="RuleSteps")


class RuleMaker(Generic[AnyRule]):
    """Makes the rules of one server, of the kind that a thread or a task can use."""

    @property
    def _rules(self) -> RuleBook:
        """The rules of the server."""
        raise NotImplementedError

    def on(
        self, stage: StageName | str, *, optional: bool = False, **match: Unpack[Match]
    ) -> AnyRule:
        """Return a new rule, which says what the server does instead at a stage.

        `stage` is `"connect"`, `"tls"`, the verb of a command such as `"rcpt"`, `"message"` (the
        end of the content), or `"*"` (every command line). `match` are the criteria that are known
        at that stage, `helo`, `username`, `mechanism`, `argument`, `session` (its id) and `where`
        (a callable that is given the `Command`). The newest rule that fits wins. Unless it is
        `optional`, a rule that is never used fails the test. Raises `ValueError` for a stage that
        this server does not have, `TypeError` for a keyword that the stage does not know.
        """
        if not isinstance(optional, bool):
            raise TypeError(f"on({stage!r}, optional={optional!r}): must be True or False")
        return self._new_rule(self._rules.add(stage, match, optional=optional))

    def refuse(
        self,
        reply: int | str | Reply | Replying,
        *texts: str,
        enhanced: str | None = None,
        stage: StageName | str | None = None,
        optional: bool = False,
        **match: Unpack[Match],
    ) -> AnyRule:
        """Return a rule that gives this reply, 4xx or 5xx, such as `"550 5.1.1 no such user"`.

        It takes the arguments of `Rule.reply`, but the text only as a positional argument: the
        keyword `text` is a criterion. A bare code gets a fitting text. Without `stage` it is asked
        at the earliest stage that knows all the keywords, or at MAIL if there are none. Errors as
        in `on`.
        """
        if len(texts) > 1:
            raise TypeError(f"refuse({reply!r}, ...): takes one text, not {len(texts)}")
        from .stages import earliest_stage

        refusal = _refusal("refuse", reply, next(iter(texts), ""), enhanced)
        stage = stage or earliest_stage(match, self._rules.offered)
        return self.on(stage, optional=optional, **match).reply(refusal)

    def greylist(
        self,
        times: int = 1,
        *,
        reply: int | str | Reply | Replying = "451 4.7.1 greylisted, try again later",
        optional: bool = False,
        **match: Unpack[Match],
    ) -> AnyRule:
        """Return a rule that refuses each recipient at first, `times` times, with 451 by default.

        `reply` is as in `refuse`. Errors as in `on`.
        """
        refusal = _refusal("greylist", reply, "", None)
        rule = self.on("rcpt", optional=optional, **match).times(times, per="recipient")
        return rule.reply(refusal)

    def chaos(self, rate: float = 0.1, seed: int | str | None = None) -> AnyRule:
        """Return a rule that refuses commands, or disconnects, by chance.

        `rate` is the share of commands, from 0 to 1. The seed, the session's id and the command's
        number in the session decide what happens, so it is the same in each run. Without `seed` one
        is chosen; the failing test's report shows it.
        """
        from .chaos import Chaos
        from .steps import Choose

        chaos = Chaos(rate, seed)
        state = self._rules.add("*", {"where": chaos.strikes}, optional=True)
        rule = self._new_rule(state)
        state.say_in_reports(str(chaos))
        state.add(Choose(chaos.step))
        return rule

    def _new_rule(self, state: RuleState) -> AnyRule:
        """Return the object that the test gets for a rule."""
        raise NotImplementedError


def _refusal(
    name: str, reply: int | str | Reply | Replying, text: str, enhanced: str | None
) -> Reply | Replying:
    from .rule import as_reply

    if isinstance(reply, int) and not text:
        text = _TEXTS.get(reply, "refused")
    refusal = as_reply(reply, text, enhanced)
    if isinstance(refusal, Reply) and refusal.code < _REFUSING:
        raise ValueError(f"{name}({reply!r}): must be a reply with a code from 400 to 599")
    return refusal
