"""Print, one a line, the seconds from a message's acceptance until the waiting test runs again.

`python waking.py COUNT`, in the server's environment. The client is a process of its own, so
that it does not compete for the interpreter with who waits.
"""

from __future__ import annotations

import subprocess
import sys
import time

from pytest_smtpserver import SMTPServer

# Sends a message for each line that it reads, a moment later, when the other side is waiting.
_CLIENT = """
import smtplib, sys, time
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as client:
    for line in sys.stdin:
        time.sleep(0.005)
        client.sendmail("sender@example.com", ["recipient@example.com"], "Subject: x\\n\\nx\\n")
"""


def main() -> None:
    """See the module's docstring."""
    with SMTPServer() as server:
        client = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, str(server.port)], stdin=subprocess.PIPE, text=True
        )
        assert client.stdin
        for _ in range(int(sys.argv[1])):
            client.stdin.write("next\n")
            client.stdin.flush()
            message = server.wait_for_message()
            print(time.time() - message.received_at.timestamp())
            server.clear()
        client.communicate()


if __name__ == "__main__":
    main()
