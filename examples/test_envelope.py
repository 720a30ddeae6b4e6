"""The envelope says who gets a message; the header says only who is named in it."""

import smtplib
from email.message import EmailMessage


def send_invoice(server):
    mail = EmailMessage()
    mail["From"] = "Shop <shop@example.com>"
    mail["To"] = "Ann <ann@example.org>"
    mail["Bcc"] = "books@example.com"
    mail["Subject"] = "Your invoice"
    mail.set_content("Please find it attached.")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="4711.pdf")
    with smtplib.SMTP(server.host, server.port) as client:
        client.send_message(mail)


def test_the_accountant_gets_a_copy_that_nobody_sees(smtpserver):
    send_invoice(smtpserver)
    message = smtpserver.wait_for_message()
    assert message.envelope.rcpt_to == ("ann@example.org", "books@example.com")
    assert message.blind_recipients == ("books@example.com",)
    assert message["Bcc"] is None


def test_the_invoice_is_attached(smtpserver):
    send_invoice(smtpserver)
    message = smtpserver.wait_for_message(attachment="*.pdf")
    assert message.attachments[0].content == b"%PDF-1.7"
