"""A small application that sends mail, for the tutorial."""

import os
import smtplib
from email.message import EmailMessage


def send_welcome(address):
    mail = EmailMessage()
    mail["From"] = "Shop <shop@example.com>"
    mail["To"] = address
    mail["Subject"] = "Welcome"
    mail.set_content("Hello!\nConfirm your address at https://shop.example.com/confirm/4711\n")
    host, port = os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])
    with smtplib.SMTP(host, port) as client:
        client.send_message(mail)
