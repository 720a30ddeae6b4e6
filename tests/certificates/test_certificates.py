"""The certificates of a run, seen by clients that verify them."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificate
from cryptography.x509.oid import NameOID

from pytest_smtpserver import Settings, SettingsError, SMTPServer
from pytest_smtpserver.server.certificates import authority, server_context

HOST, HOSTNAME = "127.0.0.1", "smtpserver.test"


def context_of(certificate: str, host: str = HOST, hostname: str = HOSTNAME) -> ssl.SSLContext:
    settings = Settings(certificate=certificate, host=host, hostname=hostname)
    return server_context(settings)


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Return the client's side; raises what a client's handshake raises."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = server.wrap_bio(to_server, to_client, server_side=True)
    client_side = client.wrap_bio(to_client, to_server, server_hostname=name)
    # Each side speaks at most twice.
    for side in (client_side, server_side, client_side, server_side, client_side):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client_side


def verified(server: ssl.SSLContext, name: str = HOST) -> ssl.SSLObject:
    return shake_hands(server, authority().client_context(), name)


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost", HOSTNAME])
def test_the_valid_certificate_is_valid_for_all_names_of_the_server(name: str) -> None:
    assert verified(context_of("valid"), name).version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("host", "hostname", "name"),
    [
        ("192.0.2.1", HOSTNAME, "192.0.2.1"),
        ("mail.example", HOSTNAME, "mail.example"),
        ("fe80::1%eth0", HOSTNAME, "fe80::1"),
        (HOST, "[192.0.2.2]", "192.0.2.2"),
        (HOST, "[IPv6:2001:db8::1]", "2001:db8::1"),
    ],
)
def test_the_valid_certificate_names_host_and_hostname(host: str, hostname: str, name: str) -> None:
    assert verified(context_of("valid", host, hostname), name).version()


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ("expired", "certificate has expired"),
        ("wrong-host", "IP address mismatch"),
        ("untrusted", "unable to get local issuer certificate"),
    ],
)
def test_a_bad_certificate_is_bad_for_one_reason(certificate: str, why: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        verified(context_of(certificate))


def test_a_bad_certificate_does_not_bother_a_client_that_does_not_verify() -> None:
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    for certificate in ("expired", "wrong-host", "untrusted"):
        assert shake_hands(context_of(certificate), careless, HOST).version()


def test_a_client_may_trust_the_authority_by_its_file() -> None:
    context = ssl.create_default_context(cafile=authority().cert_file)
    assert shake_hands(context_of("valid"), context, HOST).version()


def test_every_client_context_is_a_new_one() -> None:
    assert authority().client_context() is not authority().client_context()


def test_older_versions_than_tls_1_2_are_refused() -> None:
    assert context_of("valid").minimum_version == ssl.TLSVersion.TLSv1_2


def test_keys_and_contexts_are_made_once() -> None:
    assert context_of("valid") is context_of("valid")
    assert context_of("valid") is not context_of("valid", hostname="other.test")


def test_the_authority_is_made_once_whoever_asks_first() -> None:
    # In a process of its own: in this one it was made long ago.
    run_python(
        """
        import threading
        from pytest_smtpserver.server.certificates import authority
        together, made = threading.Barrier(8), []
        def ask():
            together.wait(5)
            made.append(authority())
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(10)
        assert len(made) == 8 and len(set(made)) == 1
        """
    )


def test_the_authoritys_file_is_removed_when_the_process_ends() -> None:
    printed = run_python(
        """
        from pytest_smtpserver.server.certificates import authority
        assert authority().cert_file.is_file()
        print(authority().cert_file.parent)
        """
    )
    assert printed
    assert not Path(printed).exists()


def test_servers_go_on_asking_for_certificates_where_a_test_has_removed_the_file() -> None:
    # In a process of its own: other tests use the file of this one.
    run_python(
        """
        import shutil
        from pytest_smtpserver import SMTPServer
        from pytest_smtpserver.server.certificates import authority
        shutil.rmtree(authority().cert_file.parent)
        with SMTPServer(tls="implicit", client_certificate="required"):
            pass
        """
    )


def test_the_bundle_has_the_authorities_of_a_directory_where_there_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = authority().cert_file.read_text()
    (tmp_path / "0a1b2c3d.0").write_text(own)
    (tmp_path / "readme.txt").write_text("not one of them")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    bundle = run_python(
        """
        from pytest_smtpserver.server.certificates import authority
        print(authority().bundle_file.read_text())
        """
    )
    assert bundle.startswith(own.rstrip())
    assert bundle.count("BEGIN CERTIFICATE") == 2


def test_where_nobody_is_trusted_the_bundle_has_our_authority_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    bundle = run_python(
        """
        from pytest_smtpserver.server.certificates import authority
        print(authority().bundle_file.read_text())
        """
    )
    assert bundle.count("BEGIN CERTIFICATE") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_leaves_its_parent_the_file() -> None:
    run_python(
        """
        import os, sys
        from pytest_smtpserver.server.certificates import authority
        path = authority().cert_file
        if child := os.fork():
            assert os.waitpid(child, 0)[1] == 0
            assert path.is_file()
        else:
            assert authority().cert_file == path
            sys.exit()
        """
    )


FROZEN = """
    import datetime, ssl
    import freezegun
    with freezegun.freeze_time({when!r}):
        from pytest_smtpserver import Settings
        from pytest_smtpserver.server.certificates import authority, server_context
        for certificate in ("valid", "expired"):
            server_context(Settings(certificate=certificate))
        assert datetime.datetime.now().isoformat() == {when!r}
    from cryptography import x509
    pem = authority().cert_file.read_bytes()
    end = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    assert type(end) is datetime.datetime, type(end)
    assert end.year == 3000
    """


@pytest.mark.parametrize("when", ["1999-12-31T00:00:00", "3001-01-01T00:00:00"])
def test_time_frozen_before_the_first_use_gets_into_nothing(when: str) -> None:
    run_python(FROZEN.format(when=when))


def run_python(code: str) -> str:
    """Return what it printed."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return tmp_path / "server.pem"


