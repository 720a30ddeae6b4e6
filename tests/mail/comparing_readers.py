"""What other readers say about the same octets: `mailparser` and `postal-mime` on Node.js."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings

from tests.mail import composing
from tests.making import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NODE = Path(__file__).parent.parent / "clients" / "node"
LIBRARIES = ("mailparser", "postal-mime")

SCRIPT = """
const { readFileSync } = require("node:fs");
const modules = process.argv[1] + "/node_modules/";
const { simpleParser } = require(modules + "mailparser");
const base64 = (content) => Buffer.from(content || "").toString("base64");
const addresses = (list) =>
  (list || []).flatMap((one) => one.group || one).map((one) => one.address);
async function mailparser(octets) {
  const mail = await simpleParser(octets, { skipHtmlToText: true, skipTextToHtml: true,
    skipImageLinks: true, skipTextLinks: true });
  return { subject: mail.subject, from_: addresses(mail.from?.value)[0],
    to: addresses([mail.to].flat().flatMap((one) => one?.value || [])), text: mail.text,
    html: mail.html || "", attachments: mail.attachments.map((one) =>
      [one.filename || "", one.contentType, base64(one.content)]) };
}
async function main() {
  const { default: PostalMime } = require(modules + "postal-mime");
  async function postal(octets) {
    const mail = await PostalMime.parse(octets, { attachmentEncoding: "arraybuffer" });
    return { subject: mail.subject, from_: mail.from?.address, to: addresses(mail.to),
      text: mail.text, html: mail.html, attachments: mail.attachments.map((one) =>
        [one.filename || "", one.mimeType, base64(one.content)]) };
  }
  const read = async (text) => {
    const octets = Buffer.from(text, "base64");
    const guarded = (reader) => reader(octets).catch((error) => ({ error: String(error) }));
    return { mailparser: await guarded(mailparser), "postal-mime": await guarded(postal) };
  };
  const all = [];
  for (const text of JSON.parse(readFileSync(0, "utf8"))) all.push(await read(text));
  process.stdout.write(JSON.stringify(all));
}
main();
"""


def missing() -> str | None:
    """Say why the readers cannot run here, or return `None`."""
    if shutil.which("node") is None:
        return "needs node: .ci/install-programs"
    lacking = [name for name in LIBRARIES if not (NODE / "node_modules" / name).is_dir()]
    return f"needs {' and '.join(lacking)}: .ci/install-programs" if lacking else None


def generated(count: int) -> list[bytes]:
    """Return so many mails made at random, the same ones each time."""
    made: list[bytes] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(composing.messages())
    def keep(tree: composing.Leaf | composing.Tree) -> None:
        head = b"From: Ann <ann@x.example>\r\nTo: bob@x.example\r\nSubject: %d\r\n" % len(made)
        made.append(head + b"MIME-Version: 1.0\r\n" + composing.octets(tree) + b"\r\n")

    keep()
    return made


def as_others_read(mails: Iterable[bytes]) -> list[dict[str, dict[str, Any]]]:
    """Return what the other readers say of each mail, by their names."""
    given = json.dumps([base64.b64encode(mail).decode() for mail in mails])
    run = subprocess.run(
        ["node", "-e", SCRIPT, str(NODE)],
        input=given, capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    found: list[dict[str, dict[str, Any]]] = json.loads(run.stdout)
    return found


def as_we_read(content: bytes) -> dict[str, Any]:
    mail = message(content)
    return {
        "subject": mail.subject,
        "from_": mail.from_,
        "to": list(mail.to),
        "text": mail.text,
        "html": mail.html,
        "attachments": [
            [one.filename, one.content_type, base64.b64encode(one.content).decode()]
            for one in mail.attachments
        ],
    }


def differences(
    content: bytes, others: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield library, field, our value and theirs, where they differ by more than ends of lines."""
    ours = as_we_read(content)
    for library, theirs in others.items():
        for name, value in ours.items():
            other = theirs.get(name)
            if _tidy(value) != _tidy(other):
                yield library, name, value, other


def _tidy(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return (value or "").replace("\r\n", "\n").rstrip()
    return value
