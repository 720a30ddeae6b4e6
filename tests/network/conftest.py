from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.network.toy import Host, Toy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def make_host() -> Iterator[Callable[..., Host]]:
    hosts = []

    def make(make_engine: Callable[..., Toy] = Toy, **arguments: object) -> Host:
        hosts.append(Host(make_engine, **arguments))
        return hosts[-1]

    yield make
    for host in hosts:
        host.listener.close()


@pytest.fixture
def host(make_host: Callable[..., Host]) -> Host:
    return make_host()
