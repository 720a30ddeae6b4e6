"""Which commands a client may send on after, before it has their reply (RFC 2920)."""

from __future__ import annotations

from .states import END_OF_CONTENT

# Section 3.1: "the commands RSET, MAIL FROM, SEND FROM, SOML FROM, SAML FROM, and RCPT TO can
# all appear anywhere in a pipelined command group", and "the actual transfer of message content
# is explicitly allowed to be the first "command" in a group". RFC 3030 section 2 has a server
# "accept and discard additional BDAT chunks already in the pipeline".
_GO_ON = frozenset({"RSET", "MAIL", "SEND", "SOML", "SAML", "RCPT", "BDAT", END_OF_CONTENT})

# RFC 4954 section 4: AUTH "MUST be the last command in a pipelined group of commands. The only
# exception to this rule is when the AUTH command contains an initial response for a SASL
# mechanism that allows the client to send data first, the SASL mechanism is known to complete in
# one round-trip (...). Two examples of such SASL mechanisms are PLAIN and EXTERNAL."
_ONE_ROUND_TRIP = frozenset({"PLAIN", "EXTERNAL"})


def ends_group(verb: str, argument: str = "") -> bool:
    """Return whether a client must await the reply to this command before it sends another.

    Section 3.1 names EHLO, DATA, VRFY, EXPN, TURN, QUIT and NOOP, and of "additional commands
    added by other SMTP extensions" those whose extension does not say otherwise. HELO and HELP,
    which it does not mention, are taken to end a group, too.
    """
    if verb == "AUTH":
        mechanism, _, initial_response = argument.partition(" ")
        return not initial_response or mechanism.upper() not in _ONE_ROUND_TRIP
    return verb not in _GO_ON
