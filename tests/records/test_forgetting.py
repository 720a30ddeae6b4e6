"""What is forgotten is gone from memory, too."""

import gc

from conversation import Conversation

from pytest_smtpserver import Session


def sessions_of(helo):
    return [one for one in gc.get_objects() if type(one) is Session and one.helo == helo]


def test_what_was_cleared_is_held_no_more():
    conversation = Conversation()
    conversation.lines("EHLO forgotten.example", "QUIT")
    assert [one.helo for one in conversation.recorder.sessions()] == ["forgotten.example"]
    assert sessions_of("forgotten.example")
    del conversation.engine
    conversation.recorder.clear(0.0)
    assert not sessions_of("forgotten.example")
