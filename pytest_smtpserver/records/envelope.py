"""The envelope: who sends to whom, whatever the header says (RFC 5321 section 2.3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pytest_smtpserver.frozen import frozen, not_pickled
from pytest_smtpserver.matching.wording import shortened
from pytest_smtpserver.suggesting import suggesting

#: Parameters of MAIL or RCPT: keywords in upper case, values as sent, `None` for a mere keyword.
Parameters = Mapping[str, str | None]

#: Most recipients have none: they share this one.
NO_PARAMETERS: Parameters = MappingProxyType({})


@not_pickled
@suggesting
@frozen(kw_only=True, eq=False)
class Envelope:
    """The sender and the recipients that MAIL and RCPT named.

    `mail_from` is `""` for the null sender. `rcpt_to` has the accepted recipients in their order,
    and `rcpt_parameters` the parameters of each. Addresses are as sent, without a source route.
    """

    mail_from: str
    rcpt_to: tuple[str, ...]
    parameters: Parameters
    rcpt_parameters: tuple[Parameters, ...]

    @property
    def _route(self) -> str:
        # For a repr: on one line, however many they are.
        recipients = ", ".join(self.rcpt_to) or "nobody"
        return shortened(f"{self.mail_from or '<>'} -> {recipients}")

    def __repr__(self) -> str:
        return f"<Envelope {self._route}>"
