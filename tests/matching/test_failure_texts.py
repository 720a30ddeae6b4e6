"""What a failing test says, to the letter."""
# ruff: noqa: E501  # the texts stand here as they are, long first lines included

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

from dirty_equals import IsStr

from pytest_smtpserver.matching import (
    Cause,
    Criteria,
    describe_candidates,
    describe_failure,
    describe_mismatch,
)
from tests.matching.stand_in_records import Attempt, Envelope, Reply, Session, Transaction, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from tests.matching.stand_in_records import Told

NO_SUCH_USER = Reply(550, "5.1.1 no such user")
REFUSED = Transaction(
    envelope=Envelope(rcpt_to=()), refused=(("bob@example.org", NO_SUCH_USER),), reply=NO_SUCH_USER
)
CAUSE = Cause("RCPT 'bob@example.org' was refused: 550 5.1.1 no such user", weight="this")


def failure(
    criteria: Criteria,
    records: Sequence[object],
    *,
    count: int = 1,
    waited: float | None = 2.0,
    **told: Unpack[Told],
) -> str:
    matched = [record for record in records if criteria.matches(record)]
    return describe_failure(
        count=count, criteria=criteria, records=records, matched=matched, waited=waited, **told
    )


def message_failure(
    given: Mapping[str, object],
    *records: object,
    count: int = 1,
    waited: float | None = 2.0,
    **told: Unpack[Told],
) -> str:
    criteria = Criteria.for_messages(given)
    return failure(criteria, records, count=count, waited=waited, **told)


def mismatch(given: Mapping[str, object], record: object) -> str:
    criteria = Criteria.for_messages(given)
    return describe_mismatch(criteria, record, criteria.differences(record))


def lines(text: str) -> str:
    return dedent(text).strip("\n")


