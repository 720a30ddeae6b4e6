"""Hides how records are constructed: the server does it, and a test only reads them."""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

MADE_BY_USERS = ("Reply", "SMTPServer", "AsyncSMTPServer")


def hide_constructor(app, what, name, *_):
    """Answer autodoc's question for a signature: `None` leaves it as it is."""
    is_record = what == "class" and name.rpartition(".")[2] not in MADE_BY_USERS
    return ("", None) if is_record else None


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("autodoc-process-signature", hide_constructor)
    return {"parallel_read_safe": True}
