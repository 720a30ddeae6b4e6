"""The fixtures, and which servers a test has had."""

from __future__ import annotations

import os
import sys
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import pytest

from .options import settings_of_run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Unpack

    from pytest_smtpserver.faults import FaultAtWork
    from pytest_smtpserver.server.asynchronous import AsyncSMTPServer
    from pytest_smtpserver.server.certificates import CertificateAuthority
    from pytest_smtpserver.server.core import Core
    from pytest_smtpserver.server.server import ServerFactory, SMTPServer
    from pytest_smtpserver.settings.keywords import ServerSettings

#: The fixture with which a test runs once for each fault; `faults` is imported for such a test.
FAULT = "smtpserver_fault"

#: Each of our fixtures that gives a server is built on one of these.
FACTORIES = frozenset(("smtpserver_factory", "smtpserver_session_factory"))

_REGISTRY = "pytest_smtpserver.server.registry"

#: On the config: the server of `smtpserver_session`.
SESSION_SERVER: pytest.StashKey[SMTPServer] = pytest.StashKey()
#: On the config: the servers of `smtpserver_session_factory`. On a test: those that it started.
SESSION_SERVERS: pytest.StashKey[list[SMTPServer]] = pytest.StashKey()
SERVERS: pytest.StashKey[list[SMTPServer]] = pytest.StashKey()
#: On a test: the number of the last start of a server before it, and which servers listened then.
STARTED: pytest.StashKey[int] = pytest.StashKey()
LISTENING_BEFORE: pytest.StashKey[tuple[Core, ...]] = pytest.StashKey()

# In each thread: the test for which a fixture is set up. What each test pays for does not take
# pytest's `request`. pytest makes a function for each `request`, and reads its signature, which
# takes longer than to start a server.
_set_up = threading.local()


@pytest.fixture(scope="session")
def smtpserver_settings() -> ServerSettings:
    """Settings for all servers of the run, `{}` unless a conftest overrides this fixture."""
    # Whoever changed a `dict` would change the settings of all later tests.
    return cast("ServerSettings", MappingProxyType({}))


@pytest.fixture(scope="session")
def smtpserver_session_factory(
    request: pytest.FixtureRequest, smtpserver_settings: Mapping[str, object]
) -> Iterator[ServerFactory]:
    """`factory(**settings)` gives a started `SMTPServer` for the whole run.

    Each is emptied before each test. Fixtures of any scope may be built on it.
    """
    from . import markers

    servers = request.config.stash.setdefault(SESSION_SERVERS, [])
    yield _factory(request.config, markers.for_all(smtpserver_settings), {}, servers)
    _stop(servers)
    servers.clear()


@pytest.fixture(scope="session")
def smtpserver_session(
    request: pytest.FixtureRequest, smtpserver_session_factory: ServerFactory
) -> SMTPServer:
    """One `SMTPServer` for the whole run; its records are emptied before each test."""
    from . import markers

    with markers.one_sentence("smtpserver_session"):
        server = request.config.stash[SESSION_SERVER] = smtpserver_session_factory()
    return server


@pytest.fixture
def smtpserver_factory(smtpserver_settings: Mapping[str, object]) -> Iterator[ServerFactory]:
    """`factory(**settings)` gives a started `SMTPServer`; all are stopped after the test."""
    from .markers import checked, for_all

    item: pytest.Item = _set_up.item
    servers = item.stash.setdefault(SERVERS, [])
    yield _factory(item.config, for_all(smtpserver_settings), checked(item), servers)
    _stop(servers)


def _stop(servers: Iterable[SMTPServer]) -> None:
    from pytest_smtpserver.server.signals import Uninterrupted

    with Uninterrupted():
        for server in servers:
            server.stop()
            server._core.end_waits()


def _factory(
    config: pytest.Config,
    for_all: Mapping[str, object],
    marked: Mapping[str, object],
    servers: list[SMTPServer],
) -> ServerFactory:
    """Return a factory that appends servers to `servers`, and starts them.

    Its arguments win over the settings in `marked`, and these over those for all tests.
    """
    from pytest_smtpserver.server.server import SMTPServer
    from pytest_smtpserver.settings.users import hiding_secrets
    from pytest_smtpserver.settings.value import check_effect

    run = settings_of_run(config)

    def factory(**changes: Unpack[ServerSettings]) -> SMTPServer:
        __tracebackhide__ = True
        changes = hiding_secrets(changes)  # type: ignore[assignment]
        chosen = {**marked, **changes}
        settings = run.changed({**for_all, **chosen})
        check_effect(settings, chosen)
        server = SMTPServer._with(settings)
        # First of all: a signal's handler may raise as soon as it listens.
        servers.append(server)
        try:
            return server.start()
        except BaseException:
            if not server.accepting:
                servers.remove(server)
            raise

    return factory


