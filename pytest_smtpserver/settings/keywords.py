"""The settings as keywords that type checkers know; the table has what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

Protocol = Literal["smtp", "lmtp"]
TLS = Literal["off", "starttls", "implicit"]
TLSVersion = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
ClientCertificate = Literal["off", "optional", "required"]
Auth = Literal["off", "optional", "required"]


class ServerSettings(TypedDict, total=False):
    """The settings of a server, by name; those that are not given have their defaults."""

    host: str
    port: int
    hostname: str
    protocol: Protocol
    tls: TLS
    tls_required: bool
    tls_versions: Iterable[TLSVersion]
    client_certificate: ClientCertificate
    certificate: str | os.PathLike[str]
    auth: Auth
    users: Mapping[str, str | tuple[str, ...]] | Callable[[str, str, str], object]
    mechanisms: Iterable[str]
    auth_needs_tls: bool
    max_message_size: int
    max_recipients: int
    max_connections: int
    extensions: Iterable[str]
    wait_timeout: float
    idle_timeout: float
    strict: bool
