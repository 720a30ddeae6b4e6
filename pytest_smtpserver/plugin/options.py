"""Options and ini keys: what pytest reads before any test runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_smtpserver.settings.table import SETTINGS

if TYPE_CHECKING:
    from pytest_smtpserver.settings import Settings

_TRANSCRIPT_CHOICES = ("failed", "all", "off")
_PREFIX = "smtpserver_"

#: On the config: the settings of the configuration file, `None` if it gives none; and the value of
#: `--smtpserver-transcript`.
FROM_INI: pytest.StashKey[Settings | None] = pytest.StashKey()
TRANSCRIPT: pytest.StashKey[str] = pytest.StashKey()

# Keys that are not settings.
_OTHER_KEYS = ("transcript", "report", "artifacts")

# Options that are ini keys too.
_PATHS = (
    ("report", "FILE.html", "write the mail of all tests into one HTML file"),
    ("artifacts", "DIR", "write the mail of each test into a folder of its own, as .eml files"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini keys."""
    group = parser.getgroup("smtpserver")
    group.addoption(
        "--smtpserver-transcript",
        choices=_TRANSCRIPT_CHOICES,
        help="which tests' reports show the SMTP transcript (default: failed)",
    )
    parser.addini(
        f"{_PREFIX}transcript",
        "which tests' reports show the SMTP transcript: failed, all, off",
        default="failed",
    )
    _add_paths(group, parser)
    for name, setting in SETTINGS.items():
        parser.addini(
            f"{_PREFIX}{name}",
            f"SMTP test server: {setting.meaning} "
            f"(default: {setting.default_text or _as_in_a_file(setting.default)})",
            type=setting.ini_type,  # type: ignore[arg-type]  # the table holds pytest's names
            default=None,
        )


