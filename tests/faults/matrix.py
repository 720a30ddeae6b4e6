"""Well-known clients and each fault: `python -m tests.faults.matrix` tries them all.

What each client believed, and the verdict, goes into `matrix.json` beside this file;
`python -m docs._generate` makes a table of it in the reference.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_smtpserver import FAULTS, Fault, FaultAtWork, SMTPServer
from pytest_smtpserver.clock import now
from pytest_smtpserver.faults.belief import Belief, Beliefs
from pytest_smtpserver.faults.evidence import Evidence
from pytest_smtpserver.faults.verdict import MISTAKES
from tests.faults.famous import CLIENTS, LOGIN, PATIENCE, Famous, Job

if TYPE_CHECKING:
    from pytest_smtpserver.faults.belief import Sent

WRITTEN: Final = Path(__file__).parent / "matrix.json"

#: How many mails to send for faults that are about several.
_SEVERAL: Final = 3
#: Seconds until the server ends a session. curl waits for the reply to QUIT as long as that,
#: whatever its own patience is, and every other client gives up before.
_IDLE: Final = 3.0 * PATIENCE
_WORDS: Final = {
    Belief.DELIVERED: "delivered",
    Belief.FAILED: "failed",
    Belief.LATER: "later",
    Belief.RAISED: "raised",
    None: "of each",
}
_NOT_MET: Final = "not met"


def cells(client: Famous) -> dict[str, str]:
    """Return the result of each fault with a client: `delivered`, or `delivered: sent-twice`."""
    with ExitStack() as stack:
        at_work = [_at_work(fault, stack) for fault in FAULTS]
        sent = client.send_all([_job(one) for one in at_work])
        for one in at_work:
            one._see_clients_gone()
        return {one.name: _cell(one, said) for one, said in zip(at_work, sent, strict=True)}


def _at_work(fault: Fault, stack: ExitStack) -> FaultAtWork:
    server = SMTPServer(**{"idle_timeout": _IDLE, **fault.settings}).start()
    stack.callback(server.stop)
    return fault.apply(server)


def _job(at_work: FaultAtWork) -> Job:
    server = at_work.server
    assert isinstance(server, SMTPServer)
    settings = server.settings
    count = _SEVERAL if at_work.fault.is_about_several else 1
    mails = tuple(
        f"From: shop@x.test\r\nTo: ann@x.test\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}@x.test>\r\n\r\nHello\r\n"
        for number in range(count)
    )
    return Job(
        server.host, server.port,
        starttls=settings.tls == "starttls",
        login=None if settings.auth == "off" else LOGIN,
        mails=mails,
        pause=2 * settings.idle_timeout if at_work.name == "closed-while-idle" else 0,
    )  # fmt: skip


def _cell(at_work: FaultAtWork, sent: Sent) -> str:
    if not at_work.was_met:
        return _NOT_MET
    beliefs = Beliefs(sent)
    evidence = Evidence.of(at_work, beliefs, called=now(), timeout=None, tls="required")
    mistakes = [one.code for one in MISTAKES if one.find(evidence) is not None]
    return ": ".join([_said(beliefs), *mistakes[:1]])


def _said(beliefs: Beliefs) -> str:
    each = set(beliefs.of_each.values())
    return _WORDS[each.pop() if len(each) == 1 else beliefs.of_all]


def main() -> None:
    """Write the rows of all clients that can run here; the rows of others stay."""
    from pytest_smtpserver.server.certificates import authority

    os.environ["SSL_CERT_FILE"] = str(authority().cert_file)
    wanted = sys.argv[1:] or [one.name for one in CLIENTS if one.missing() is None]
    found = {one.name: cells(one) for one in CLIENTS if one.name in wanted}
    if sys.argv[1:]:
        json.dump(found, sys.stdout)
        return
    old = json.loads(WRITTEN.read_text()) if WRITTEN.exists() else {}
    WRITTEN.write_text(json.dumps(old | found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
