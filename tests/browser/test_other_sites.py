"""What a page of another site, open in the same browser, can do to the inbox: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.driving import Trap

if TYPE_CHECKING:
    from tests.browser.conftest import LivePage
    from tests.browser.driving import Browser

#: Tries all ways to read the inbox, and says how each ended.
ATTACKER = """<!doctype html><title>attacker</title><script>
const inbox = "INBOX";
async function read(options) {
  try {
    const answer = await fetch(inbox + "messages.json", options);
    return (await answer.text()) || answer.type;
  } catch (error) { return "failed"; }
}
function element(name, attributes) {
  return new Promise((done) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.onload = () => done("loaded");
    made.onerror = () => done("failed");
    document.documentElement.append(made);
  });
}
function framed() {
  return new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      try { done(frame.contentDocument ? "own" : "foreign"); } catch { done("foreign"); }
    };
    frame.src = inbox;
    document.documentElement.append(frame);
  });
}
function events() {
  return new Promise((done) => {
    const source = new EventSource(inbox + "events");
    source.onmessage = source.onopen = () => done("open");
    source.onerror = () => { source.close(); done("failed"); };
  });
}
window.tried = (async () => ({
  read: await read({}),
  opaque: await read({ mode: "no-cors" }),
  posted: await read({ method: "POST", body: "x" }),
  deleted: await read({ method: "DELETE" }),
  picture: await element("img", { src: inbox + "messages/1/attachments/1" }),
  script: await element("script", { src: inbox + "messages.json" }),
  style: await element("link", { rel: "stylesheet", href: inbox + "messages/1/raw" }),
  events: await events(),
  frame: await framed(),
}))();
</script>"""


@pytest.mark.parametrize("site", ["evil.example", "localhost"])
def test_another_site_can_neither_read_nor_change_nor_frame_it(
    browser: Browser, live: LivePage, site: str
) -> None:
    live.deliver(b"Subject: secret\r\n\r\nsecret")
    with Trap(ATTACKER.replace("INBOX", live.url)) as attacker:
        browser.open(f"http://{site}:{attacker.port}/")
        tried = browser.driver.execute_async_script(
            "window.tried.then(arguments[arguments.length - 1])"
        )
    assert tried.pop("frame") == "foreign"
    assert set(tried.values()) == {"failed"}, tried
    assert len(live.server.messages) == 1


def test_a_foreign_name_that_resolves_to_this_machine_gets_nothing(
    browser: Browser, live: LivePage
) -> None:
    live.deliver(b"Subject: secret\r\n\r\nsecret")
    browser.open(live.url.replace("127.0.0.1", "evil.example"))
    page = browser.run("return document.documentElement.textContent")
    assert "secret" not in page
    assert "answers to 127.0.0.1 and localhost only" in page


def test_the_inbox_itself_can_read_what_another_site_cannot(
    browser: Browser, live: LivePage
) -> None:
    live.deliver(b"Subject: secret\r\n\r\nsecret")
    browser.open(live.url)
    text = browser.driver.execute_async_script(
        "fetch('/messages.json').then((a) => a.text()).then(arguments[arguments.length - 1])"
    )
    assert "secret" in text