def _add_paths(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    for name, metavar, text in _PATHS:
        group.addoption(f"--smtpserver-{name}", metavar=metavar, help=text)
        parser.addini(f"{_PREFIX}{name}", text, default=None)
    group.addoption(
        "--smtpserver-inbox",
        metavar="PORT",
        help="show the mail of all servers live on a web page at 127.0.0.1, port PORT; 0: any",
    )


def path_given(config: pytest.Config, name: str) -> Path | None:
    """Return the path of an option, or of its ini key, which is relative to that file."""
    if option := config.getoption(f"--smtpserver-{name}"):
        return config.invocation_params.dir / str(option)
    if key := config.getini(f"{_PREFIX}{name}"):
        return (config.inipath.parent if config.inipath else Path.cwd()) / str(key)
    return None


def inbox_port(config: pytest.Config) -> int | None:
    """Return the port that was asked for.

    Raises `pytest.UsageError` if it is not a port, and under pytest-xdist: workers cannot share one
    inbox.
    """
    port: str | None = config.getoption("--smtpserver-inbox")
    if port is None:
        return None
    if not port.isdecimal() or int(port) > 65535:
        raise pytest.UsageError(f"--smtpserver-inbox={port}: must be a port from 0 to 65535")
    if _is_distributed(config):
        raise pytest.UsageError(
            f"--smtpserver-inbox={port}: with pytest-xdist each worker has servers of its own; "
            "run without -n to look at them live"
        )
    return int(port)


def _as_in_a_file(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def read(config: pytest.Config) -> None:
    """Read all settings once; raises a `pytest.UsageError` that names a wrong one."""
    config.addinivalue_line(
        "markers",
        "smtpserver(**settings): settings of this test's SMTP servers, named like the ini keys "
        f"without {_PREFIX}",
    )
    config.addinivalue_line(
        "markers",
        "smtpserver_faults(*names, exclude=()): which faults to run a test with smtpserver_fault "
        "for, and which of these to leave out; names can be globs such as 'auth-*'",
    )
    _refuse_unknown_keys(config)
    config.stash[FROM_INI] = _settings_from_ini(config)
    config.stash[TRANSCRIPT] = _transcript_choice(config)


def _refuse_unknown_keys(config: pytest.Config) -> None:
    for key, value in _keys_given(config).items():
        if key.startswith(_PREFIX) and not _is_known(config, key):
            raise _unknown_key(key, value)


def _keys_given(config: pytest.Config) -> dict[str, object]:
    """Return all keys in the configuration file and in `-o`, with their values as written."""
    # pytest has no public name for all keys of the file: up to 9.0 this was `inicfg`.
    in_file = vars(config).get("_inicfg") or vars(config).get("inicfg") or {}
    overridden = (one.partition("=")[::2] for one in config.getoption("override_ini") or ())
    given = {**in_file, **dict(overridden)}
    # From pytest 9.0 on, the value is an attribute of an object.
    return {key: getattr(value, "value", value) for key, value in given.items()}


def _unknown_key(key: str, value: object) -> pytest.UsageError:
    from pytest_smtpserver.settings import nearest_setting

    name = key.removeprefix(_PREFIX)
    nearest = nearest_setting(name, besides=_OTHER_KEYS)
    hint = f"did you mean {_PREFIX}{nearest}? " if nearest else ""
    if name == "inbox":
        hint = "give --smtpserver-inbox=PORT on the command line; "
    meant = SETTINGS.get(nearest or "")
    given = "" if meant and meant.is_secret else f"its value was {value!r}; "
    known = ", ".join(f"{_PREFIX}{name}" for name in (*SETTINGS, *_OTHER_KEYS))
    return pytest.UsageError(f"unknown configuration key {key}: {hint}{given}the keys are {known}")


def _is_known(config: pytest.Config, key: str) -> bool:
    if key.removeprefix(_PREFIX) in SETTINGS:
        return True
    try:
        # Our keys that are not settings, and keys of a conftest or of another plugin.
        config.getini(key)
    except (KeyError, ValueError):
        return False
    return True


def _settings_from_ini(config: pytest.Config) -> Settings | None:
    read = {name: _ini_value(config, name) for name in SETTINGS}
    given = {name: value for name, value in read.items() if value is not None}
    if not given:
        return None
    from pytest_smtpserver.settings import DEFAULTS, SettingsError

    try:
        settings = DEFAULTS.changed(given)
    except SettingsError as error:
        raise pytest.UsageError(f"{_PREFIX}{error}") from None
    if _is_distributed(config):
        _refuse_what_workers_would_share(settings)
    return settings


def _refuse_what_workers_would_share(settings: Settings) -> None:
    if settings.port:
        shared = f"port={settings.port}"
        instead = "use 0, and smtpserver.port for the one that was chosen"
    elif settings.host.startswith("unix:"):
        shared = f"host={settings.host}"
        instead = "use smtpserver_factory(host=...) with a path in the test's tmp_path"
    else:
        return
    raise pytest.UsageError(
        f"{_PREFIX}{shared}: with pytest-xdist each worker has servers of its own; {instead}"
    )


def settings_of_run(config: pytest.Config) -> Settings:
    """Return the settings of the configuration file and the command line."""
    from pytest_smtpserver.settings.value import DEFAULTS

    return config.stash[FROM_INI] or DEFAULTS


def _ini_value(config: pytest.Config, name: str) -> Any:
    try:
        value = config.getini(f"{_PREFIX}{name}")
    except (TypeError, ValueError, pytest.UsageError):
        raise _unreadable(config, name) from None
    return None if value is None else _from_ini(config, name, value)


def _unreadable(config: pytest.Config, name: str) -> pytest.UsageError:
    # pytest's own error does not always name the key, and differs between versions.
    value = _keys_given(config).get(f"{_PREFIX}{name}")
    return pytest.UsageError(f"{_PREFIX}{SETTINGS[name].wrong(name, value, '')}")


def _from_ini(config: pytest.Config, name: str, value: Any) -> object:
    setting = SETTINGS[name]
    directory = config.inipath.parent if config.inipath else Path.cwd()
    try:
        return setting.from_ini(value, directory)
    except ValueError as error:
        raise pytest.UsageError(f"{_PREFIX}{setting.wrong(name, value, str(error))}") from None


def _is_distributed(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput") or bool(getattr(config.option, "tx", None))


def _transcript_choice(config: pytest.Config) -> str:
    choice: str = config.getoption("--smtpserver-transcript") or config.getini(
        f"{_PREFIX}transcript"
    )
    if choice not in _TRANSCRIPT_CHOICES:
        raise pytest.UsageError(
            f"{_PREFIX}transcript={choice!r}: must be one of {', '.join(_TRANSCRIPT_CHOICES)}"
        )
    return choice
