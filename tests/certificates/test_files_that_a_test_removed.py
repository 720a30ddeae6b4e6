"""The authority's files: a test may empty the directory for temporary files, or leave no room."""

from __future__ import annotations

import shutil
import ssl
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_smtpserver import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_files_that_a_test_has_removed_are_there_again_when_asked_for() -> None:
    authority = CertificateAuthority()
    files = [authority.cert_file, authority.bundle_file, authority.client_certificate()]
    before = [(path, path.read_bytes(), path.stat().st_mode) for path in files]
    shutil.rmtree(authority.cert_file.parent)
    files = [authority.cert_file, authority.bundle_file, authority.client_certificate()]
    assert [(path, path.read_bytes(), path.stat().st_mode) for path in files] == before
    assert authority.cert_file.parent.stat().st_mode & 0o777 == 0o755


def test_a_single_file_that_a_test_has_removed_is_there_again() -> None:
    authority = CertificateAuthority()
    authority.cert_file.unlink()
    ssl.create_default_context(cafile=str(authority.cert_file))


def test_a_new_certificate_is_written_where_the_directory_is_gone() -> None:
    authority = CertificateAuthority()
    shutil.rmtree(authority.cert_file.parent)
    ssl.create_default_context().load_cert_chain(authority.client_certificate("ann.test"))


@contextmanager
def room_in_a_file(octets: int) -> Iterator[None]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of the size of files")
def test_a_file_for_which_there_was_no_room_is_written_when_there_is() -> None:
    authority = CertificateAuthority()
    authority.cert_file.unlink()
    with room_in_a_file(100):
        for name in ("cert_file", "bundle_file"):
            with pytest.raises(OSError, match="too large"):
                getattr(authority, name)
        with pytest.raises(OSError, match="too large"):
            authority.client_certificate()
    ours = authority.cert_file.read_text()
    assert ours.endswith("-----END CERTIFICATE-----\n")
    assert authority.bundle_file.read_text().endswith(ours)
    ssl.create_default_context().load_cert_chain(authority.client_certificate())
