"""The engine in explanation/design.md: another protocol on the same network."""

import socket

from pytest_smtpserver.engine import Close, Send
from pytest_smtpserver.network import Listener


class GreetingEngine:
    """Asks for names, a line each, and greets them; `bye` ends the conversation."""

    idle_timeout = 30.0

    def __init__(self, names):
        self._names = names
        self._input = b""
        self._actions = []

    def opened(self, now):
        self._actions.append(Send(b"who are you?\n"))

    def receive(self, octets, now):
        *lines, self._input = (self._input + octets).split(b"\n")
        for line in lines:
            self._answer(line.decode())

    def next_action(self):
        return self._actions.pop(0) if self._actions else None

    def resume(self, now):
        """Not needed: this engine never pauses."""

    def eof(self, now, *, reset=False):
        self._actions = [Close()]

    def end(self, reason, now):
        self._actions = [Send(b"sorry, I have to go\n"), Close()]

    def _answer(self, name):
        if name == "bye":
            self._actions += [Send(b"bye\n"), Close()]
        else:
            self._names.append(name)  # recorded first: who is greeted can look it up
            self._actions.append(Send(f"good day, {name}\n".encode()))


def said(engine):
    return b"".join(action.octets for action in iter(engine.next_action, None))


def test_it_greets_whoever_gives_a_name_however_the_line_is_cut():
    names = []
    engine = GreetingEngine(names)
    engine.opened(now=0.0)
    assert said(engine) == b"who are you?\n"
    engine.receive(b"an", now=0.1)
    assert said(engine) == b""
    engine.receive(b"n\nbob\n", now=0.2)
    assert said(engine) == b"good day, ann\ngood day, bob\n"
    assert names == ["ann", "bob"]


def test_it_greets_over_the_network():
    names, crashes = [], []
    listener = Listener("127.0.0.1", 0, lambda client: GreetingEngine(names), crashes.append)
    try:
        with socket.create_connection(listener.address, timeout=5) as client:
            client.sendall(b"ann\nbye\n")
            assert client.makefile().read() == "who are you?\ngood day, ann\nbye\n"
    finally:
        listener.close()
    assert (names, crashes) == (["ann"], [])
