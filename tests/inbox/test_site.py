"""What the inbox answers over a socket, and which clients it refuses."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver.inbox.store import Store
from pytest_smtpserver.inbox.views import Views
from tests.rawclient import until

if TYPE_CHECKING:
    from tests.inbox.requesting import Lookout

PATHS = ("/", "/messages.json", "/messages/1", "/messages/1/view", "/messages/1/raw",
         "/messages/1.eml", "/messages/1/attachments/1")  # fmt: skip


def with_file(content: bytes, subtype: str, filename: str = "file") -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "with a file"
    mail.set_content("See the file.")
    kind, _, sub = subtype.partition("/")
    mail.add_attachment(content, maintype=kind, subtype=sub, filename=filename)
    return mail.as_bytes()


def test_messages_json_lists_what_there_is_the_newest_first(lookout: Lookout) -> None:
    lookout.send(b"Subject: first\r\n\r\n")
    lookout.send(b"Subject: second\r\nTo: to@example.org\r\n\r\n", "to@example.org", "eve@x.test")
    answer = lookout.request("/messages.json")
    assert answer.fields["content-type"] == "application/json"
    second, first = json.loads(answer.body)
    assert (first["subject"], first["id"]) == ("first", 1)
    assert second["rcpt_to"] == ["to@example.org", "eve@x.test"]
    assert second["blind_recipients"] == ["eve@x.test"]
    assert second["outcome"] == "accepted"


def test_an_inbox_without_mail_lists_nothing(lookout: Lookout) -> None:
    assert json.loads(lookout.request("/messages.json").body) == []


def test_a_message_is_there_when_its_client_has_the_reply(lookout: Lookout) -> None:
    for number in range(1, 20):
        lookout.send(b"Subject: x\r\n\r\n")
        assert lookout.request(f"/messages/{number}/raw").status == 200


def test_refused_recipients_are_listed(lookout: Lookout) -> None:
    lookout.server.refuse("550 5.1.1 no such user", rcpt_to="bob@example.org")
    lookout.send(b"Subject: x\r\n\r\n", "ann@example.org", "bob@example.org")
    [listed] = json.loads(lookout.request("/messages.json").body)
    assert listed["refused"] == [["bob@example.org", "550 5.1.1 no such user"]]


def test_the_raw_message_has_a_stable_address(lookout: Lookout) -> None:
    content = b"Subject: x\r\n\r\n\xff\x00 <script>\r\n"
    lookout.send(content)
    lookout.server.clear()
    lookout.send(b"Subject: y\r\n\r\n")
    raw = lookout.request("/messages/1/raw")
    assert raw.body == content
    assert raw.fields["content-type"].startswith("text/plain")
    eml = lookout.request("/messages/1.eml")
    assert eml.body == content
    assert eml.fields["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/pdf", "text/plain"])
def test_an_attachment_is_always_a_download(lookout: Lookout, kind: str) -> None:
    content = b"<script>alert(1)</script>"
    lookout.send(with_file(content, kind, '"><b>../../x.html'))
    answer = lookout.request("/messages/1/attachments/1")
    assert answer.body == content
    assert re.fullmatch(
        r"attachment; filename\*=UTF-8''[\w.%-]+", answer.fields["content-disposition"]
    )
    assert answer.fields["content-type"] in ("application/octet-stream", "image/svg+xml")
    assert "sandbox" in answer.fields["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/messages/2", "/messages/2/view", "/messages/0/raw", "/messages/1/attachments/9",
     "/messages/1/attachments/0", "/x", "//", "/../etc/passwd", "/messages/999999999.eml",
     "/messages/1/raw/"],
)  # fmt: skip
def test_an_unknown_path_is_not_found(lookout: Lookout, path: str) -> None:
    lookout.send(with_file(b"x", "text/plain"))
    assert lookout.request(path).status == 404


@pytest.mark.parametrize("path", PATHS)
def test_no_other_site_can_read_or_frame_it(lookout: Lookout, path: str) -> None:
    lookout.send(with_file(b"x", "image/png"))
    fields = lookout.request(path, "GET", "127.0.0.1", "Origin: https://evil.example").fields
    assert not [name for name in fields if name.startswith("access-control")]
    assert fields["cross-origin-resource-policy"] == "same-origin"
    assert fields["x-frame-options"] == "DENY"
    assert fields["x-content-type-options"] == "nosniff"
    policy = fields["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "0.0.0.0",
             "127.0.0.1@evil.example", "localhost:80:80"]
)  # fmt: skip
def test_a_foreign_host_is_refused(lookout: Lookout, path: str, host: str) -> None:
    lookout.send(with_file(b"secret", "image/png"))
    answer = lookout.request(path, "GET", host)
    assert answer.status in (400, 403)
    assert b"secret" not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8025", "[::1]:1", "LOCALHOST"])
def test_a_name_of_this_machine_is_accepted(lookout: Lookout, host: str) -> None:
    assert lookout.request("/", "GET", host).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/messages/1", "/messages.json"])
def test_nothing_can_be_changed(lookout: Lookout, path: str, method: str) -> None:
    answer = lookout.request(path, method, "127.0.0.1", "Content-Length: 0")
    assert answer.status == 405
    assert answer.fields["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", PATHS)
def test_head_tells_what_get_would(lookout: Lookout, path: str) -> None:
    lookout.send(with_file(b"x", "text/plain"))
    head, get = lookout.request(path, "HEAD"), lookout.request(path)
    assert head.body == b""
    assert head.fields["content-type"] == get.fields["content-type"]


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "cors", "empty", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
    ],
)
def test_a_browser_that_says_which_site_asks_is_believed(
    lookout: Lookout, site: str, mode: str, dest: str, status: int
) -> None:
    fields = (f"Sec-Fetch-Site: {site}", f"Sec-Fetch-Mode: {mode}", f"Sec-Fetch-Dest: {dest}")
    assert lookout.request("/", "GET", "localhost", *fields).status == status


def test_new_mail_is_pushed(lookout: Lookout) -> None:
    with lookout.connect() as client:
        client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(client, b"event: run")
        lookout.send(b"Subject: <b>news</b>\r\n\r\n")
        assert b"event: mail" in until(client, b"&lt;b&gt;news&lt;/b&gt;")


def test_a_page_that_reconnects_gets_what_it_has_missed(lookout: Lookout) -> None:
    for number in range(4):
        lookout.send(f"Subject: number-{number}\r\n\r\n".encode())
    with lookout.connect() as client:
        client.sendall(
            b"GET /events?after=1 HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 2\r\n\r\n"
        )
        seen = until(client, b"number-3")
    assert b"number-2" in seen
    assert b"number-1" not in seen


@pytest.mark.parametrize("may_return", [True, False])
def test_a_page_knows_whether_a_later_run_may_answer_at_its_port(may_return: bool) -> None:
    page = Views(Store(), "Inbox", "No mail so far.", may_return=may_return).page()
    assert page
    pieces = [piece for piece in page.body if isinstance(piece, bytes)]
    assert (b"data-may-return" in b"".join(pieces)) is may_return


def test_the_page_of_a_message_has_its_views(lookout: Lookout) -> None:
    lookout.send(b"Subject: x\r\n\r\nGood day")
    page = lookout.request("/messages/1").body
    assert b"Good day" in page
    assert page.count(b'role="tab"') == 4


def test_a_very_large_message_is_a_file_to_download(lookout: Lookout) -> None:
    content = b"Subject: large\r\n\r\n" + b"x" * 9_000_000 + b"\r\n"
    lookout.send(content)
    page = lookout.request("/messages/1").body
    assert b"Its content is too large to be shown here: 9,000,020 octets." in page
    assert b"/messages/1.eml" in page
    assert len(page) < 100_000
    assert lookout.request("/messages/1.eml").body == content


def test_an_empty_inbox_says_so(lookout: Lookout) -> None:
    page = lookout.request("/").body
    assert b"No mail so far." in page
