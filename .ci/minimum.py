"""Print the run-time dependencies and extras of pyproject.toml, each at its declared minimum."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"].values()
for requirement in [*project["dependencies"], *(one for extra in extras for one in extra)]:
    name, lowest = requirement.split(">=")
    # A constraint of pip names no extras.
    print(f"{name.partition('[')[0]}=={lowest}")
