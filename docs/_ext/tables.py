"""Directives that make lists of the package's own tables, so that they are always whole.

`settings-table` has the settings, `stages-table` the stages of rules.
"""

from collections.abc import Iterable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from pytest_smtpserver.rules import STAGES
from pytest_smtpserver.settings import DEFAULTS, SETTINGS


class SettingsTable(SphinxDirective):
    """A definition list with meaning, what is allowed and default of each setting."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(_definitions((name, _setting(name)) for name in SETTINGS))


class StagesTable(SphinxDirective):
    """A definition list with what each stage can be matched with."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(_definitions((name, _stage(name)) for name in STAGES))


def _definitions(entries: Iterable[tuple[str, list[str]]]) -> str:
    lines = []
    for term, sentences in entries:
        lines += [f"`{term}`", *(f": {sentence}\n" for sentence in sentences)]
    return "\n".join(lines)


def _setting(name: str) -> list[str]:
    setting = SETTINGS[name]
    return [
        f"{setting.help[0].upper()}{setting.help[1:]}.",
        f"It must be {setting.allowed}.",
        f"Default: `{getattr(DEFAULTS, name)!r}`.",
    ]


def _stage(name: str) -> list[str]:
    return [", ".join(f"`{keyword}`" for keyword in sorted(STAGES[name].matched))]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("settings-table", SettingsTable)
    app.add_directive("stages-table", StagesTable)
    return {"parallel_read_safe": True}
