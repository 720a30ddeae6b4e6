"""The configuration that a page shows is one that pytest takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages import ROOT

if TYPE_CHECKING:
    import pytest


def test_the_configuration_file_sets_the_server_up(pytester: pytest.Pytester) -> None:
    example = ROOT / "docs" / "examples" / "configuration.toml"
    pytester.makepyprojecttoml(example.read_text())
    pytester.makepyfile(
        """
        def test_it(smtpserver):
            settings = smtpserver.settings
            assert settings.hostname == "mail.example.org"
            assert settings.max_message_size == 10_000_000
            assert settings.extensions == ("-SMTPUTF8", "-8BITMIME")
            assert settings.wait_timeout == 5
        """
    )
    pytester.runpytest_inprocess("--strict-config").assert_outcomes(passed=1)
