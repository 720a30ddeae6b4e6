"""The suites of the table: what a test beside the other plugin looks like."""

from __future__ import annotations

SEND = """
import smtplib


def send(server, subject="Welcome"):
    with smtplib.SMTP(server.host, server.port, "client.test", timeout=10) as client:
        client.sendmail("shop@example.com", "ann@example.org", f"Subject: {subject}")


"""

TWO_TESTS = (
    SEND
    + """
def test_passes(smtpserver, smtpserver_session):
    send(smtpserver)
    assert smtpserver.wait_for_message(subject="Welcome").envelope.rcpt_to == ("ann@example.org",)
    assert smtpserver_session.messages == ()


def test_fails(smtpserver, smtpserver_session):
    send(smtpserver, "Welcom")
    send(smtpserver_session)
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

RERUN = (
    SEND
    + """
subjects = ["Welcom", "Welcome"]


def test_fresh(smtpserver, smtpserver_session):
    assert (smtpserver.messages, smtpserver_session.messages) == ((), ())
    subject = subjects.pop(0)
    send(smtpserver, subject)
    send(smtpserver_session, subject)
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
    smtpserver_session.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

WAITING = (
    SEND
    + """
def test_waits(smtpserver):
    send(smtpserver, "Welcom")
    smtpserver.wait_for_message(subject="Welcome", timeout=60)
"""
)

COMPARING = (
    SEND
    + """
def test_compares(smtpserver):
    send(smtpserver, "Welcom")
    assert smtpserver.messages == ()
"""
)

ASYNCIO = (
    "import asyncio\n"
    + SEND
    + """
async def test_passes(smtpserver_async):
    waiting = asyncio.create_task(smtpserver_async.wait_for_message(subject="Welcome"))
    await asyncio.to_thread(send, smtpserver_async)
    await waiting


async def test_fails(smtpserver_async):
    await asyncio.to_thread(send, smtpserver_async, "Welcom")
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

ANYIO = (
    "import anyio.to_thread\nimport pytest\n"
    + SEND
    + """
pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def test_passes(smtpserver_async):
    await anyio.to_thread.run_sync(send, smtpserver_async)
    await smtpserver_async.wait_for_message(subject="Welcome")


async def test_fails(smtpserver_async):
    await anyio.to_thread.run_sync(send, smtpserver_async, "Welcom")
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

TRIO = (
    "import pytest\nimport trio\n"
    + SEND
    + """
pytestmark = pytest.mark.trio


async def later(server, subject):
    await trio.sleep(3600)
    await trio.to_thread.run_sync(send, server, subject)


async def test_jumps_and_passes(smtpserver_async, autojump_clock, nursery):
    nursery.start_soon(later, smtpserver_async, "Welcome")
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=30)


async def test_jumps_and_fails(smtpserver_async, autojump_clock):
    await later(smtpserver_async, "Welcom")
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=0.01)


async def test_stands_still_and_passes(smtpserver_async, mock_clock):
    await trio.to_thread.run_sync(send, smtpserver_async)
    await smtpserver_async.wait_for_message(subject="Welcome")


async def test_stands_still_and_fails(smtpserver_async, mock_clock):
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

TWISTED = """
import pytest_twisted
from twisted.mail.smtp import sendmail

ADDRESSES = "shop@example.com", ["ann@example.org"]


@pytest_twisted.ensureDeferred
async def test_passes(smtpserver):
    await sendmail(smtpserver.host, *ADDRESSES, b"Subject: Welcome\\n\\n", port=smtpserver.port)
    smtpserver.wait_for_message(subject="Welcome")


@pytest_twisted.ensureDeferred
async def test_fails(smtpserver):
    await sendmail(smtpserver.host, *ADDRESSES, b"Subject: Welcom\\n\\n", port=smtpserver.port)
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""

TORNADO = (
    "import pytest\nfrom tornado.ioloop import IOLoop\n"
    + SEND
    + """
async def sent(server, subject):
    await IOLoop.current().run_in_executor(None, send, server, subject)


@pytest.mark.gen_test
async def test_passes(smtpserver_async):
    await sent(smtpserver_async, "Welcome")
    await smtpserver_async.wait_for_message(subject="Welcome")


@pytest.mark.gen_test
async def test_fails(smtpserver_async):
    await sent(smtpserver_async, "Welcom")
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

AIOHTTP = (
    "import asyncio\nfrom aiohttp import web\n"
    + SEND
    + """
def application(server):
    async def register(request):
        await asyncio.to_thread(send, server, request.match_info["subject"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/{subject}", register)
    return app


async def test_passes(aiohttp_client, smtpserver_async):
    client = await aiohttp_client(application(smtpserver_async))
    assert (await client.post("/Welcome")).status == 200
    await smtpserver_async.wait_for_message(subject="Welcome")


async def test_fails(aiohttp_client, smtpserver_async):
    client = await aiohttp_client(application(smtpserver_async))
    await client.post("/Welcom")
    await smtpserver_async.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

HYPOTHESIS = (
    "from hypothesis import given, settings, strategies as st\n"
    "from pytest_smtpserver import SMTPServer\n"
    + SEND
    + """
@settings(max_examples=10, deadline=None)
@given(st.text("abc", min_size=1))
def test_passes(subject):
    with SMTPServer() as server:
        send(server, subject)
        server.wait_for_message(subject=subject)


@settings(max_examples=10, deadline=None)
@given(st.just("Welcom"))
def test_fails(smtpserver_session, subject):
    smtpserver_session.clear()
    send(smtpserver_session, subject)
    smtpserver_session.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

BDD = (
    "from pytest_bdd import parsers, scenarios, then, when\n"
    + SEND
    + """
scenarios("mail.feature")


@when(parsers.parse("the shop writes {subject}"))
def _(smtpserver, subject):
    send(smtpserver, subject)


@then(parsers.parse("a mail says {subject}"))
def _(smtpserver, subject):
    smtpserver.wait_for_message(subject=subject, timeout=0.01)
"""
)

BDD_FEATURE = """
Feature: Mail
  Scenario: Passes
    When the shop writes Welcome
    Then a mail says Welcome
  Scenario: Fails
    When the shop writes Welcom
    Then a mail says Welcome
"""

MOCK = (
    SEND
    + """
def test_a_spy(smtpserver, mocker):
    spy = mocker.spy(smtplib.SMTP, "sendmail")
    send(smtpserver)
    assert spy.call_count == 1
    smtpserver.wait_for_message(subject="Welcome")


def test_a_patched_clock(mocker, smtpserver):
    mocker.patch("time.time", return_value=0)
    mocker.patch("time.monotonic", return_value=0)
    send(smtpserver)
    assert smtpserver.wait_for_message(subject="Welcome").received_at.year > 2000


def test_patched_threads(mocker, smtpserver_factory):
    mocker.patch("threading.Thread")
    server = smtpserver_factory()
    send(server)
    server.wait_for_message(subject="Welcome")
"""
)

FREEZER = (
    SEND
    + """
def test_passes(freezer, smtpserver):
    freezer.move_to("2001-02-03")
    send(smtpserver)
    assert smtpserver.wait_for_message(subject="Welcome").received_at.year > 2001


def test_fails(freezer, smtpserver):
    freezer.move_to("2001-02-03")
    send(smtpserver, "Welcom")
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

TIME_MACHINE = FREEZER.replace("freezer", "time_machine")

PYFAKEFS = (
    "import pytest\n"
    + SEND
    + """
def test_in_clear(fs, smtpserver):
    send(smtpserver)
    smtpserver.wait_for_message(subject="Welcome")


@pytest.mark.smtpserver(tls="starttls")
def test_server_first(smtpserver, fs):
    with smtplib.SMTP(*smtpserver.addr, timeout=10) as client:
        client.starttls(context=smtpserver.client_context())


@pytest.mark.smtpserver(tls="starttls")
def test_files_first(fs, smtpserver):
    pass
"""
)

SUBTESTS = (
    SEND
    + """
def test_both(smtpserver, subtests):
    send(smtpserver, "Welcom")
    with subtests.test("passes"):
        smtpserver.wait_for_message(subject="Welcom")
    with subtests.test("fails"):
        smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

DJANGO = """
from django.core.mail import send_mail


def send(subject):
    send_mail(subject, "Hello", "shop@example.com", ["ann@example.org"])


def test_passes(smtpserver_django, mailoutbox):
    send("Welcome")
    smtpserver_django.wait_for_message(subject="Welcome")
    assert mailoutbox == []


def test_fails(smtpserver_django):
    send("Welcom")
    smtpserver_django.wait_for_message(subject="Welcome", timeout=0.01)


def test_without_us(mailoutbox):
    send("Welcome")
    assert [one.subject for one in mailoutbox] == ["Welcome"]
"""

FLASK = (
    "import flask\nimport pytest\n"
    + SEND
    + """
@pytest.fixture
def app(smtpserver):
    app = flask.Flask("shop")

    @app.post("/<subject>")
    def register(subject):
        send(smtpserver, subject)
        return ""

    return app


def test_passes(client, smtpserver):
    assert client.post("/Welcome").status_code == 200
    smtpserver.wait_for_message(subject="Welcome")


def test_fails(client, smtpserver):
    client.post("/Welcom")
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

LOCALSERVER = TWO_TESTS

LOCALSERVERS_OWN = """
def test_theirs(smtpserver):
    assert type(smtpserver).__module__ == "pytest_localserver.smtp"
"""

SMTPDFIX = (
    "from types import SimpleNamespace\n"
    + SEND
    + """
def test_passes(smtpd, smtpserver):
    send(SimpleNamespace(host=smtpd.hostname, port=smtpd.port), "other")
    send(smtpserver)
    assert len(smtpd.messages) == 1
    assert [one.subject for one in smtpserver.messages] == ["Welcome"]


def test_fails(smtpd, smtpserver):
    send(smtpserver, "Welcom")
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""
)

_GREEN = """
def test_passes(smtpserver):
    {spawn}(send, smtpserver).{join}()
    smtpserver.wait_for_message(subject="Welcome")


def test_fails(smtpserver):
    {spawn}(send, smtpserver, "Welcom").{join}()
    smtpserver.wait_for_message(subject="Welcome", timeout=0.01)
"""

GEVENT = (
    "from gevent import monkey, spawn\nmonkey.patch_all(select=False, thread=False)\n"
    + SEND
    + _GREEN.format(spawn="spawn", join="join")
)

EVENTLET = (
    "import eventlet\neventlet.monkey_patch(select=False, socket=False, thread=False)\n"
    + SEND
    + _GREEN.format(spawn="eventlet.spawn", join="wait")
)
