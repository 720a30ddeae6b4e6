"""Print processor seconds: what importing trio takes, and what the first server takes beyond it.

`python first.py`, in the server's environment, a process for each figure.
"""

from __future__ import annotations

import time


def main() -> None:
    """See the module's docstring."""
    begun = time.process_time()
    import trio  # noqa: F401

    imported = time.process_time()
    from pytest_smtpserver import SMTPServer

    with SMTPServer():
        started = time.process_time()
    print(imported - begun, started - imported)


if __name__ == "__main__":
    main()
