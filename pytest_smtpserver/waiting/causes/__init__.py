"""Why nothing came: a table of functions, each of which looks for one cause in the facts.

* `facts`: what is known when a wait has failed
* `reach`: no client came, or the mail went somewhere else
* `security`: TLS, and clients that speak another protocol
* `login`: AUTH
* `refusal`: refused by a rule or a limit
* `unfinished`: a session or transaction that still lasts, or ended too early
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import login, reach, refusal, security, unfinished
from .facts import Elsewhere, Facts, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver.matching import Cause

__all__ = ["Elsewhere", "Facts", "Surroundings", "causes"]

#: In order: if one applies, those below it are its consequences, or say less. Each returns `None`
#: unless the facts show its cause.
_CAUSES: Final[tuple[Callable[[Facts], Cause | None], ...]] = (
    reach.before_the_block,
    unfinished.in_a_callable,
    unfinished.kept_waiting,
    security.handshake_failed,
    security.wrong_protocol,
    login.refused,
    refusal.transaction_refused,
    refusal.accepted_by_a_rule,
    refusal.session_refused,
    login.offered_only_after_tls,
    unfinished.still_open,
    unfinished.aborted,
    reach.not_listening,
    reach.in_djangos_memory,
    reach.suppressed_by_flask,
    reach.at_another_server,
    reach.blocked_loop,
    reach.in_a_twisted_reactor,
    reach.nobody,
    unfinished.ended_early,
    security.silent,
    unfinished.session_open,
    unfinished.sent_nothing,
)


def causes(facts: Facts) -> Iterator[Cause]:
    """Yield the causes that the facts show, the most telling first."""
    for look in _CAUSES:
        if cause := look(facts):
            yield cause
