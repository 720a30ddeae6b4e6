"""Mail that is sent while the test goes on: wait for it, and never sleep."""

import smtplib
import threading


def send_news(server, addresses):
    with smtplib.SMTP(server.host, server.port) as client:
        for address in addresses:
            client.sendmail("news@example.com", [address], b"Subject: News\r\n\r\n")


def test_each_subscriber_gets_the_news(smtpserver):
    subscribers = ["ann@example.org", "bob@example.org", "eve@example.org"]
    sender = threading.Thread(target=send_news, args=(smtpserver, subscribers))
    sender.start()

    messages = smtpserver.wait_for_messages(3, subject="News")

    assert [message.envelope.rcpt_to for message in messages] == [(one,) for one in subscribers]
    sender.join()
