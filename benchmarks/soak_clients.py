"""The clients of the soak: well-behaved, slow, hostile and cut off. Each keeps its own account.

A client is a function of the server's address, its account, and a random generator that decides for
it. It does not raise for anything that a server or a network may do to it. If it raises, that is a
fault.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import struct
import time
from typing import TYPE_CHECKING, Self

from benchmarks.soak_account import Account, Letter, letter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from pytest_smtpserver import SMTPServer

    Client = Callable[[SMTPServer, Account, Random], None]
    from collections.abc import Iterator

# Far more than is needed on a busy machine: if it is used up, something hangs.
TIMEOUT = 60.0
USER, PASSWORD = "ann", "a password of the soak"
# Addresses that the rules of `soak.rules` match.
SENDERS = (
    *["ann@example.org"] * 4, "refused@example.org", "rejected@example.org", "cut@example.org",
    "late@example.org", "lost@example.org",
)  # fmt: skip
_RECIPIENTS = ("bob@example.org", "bob@example.org", "nobody@example.org", "eve@example.org")
_PLAIN = (
    b"hello\r\n",
    b".leading dots\r\n..\r\n",
    b"\0\xff\xfe not text \x1b[31m\r\n",
    b"x" * 990 + b"\r\n",
)
_STRANGE = (
    # Would end the content if a server took something other than CRLF for a line end.
    b"one\n.\nMAIL FROM:<mallory@example.org>\r\nRCPT TO:<bob@example.org>\r\n",
    b"one\r.\rtwo\n.\r\nthree\r\n",
)
_NONSENSE = (
    b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"EHLO \xff\xfe\x00\r\nMAIL FROM:<\x1b]0;x\x07>\r\nRCPT TO:<>\r\nVRFY\r\n",
    b"NOOP " + b"x" * 100_000 + b"\r\n",
    b"x" * 300_000,
    b"AUTH PLAIN ====\r\nAUTH PLAIN\r\n*\r\nAUTH CRAM-MD5\r\nx\r\n" * 20,
    b"RSET\r\n" * 5_000,
    b"EHLO x\r\nMAIL FROM:<a@b>\r\n" + b"RCPT TO:<c@d>\r\n" * 2_000,
    b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 999999999999\r\n" + bytes(1000),
)


def a_letter(dice: Random, bodies: Sequence[bytes] = (*_PLAIN, *_STRANGE)) -> Letter:
    """Return a letter: most are short, some are strange, few are long."""
    times = 5_000 if dice.random() < 0.02 else dice.randint(0, 20)
    return letter(dice.choice(bodies) * times)


def stuffed(content: bytes) -> bytes:
    """Return content as it travels, with the dot at its end (RFC 5321 section 4.5.2)."""
    dotted = b"." + content if content.startswith(b".") else content
    return dotted.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Talk:
    """A connection on which a client sends octets and reads replies."""

    def __init__(self, server: SMTPServer) -> None:
        self.socket = socket.create_connection(server.addr, TIMEOUT)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def say(self, octets: bytes) -> None:
        """Send octets."""
        self.socket.sendall(octets)

    def hear(self) -> int:
        """Return the code of the next reply, 0 at the end."""
        return int(self.lines()[-1][:3] or b"0")

    def lines(self) -> list[bytes]:
        """Return the lines of the next reply; at the end, one that is empty."""
        lines = [self._file.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self._file.readline())
        return lines

    def ask(self, octets: bytes) -> int:
        """Send octets and read one reply."""
        self.say(octets)
        return self.hear()

    def reset(self) -> None:
        """Leave with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ordinary(server: SMTPServer, account: Account, dice: Random) -> None:
    """Send with smtplib, some messages on one connection."""
    with _library(server) as client:
        _deliver(client, account, dice)


def encrypted(server: SMTPServer, account: Account, dice: Random) -> None:
    """Send with smtplib after STARTTLS and, sometimes, a login."""
    with _library(server) as client:
        client.ehlo()
        if client.has_extn("starttls"):
            client.starttls(context=server.client_context())
            client.ehlo()
        if client.has_extn("auth") and dice.random() < 0.5:
            client.login(USER, dice.choice([PASSWORD, PASSWORD, "a wrong one"]))
        _deliver(client, account, dice)


def pipelining(server: SMTPServer, account: Account, dice: Random) -> None:
    """Send whole groups, and the content with the end of its group (RFC 2920, and BDAT)."""
    with Talk(server) as talk:
        talk.hear()
        talk.say(b"EHLO client.example\r\n")
        takes_chunks = any(b"CHUNKING" in line for line in talk.lines())
        for _ in range(dice.randint(1, 4)):
            one = a_letter(dice)
            with _Fate(account, one) as fate:
                talk.say(_envelope(dice))
                way = _in_chunks if takes_chunks and dice.random() < 0.5 else _as_data
                way(talk, one, fate)
        talk.ask(b"QUIT\r\n")


def slow(server: SMTPServer, account: Account, dice: Random) -> None:
    """Send a few octets at a time."""
    one = letter(b"slowly\r\n.\r\n")
    said = b"EHLO client.example\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.org>\r\n"
    with Talk(server) as talk, _Fate(account, one) as fate:
        talk.hear()
        for octets in (said, b"DATA\r\n"):
            _by_pieces(talk, octets, dice)
        codes = [talk.hear() for _ in range(4)]
        if codes[-1] == 354:
            fate.is_known = False
            _by_pieces(talk, stuffed(one.content), dice)
            fate.answered(talk.hear())


