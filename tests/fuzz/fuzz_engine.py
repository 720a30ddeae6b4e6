"""Throw mutated dialogues at the engine: `python -m tests.fuzz.fuzz_engine --octets 10000000`.

The client's side of the dialogues in `tests/smtp/dialogues` is mutated, cut anywhere, and fed to an
engine. Whatever it gets, the engine must not raise, must finish each piece in few actions, must
send well-formed replies, leave readable records, and keep no memory. The seed decides a run, and is
printed.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import random
import re
import ssl
import sys
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smtpserver.engine import Close, Hold, Send, TLSInfo, Wait
from pytest_smtpserver.recording.recorder import Recorder
from pytest_smtpserver.settings import Settings
from pytest_smtpserver.settings.users import Users
from pytest_smtpserver.smtp import Offer
from tests.conversation import make_engine, rule_book
from tests.smtp.replay import FILES, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_smtpserver.smtp import SMTPEngine
    from tests.conversation import Rules

#: Inserted by mutations: almost correct ends of lines and of contents, limits, parameters.
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\xc3\xbc", b" ", b"\t", b"<", b">", b"@", b"=", b"+",
    b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n..\r\n", b".\r\n",
    b"EHLO client.test\r\n", b"HELO x\r\n", b"MAIL FROM:<>\r\n", b"MAIL FROM:<a@b>\r\n",
    b"RCPT TO:<c@d>\r\n", b"DATA\r\n", b"BDAT 5\r\n", b"BDAT 0 LAST\r\n", b"BDAT 99999999999\r\n",
    b"RSET\r\n", b"NOOP\r\n", b"VRFY a\r\n", b"HELP\r\n", b"QUIT\r\n", b"STARTTLS\r\n",
    b"AUTH PLAIN AGEAYg==\r\n", b"AUTH LOGIN\r\n", b"*\r\n", b"LHLO x\r\n",
    b" SIZE=99", b" BODY=8BITMIME", b" SMTPUTF8", b" RET=HDRS ENVID=a+2B", b" BY=-1;N",
    b" NOTIFY=NEVER", b" ORCPT=rfc822;a+40b", b" HOLDUNTIL=2027-01-01T00:00:00Z",
)  # fmt: skip
#: Inserted rarely: each takes as many octets as a hundred of the others.
LONG_TOKENS = (b"x" * 520, b"x" * 17_000, b"\n" * 300)

#: The settings that are tried: the defaults, limits that are soon reached, and others. There are no
#: real handshakes: the engine is told that one is done.
SETTINGS = (
    Settings(),
    Settings(max_message_size=20, max_recipients=1),
    Settings(max_message_size=0, extensions=()),
    Settings(protocol="lmtp"),
    Settings(tls="starttls", tls_required=True),
    Settings(tls="implicit", auth="required"),
    Settings(auth="optional", users=Users({"ann": "secret"})),
)

#: Rules of tests; each server has some of them, or none.
RULES: Sequence[Callable[[Rules], object]] = (
    lambda book: book.refuse("550 no"),
    lambda book: book.refuse("451 later", stage="rcpt"),
    lambda book: book.greylist(),
    lambda book: book.chaos(0.2, seed=1),
    lambda book: book.on("connect").delay(0.1),
    lambda book: book.on("*").after(5, per="session").times(1).delay(1),
    lambda book: book.on("ehlo").reply("250 a\nPIPELINING\nXFOO"),
    lambda book: book.on("mail").hold().reply("250 held"),
    lambda book: book.on("data").reply(lambda command: f"354 {len(command.rcpt_to)}"),
    lambda book: book.on("message").accept(reply=False).then().reply("554 no"),
    lambda book: book.on("message").ignore(),
    lambda book: book.on("bdat").times(1).reply("451 later").then().ignore(),
    lambda book: book.on("noop").send(b"250 a\r\n250 b\r\n"),
    lambda book: book.on("rset").disconnect(),
    lambda book: book.on("quit").reply("500 stay"),
    lambda book: book.on("xfoo").reply("250 foo"),
    lambda book: book.on("vrfy").reply("421 go"),
)  # fmt: skip

#: How a session ends: the client leaves or resets, or the server ends it.
ENDS: Sequence[Callable[[SMTPEngine, float], None]] = (
    lambda engine, now: engine.eof(now),
    lambda engine, now: engine.eof(now, reset=True),
    lambda engine, now: engine.end("idle", now),
    lambda engine, now: engine.end("stop", now),
    lambda engine, now: engine.end("crash", now),
)

#: A session ends after so many octets at the latest; arbitrary.
LONGEST_SESSION = 40_000
#: Dialogues with more octets are about length; `LONG_TOKENS` covers that.
SHORT = 1_000
#: Octets between two looks at the memory; arbitrary.
SLICE = 250_000
#: How many octets more may be in use at the last look than at the first: the caches of command
#: lines and paths fill late. Measured over 10,000,000 octets: 205,000, and from the sixth look on
#: only ups and downs.
GROWTH = 500_000

#: The results of a handshake.
TLS = TLSInfo(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", server_name=None)

REPLIES = re.compile(rb"(?:[2-5][0-9][0-9](?:[- ][^\r\n]*)?\r\n)*")


class Stuck(Exception):
    """The engine has more to do than the octets can have caused."""


@dataclass
class Result:
    """What a run has seen. Memory is in octets, at each look."""

    octets: int
    sessions: int
    messages: int
    memory: list[int]


class Session:
    """One engine, fed until it closes."""

    def __init__(self, chance: random.Random, recorder: Recorder) -> None:
        self.chance = chance
        self.engine = new_engine(chance, recorder)
        self.now = 0.0
        self.is_closed = False
        self.actions_left = 8
        self.engine.opened(self.now)
        self.pull()

    def take(self, pieces: Iterable[bytes]) -> int:
        """Feed pieces until it closes, and return how many octets it took."""
        taken = 0
        for piece in pieces:
            if self.is_closed:
                break
            self.feed(piece)
            taken += len(piece)
        return taken

    def feed(self, piece: bytes) -> None:
        """Feed a piece, and do all that it leads to."""
        # A line, or the end of a content, has one reply; and perhaps a pause before it.
        self.actions_left += 4 * (piece.count(b"\n") + 1)
        self.engine.receive(piece, self.now)
        self.pull()

    def end(self) -> None:
        """End it in one of the ways in which a session ends."""
        self.actions_left += 8
        if not self.is_closed:
            self.chance.choice(ENDS)(self.engine, self.now)
            self.pull()
        if not self.is_closed:
            raise Stuck("the session has ended, and the connection is open")

    def pull(self) -> None:
        """Carry out an action of the engine."""
        self.now += 0.001
        sent = b""
        while (action := self.engine.next_action()) is not None:
            self.actions_left -= 1
            if self.actions_left < 0:
                raise Stuck(f"one action too many: {action}")
            if isinstance(action, Send):
                sent += action.octets
            elif isinstance(action, Close):
                self.is_closed = True
            elif isinstance(action, Wait | Hold):
                self.engine.resume(self.now)
            elif self.chance.random() < 0.9:
                self.engine.tls_done(TLS, self.now)
            else:
                self.engine.tls_failed("no handshake", self.now, in_clear=True)
        if not REPLIES.fullmatch(sent):
            raise AssertionError(f"malformed replies: {sent!r}")


def new_engine(chance: random.Random, recorder: Recorder) -> SMTPEngine:
    """Return an engine that has not begun, of any server, with any rules that it can have."""
    settings = chance.choice(SETTINGS)
    context = None if settings.tls == "off" else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offer = Offer(settings, context)
    rules = rule_book(offer)
    for make in chance.sample(RULES, chance.choice([0, 0, 1, 3])):
        with contextlib.suppress(ValueError):  # a stage that the server does not have
            make(rules)
    return make_engine(offer, recorder, rules)


def token(chance: random.Random) -> bytes:
    """Return something to insert."""
    return chance.choice(TOKENS if chance.random() < 0.99 else LONG_TOKENS)


def mutated(chance: random.Random, octets: bytes) -> bytes:
    """Return octets with a few changes."""
    changed = bytearray(octets)
    for _ in range(chance.choice([0, 1, 1, 2, 4, 16])):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.choice([0, 1, 1, 2, 8, 64]))
        piece = bytes(changed[start:end])
        changed[start:end] = chance.choice(
            [
                b"",
                piece * 2,
                piece.swapcase(),
                token(chance),
                token(chance) + piece,
                chance.randbytes(len(piece)),
            ]
        )
    return bytes(changed)


def pieces(chance: random.Random, octets: bytes) -> Iterator[bytes]:
    """Cut octets anyhow: whole, by octets, or in pieces of any size."""
    longest = chance.choice([1, 7, 100, 5_000, len(octets) + 1])
    start = 0
    while start < len(octets):
        end = start + chance.randint(1, longest)
        yield octets[start:end]
        start = end


def client_octets() -> list[bytes]:
    """Return what the client sends in each of the dialogues that are not about length."""
    dialogues = (b"".join(turn.octets for turn in read(path).turns) for path in FILES)
    return [octets for octets in dialogues if len(octets) < SHORT]


def one_session(chance: random.Random, recorder: Recorder, dialogues: list[bytes]) -> int:
    """Play one session, and return how many octets it took."""
    session = Session(chance, recorder)
    taken = 0
    while not session.is_closed and taken < LONGEST_SESSION and chance.random() < 0.9:
        taken += session.take(pieces(chance, mutated(chance, chance.choice(dialogues))))
    session.end()
    return taken


def look(recorder: Recorder) -> int:
    """Read all that was recorded, forget it, and return how many octets are in use."""
    for session in recorder.sessions():
        assert session.ended_by
        assert session.transcript
    for message in recorder.messages.all():
        assert isinstance(message.subject, str)
        assert isinstance(message.text, str)
    recorder.clear(0.0)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def fuzz(octets: int, seed: int, *, look_every: int = SLICE) -> Result:
    """Feed so many octets, and return what was seen; raises when something is wrong."""
    chance, recorder, dialogues = random.Random(seed), Recorder(), client_octets()
    result = Result(octets=0, sessions=0, messages=0, memory=[])
    tracemalloc.start()
    try:
        while result.octets < octets:
            until = min(octets, result.octets + look_every)
            while result.octets < until:
                result.octets += one_session(chance, recorder, dialogues)
                result.sessions += 1
            result.messages += len(recorder.messages.all())
            result.memory.append(look(recorder))
    finally:
        tracemalloc.stop()
    if result.memory[-1] > result.memory[0] + GROWTH:
        raise AssertionError(f"memory grows: {result.memory}")
    return result


def main() -> None:
    """Run it from a shell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--octets", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    sys.stdout.flush()
    result = fuzz(given.octets, given.seed)
    sys.stdout.write(
        f"{result.octets:,} octets in {result.sessions:,} sessions, {result.messages:,} messages; "
        f"memory {result.memory[0]:,} octets at first, {result.memory[-1]:,} at last\n"
    )


if __name__ == "__main__":
    main()
