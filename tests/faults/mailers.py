"""Mailers that do one thing wrong, and mailers that do not; each returns what it believes."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

from tests.faults.talking import MOMENT, SILENCE, talking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_smtpserver import SMTPServer
    from pytest_smtpserver.faults.belief import Sent

    Mailer = Callable[[SMTPServer], Sent]

SENDER = "shop@x.test"
ANN, BOB, CAT = "ann@x.test", "bob@x.test", "cat@x.test"
ALL = [ANN, BOB, CAT]
MAIL = "Subject: Hello\r\nMessage-ID: <1@x.test>\r\n\r\nHello\r\n"

# Far more than the server needs on a busy machine.
TIMEOUT = 20


def connected(server: SMTPServer) -> smtplib.SMTP:
    return smtplib.SMTP(*server.addr, local_hostname="client.test", timeout=TIMEOUT)


def hears_nothing_of_its_mail(server: SMTPServer) -> None:
    """Deliver to Ann, and give up a moment after the content."""
    with talking(server) as talker:
        for said in ("", "EHLO client.test", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{ANN}>", "DATA"):
            assert (talker.say(said) if said else talker.hear())[0] in "23"
        assert talker.say(f"{MAIL}.", MOMENT) == SILENCE


def deliver(server: SMTPServer, recipients: list[str], mail: str = MAIL) -> dict[str, int]:
    """Deliver in a session of its own; return the codes of refused recipients."""
    try:
        with connected(server) as client:
            refused = client.sendmail(SENDER, recipients, mail)
            return {address: code for address, (code, _) in refused.items()}
    except smtplib.SMTPRecipientsRefused as error:
        return {address: code for address, (code, _) in error.recipients.items()}
    except smtplib.SMTPResponseException as error:
        return dict.fromkeys(recipients, error.smtp_code)


# Beliefs.


def never_listens(server: SMTPServer) -> Sent:
    deliver(server, [ANN])
    return True


def gives_up(server: SMTPServer) -> Sent:
    deliver(server, [ANN])
    return False


def will_try_again(server: SMTPServer) -> Sent:
    deliver(server, [ANN])
    return None


def tells_of_each(server: SMTPServer) -> Mapping[str, bool | None]:
    refused = deliver(server, ALL)
    words = {4: None, 5: False}
    return {who: words[refused[who] // 100] if who in refused else True for who in ALL}


# Retries.


def tries(times: int) -> Mailer:
    def mailer(server: SMTPServer) -> Sent:
        for _ in range(times):
            deliver(server, [ANN])
        return False

    return mailer


def sends_to_all_again(server: SMTPServer) -> Sent:
    return not deliver(server, ALL) or not deliver(server, ALL)


def sends_to_those_left(server: SMTPServer) -> Sent:
    left = list(deliver(server, ALL))
    return not left or not deliver(server, left)


# TLS.


def logs_in_all_the_same(server: SMTPServer) -> Sent:
    with connected(server) as client:
        client.ehlo()
        try:
            client.starttls(context=server.client_context())
        except smtplib.SMTPException:
            client.login("mailer", "secret")
    return None


def sends_all_the_same(server: SMTPServer) -> Sent:
    with connected(server) as client:
        client.ehlo()
        if client.has_extn("starttls"):
            client.starttls(context=server.client_context())
        client.sendmail(SENDER, [ANN], MAIL)
    return True


def looks_at_no_certificate(server: SMTPServer) -> Sent:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connected(server) as client:
        client.starttls(context=context)
        client.sendmail(SENDER, [ANN], MAIL)
    return True


def insists_on_tls(server: SMTPServer) -> Sent:
    try:
        with connected(server) as client:
            client.starttls(context=server.client_context())
            client.login("mailer", "secret")
            client.sendmail(SENDER, [ANN], MAIL)
            return True
    except (smtplib.SMTPException, OSError) as error:
        return error


# The protocol.


def does_not_wait(server: SMTPServer) -> Sent:
    with talking(server) as talker:
        for line in ("", "EHLO client.test"):
            talker.say(line) if line else talker.hear()
        talker.say(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{ANN}>")
        talker.hear()
        for line in ("DATA", "Subject: Hello\r\n\r\nHello\r\n.", "QUIT"):
            talker.say(line)
    return True


def leaves_without_quit(server: SMTPServer) -> Sent:
    client = connected(server)
    client.sendmail(SENDER, [ANN], MAIL)
    client.close()
    server.wait_closed()
    return True


def sends_several(count: int, *, in_one_session: bool) -> Mailer:
    """Return a mailer that sends the same words so often; it believes that all of it arrived."""

    def mailer(server: SMTPServer) -> Sent:
        mail = MAIL.replace("Message-ID: <1@x.test>\r\n", "")
        if not in_one_session:
            refused = [deliver(server, [ANN], mail) for _ in range(count)]
            return None if any(refused) else True
        with connected(server) as client:
            for _ in range(count):
                try:
                    client.sendmail(SENDER, [ANN], mail)
                except smtplib.SMTPException as error:
                    return error
        return True

    return mailer
