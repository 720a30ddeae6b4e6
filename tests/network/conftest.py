from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.network.toy import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def make_host() -> Iterator[Callable[..., Host]]:
    hosts = []

    def make(*arguments: Any, **more: Any) -> Host:
        hosts.append(Host(*arguments, **more))
        return hosts[-1]

    yield make
    for host in hosts:
        host.listener.close()


@pytest.fixture
def host(make_host: Callable[..., Host]) -> Host:
    return make_host()