def test_the_closest_message_is_shown_with_a_caret_under_the_first_difference() -> None:
    text = message_failure({"subject": "Welcome"}, message("Invoice"), message("Welcom"))
    assert text == lines(
        """
        subject is 'Welcom', not 'Welcome' (2 messages in 2.0 s)

        expected 1 message with subject='Welcome'; got none of 2

        closest is message 2 of 2:
          subject: expected 'Welcome'
                   actual   'Welcom'
                                   ^

        2 messages:
          1. subject='Invoice', mail_from='app@example.org', rcpt_to=('ann@example.org',)
          2. subject='Welcom', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_only_what_differs_is_shown() -> None:
    given = {"subject": "Welcome", "rcpt_to": "bob@example.org", "to": "bob@example.org"}
    text = message_failure(given, message("Welcome", to="bob@example.org"))
    assert text == lines(
        """
        rcpt_to is 'ann@example.org', not 'bob@example.org' (though To names 'bob@example.org'; 1 message in 2.0 s)

        expected 1 message with subject='Welcome', rcpt_to='bob@example.org', to='bob@example.org'; got none of 1

        closest is message 1 of 1:
          rcpt_to: expected 'bob@example.org'
                   actual   'ann@example.org' (though To names 'bob@example.org')
                             ^

        1 message:
          1. subject='Welcome', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_the_nearest_of_several_addresses_is_compared() -> None:
    recipients = ("ann@example.org", "bobby@example.org", "cid@example.org", "dan@example.org")
    text = message_failure({"rcpt_to": "bob@EXAMPLE.org"}, message("Hi", rcpt_to=recipients))
    assert text == lines(
        """
        rcpt_to lacks 'bob@EXAMPLE.org'; the nearest is 'bobby@example.org' (1 message in 2.0 s)

        expected 1 message with rcpt_to='bob@EXAMPLE.org'; got none of 1

        closest is message 1 of 1:
          rcpt_to: expected 'bob@EXAMPLE.org'
                   nearest  'bobby@example.org'
                                ^

        1 message:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org', 'bobby@example.org', 'cid@example.org', 'dan@example.org')
        """
    )


def test_a_collection_says_what_is_missing_and_what_is_too_many() -> None:
    given = {"rcpt_to": ["bob@example.org", "ann@example.org"]}
    text = message_failure(given, message("Hi", rcpt_to=("ann@example.org", "eve@example.org")))
    assert text == lines(
        """
        rcpt_to lacks 'bob@example.org' and has 'eve@example.org' instead (1 message in 2.0 s)

        expected 1 message with rcpt_to=['bob@example.org', 'ann@example.org']; got none of 1

        closest is message 1 of 1:
          rcpt_to: expected exactly 'ann@example.org', 'bob@example.org'
                   actual   'ann@example.org', 'eve@example.org' (missing 'bob@example.org'; unexpected 'eve@example.org')

        1 message:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org', 'eve@example.org')
        """
    )


def test_the_nearest_passage_of_a_long_body_is_shown() -> None:
    body = "Dear Ann,\n\n" + "we thank you. " * 100 + "\n\nYour code  is\n1235.\nBye" + "!" * 500
    text = message_failure({"body": "Your code is 1234."}, message("Hi", text=body))
    assert text == lines(
        """
        body has 'Your code is 1235.', not 'Your code is 1234.' (1 message in 2.0 s)

        expected 1 message with body='Your code is 1234.'; got none of 1

        closest is message 1 of 1:
          body: expected to contain 'Your code is 1234.'
                nearest passage     'Your code is 1235.'
                                                     ^

        1 message:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_a_passage_that_only_begins_differently_is_found_by_its_end() -> None:
    text = message_failure(
        {"body": "Hello Ann, your code is 1234"}, message(text="Dear Ann, your code is 1234.")
    )
    assert lines(
        """
          body: expected to contain 'Hello Ann, your code is 1234'
                nearest passage     'Dear Ann, your code is 1234'
                                     ^
        """
    ) in text.replace("\n  ", "\n")


def test_a_body_without_any_near_passage_is_shown_itself() -> None:
    text = message_failure({"body": "Your code is 1234."}, message("Hi", text="Dear Ann,\nbye\n"))
    assert text == lines(
        r"""
        body does not contain 'Your code is 1234.' (1 message in 2.0 s)

        expected 1 message with body='Your code is 1234.'; got none of 1

        closest is message 1 of 1:
          body: expected to contain 'Your code is 1234.'
                actual              'Dear Ann,\nbye\n'

        1 message:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_patterns_callables_and_other_objects_are_named() -> None:
    def is_long(text: str) -> bool:
        return len(text) > 20

    given = {"subject": re.compile("^W"), "html": None, "text": is_long, "username": IsStr()}
    text = message_failure(given, message("Hi", text="Bye", html="<b>Bye</b>"))
    assert text == lines(
        """
        subject is 'Hi', and re.compile('^W') is not found in it; html is '<b>Bye</b>', not absent; 2 more differ (1 message in 2.0 s)

        expected 1 message with subject=re.compile('^W'), html=None, text=is_long, username=IsStr(); got none of 1

        closest is message 1 of 1:
          subject: expected re.compile('^W')
                   actual   'Hi'
          html: expected absent
                actual   '<b>Bye</b>'
          text: expected is_long to be true of it
                actual   'Bye'
          username: expected IsStr()
                    actual   absent

        1 message:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_a_false_predicate_on_the_whole_message_is_said_to_be_false() -> None:
    text = message_failure({"where": lambda _: False}, message("Hi"))
    assert text == lines(
        """
        where=<lambda> is false (1 message in 2.0 s)

        expected 1 message with where=<lambda>; got none of 1

        closest is message 1 of 1:
          where: expected <lambda> to be true of it
                 actual   false

        1 message:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_only_the_first_of_many_differences_are_shown() -> None:
    names = "ABCDEF"
    text = mismatch({"header": dict.fromkeys(names, "1")}, message("Hi"))
    assert text == lines(
        """
        there is no A field (expected header['A']='1'); there is no B field (expected header['B']='1'); 4 more differ

        expected the message to have header={'A': '1', 'B': '1', 'C': '1', 'D': '1', ...}

          header['A']: expected '1'
                       actual   absent
          header['B']: expected '1'
                       actual   absent
          header['C']: expected '1'
                       actual   absent
          header['D']: expected '1'
                       actual   absent
          ... 2 more differ

        the message: subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_one_message_too_many_is_named_and_all_that_match_are_listed() -> None:
    records = [message("Hi", rcpt_to=[f"{name}@example.org"]) for name in ("ann", "bob")]
    text = message_failure({"subject": "Hi"}, records[0], message("Bye"), records[1], waited=0.04)
    assert text == lines(
        """
        2 messages, not 1: the newest is subject='Hi', mail_from='app@example.org', rcpt_to=('bob@example.org',)

        expected 1 message with subject='Hi'; got 2 of 3

        2 messages matching:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',)
          3. subject='Hi', mail_from='app@example.org', rcpt_to=('bob@example.org',)
        """
    )


def test_the_matching_ones_of_too_few_messages_are_marked() -> None:
    records = [message("Hi"), message("Ho"), message("Hi")]
    text = message_failure({"subject": "Hi"}, *records, count=3)
    assert text == lines(
        """
        only 2 of 3 messages match; subject is 'Ho', not 'Hi' (3 messages in 2.0 s)

        expected 3 messages with subject='Hi'; got 2 of 3

        closest is message 2 of 3:
          subject: expected 'Hi'
                   actual   'Ho'
                              ^

        3 messages:
          1. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',) (matches)
          2. subject='Ho', mail_from='app@example.org', rcpt_to=('ann@example.org',)
          3. subject='Hi', mail_from='app@example.org', rcpt_to=('ann@example.org',) (matches)
        """
    )


def test_a_message_that_should_not_have_come_is_named() -> None:
    assert message_failure({}, message("Hi", mail_from=""), count=0, waited=None) == lines(
        """
        1 message, not none: subject='Hi', mail_from='', rcpt_to=('ann@example.org',)

        expected no message; got 1

        1 message:
          1. subject='Hi', mail_from='', rcpt_to=('ann@example.org',)
        """
    )


def test_when_nothing_came_the_first_hint_and_the_transcript_say_why() -> None:
    causes = [Cause("TLS: unknown CA", "trust it"), Cause("no client connected")]
    text = message_failure(
        {"to": "a@b.example"}, causes=causes, hints=["mind the gap"], transcript="C: one\nS: two\n"
    )
    assert text == lines(
        """
        TLS: unknown CA (waited 2.0 s)

        expected 1 message with to='a@b.example'; got none

        hint: trust it
        hint: mind the gap

        end of the transcript:
          C: one
          S: two
        """
    )


def test_when_all_recipients_were_refused_the_reply_says_why() -> None:
    content = Transaction(reply=Reply(554, "5.6.0 no"))
    text = message_failure({}, refused=[content, REFUSED], causes=[CAUSE], transcript="C: QUIT")
    assert text == lines(
        """
        RCPT 'bob@example.org' was refused: 550 5.1.1 no such user (waited 2.0 s)

        expected 1 message; got none

        refused:
          mail_from='app@example.org', rcpt_to=('ann@example.org',) with 554 5.6.0 no
          rcpt_to='bob@example.org' with 550 5.1.1 no such user

        end of the transcript:
          C: QUIT
        """
    )


def test_refusals_are_shown_beside_the_closest_message() -> None:
    text = message_failure(
        {"subject": "Hi"}, message("Ho"), refused=[REFUSED], transcript="C: QUIT"
    )
    assert text == lines(
        """
        subject is 'Ho', not 'Hi' (1 message in 2.0 s)

        expected 1 message with subject='Hi'; got none of 1

        closest is message 1 of 1:
          subject: expected 'Hi'
                   actual   'Ho'
                              ^

        1 message:
          1. subject='Ho', mail_from='app@example.org', rcpt_to=('ann@example.org',)

        refused:
          rcpt_to='bob@example.org' with 550 5.1.1 no such user

        end of the transcript:
          C: QUIT
        """
    )


def test_transactions_and_sessions_have_sentences_of_their_own() -> None:
    text = failure(Criteria.for_transactions({"outcome": "accepted"}), [REFUSED])
    assert text == lines(
        """
        outcome is 'rejected', not 'accepted' (1 transaction in 2.0 s)

        expected 1 transaction with outcome='accepted'; got none of 1

        closest is transaction 1 of 1:
          outcome: expected 'accepted'
                   actual   'rejected'
                             ^

        1 transaction:
          1. outcome='rejected', mail_from='app@example.org', rcpt_to=('bob@example.org',)
        """
    )
    session = Session(auth=(Attempt(mechanism="PLAIN"),), username="ann")
    text = failure(Criteria.for_sessions({"tls": True, "mechanism": "LOGIN"}), [session])
    assert text == lines(
        """
        tls is False, not True; mechanism is 'PLAIN', not 'LOGIN' (1 session in 2.0 s)

        expected 1 session with tls=True, mechanism='LOGIN'; got none of 1

        closest is session 1 of 1:
          tls: expected True
               actual   False
          mechanism: expected 'LOGIN'
                     actual   'PLAIN'
                               ^

        1 session:
          1. helo='client.example', username='ann', tls=False, ended_by='quit'
        """
    )


def test_an_assertion_on_one_message_shows_how_it_differs() -> None:
    text = mismatch({"subject": "Welcome", "cc": None}, message("Welcom", cc="eve@example.org"))
    assert text == lines(
        """
        subject is 'Welcom', not 'Welcome'; cc is 'eve@example.org', not absent

        expected the message to have subject='Welcome', cc=None

          subject: expected 'Welcome'
                   actual   'Welcom'
                                   ^
          cc: expected absent
              actual   'eve@example.org'

        the message: subject='Welcom', mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_an_assertion_on_the_envelope_tells_a_keyword_without_value_from_none() -> None:
    record = message("Hi", parameters={"SIZE": "12", "SMTPUTF8": None})
    expected = {"SIZE": None, "SMTPUTF8": "x", "BODY": None}
    criteria = Criteria.for_envelopes({"parameters": expected})
    text = describe_mismatch(criteria, record, criteria.differences(record))
    assert text == lines(
        """
        parameters['SIZE'] is '12', not no value; parameters['SMTPUTF8'] is no value, not 'x'; 1 more differ

        expected the message to have parameters={'BODY': None, 'SIZE': None, 'SMTPUTF8': 'x'}

          parameters['SIZE']: expected no value
                              actual   '12'
          parameters['SMTPUTF8']: expected 'x'
                                  actual   no value
          parameters['BODY']: expected no value
                              actual   absent

        the message: mail_from='app@example.org', rcpt_to=('ann@example.org',)
        """
    )


def test_a_cause_of_an_empty_inbox_does_not_count_if_something_came() -> None:
    causes = [Cause("no client connected", weight="nothing")]
    text = message_failure({"subject": "Hi"}, message("Hi"), count=2, causes=causes)
    assert text.startswith("only 1 of 2 messages match (waited 2.0 s)\n")


def test_a_cause_that_concerns_the_expected_message_comes_before_one_that_differs() -> None:
    text = message_failure({"subject": "Hi"}, message("Ho"), causes=[CAUSE])
    assert text.startswith(f"{CAUSE.text} (1 message in 2.0 s)\n")
    text = message_failure({"subject": "Hi"}, message("Ho"), causes=[Cause("something else")])
    assert text.startswith("subject is 'Ho', not 'Hi' (1 message in 2.0 s)\n")


def test_candidates_are_listed_when_there_are_too_many() -> None:
    found = [f"https://x.example/reset/{number}" for number in range(4)]
    assert describe_candidates(noun="link", which="containing 'reset'", found=found) == lines(
        """
        4 links containing 'reset', not 1: 'https://x.example/reset/0', 'https://x.example/reset/1', 'https://x.example/reset/2', ... 1 more

        expected exactly one link containing 'reset'

          1. 'https://x.example/reset/0'
          2. 'https://x.example/reset/1'
          3. 'https://x.example/reset/2'
          4. 'https://x.example/reset/3'
        """
    )


def test_other_attachments_are_listed_if_there_is_no_candidate() -> None:
    among = [("a.txt", "its name does not fit"), ("b.txt", "its name does not fit")]
    text = describe_candidates(noun="attachment", which="'*.pdf'", found=[], among=among, of="<M>")
    assert text == lines(
        """
        none of 2 attachments fits: 'a.txt', 'b.txt'

        expected exactly one attachment '*.pdf'

          1. 'a.txt': its name does not fit
          2. 'b.txt': its name does not fit

        in <M>
        """
    )
    text = describe_candidates(noun="attachment", which="'*.pdf'", found=[], among=among[:1])
    assert text.startswith("the only attachment is 'a.txt': its name does not fit\n")
    text = describe_candidates(noun="link", which="", found=[])
    assert text.startswith("there is no link\n")
