"""Clients for every mechanism, and the forms in which their secrets could leak."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

from scramp import ScramClient

from tests.rawclient import ask, introduced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_smtpserver import SMTPServer

    #: Takes the server's challenge, as octets before base64, and yields the answers.
    Answering = Iterator[bytes]

USER = "ann@example.org"
# Long enough not to occur by chance, with characters that URLs and base64 treat specially.
SECRET = "s3cret/that+nobody=sees?~~"


def plain(challenges: list[bytes]) -> Answering:
    yield f"\0{USER}\0{SECRET}".encode()


def login(challenges: list[bytes]) -> Answering:
    yield USER.encode()
    yield SECRET.encode()


def cram_md5(challenges: list[bytes]) -> Answering:
    digest = hmac.new(SECRET.encode(), challenges[-1], "md5").hexdigest()
    yield f"{USER} {digest}".encode()


def scram(mechanism: str) -> Callable[[list[bytes]], Answering]:
    def answers(challenges: list[bytes]) -> Answering:
        client = ScramClient([mechanism], USER, SECRET)
        yield client.get_client_first().encode()
        client.set_server_first(challenges[-1].decode())
        yield client.get_client_final().encode()
        yield b""

    return answers


def xoauth2(challenges: list[bytes]) -> Answering:
    yield f"user={USER}\1auth=Bearer {SECRET}\1\1".encode()
    yield b""


def oauthbearer(challenges: list[bytes]) -> Answering:
    yield f"n,a={USER},\1auth=Bearer {SECRET}\1\1".encode()
    yield b"\1"


MECHANISMS: dict[str, Callable[[list[bytes]], Answering]] = {
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "SCRAM-SHA-1": scram("SCRAM-SHA-1"),
    "SCRAM-SHA-256": scram("SCRAM-SHA-256"),
    "XOAUTH2": xoauth2,
    "OAUTHBEARER": oauthbearer,
}


class Client:
    """Sends what it is told to, and remembers the secrets in it."""

    def __init__(self, server: SMTPServer) -> None:
        self._socket = introduced(server)
        self.sent: list[bytes] = []

    def ask(self, line: bytes) -> bytes:
        return ask(self._socket, line).encode()

    def close(self) -> None:
        self._socket.close()

    def secret(self, octets: bytes) -> bytes:
        # OAUTHBEARER's dummy is a single octet, and none of XOAUTH2's; nothing of them is secret.
        if len(octets) > 1:
            self.sent.append(octets)
        return b64encode(octets)

    def log_in(self, mechanism: str) -> bytes:
        """Answer to challenges; return the last reply."""
        challenges = [b""]
        reply = self.ask(b"AUTH " + mechanism.encode())
        answers = MECHANISMS[mechanism](challenges)
        while reply.startswith(b"334"):
            challenges.append(b64decode(reply[4:]))
            reply = self.ask(self.secret(next(answers)))
        return reply

    def log_in_at_once(self, mechanism: str) -> bytes:
        """Send the first answer with the command, and all others whatever the reply."""
        answers = MECHANISMS[mechanism]([b"<1@example.org>"])
        reply = self.ask(b"AUTH %s %s" % (mechanism.encode(), self.secret(next(answers))))
        if mechanism.startswith("SCRAM"):
            # What comes next depends on the challenge.
            return self.ask(b"*")
        for answer in answers:
            reply = self.ask(self.secret(answer))
        return reply

    def log_in_wrongly(self, mechanism: str) -> bytes:
        """Send a malformed AUTH command."""
        answers = [*([b""] if mechanism.startswith("SCRAM") else MECHANISMS[mechanism]([b"<1@x>"]))]
        told = b" ".join(self.secret(answer) for answer in answers)
        name = mechanism.encode()
        for line in (
            b"AUTH\t%s %s" % (name, told),
            b" AUTH %s %s" % (name, told),
            b"AUTH %s" % told,
            b"AUTH=%s %s" % (name, told),
            b"AUTH %s %s !" % (name, told),
            b"AUTH %s %s" % (name, SECRET.encode()),
        ):
            if self.ask(line).startswith(b"334"):
                self.ask(b"*")
        return b""


def forms(sent: list[bytes]) -> dict[str, str]:
    """Return the texts that must appear nowhere, each with its name."""
    found = {"clear": SECRET, "percent-encoded": quote(SECRET, safe="")}
    secret = SECRET.encode()
    for number, octets in enumerate([secret, *sent]):
        found[f"base64 {number}"] = b64encode(octets).decode().rstrip("=")
        found[f"hex {number}"] = octets.hex()
        found[f"HEX {number}"] = octets.hex().upper()
    for offset in (1, 2):
        # Encoded in the middle of something longer, the first and last characters differ.
        aligned = b64encode(bytes(offset) + secret).decode().rstrip("=")
        found[f"base64 moved by {offset}"] = aligned[4:-2]
    found["digest"] = hashlib.md5(secret).hexdigest()
    # A user's name alone is not a secret.
    user = (USER, b64encode(USER.encode()).decode().rstrip("="), USER.encode().hex())
    return {name: text for name, text in found.items() if text.lower() not in map(str.lower, user)}
