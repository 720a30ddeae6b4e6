"""Sphinx's configuration: `python -m sphinx -W -b html docs docs/_build` builds the pages."""

import pytest_smtpserver

project = "pytest-smtpserver"
release = version = pytest_smtpserver.__version__
copyright = "the pytest-smtpserver maintainers"  # noqa: A001  # Sphinx's name for it

extensions = ["myst_parser"]
exclude_patterns = ["_build", "requirements.txt"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# A text such as '-' is code, and stays as it is.
smartquotes = False

html_theme = "furo"
html_title = f"pytest-smtpserver {release}"