def hostile(server: SMTPServer, account: Account, dice: Random) -> None:
    """Send nonsense without listening, and leave in one of several ways."""
    with Talk(server) as talk:
        talk.socket.settimeout(0.2)
        for _ in range(dice.randint(1, 3)):
            talk.say(dice.choice(_NONSENSE))
        if dice.random() < 0.5:
            talk.reset()


def cut_off(server: SMTPServer, account: Account, dice: Random) -> None:
    """Leave somewhere in a transaction, by an end or by a reset."""
    one = a_letter(dice)
    whole = stuffed(one.content)
    with Talk(server) as talk, _Fate(account, one) as fate:
        talk.hear()
        said = b"EHLO client.example\r\n" + _envelope(dice) + b"DATA\r\n"
        if dice.random() < 0.3:
            talk.say(said[: dice.randint(0, len(said))])
        else:
            talk.say(said)
            codes = [talk.hear() for _ in range(4)]
            sent = whole if dice.random() < 0.3 else whole[: dice.randint(0, len(whole) - 1)]
            # Where DATA was refused, the content is so many unknown commands.
            fate.is_known = codes[-1] != 354 or sent != whole
            talk.say(sent)
        if dice.random() < 0.5:
            talk.reset()


def held(server: SMTPServer, account: Account, dice: Random) -> None:
    """Be held at MAIL, and lose patience or be released."""
    rule = server.on("mail", mail_from="held@example.org", optional=True).hold()
    one = a_letter(dice)
    with Talk(server) as talk, _Fate(account, one) as fate:
        talk.hear()
        talk.ask(b"EHLO client.example\r\n")
        talk.say(b"MAIL FROM:<held@example.org>\r\nRCPT TO:<bob@example.org>\r\n")
        if dice.random() < 0.5:
            # Several rules may hold it; all are released at the end.
            rule.release()
            _as_data(talk, one, fate)
        else:
            talk.reset()
    rule.release()


def starving(server: SMTPServer, account: Account, dice: Random) -> None:
    """Ask for much and read nothing."""
    with Talk(server) as talk:
        talk.socket.settimeout(0.2)
        talk.say(b"HELP\r\n" * 20_000)


CLIENTS: tuple[Client, ...] = (
    *[ordinary, pipelining] * 3, *[encrypted] * 2, *[cut_off] * 2, slow, hostile, held, starving,
)  # fmt: skip


def run(client: Client, server: SMTPServer, account: Account, dice: Random) -> None:
    """Run a client; what a server may do to it is not an error."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        client(server, account, dice)


@contextlib.contextmanager
def _library(server: SMTPServer) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP(server.host, server.port, "client.example", TIMEOUT)
    try:
        yield client
        client.quit()
    finally:
        client.close()


def _deliver(client: smtplib.SMTP, account: Account, dice: Random) -> None:
    for _ in range(dice.randint(1, 4)):
        # smtplib doubles a dot after a bare LF as well.
        one = a_letter(dice, _PLAIN)
        with _Fate(account, one) as fate:
            fate.is_known = False
            try:
                client.sendmail(dice.choice(SENDERS), dice.choice(_RECIPIENTS), one.content)
            except smtplib.SMTPServerDisconnected:
                raise
            except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
                fate.answered(500)
            else:
                fate.answered(250)


class _Fate:
    """Writes the outcome of a letter into the account, however its client ends."""

    def __init__(self, account: Account, one: Letter) -> None:
        self._account = account
        self._letter = one
        #: Whether a letter that got no reply was surely not accepted.
        self.is_known = True
        self._code = 0

    def answered(self, code: int) -> None:
        """Note the reply to the whole content; 0 for none."""
        self._code = code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code:
            known = self._account.accepted if self._code < 300 else self._account.refused
        else:
            known = self._account.refused if self.is_known else self._account.unknown
        known.append(self._letter)


def _envelope(dice: Random) -> bytes:
    addresses = (dice.choice(SENDERS).encode(), dice.choice(_RECIPIENTS).encode())
    return b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\n" % addresses


def _as_data(talk: Talk, one: Letter, fate: _Fate) -> None:
    talk.say(b"DATA\r\n")
    codes = [talk.hear() for _ in range(3)]
    if codes[-1] == 354:
        fate.is_known = False
        fate.answered(talk.ask(stuffed(one.content)))
    else:
        talk.ask(b"RSET\r\n")


def _in_chunks(talk: Talk, one: Letter, fate: _Fate) -> None:
    fate.is_known = False
    talk.say(b"BDAT %d LAST\r\n" % len(one.content) + one.content)
    codes = [talk.hear() for _ in range(3)]
    fate.answered(codes[-1])
    talk.ask(b"RSET\r\n")


def _by_pieces(talk: Talk, octets: bytes, dice: Random) -> None:
    step = dice.randint(1, 7)
    for start in range(0, len(octets), step):
        talk.say(octets[start : start + step])
        time.sleep(0.002)
