"""The directive `settings-table`: all settings, as the package itself knows them."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from pytest_smtpserver.settings import DEFAULTS, SETTINGS


class SettingsTable(SphinxDirective):
    """A definition list with name, meaning, what is allowed and default of each setting."""

    def run(self) -> list[nodes.Node]:
        text = "\n\n".join(_entry(name) for name in SETTINGS)
        return self.parse_text_to_nodes(text)


def _entry(name: str) -> str:
    setting = SETTINGS[name]
    sentences = (
        f"{setting.help[0].upper()}{setting.help[1:]}.",
        f"Allowed: {setting.allowed}.",
        f"Default: `{getattr(DEFAULTS, name)!r}`.",
    )
    lines = "".join(f": {sentence}\n\n" for sentence in sentences)
    return f"`{name}`\n{lines}"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True}
