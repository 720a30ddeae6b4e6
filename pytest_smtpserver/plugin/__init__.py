"""The pytest plugin: options, markers, fixtures, report sections.

Every test run in an environment with the plugin installed imports this file, and with it `hooks`,
`options`, `fixtures` and `lasting`. So these import nothing but pytest and the table of settings;
everything else is imported when it is needed.

* `hooks`: what happens when, from the start of a run to its end
* `options`: options and ini keys, read before any test runs
* `fixtures`: the fixtures, and which servers a test has had
* `markers`: the settings that a test is given by its markers, and for all tests
* `lasting`: servers that last longer than a test, and what happens to them between two tests
* `faults`: tests that run once for each fault
* `report`: what the servers of a test add to its report
* `mail_report`: the mail of a run as one HTML file, and as folders of `.eml` files
* `other_reports`: the mail of a failed test for pytest-html and allure-pytest
* `live_inbox`: the mail of a run on a web page, while it goes on
* `modules`: the package's modules, imported before a test can mock what they need
* `misspelt`: markers that are almost ours
* `localserver`: our `smtpserver` beside pytest-localserver's
* `comparing`: what a bare `assert` says of records
* `django`: Django's mail settings, pointed at a server
* `replacing`: values of others that a fixture replaces while a test lasts
"""

# ruff: noqa: F401  # pytest looks here for fixtures and hooks

from __future__ import annotations

from pytest_smtpserver import _OurModules

with _OurModules():
    from .fixtures import (
        smtpserver,
        smtpserver_async,
        smtpserver_ca,
        smtpserver_django,
        smtpserver_factory,
        smtpserver_fault,
        smtpserver_session,
        smtpserver_session_factory,
        smtpserver_settings,
        smtpserver_trusted,
    )
    from .hooks import (
        pytest_assertrepr_compare,
        pytest_configure,
        pytest_fixture_setup,
        pytest_generate_tests,
        pytest_load_initial_conftests,
        pytest_runtest_call,
        pytest_runtest_makereport,
        pytest_runtest_protocol,
        pytest_runtest_setup,
        pytest_runtest_teardown,
        pytest_runtestloop,
        pytest_terminal_summary,
    )
    from .options import pytest_addoption
