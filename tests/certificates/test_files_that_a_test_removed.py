"""The authority's files: a test may empty the directory for temporary files."""

from __future__ import annotations

import shutil
import ssl

from pytest_smtpserver import CertificateAuthority


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