@pytest.fixture
def smtpserver(smtpserver_factory: ServerFactory) -> SMTPServer:
    """A fresh, running `SMTPServer` with a port of its own."""
    return start_for_test(smtpserver_factory)


def start_for_test(factory: ServerFactory) -> SMTPServer:
    """Start the server of a test, with the settings that its markers and its fault give."""
    from .markers import one_sentence, settings_of

    item: pytest.Item = _set_up.item
    with one_sentence("smtpserver"):
        if FAULT not in names_of(item):
            return factory()
        from . import faults

        return factory(**faults.brought_along(item, settings_of(item)))


@pytest.fixture
def smtpserver_fault(request: pytest.FixtureRequest, smtpserver: SMTPServer) -> FaultAtWork:
    """One fault of the catalogue, at work on this test's `smtpserver`; `check` gives a verdict."""
    from . import faults, markers

    return faults.at_work(request, smtpserver, markers.settings_of(request.node))


@pytest.fixture
def smtpserver_async(smtpserver: SMTPServer) -> AsyncSMTPServer:
    """The test's `smtpserver` with coroutines for its waiting methods."""
    from pytest_smtpserver.server.asynchronous import AsyncSMTPServer

    return AsyncSMTPServer(smtpserver)


@pytest.fixture
def smtpserver_trusted(smtpserver: SMTPServer) -> Iterator[SMTPServer]:
    """The test's `smtpserver`, which TLS clients trust without being told: see `SSL_CERT_FILE`."""
    from pytest_smtpserver.server import access

    from .replacing import replaced

    with replaced(os.environ, access.trust(smtpserver.settings)):
        yield smtpserver


@pytest.fixture
def smtpserver_django(smtpserver: SMTPServer) -> Iterator[SMTPServer]:
    """The test's `smtpserver`, to which Django's mail goes as long as the test lasts."""
    from . import django, markers

    with markers.one_sentence("smtpserver_django"):
        django.require()
    with django.mail_goes_to(smtpserver):
        yield smtpserver


@pytest.fixture(scope="session")
def smtpserver_ca() -> CertificateAuthority:
    """The `CertificateAuthority` of the run, whose files and contexts clients trust."""
    from pytest_smtpserver.server.certificates import authority

    return authority()


def names_of(item: pytest.Item) -> Collection[str]:
    """Return the names of the fixtures that a test takes; an item of another kind may have none."""
    return getattr(item, "fixturenames", None) or ()


def is_ours(name: str, found: Mapping[str, Sequence[pytest.FixtureDef[Any]]]) -> bool:
    """Return whether the fixture of this name, of those that were found, is ours or built on it.

    The project may have a fixture or a parameter of that name, which is none of our business.
    """
    # The one that overrides the others comes last; it is built on the one before if it takes it.
    for fixture in reversed(found.get(name, ())):
        if fixture.func.__module__ == __name__:
            return True
        if name not in fixture.argnames:
            break
    return False


def servers_of(item: pytest.Item) -> list[SMTPServer]:
    """Return the servers that the plugin's fixtures gave a test, including those of the run."""
    of_test = item.stash.get(SERVERS, [])
    of_run = item.config.stash.get(SESSION_SERVERS, [])
    return [*of_test, *(one for one in of_run if one not in of_test)]


def cores_of(item: pytest.Item) -> list[Core]:
    """Return the cores of all servers that ran during a test, including those that it made."""
    cores = [server._core for server in servers_of(item)]
    registry = sys.modules.get(_REGISTRY)
    started = registry.since(item.stash.get(STARTED, 0)) if registry else ()
    return [*cores, *(core for core in started if core not in cores)]


def note_set_up(item: pytest.Item) -> None:
    """Note for which test a fixture is set up next."""
    _set_up.item = item


def note_servers(item: pytest.Item) -> None:
    """Note which servers exist when a test begins."""
    registry = sys.modules.get(_REGISTRY)
    item.stash[STARTED] = registry.begin_test() if registry else 0
    item.stash[LISTENING_BEFORE] = registry.listening() if registry else ()


def forget_servers(item: pytest.Item) -> None:
    """Drop the references to a test's servers and records: pytest keeps the test until the end."""
    _set_up.item = None
    item.stash[SERVERS] = []
    item.stash[LISTENING_BEFORE] = ()
