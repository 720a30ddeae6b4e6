"""The bundle has what the test trusts that asks for it, whatever tests before it did."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import trustme

from pytest_smtpserver import CertificateAuthority

if TYPE_CHECKING:
    from pathlib import Path

THEIRS = [trustme.CA().cert_pem.bytes().decode() for _ in range(2)]


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of the authorities that are trusted: there is no file of them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    return tmp_path


def bundle_of(authority: CertificateAuthority) -> str:
    """Return what is in the bundle before our authority."""
    ssl.create_default_context(cafile=authority.bundle_file)
    text, own = authority.bundle_file.read_text(), authority.cert_file.read_text()
    assert text.endswith(own)
    return text.removesuffix(own)


def test_a_file_that_another_test_made_anew_is_read_again(
    authority: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    for theirs in THEIRS:
        named.write_text(theirs)
        assert bundle_of(authority) == theirs


def test_a_directory_that_another_test_named_does_not_count(
    authority: CertificateAuthority, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "0a1b2c3d.0").write_text(THEIRS[0])
    (empty := directory / "empty").mkdir()
    with monkeypatch.context() as patch:
        patch.setenv("SSL_CERT_DIR", str(empty))
        assert bundle_of(authority) == ""
    assert bundle_of(authority) == THEIRS[0]


def test_an_authority_that_was_added_to_the_directory_is_trusted(
    authority: CertificateAuthority, directory: Path
) -> None:
    for number, theirs in enumerate(THEIRS):
        (directory / f"0a1b2c3d.{number}").write_text(theirs)
        assert bundle_of(authority) == "".join(THEIRS[: number + 1])


@pytest.mark.parametrize(
    "name",
    [
        "pathlib.Path.glob", "pathlib.Path.open", "pathlib.Path.read_bytes",
        "pathlib.Path.read_text", "ssl.DER_cert_to_PEM_cert", "ssl.create_default_context",
        "ssl.get_default_verify_paths",
    ],
)  # fmt: skip
def test_what_another_test_mocked_is_not_kept(
    authority: CertificateAuthority, directory: Path, name: str
) -> None:
    (directory / "0a1b2c3d.0").write_text(THEIRS[0])
    with suppress(AttributeError, TypeError), mock.patch(name, return_value=b"key: value"):
        _ = authority.bundle_file
    assert bundle_of(authority) == THEIRS[0]


def test_the_same_authorities_are_the_same_file(
    authority: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0a1b2c3d.0").write_text(THEIRS[0])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "0a1b2c3d.0"))
    by_file = authority.bundle_file
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert authority.bundle_file == authority.bundle_file == by_file


def test_a_bundle_of_ours_is_its_own_bundle(
    authority: CertificateAuthority, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = authority.bundle_file
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    (directory / "0a1b2c3d.0").write_text(THEIRS[0])
    assert authority.bundle_file == bundle


def test_entries_of_the_directory_that_cannot_be_read_are_passed_over(
    authority: CertificateAuthority, directory: Path
) -> None:
    (directory / "00000000.0").symlink_to(directory / "removed.pem")
    (directory / "00000001.0").mkdir()
    (directory / "0a1b2c3d.0").write_text(THEIRS[0])
    assert bundle_of(authority) == THEIRS[0]
