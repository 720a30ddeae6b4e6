"""What a client does wrong in its commands, though the server copes; one row for each kind.

What is wrong with the content of a message is in `problems`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_smtpserver.frozen import frozen
from pytest_smtpserver.matching.wording import printable
from pytest_smtpserver.suggesting import suggesting

if TYPE_CHECKING:
    from collections.abc import Mapping


@suggesting
@frozen(kw_only=True, eq=False)
class Violation:
    """A mistake of the client in its commands.

    `code` is its kind, such as `"out-of-order"`; `text` says what the client did wrong and where;
    `rfc` is the section that it violates, such as `"RFC 5321 section 4.1.4"`.
    """

    code: str
    text: str
    rfc: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text} ({self.rfc})"

    def __repr__(self) -> str:
        return f"<Violation {self}>"


@frozen()
class Row:
    """One row of the table: what is wrong, and which section says so."""

    sentence: str
    rfc: str


KINDS: Mapping[str, Row] = MappingProxyType(
    {
        # "There are restrictions on the order in which these commands may be used."
        "out-of-order": Row("the command may not come here", "RFC 5321 section 4.1.4"),
        "bad-syntax": Row("the command is malformed", "RFC 5321 section 4.1.1"),
        "unknown-command": Row("the server does not know the command", "RFC 5321 section 4.1.1"),
        # "The maximum total length of a command line including the command word and the <CRLF>
        # is 512 octets."
        # RFC 4954 section 4 has the same limit for AUTH with an initial response.
        "long-command-line": Row("the command line is too long", "RFC 5321 section 4.5.3.1.4"),
        # "Conforming implementations MUST NOT recognize or generate any other character or
        # character sequence as a line terminator."
        "bare-lf-command": Row("the command line ends with a bare LF", "RFC 5321 section 2.3.8"),
        # "Commands and replies are composed of characters from the ASCII character set".
        "eight-bit-command": Row("the command line is not ASCII", "RFC 5321 section 2.4"),
        # "The sender SHOULD wait for this greeting message before sending any commands."
        "early-talker": Row("the client spoke before the greeting", "RFC 5321 section 4.3.1"),
        # "The EHLO, DATA, VRFY, EXPN, TURN, QUIT, and NOOP commands can only appear as the last
        # command in a group".
        "pipelined-too-far": Row(
            "the client did not wait for the reply to a command that must end a group",
            "RFC 2920 section 3.1",
        ),
        # "Unless other arrangements are negotiated through service extensions, the sender MUST
        # wait for this response before sending further commands."
        "pipelining-not-offered": Row(
            "the client did not wait for a reply, though PIPELINING was not offered",
            "RFC 5321 section 4.3.1",
        ),
        # ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
        "bad-helo-domain": Row(
            "the client's name is neither a domain nor an address literal",
            "RFC 5321 section 4.1.1.1",
        ),
        # 555 "if the server SMTP does not recognize or cannot implement one or more of the
        # parameters".
        "unknown-parameter": Row("the parameter was not offered", "RFC 5321 section 4.1.1.11"),
        # "After receiving a 220 response to a STARTTLS command, the client MUST start the TLS
        # negotiation before giving any other SMTP commands."
        "plaintext-after-starttls": Row(
            "the client went on in clear after STARTTLS", "RFC 3207 section 4"
        ),
        # No "plaintext password mechanisms, unless either the STARTTLS [SMTP-TLS] command has
        # been negotiated or some other mechanism that protects the session from password
        # snooping has been provided."
        "plaintext-credentials": Row(
            "the client sent its password in clear, though TLS was offered", "RFC 4954 section 4"
        ),
        # "The sender MUST NOT intentionally close the transmission channel until it sends a QUIT
        # command".
        "no-quit": Row("the client left without QUIT", "RFC 5321 section 4.1.1.10"),
        # "the receiver MUST send a "221 OK" reply, and then close the transmission channel."
        "data-after-quit": Row("the client went on after QUIT", "RFC 5321 section 4.1.1.10"),
    }
)


def violation(code: str, detail: str = "") -> Violation:
    """Return the violation of this kind; `detail` says what and where.

    Raises `KeyError` for a code that is not in the table.
    """
    kind = KINDS[code]
    text = f"{kind.sentence}: {printable(detail)}" if detail else kind.sentence
    return Violation(code=code, text=text, rfc=kind.rfc)
