"""Sphinx's configuration: `python -m sphinx -W -b html docs docs/_build` builds the pages."""

import sys
from pathlib import Path

import pytest_smtpserver

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS / "_ext")]

import _generate  # noqa: E402  # beside this file

_generate.write(DOCS / "reference")

project = "pytest-smtpserver"
release = version = pytest_smtpserver.__version__
copyright = "the pytest-smtpserver maintainers"  # noqa: A001  # Sphinx's name for it

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "tables"]
exclude_patterns = ["_build", "examples", "requirements.txt"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "undoc-members": True}

# A text such as '-' is code, and stays as it is.
smartquotes = False

html_theme = "furo"
html_title = f"pytest-smtpserver {release}"