def test_a_file_of_the_users_own_is_shown(pem: Path) -> None:
    own = trustme.CA()
    own.issue_cert("mail.example").private_key_and_cert_chain_pem.write_to_path(pem)
    context = ssl.create_default_context(cadata=own.cert_pem.bytes().decode())
    assert shake_hands(context_of(str(pem)), context, "mail.example").version()


def test_a_file_that_does_not_exist_is_named(pem: Path) -> None:
    pem.touch()
    settings = Settings(certificate=str(pem))
    pem.unlink()
    with pytest.raises(FileNotFoundError, match=r"server\.pem"):
        server_context(settings)


@pytest.mark.parametrize("missing", ["private key", "certificate"])
def test_a_file_without_key_or_certificate_says_which(pem: Path, missing: str) -> None:
    leaf = trustme.CA().issue_cert("mail.example")
    there = leaf.private_key_pem if missing == "certificate" else leaf.cert_chain_pems[0]
    there.write_to_path(pem)
    with pytest.raises(ValueError, match=rf"server\.pem holds no {missing} in PEM form"):
        context_of(str(pem))


def test_a_server_with_such_a_file_says_what_is_allowed(pem: Path) -> None:
    pem.write_text("mail.example\n")
    with pytest.raises(SettingsError, match=r"holds no certificate in PEM form; must be one of 'v"):
        SMTPServer(tls="starttls", certificate=pem)


def test_a_key_of_another_certificate_is_named_as_such(pem: Path) -> None:
    ca = trustme.CA()
    ca.issue_cert("mail.example").private_key_pem.write_to_path(pem)
    ca.issue_cert("mail.example").cert_chain_pems[0].write_to_path(pem, append=True)
    with pytest.raises(ValueError, match=r"server\.pem: the key is not that of the first cert"):
        context_of(str(pem))


def test_a_damaged_file_is_named(pem: Path) -> None:
    leaf = trustme.CA().issue_cert("mail.example")
    pem.write_bytes(leaf.private_key_and_cert_chain_pem.bytes().replace(b"MII", b"***"))
    with pytest.raises(ValueError, match=r"server\.pem is not a certificate chain with its key: "):
        context_of(str(pem))


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_passphrase(pem: Path) -> None:
    leaf = trustme.CA().issue_cert("mail.example")
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(b"secret")
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        + leaf.cert_chain_pems[0].bytes()
    )
    with pytest.raises(ValueError, match=r"server\.pem: the key is encrypted"):
        context_of(str(pem))


def test_a_name_that_no_certificate_can_have_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="no certificate can name my_host"):
        context_of("valid", "my_host")


@pytest.mark.parametrize("name", ["Ann Smith", "a..b", "a.-b", "xn--", "ab--cd", "ä", "x" * 64])
def test_a_client_may_have_any_name(name: str) -> None:
    pem = authority().client_certificate(name).read_bytes()
    (common,) = load_pem_x509_certificate(pem).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common.value == name


@pytest.mark.parametrize("name", ["", "x" * 65, "\udcff", "a\nb"])
def test_a_name_that_does_not_fit_says_so(name: str) -> None:
    with pytest.raises(ValueError, match=r"name='.*': must have 1 to 64 printable char"):
        authority().client_certificate(name)
