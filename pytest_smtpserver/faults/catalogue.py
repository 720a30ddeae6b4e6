"""The table of faults: one row for each way in which servers fail.

Each row has a name, the stage, what happens in words, the source, and what a good client does. The
rules, settings and needs that make it happen follow.
"""

from __future__ import annotations

from typing import Final

from . import needs, rows
from .fault import Fault
from .rows import SLOW, replies

_LATER: Final = "tries again later, but not for ever"
_FOR_GOOD: Final = "gives up for good, and says so"
_LIKE_451: Final = "treats it like a 451: tries again later (RFC 5321 section 3.8)"
_NO_TLS: Final = "sends neither password nor content in clear, and says that it failed"
_NO_TRUST: Final = "refuses the certificate and sends nothing"

#: All faults, in the order of a session.
FAULTS: Final[tuple[Fault, ...]] = (
    # The connection and the greeting.
    Fault(
        "busy-greeting", "connect", "421 instead of the greeting, and the connection is closed",
        "RFC 5321 section 4.2.3", _LATER,
        replies(connect="421 4.3.2 too busy, try again later"),
    ),
    Fault(
        "refusing-greeting", "connect", "554 instead of the greeting",
        "RFC 5321 section 3.1", _FOR_GOOD,
        replies(connect="554 5.3.2 no SMTP service here"),
    ),
    Fault(
        "no-greeting", "connect", "the connection is accepted, and nothing is ever said",
        "RFC 5321 section 4.5.3.2.1", "gives up after a time, and tries again later",
        rows.step("connect", "ignore"),
    ),
    Fault(
        "slow-greeting", "connect", f"the greeting comes after {SLOW} s",
        "Postfix postscreen's postscreen_greet_wait; RFC 5321 section 4.3.1",
        "waits for the greeting, and says nothing before it",
        rows.step("connect", "delay", SLOW),
    ),
    Fault(
        "half-a-greeting", "connect", "the first line of a multi-line greeting, and nothing more",
        "RFC 5321 section 4.2.1", "gives up after a time, and tries again later",
        rows.chain("connect", lambda rule: rule.send(b"220-wait\r\n").ignore()),
    ),
    Fault(
        "closed-at-once", "connect", "the connection is closed instead of the greeting",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.step("connect", "disconnect"),
    ),
    # EHLO and what is offered.
    Fault(
        "ehlo-refused", "ehlo", "502 to EHLO; HELO is accepted",
        "RFC 5321 section 3.2", "says HELO and delivers",
        replies(ehlo="502 5.5.1 not implemented"), needs=(needs.SMTP,),
    ),
    Fault(
        "no-extensions", "ehlo", "no service extension is offered",
        "RFC 5321 section 2.2.1", "delivers without extensions, or says that it cannot",
        settings={"extensions": ()}, needs=(needs.without(*needs.ALL_EXTENSIONS),),
        met=rows.has_asked,
    ),
    Fault(
        "pipelining-not-offered", "ehlo", "PIPELINING is not offered",
        "RFC 2920 section 3.1", "waits for each reply before it sends the next command",
        settings={"extensions": ("-PIPELINING",)}, needs=(needs.without("PIPELINING"),),
        met=rows.has_asked,
    ),
    Fault(
        "8bitmime-not-offered", "ehlo", "8BITMIME is not offered",
        "RFC 6152 section 3", "encodes 8-bit content, and sends no BODY parameter",
        settings={"extensions": ("-8BITMIME",)}, needs=(needs.without("8BITMIME"),),
        met=rows.has_asked,
    ),
    Fault(
        "smtputf8-not-offered", "ehlo", "SMTPUTF8 is not offered",
        "RFC 6531 section 3.2",
        "sends no SMTPUTF8 parameter, and does not send to an address that needs it",
        settings={"extensions": ("-SMTPUTF8",)}, needs=(needs.without("SMTPUTF8"),),
        met=rows.has_asked,
    ),
    Fault(
        "size-not-offered", "ehlo", "SIZE is not offered",
        "RFC 1870 section 3", "sends no SIZE parameter",
        settings={"extensions": ("-SIZE",)}, needs=(needs.without("SIZE"),),
        met=rows.has_asked,
    ),
    # TLS.
    Fault(
        "starttls-not-offered", "ehlo", "STARTTLS is missing from the reply to EHLO",
        "RFC 3207 section 6", _NO_TLS,
        rows.concealed("STARTTLS"),
        settings=rows.STARTTLS, needs=(needs.STARTTLS, needs.SMTP), tls="fails",
    ),
    Fault(
        "starttls-refused", "starttls", "454 to STARTTLS",
        "RFC 3207 section 4", _NO_TLS,
        replies(starttls="454 4.7.0 TLS not available due to temporary reason"),
        settings=rows.STARTTLS, needs=(needs.STARTTLS,), tls="fails",
    ),
    Fault(
        "starttls-then-closed", "starttls", "220 to STARTTLS, and the connection is closed",
        "RFC 3207 section 4", _NO_TLS,
        rows.chain("starttls", lambda rule: rule.accept().disconnect()),
        settings=rows.STARTTLS, needs=(needs.STARTTLS,), tls="fails",
    ),
    Fault(
        "handshake-nonsense", "tls", "something that is not TLS instead of the handshake",
        "RFC 8446 section 6", _NO_TLS,
        rows.chain("tls", lambda rule: rule.send(b"this is not TLS\r\n").disconnect()),
        settings=rows.STARTTLS, needs=(needs.TLS,), tls="fails",
    ),
    Fault(
        "expired-certificate", "tls", "the certificate has expired",
        "RFC 5280 section 6.1.3", _NO_TRUST,
        settings={**rows.STARTTLS, "certificate": "expired"},
        needs=(needs.TLS, needs.value("certificate", "expired")),
        met=rows.has_begun_tls, tls="untrusted",
    ),
    Fault(
        "wrong-host-certificate", "tls", "the certificate names another host",
        "RFC 7817 section 3", _NO_TRUST,
        settings={**rows.STARTTLS, "certificate": "wrong-host"},
        needs=(needs.TLS, needs.value("certificate", "wrong-host")),
        met=rows.has_begun_tls, tls="untrusted",
    ),
    Fault(
        "unknown-authority", "tls", "the certificate is from an authority that nobody trusts",
        "RFC 5280 section 6.1.1", _NO_TRUST,
        settings={**rows.STARTTLS, "certificate": "untrusted"},
        needs=(needs.TLS, needs.value("certificate", "untrusted")),
        met=rows.has_begun_tls, tls="untrusted",
    ),
    Fault(
        "old-tls-only", "tls", "the server speaks TLS 1.1 and nothing newer",
        "RFC 8996 section 5", _NO_TLS,
        settings={**rows.STARTTLS, "tls_versions": ("TLSv1.1",)},
        needs=(needs.TLS, needs.value("tls_versions", ("TLSv1.1",))),
        met=rows.has_begun_tls, tls="untrusted",
    ),
    # AUTH.
    Fault(
        "auth-not-offered", "ehlo", "AUTH is missing from the reply to EHLO, though mail needs it",
        "RFC 4954 section 6", "does not send its password, and says that it failed",
        rows.concealed("AUTH"),
        settings={**rows.LOGIN, "auth": "required"}, needs=(needs.AUTH, needs.SMTP),
    ),
    Fault(
        "auth-refused", "auth", "535 to AUTH, with any mechanism",
        "RFC 4954 section 6", "does not try these credentials again, and says that it failed",
        replies(auth="535 5.7.8 authentication credentials invalid"),
        settings=rows.LOGIN, needs=(needs.AUTH,),
    ),
    Fault(
        "auth-deferred", "auth", "454 to AUTH",
        "RFC 4954 section 6", _LATER,
        replies(auth="454 4.7.0 temporary authentication failure"),
        settings=rows.LOGIN, needs=(needs.AUTH,),
    ),
    Fault(
        "auth-closed", "auth", "the connection is closed instead of the reply to AUTH",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.step("auth", "disconnect"),
        settings=rows.LOGIN, needs=(needs.AUTH,),
    ),
    # MAIL.
    Fault(
        "sender-refused", "mail", "550 to MAIL",
        "RFC 5321 section 3.3", _FOR_GOOD,
        replies(mail="550 5.7.1 sender rejected"),
    ),
    Fault(
        "sender-deferred", "mail", "450 to MAIL",
        "Postfix's reject_unknown_sender_domain; RFC 5321 section 4.2.1", _LATER,
        replies(mail="450 4.1.8 sender address rejected: domain not found"),
    ),
    Fault(
        "mail-before-login", "mail", "530 to MAIL: authentication required",
        "RFC 4954 section 6", _FOR_GOOD,
        replies(mail="530 5.7.0 authentication required"),
    ),
    Fault(
        "command-not-recognized", "mail", "500 to MAIL",
        "RFC 5321 section 4.2.4", _FOR_GOOD,
        replies(mail="500 5.5.2 command not recognized"),
    ),
    Fault(
        "bad-sequence", "mail", "503 to MAIL, though it comes in order",
        "RFC 5321 section 4.1.4", _FOR_GOOD,
        replies(mail="503 5.5.1 bad sequence of commands"),
    ),
    Fault(
        "syntax-error-then-closed", "mail", "501 to MAIL, and the connection is closed",
        "RFC 5321 section 4.3.2", _FOR_GOOD,
        rows.chain("mail", lambda rule: rule.reply("501 5.5.4 syntax error").disconnect()),
    ),
    Fault(
        "goodbye-at-mail", "mail", "421 to MAIL, and the connection is closed",
        "RFC 5321 section 3.8", _LATER,
        replies(mail="421 4.3.2 shutting down"),
    ),
    Fault(
        "goodbye-between-messages", "mail", "421 to the second MAIL of a session",
        "Postfix's smtpd_client_message_rate_limit; RFC 5321 section 3.8",
        "delivers the second message in a new session",
        rows.chain("mail", lambda rule: rule.after(1, per="session").reply("421 4.7.0 enough")),
        is_about_several=True,
    ),
    Fault(
        "rate-limited", "mail", "450 to MAIL from the third message on",
        "Postfix's smtpd_client_message_rate_limit; RFC 3463 section 3.8", _LATER,
        rows.chain("mail", lambda rule: rule.after(2).reply("450 4.7.1 too much mail from you")),
        is_about_several=True,
    ),
    Fault(
        "closed-after-mail", "mail", "the connection is closed instead of the reply to MAIL",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.step("mail", "disconnect"),
    ),
    Fault(
        "never-answers", "*", "a greeting, and then no reply to any command",
        "RFC 5321 section 4.5.3.2", "gives up after a time, and tries again later",
        rows.step("*", "ignore"),
    ),
    Fault(
        "slow-reply-to-mail", "mail", f"the reply to MAIL comes after {SLOW} s",
        "RFC 5321 section 4.5.3.2.2", "waits for the reply, and delivers",
        rows.step("mail", "delay", SLOW),
    ),
    # RCPT.
    Fault(
        "greylisted", "rcpt", "451 to each recipient's first RCPT",
        "RFC 6647 section 2", "tries again later, and delivers",
        rows.chain(
            "rcpt",
            lambda rule: rule.times(1, per="recipient").reply("451 4.7.1 greylisted, try again"),
        ),
    ),
    Fault(
        "mailbox-full", "rcpt", "452 to each RCPT: the mailbox is full",
        "RFC 3463 section 3.3", _LATER,
        replies(rcpt="452 4.2.2 mailbox full"),
    ),
    Fault(
        "over-quota", "rcpt", "552 to each RCPT: the mailbox is over its quota",
        "RFC 5321 section 4.2.3", _FOR_GOOD,
        replies(rcpt="552 5.2.2 mailbox over quota"),
    ),
    Fault(
        "unknown-recipient", "rcpt", "550 to each RCPT",
        "RFC 5321 section 3.3", _FOR_GOOD,
        replies(rcpt="550 5.1.1 no such user"),
    ),
    Fault(
        "relaying-denied", "rcpt", "554 to each RCPT: no relaying",
        "RFC 5321 section 3.6.2", _FOR_GOOD,
        replies(rcpt="554 5.7.1 relay access denied"),
    ),
    Fault(
        "one-of-three-refused", "rcpt", "550 to the second recipient only",
        "RFC 5321 section 3.3", "delivers to the others, and says which one did not get it",
        rows.one_recipient("550 5.1.1 no such user"),
    ),
    Fault(
        "one-of-three-deferred", "rcpt", "450, once, to the second recipient that is named",
        "RFC 5321 section 4.2.3", "delivers to the others, and tries again later for that one only",
        rows.one_recipient("450 4.2.1 mailbox busy", once=True),
    ),
    Fault(
        "too-many-recipients", "rcpt", "452 from the third RCPT of a transaction on",
        "RFC 5321 section 4.5.3.1.10", "sends the mail to the others in another transaction",
        rows.recipients_after(2, "452 4.5.3 too many recipients"),
    ),
    Fault(
        "misleading-enhanced-code", "rcpt", "450 to each RCPT, with the enhanced code 5.7.1",
        "RFC 5321 section 4.2.1", "goes by the first digit of the reply: tries again later",
        replies(rcpt="450 5.7.1 not now"),
    ),
    # DATA and the content.
    Fault(
        "data-refused", "data", "554 to DATA",
        "RFC 5321 section 3.3", _FOR_GOOD,
        replies(data="554 5.7.1 no"),
    ),
    Fault(
        "data-deferred", "data", "451 to DATA",
        "RFC 5321 section 4.3.2", _LATER,
        replies(data="451 4.3.0 local error"),
    ),
    Fault(
        "closed-after-data", "data", "the connection is closed instead of the 354",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.step("data", "disconnect"),
    ),
    Fault(
        "closed-after-354", "data", "354 to DATA, and the connection is closed",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.chain("data", lambda rule: rule.accept().disconnect()),
    ),
    Fault(
        "reset-amid-content", "data", "a TCP reset a moment after the 354",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.chain("data", lambda rule: rule.accept().delay(0.05).reset()),
    ),
    Fault(
        "reset-in-content", "message", "a TCP reset at the final dot",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.step("message", "reset"),
    ),
    Fault(
        "content-refused", "message", "550 after the content",
        "RFC 5321 section 4.3.2", _FOR_GOOD,
        replies(message="550 5.7.1 content rejected"),
    ),
    Fault(
        "content-deferred", "message", "452 after the content",
        "RFC 5321 section 4.3.2", _LATER,
        replies(message="452 4.3.1 insufficient system storage"),
    ),
    Fault(
        "too-big", "message", "552 after the content: it is too big",
        "RFC 1870 section 6.3", _FOR_GOOD,
        replies(message="552 5.3.4 message too big"),
    ),
    Fault(
        "lost-reply", "message", "the message is accepted, and the reply never comes, once",
        "RFC 1047", "tries again later, though the mail may then arrive twice",
        rows.chain("message", lambda rule: rule.accept(reply=False).times(1)),
    ),
    Fault(
        "slow-reply-to-content", "message", f"the reply to the content comes after {SLOW} s",
        "RFC 5321 section 4.5.3.2.6", "waits for the reply, and delivers once",
        rows.step("message", "delay", SLOW),
    ),
    # Unusual replies, and lines that are not replies.
    Fault(
        "multi-line-replies", "mail", "each reply from MAIL on has three lines",
        "RFC 5321 section 4.2.1", "reads them all, and delivers",
        replies(
            mail=rows.three_lines(250, "2.1.0"), rcpt=rows.three_lines(250, "2.1.5"),
            data=rows.three_lines(354), message=rows.three_lines(250, "2.0.0"),
            quit=rows.three_lines(221, "2.0.0"),
        ),
    ),
    Fault(
        "odd-reply-codes", "rcpt", "251 to RCPT and 252 to VRFY: unusual, and positive",
        "RFC 5321 section 4.2.1", "goes by the first digit, and delivers",
        replies(rcpt="251 2.1.5 user not local; will forward", vrfy="252 2.5.2 cannot verify"),
    ),
    Fault(
        "replies-without-text", "mail", "replies that are a code and nothing more",
        "RFC 5321 section 4.2", "goes by the code, and delivers",
        replies(mail="250", rcpt="250", data="354", message="250", quit="221"),
    ),
    Fault(
        "replies-in-utf8", "mail", "replies whose text is not ASCII",
        "RFC 6531 section 3.7.4.2", "goes by the code, and delivers",
        replies(mail="250 2.1.0 schön ✓", rcpt="250 2.1.5 schön ✓", message="250 2.0.0 schön ✓"),
    ),
    Fault(
        "undecodable-replies", "mail", "replies whose text is in no known charset",
        "RFC 5321 section 4.2", "goes by the code, and delivers",
        rows.octets(b"250 \xff\xff\r\n", "mail", "rcpt", "message"),
    ),
    Fault(
        "gibberish-reply", "mail", "a line that is not a reply, instead of the reply to MAIL",
        "RFC 5321 section 4.2", "treats it as a failure, and tries again later",
        rows.octets(b"gibberish\r\n", "mail"),
    ),
    Fault(
        "long-reply", "message", "a reply line of 2,000 octets after the content",
        "RFC 5321 section 4.5.3.1.5", "reads it, and counts the mail as delivered",
        replies(message=f"250 2.0.0 {'very long ' * 200}"),
    ),
    Fault(
        "reply-in-pieces", "mail", "the reply to MAIL comes in three pieces",
        "RFC 5321 section 4.2", "waits for the whole line, and delivers",
        rows.chain(
            "mail",
            lambda rule: rule.send(b"25").delay(0.05).send(b"0 2.1").delay(0.05).send(b".0 ok\r\n"),
        ),
    ),
    Fault(
        "two-replies-at-once", "mail", "250 to MAIL, 221 with it, and the connection is closed",
        "RFC 5321 section 3.8", _LIKE_451,
        rows.chain("mail", lambda rule: rule.send(b"250 ok\r\n221 bye\r\n").disconnect()),
    ),
    Fault(
        "throttled", "connect", "the server reads and sends at most 2,000 octets a second",
        "RFC 5321 section 4.5.3.2", "waits for each reply, and delivers once",
        rows.step("connect", "throttle", 2_000),
    ),
    # The end.
    Fault(
        "closed-while-idle", "*", f"the connection is closed {SLOW} s after the last reply",
        "RFC 5321 section 4.5.3.2.7", "delivers the next message in a new session",
        settings={"idle_timeout": SLOW}, needs=(needs.value("idle_timeout", SLOW),),
        met=rows.was_idle, is_about_several=True,
    ),
    Fault(
        "goodbye-at-quit", "quit", "421 to QUIT",
        "RFC 5321 section 4.2.3", "counts the mail as delivered",
        replies(quit="421 4.3.2 shutting down"),
    ),
    Fault(
        "closed-at-quit", "quit", "the connection is closed instead of the reply to QUIT",
        "RFC 5321 section 4.1.1.10", "counts the mail as delivered",
        rows.step("quit", "disconnect"),
    ),
    Fault(
        "quit-never-answered", "quit", "no reply to QUIT",
        "RFC 5321 section 4.1.1.10", "closes after a time, and counts the mail as delivered",
        rows.step("quit", "ignore"),
    ),
)  # fmt: skip
