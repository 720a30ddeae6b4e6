"""Check what the wheel and the source distribution in a directory contain."""

import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

ENTRY_POINTS = {"pytest11": {"smtpserver": "pytest_smtpserver.plugin"}}
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def tracked(*paths: str) -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--", *paths], capture_output=True, text=True, check=True
    )
    return set(listing.stdout.split())


def expect(what: str, actual: set[str], expected: set[str]) -> None:
    if actual != expected:
        surplus, missing = sorted(actual - expected), sorted(expected - actual)
        sys.exit(f"{what}: surplus {surplus}, missing {missing}")


def check_wheel(path: Path) -> None:
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        [info] = {name.partition("/")[0] for name in names if ".dist-info/" in name}
        entry_points = ConfigParser()
        entry_points.read_string(wheel.read(f"{info}/entry_points.txt").decode())
    package = tracked("pytest_smtpserver")
    if "pytest_smtpserver/py.typed" not in package:
        sys.exit("py.typed is missing")
    expect(path.name, names, package | {f"{info}/{name}" for name in METADATA})
    found = {name: dict(entry_points[name]) for name in entry_points.sections()}
    if found != ENTRY_POINTS:
        sys.exit(f"{path.name}: entry points {found}")


def check_sdist(path: Path) -> None:
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    expect(path.name, names, tracked() | {"PKG-INFO"})


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    [wheel], [sdist] = directory.glob("*.whl"), directory.glob("*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
