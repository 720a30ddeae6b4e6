"""A test mocks what files and directories are made with: none of its own is lost, nor a later test.

Each run is in a process of its own: in this one the authority was made long ago.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HELPERS = """
    import os, pathlib, shutil, smtplib, ssl, tempfile
    from contextlib import suppress
    from unittest import mock
    import pytest

    def talk(server):
        context = ssl.create_default_context(cafile=server.ca.bundle_file)
        context.load_cert_chain(server.ca.client_certificate())
        with smtplib.SMTP(*server.addr, timeout=20) as client:
            client.starttls(context=context)
"""


@pytest.fixture
def temporary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory for temporary files of an inner run."""
    directory = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(directory))
    return directory


GOLDEN = """
    GOLDEN = pathlib.Path("golden").absolute()

    @pytest.fixture
    def replaced(monkeypatch):
        monkeypatch.setattr(tempfile, "mkdtemp", lambda *given, **named: str(GOLDEN))

    @pytest.mark.smtpserver(tls="starttls", client_certificate="required")
    def test_with_fixture(replaced, smtpserver):
        talk(smtpserver)

    def test_without(replaced):
        from pytest_smtpserver import SMTPServer
        with SMTPServer(tls="starttls", client_certificate="required") as server:
            talk(server)
"""


@pytest.mark.parametrize("which", ["test_with_fixture", "test_without"])
def test_a_directory_that_a_test_gives_for_temporary_files_is_left_as_it_was(
    pytester: pytest.Pytester, temporary: Path, which: str
) -> None:
    golden = pytester.mkdir("golden")
    golden.chmod(0o700)
    for name in ("expected.txt", "ca.pem"):
        (golden / name).write_text("golden")
    pytester.makepyfile(HELPERS + GOLDEN)
    pytester.runpytest_subprocess("-k", which).assert_outcomes(passed=1, deselected=1)
    assert {one.name: one.read_text() for one in golden.iterdir()} == {
        "expected.txt": "golden",
        "ca.pem": "golden",
    }
    assert golden.stat().st_mode & 0o777 == 0o700
    assert list(temporary.glob("pytest-smtpserver-*")) == []


BESIDE = """
    @pytest.mark.smtpserver(tls="starttls")
    def test_it(smtpserver):
        smtpserver.ca.cert_file.with_name("own.txt").write_text("own")
        assert smtpserver.ca.bundle_file.exists()
"""


def test_what_a_test_puts_beside_our_files_is_not_removed(
    pytester: pytest.Pytester, temporary: Path
) -> None:
    pytester.makepyfile(HELPERS + BESIDE)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    (ours,) = temporary.glob("pytest-smtpserver-*")
    assert [one.name for one in ours.iterdir()] == ["own.txt"]


MOCKS = """
    def test_first(smtpserver_factory):
        with suppress(Exception), mock.patch({name!r}):
            server = smtpserver_factory(tls="starttls", client_certificate="required")
            talk(server)

    @pytest.mark.smtpserver(tls="starttls", client_certificate="required")
    def test_second(smtpserver):
        talk(smtpserver)
"""


@pytest.mark.parametrize(
    "name",
    [
        "atexit.register", "os.fdopen", "os.mkdir", "os.replace", "os.unlink",
        "os.urandom", "pathlib.Path.chmod", "pathlib.Path.exists", "pathlib.Path.mkdir",
        "pathlib.Path.read_bytes", "pathlib.Path.replace", "pathlib.Path.touch",
        "pathlib.Path.write_bytes", "tempfile.gettempdir",
    ],
)  # fmt: skip
def test_no_mock_of_files_disturbs_a_later_test_or_leaves_any(
    pytester: pytest.Pytester, temporary: Path, name: str
) -> None:
    pytester.makepyfile(HELPERS + MOCKS.format(name=name))
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)
    # OpenSSL reads a server's key from a file, which is there for a moment.
    assert [*temporary.glob("pytest-smtpserver-*"), *temporary.glob("*.pem")] == []


SPOILT = """
    @pytest.mark.smtpserver(tls="starttls", client_certificate="required")
    def test_first(smtpserver):
        for path in (smtpserver.ca.bundle_file, smtpserver.ca.client_certificate()):
            path.chmod(0o600)
            path.write_text("not a certificate")
            path.chmod(0)

    @pytest.mark.smtpserver(tls="starttls", client_certificate="required")
    def test_second(smtpserver):
        talk(smtpserver)
"""


def test_a_file_that_a_test_has_spoilt_is_written_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HELPERS + SPOILT)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


FORKS = """
    import multiprocessing

    def names_itself(ca, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(ca.client_certificate(name))

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_it(smtpserver_ca):
        child = multiprocessing.get_context("fork").Process(
            target=names_itself, args=(smtpserver_ca, "child.test")
        )
        child.start()
        child.join(20)
        assert child.exitcode == 0
        shown = smtpserver_ca.client_certificate("parent.test")
        assert {*shown.parent.iterdir()} > {smtpserver_ca.cert_file, shown}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_certificates_of_its_own_and_leaves_no_file(
    pytester: pytest.Pytester, temporary: Path
) -> None:
    pytester.makepyfile(HELPERS + FORKS)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    assert list(temporary.glob("pytest-smtpserver-*")) == []
