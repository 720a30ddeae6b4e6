"""The engine compared with a model of ten lines: any commands, cut anywhere, with rules."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conversation import Conversation, in_pieces

#: command -> the states in which it is allowed, its reply, and the next state ("": the same).
MODEL = {
    "EHLO": ({"start", "ready", "mail", "rcpt", "bdat"}, 250, "ready"),
    "MAIL": ({"ready"}, 250, "mail"),
    "RCPT": ({"mail", "rcpt"}, 250, "rcpt"),
    "DATA": ({"rcpt"}, 354, "content"),
    "BDAT": ({"rcpt", "bdat"}, 250, "bdat"),
    "LAST": ({"rcpt", "bdat"}, 250, "ready"),
    ".": ({"content"}, 250, "ready"),
    "NOOP": ({"start", "ready", "mail", "rcpt", "bdat"}, 250, ""),
    "RSET": ({"start", "ready", "mail", "rcpt", "bdat"}, 250, "reset"),
}
#: The state after a refused command, if it is another one.
AFTER_A_REFUSAL = {"BDAT": "ready", "LAST": "ready", ".": "ready"}
DELIVERING = {"LAST", "."}

LINES = {
    "EHLO": "EHLO client.example",
    "MAIL": "MAIL FROM:<a@example.org>",
    "RCPT": "RCPT TO:<b@example.org>",
    "DATA": "DATA",
    "NOOP": "NOOP",
    "RSET": "RSET",
}
#: Commands that lead on, more often than those that lead back.
COMMANDS = [*LINES, "EHLO", *["MAIL", "RCPT", "DATA"] * 4]
MALFORMED = [
    ("EHLO", 501),
    ("MAIL TO:<a@example.org>", 501),
    ("MAIL FROM:<a@example.org> XFOO", 555),
    ("MAIL FROM:<a@example.org> SIZE=x", 501),
    ("RCPT TO:b@@example.org", 501),
    ("RCPT TO:<b@example.org> XFOO", 555),
    ("DATA now", 501),
    ("RSET now", 501),
    ("BDAT many", 501),
    ("HALO", 500),
    ("", 500),
    ("NOOP " + "x" * 600, 500),
    ("NOOP \0", 500),
    ("NOOP \u00fc", 500),
]
#: The command that a stage's rule answers.
STAGES = {"EHLO": "ehlo", "MAIL": "mail", "RCPT": "rcpt", "DATA": "data", "BDAT": "bdat",
          "LAST": "message", ".": "message", "NOOP": "noop", "RSET": "rset"}  # fmt: skip


class EngineAndModel(RuleBasedStateMachine):
    """Each step gives the same command to both, and compares them."""

    # Start in a state where much can happen; random commands would rarely get there.
    @initialize(size=st.sampled_from([1, 3, 1000]), steps=st.sampled_from([0, 1, 3, 3, 4]))
    def begin(self, size: int, steps: int) -> None:
        self.conversation = Conversation()
        self.size = size
        self.where, self.delivered = "start", 0
        for command in ["EHLO", "MAIL", "RCPT", "DATA"][:steps]:
            self.compare(f"{LINES[command]}\r\n".encode(), self.model(command, None))

    def model(self, command: str, refusal: int | None) -> int:
        """Return the reply's code, and go on."""
        allowed, code, leads_to = MODEL[command]
        if self.where not in allowed:
            return 503
        if refusal:
            self.where = AFTER_A_REFUSAL.get(command, self.where)
            return refusal
        self.delivered += command in DELIVERING
        to = {"": self.where, "reset": "start" if self.where == "start" else "ready"}
        self.where = to.get(leads_to, leads_to)
        return code

    def compare(self, octets: bytes, code: int) -> None:
        """Send the command, and compare the engine with the model."""
        said = b"".join(map(self.conversation.send, in_pieces(octets, self.size)))
        assert int(said[:3]) == code
        assert said.count(b"\r\n%d " % code) + said.startswith(b"%d " % code) == 1

    @precondition(lambda self: self.where != "content")
    @rule(command=st.sampled_from(COMMANDS), refusal=st.sampled_from([None] * 6 + [450, 550]))
    def command(self, command: str, refusal: int | None) -> None:
        self.instead(command, refusal)
        code = self.model(command, refusal)
        self.compare(f"{LINES[command]}\r\n".encode(), code)
        self.conversation.rules.clear()

    @precondition(lambda self: self.where != "content")
    @rule(
        octets=st.binary(max_size=20), is_last=st.booleans(), refusal=st.sampled_from([None, 451])
    )
    def chunk(self, octets: bytes, is_last: bool, refusal: int | None) -> None:
        command = "LAST" if is_last else "BDAT"
        self.instead(command, refusal)
        code = self.model(command, refusal)
        last = b" LAST" if is_last else b""
        self.compare(b"BDAT %d%s\r\n%s" % (len(octets), last, octets), code)
        self.conversation.rules.clear()

    @precondition(lambda self: self.where == "content")
    @rule(octets=st.binary(max_size=20), refusal=st.sampled_from([None, 451, 554]))
    def content(self, octets: bytes, refusal: int | None) -> None:
        self.instead(".", refusal)
        code = self.model(".", refusal)
        octets = octets.replace(b"\r\n", b"\n").removeprefix(b".")
        self.compare(octets.removesuffix(b"\r") + b"\r\n.\r\n", code)
        self.conversation.rules.clear()

    @precondition(lambda self: self.where != "content")
    @rule(malformed=st.sampled_from(MALFORMED))
    def malformed(self, malformed: tuple[str, int]) -> None:
        line, code = malformed
        verb = line.partition(" ")[0]
        is_refused_as_such = code == 500 or self.where in MODEL[verb][0]
        self.compare(f"{line}\r\n".encode(), code if is_refused_as_such else 503)

    def instead(self, command: str, refusal: int | None) -> None:
        if refusal:
            self.conversation.rules.refuse(f"{refusal} no", stage=STAGES[command])

    @invariant()
    def records_agree(self) -> None:
        transactions = self.conversation.recorder.transactions()
        assert len(self.conversation.messages) == self.delivered
        assert [one.outcome for one in transactions].count("accepted") == self.delivered
        is_open = self.where in ("mail", "rcpt", "bdat", "content")
        assert [one.outcome for one in transactions].count(None) == is_open


TestEngineAndModel = EngineAndModel.TestCase
TestEngineAndModel.settings = settings(max_examples=100, stateful_step_count=30)
