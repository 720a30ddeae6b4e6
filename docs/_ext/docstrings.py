"""Fits what autodoc takes from the package to a reader of the reference."""

import re

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

# All other classes are records: the server makes them, and a test only reads them.
MADE_BY_USERS = ("AsyncSMTPServer", "Reply", "SMTPServer")

# Docstrings have single backticks around code, and backslashes in it.
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def hide_constructor(app, what, name, *_):
    """Answer autodoc's question for a signature: `None` leaves it as it is."""
    is_record = what == "class" and name.rpartition(".")[2] not in MADE_BY_USERS
    return ("", None) if is_record else None


def mark_code(app, what, name, obj, options, lines):
    """Write code in a docstring as reStructuredText has it."""
    text = "\n".join(lines)
    lines[:] = _CODE.sub(r"``\1``", text).split("\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("autodoc-process-signature", hide_constructor)
    app.connect("autodoc-process-docstring", mark_code)
    return {"parallel_read_safe": True}
