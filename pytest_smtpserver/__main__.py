"""The same server at a terminal: `python -m pytest_smtpserver`.

Send to it by hand, or from the application that you are writing. It prints a line for each message,
and shows them all in the inbox.
"""

from __future__ import annotations

import argparse
import contextlib
import queue
import signal
import sys
import warnings
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_smtpserver.inbox.live import Inbox
    from pytest_smtpserver.records.session import Session
    from pytest_smtpserver.records.transaction import Transaction
    from pytest_smtpserver.server.server import SMTPServer

    #: The URL of the server, and a transaction that ended there.
    Ended = tuple[str, Transaction]

_PROGRAM: Final = "python -m pytest_smtpserver"
# Seconds between two looks at the dialogue; arbitrary, and short enough for somebody who types it.
_TICK: Final = 0.1
# After so many finished transactions the server forgets them; the inbox has bounds of its own.
_KEPT: Final = 1_000

# How similar an option must be to an unknown one to be suggested; arbitrary. `--inbox` suggests
# `--inbox-port`, but `--host-name` does not suggest `--host`.
_ALIKE: Final = 0.72


class _OneSentence(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong, without the whole usage before it."""
        _fail(message)


def _fail(message: object) -> NoReturn:
    print(f"{_PROGRAM}: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _OneSentence(
        prog=_PROGRAM,
        description="An SMTP server to send to while you develop, with an inbox to look at.",
        epilog="The settings are those of the pytest plugin; its reference lists them.",
        allow_abbrev=False,
    )
    parser.add_argument("--host", metavar="H", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", metavar="N", default="1025", help="default: 1025; 0: any")
    parser.add_argument(
        "--inbox-port",
        metavar="N",
        default="8025",
        type=_port_or_off,
        help="port of the inbox, on 127.0.0.1; 'off': none (default: 8025)",
    )
    parser.add_argument("--tls", choices=("off", "starttls", "implicit"))
    parser.add_argument(
        "--user",
        metavar="NAME:PASSWORD",
        action="append",
        default=[],
        dest="users",
        help="a user who may log in; sets auth to 'optional'; can be given several times",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="any setting, as in a configuration file; can be given several times",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show the dialogue, secrets masked"
    )
    return parser


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if not unknown:
        return options
    # Only the options are shown: the word after an unknown one may be a secret.
    given = [one.partition("=")[0] for one in unknown if one.startswith("-")]
    meant = next(filter(None, (_meant(parser, one) for one in given)), "")
    hint = f"; did you mean {meant}?" if meant else ""
    _fail(f"unrecognized arguments: {' '.join(given or unknown)}{hint}")


def _meant(parser: argparse.ArgumentParser, option: str) -> str:
    """Return the option, or the setting, that an unknown option was probably meant to be."""
    from difflib import get_close_matches

    from pytest_smtpserver.settings import SETTINGS, nearest_setting, setting_by_meaning

    name = option.strip("-").replace("-", "_")
    options = [one for action in parser._actions for one in action.option_strings]
    setting = name if name in SETTINGS else setting_by_meaning(name)
    if not setting and (alike := get_close_matches(option, options, n=1, cutoff=_ALIKE)):
        return alike[0]
    setting = setting or nearest_setting(name)
    if setting == "users":
        return "--user NAME:PASSWORD"
    own = f"--{setting}" in options
    return f"--{setting}" if own else f"--set {setting}=VALUE" if setting else ""


def _port_or_off(words: str) -> int | None:
    if words == "off":
        return None
    if not words.isdecimal() or int(words) > 65535:
        raise argparse.ArgumentTypeError(f"{words!r} must be a port from 0 to 65535, or 'off'")
    return int(words)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    from pytest_smtpserver.settings import SettingsError
    from pytest_smtpserver.settings.words import value_of

    given: dict[str, str] = {}
    for pair in options.settings:
        name, is_there, words = pair.partition("=")
        if not is_there:
            raise SettingsError(f"--set {pair}: must be NAME=VALUE")
        given[name] = words
    named = {name: getattr(options, name) for name in ("host", "port", "tls")}
    # `--set` wins over an option of its own, such as `--port`, and over that option's default.
    words_of = {name: words for name, words in named.items() if words is not None} | given
    settings = {name: value_of(name, words) for name, words in words_of.items()}
    if options.users:
        settings = {"auth": "optional", **settings, "users": _users(options.users)}
    return settings


def _users(pairs: Sequence[str]) -> dict[str, str]:
    from pytest_smtpserver.settings import SettingsError

    users: dict[str, str] = {}
    for number, pair in enumerate(pairs, 1):
        name, is_there, password = pair.partition(":")
        # The pair is not shown: even a malformed one may contain the password.
        if not is_there or not name:
            raise SettingsError(f"--user number {number}: must be NAME:PASSWORD")
        if name in users:
            raise SettingsError(f"--user number {number}: {name!r} is given twice")
        users[name] = password
    return users


@contextlib.contextmanager
def _running(
    options: argparse.Namespace, ended: queue.SimpleQueue[Ended]
) -> Iterator[tuple[SMTPServer, Inbox | None]]:
    from pytest_smtpserver.server import watching
    from pytest_smtpserver.server.server import SMTPServer
    from pytest_smtpserver.settings import SettingsError

    try:
        server = SMTPServer(**_settings(options))
        watching.watch(lambda core, transaction: ended.put((core.shown_url, transaction)))
        server.start()
        inbox = None if options.inbox_port is None else _inbox(options.inbox_port, server)
    except (SettingsError, RuntimeError) as error:
        _fail(error)
    except OSError as error:
        _fail(error.strerror or error)
    try:
        yield server, inbox
    finally:
        server.stop()
        if inbox:
            inbox.close()


def _inbox(port: int, server: SMTPServer) -> Inbox:
    from pytest_smtpserver.inbox.live import Inbox

    where = server._core.shown_url
    try:
        return Inbox(port, title="Inbox", hint=f"No mail so far. Send some to {where}")
    except OSError:
        server.stop()
        raise


def _greeting(server: SMTPServer, inbox: Inbox | None) -> Iterator[str]:
    yield f"listening at {server._core.shown_url}"
    if server.settings.tls != "off":
        yield f"its certificate authority: {server.ca.cert_file}"
    if inbox:
        yield f"inbox at {inbox.url}"
    yield "Ctrl-C ends it"


def _line(transaction: Transaction) -> str:
    """Return time, sender, recipients and subject, and the outcome if it was not accepted."""
    message, envelope = transaction.message, transaction.envelope
    when = (message.received_at if message else transaction.started_at).astimezone()
    recipients = [*envelope.rcpt_to, *(f"{who} (refused)" for who, _ in transaction.refused)]
    subject = message.subject if message else ""
    outcome = "" if transaction.outcome == "accepted" else f"  [{transaction.outcome}]"
    clock = when.time().isoformat("seconds")
    return (
        f"{clock}  {envelope.mail_from or '<>'} -> {', '.join(recipients) or 'nobody'}"
        f"  {subject}{outcome}"
    )


class _NewLines:
    """The dialogue of all sessions; `news` yields the lines that it has not yielded before."""

    def __init__(self, server: SMTPServer) -> None:
        self._server = server
        #: For each session id: its last snapshot, and the lines of its transcript.
        self._given: dict[int, tuple[Session, list[str]]] = {}

    def news(self) -> Iterator[str]:
        before = self._given
        self._given = {}
        for session in self._server.sessions:
            known, lines = before.get(session.id, (None, []))
            if session is not known:
                given, lines = lines, session.transcript.splitlines()
                # Content that was not complete is, or `clear` has forgotten the first lines.
                same = takewhile(lambda pair: pair[0] == pair[1], zip(given, lines, strict=False))
                new = lines[len(list(same)) :]
                yield from (f"[{session.id}] {line.strip()}" for line in new)
            self._given[session.id] = session, lines


def _say(lines: Iterator[str] | Sequence[str]) -> None:
    from pytest_smtpserver.mail.harmless import in_line

    for line in lines:
        print(in_line(line), flush=True)  # noqa: T201


def _follow(
    server: SMTPServer, inbox: Inbox | None, ended: queue.SimpleQueue[Ended], *, verbose: bool
) -> NoReturn:
    from pytest_smtpserver.network import background

    dialogue = _NewLines(server)
    while True:
        lines = []
        with contextlib.suppress(queue.Empty):
            url, transaction = ended.get(timeout=_TICK)
            if inbox:
                inbox.add("", url, transaction)
            lines.append(_line(transaction))
        if verbose:
            # The dialogue that led to the message comes first.
            _say(dialogue.news())
        _say(lines)
        if len(server.transactions) > _KEPT and ended.empty():
            # In the server's own thread, so that no transaction can end in between.
            background().soon(server.clear)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit status."""
    # A shell makes a program that it starts in the background ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)  # noqa: T201
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _options(arguments)
    ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
    # A broken pipe: the program that reads our output has ended.
    with (
        contextlib.suppress(KeyboardInterrupt, BrokenPipeError),
        _running(options, ended) as (server, inbox),
    ):
        _say(_greeting(server, inbox))
        _follow(server, inbox, ended, verbose=options.verbose)
    return 0


if __name__ == "__main__":  # pragma: no branch  # it is run, and nothing imports it
    raise SystemExit(main())
