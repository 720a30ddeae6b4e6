"""Writes into the reference what the code knows: `python -m docs._generate`.

Five pages are generated as a whole. On others, only regions between `<!-- generated: ... -->` and
`<!-- end -->` are. The comment says what a region shows: `settings`, `stages`, `faults`, `verdict`,
`clients`, `plugins`, or `api` and public names, whose docstrings and signatures it then has. A test
checks that all of it is current.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_smtpserver
from pytest_smtpserver.faults import FAULTS
from pytest_smtpserver.faults.verdict import MISTAKES
from pytest_smtpserver.records import problems, violations
from pytest_smtpserver.rules.stages import STAGES
from pytest_smtpserver.settings import DEFAULTS, SETTINGS
from pytest_smtpserver.smtp import EXTENSIONS
from tests.beside.rows import ROWS, Row

from ._syntax import LINES, said_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_smtpserver.settings.table import Setting
    from pytest_smtpserver.smtp.extensions import Extension

    Definition = ast.ClassDef | ast.Assign


DOCS = Path(__file__).parent
ROOT = DOCS.parent
PACKAGE = ROOT / "pytest_smtpserver"
MATRIX = ROOT / "tests" / "faults" / "matrix.json"

#: All other classes are records: the server makes them, and a test only reads them.
MADE_BY_USERS = ("AsyncSMTPServer", "Reply", "SMTPServer")

#: Where signatures stand in a region about public names.
_SIGNATURES = re.compile(r"^(?:#+ `.*`|Attributes: .*)$", re.MULTILINE)
_TYPE_NAME = re.compile(r"(?<![\w'])[A-Z][A-Za-z]*[a-z]\b(?![\w'_])")

_REGION = re.compile(r"(<!-- generated: (\w+)(.*?) -->)\n.*?(<!-- end -->)", re.DOTALL)
_GENERATED_OR_CODE = re.compile(rf"{_REGION.pattern}|^```.*?^```$", re.DOTALL | re.MULTILINE)
#: Before a heading of a region, which has no code.
_HEADING = re.compile(r"^(?=##+ `)", re.MULTILINE)

EXTENSIONS_INTRO = """\
# Service extensions

The server offers these extensions of SMTP in its reply to EHLO, unless the setting `extensions`
says otherwise. A parameter of an extension that is not offered is refused with 555, and a bad value
with 501; all other parameters are in the envelope as they were sent. "Octets" says by how much an
extension lengthens the command lines, which otherwise have at most 512 octets (RFC 5321 section
4.5.3.1.4).

"""

TYPES_INTRO = """\
# Types in signatures

What the names in the signatures of this reference stand for, if they are not public names.

Type checkers know them all. `typing.get_type_hints` fails on many classes, because these names are
not imported when a program runs: records refer to each other in a circle, and to import `ssl` and
others for their names alone would slow down each first server.

"""

VIOLATIONS_INTRO = """\
# Violations

Violations are a client's mistakes in its commands. The server copes with them, and
`session.violations` lists them; under the setting `strict` each fails the test. Mistakes in the
content are [problems](problems.md).

A client that pipelines (RFC 2920) sends commands before it knows that an earlier one was refused.
That is not `out-of-order`, even if its commands arrive one by one, once it was seen to pipeline.

"""

SYNTAX_INTRO = """\
# Syntax: what is accepted and what is refused

Most servers accept some commands that the grammar of RFC 5321 forbids. This server does, too, and
records a [violation](violations.md); under the setting `strict` it refuses them. To make this
table, each line was sent to the server after the commands that must precede it. Each line ends with
CRLF unless it shows another end. "none" as a reply: under `strict` a bare LF does not end the line,
so the server waits for the rest.

"""

PROBLEMS_INTRO = """\
# Problems

Problems are mistakes in the content of a message. `message.problems` lists them, each with a
sentence that says what is wrong and where, and `message.assert_no_problems(ignore=(...))` fails if
there are any that are not ignored. A refused message (`transaction.message`) has them too. Mistakes
in commands are [violations](violations.md).

"""


def pages() -> dict[Path, str]:
    """Return each page with generated parts, and the text that it should have."""
    reference = DOCS / "reference"
    whole = {
        reference / "extensions.md": extensions_page(EXTENSIONS),
        reference / "violations.md": violations_page(violations.KINDS),
        reference / "problems.md": problems_page(problems.KINDS),
        reference / "syntax.md": syntax_page(),
        reference / "types.md": types_page(),
    }
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    in_part = {path: with_regions(text) for path, text in texts.items() if _REGION.search(text)}
    return whole | in_part


def with_regions(text: str) -> str:
    """Return a page with its generated regions made anew."""
    return _REGION.sub(_region, text)


def _region(found: re.Match[str]) -> str:
    """Return a region; its headings are one level below the one that it stands under."""
    written = _GENERATED_OR_CODE.sub("", found.string[: found.start()])
    deeper = "#" * (len(re.findall(r"^#+(?= )", written, re.MULTILINE)[-1]) - 1)
    region = _GENERATORS[found[2]](found[3].split())
    return f"{found[1]}\n{_HEADING.sub(deeper, region)}\n{found[4]}"


def settings_region(names: list[str]) -> str:
    """Return a section for each setting."""
    return "\n".join(_setting(name, setting) for name, setting in SETTINGS.items())


def _setting(name: str, setting: Setting) -> str:
    default = setting.default_text or f"`{getattr(DEFAULTS, name)!r}`"
    meaning = f"{setting.meaning[0].upper()}{setting.meaning[1:]}."
    # Words in quotes in both are the same list twice.
    choices = re.findall(r"'\w[^']*'", setting.allowed)
    is_said = choices and all(choice in meaning for choice in choices)
    must = "" if is_said else f" It must be {setting.allowed}."
    return f"- `{name}`: {meaning}{must} Default: {default}."


def stages_region(names: list[str]) -> str:
    """Return a line for each stage with the keywords that its rules can match."""
    head = ("Stage", "Keywords")
    rows = [
        (f"`{name}`", ", ".join(f"`{keyword}`" for keyword in sorted(stage.matched)))
        for name, stage in STAGES.items()
    ]
    return _table(head, rows).rstrip()


def faults_region(names: list[str]) -> str:
    """Return a line for each fault of the catalogue."""
    rows = [
        (f"`{one.name}`", f"`{one.stage}`", one.text, _linked(one.source), one.wanted)
        for one in FAULTS
    ]
    return _table(("Name", "Stage", "What happens", "From", "A good client"), rows).rstrip()


def verdict_region(names: list[str]) -> str:
    """Return a line for each thing that a client can do wrong."""
    rows = [
        (f"`{one.code}`", one.sentence, _linked(one.source) or "the source of the fault")
        for one in MISTAKES
    ]
    return _table(("", "What the client did", "Against"), rows).rstrip()


def clients_region(names: list[str]) -> str:
    """Return a line for each fault with the results of well-known clients."""
    written = json.loads(MATRIX.read_text(encoding="utf-8"))
    rows = [
        (f"`{fault.name}`", *(_marked(cells[fault.name]) for cells in written.values()))
        for fault in FAULTS
    ]
    return _table(("Fault", *written), rows).rstrip()


def plugins_region(names: list[str]) -> str:
    """Return a line for each plugin that was tried beside ours."""
    rows = [(", ".join(f"`{one}`" for one in row.needs), _options(row), row.says) for row in ROWS]
    return _table(("Packages", "Run with", "Beside pytest-smtpserver"), rows).rstrip()


def _options(row: Row) -> str:
    return "<br>".join(f"`{arguments}`" for arguments in row.runs if arguments)


def _marked(cell: str) -> str:
    said, _, mistake = cell.partition(": ")
    return f"{said}: **{mistake}**" if mistake else said


def _linked(source: str) -> str:
    link = r"[\g<0>](https://www.rfc-editor.org/rfc/rfc\1#section-\2)"
    return re.sub(r"RFC (\d+) section ([\d.]*\d)", link, source)


def api_region(names: list[str]) -> str:
    """Return a section for each public name."""
    return "\n\n".join(_described(name, getattr(pytest_smtpserver, name)) for name in names)


def _described(name: str, what: object) -> str:
    sections = [f"## `{_signature(name, what)}`", *filter(None, [_doc(what)])]
    if inspect.isclass(what):
        sections += [*_fields(what), *(_member(member, value) for member, value in _members(what))]
    return "\n\n".join(sections)


def _fields(cls: type) -> list[str]:
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    shown = [f"`{one.name}: {one.type}`" for one in fields if not one.name.startswith("_")]
    return [f"Attributes: {', '.join(shown)}."] if shown else []


def _members(cls: type) -> Iterator[tuple[str, object]]:
    """Yield what a class has of its own, in the order in which it is written down.

    Of what is the same in coroutines only that: the rest is with the other.
    """
    bases = [cls] if cls.__name__.startswith("Async") else reversed(cls.__mro__)
    ours = [base for base in bases if base.__module__.startswith("pytest_smtp")]
    members = {name: value for base in ours for name, value in vars(base).items()}
    for name, value in members.items():
        if (not name.startswith("_") or name == "__getitem__") and _doc(value):
            # One calls a method of the class by the name of the class.
            yield (f"{cls.__name__}.{name}" if isinstance(value, classmethod) else name), value


def _member(name: str, value: object) -> str:
    # A property must be annotated, or a reader cannot know its type.
    if isinstance(value, property):
        returned = value.fget.__annotations__.get("return", "")
        return f"### `{name}: {returned}`\n\n{_doc(value)}"
    return f"### `{_signature(name, value)}`\n\n{_doc(value)}"


def _signature(name: str, what: object) -> str:
    if inspect.isclass(what) and name not in MADE_BY_USERS:
        return name
    function: Any = getattr(what, "__func__", what)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return name
    parameters = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    shown = signature.replace(parameters=parameters)
    if inspect.isclass(what):
        shown = shown.replace(return_annotation=inspect.Signature.empty)
    text = re.sub(r"\bEllipsis\b", "...", str(shown))
    # Each kind of server makes its own kind of rules.
    text = text.replace("AnyRule", "Rule")
    # The keywords are listed elsewhere, and not by the name of their type.
    text = re.sub(r"(\*\*\w+): 'Unpack\[\w+\]'", r"\1", text)
    # An annotation that is written as a string is shown as one.
    return name + re.sub(r"""(: |-> )(['"])(.*?)\2""", r"\1\3", text)


def _doc(what: object) -> str:
    if not (callable(what) or isinstance(what, property | classmethod | staticmethod)):
        return ""
    return inspect.cleandoc(getattr(what, "__doc__", None) or "")


_GENERATORS = {
    "settings": settings_region,
    "stages": stages_region,
    "faults": faults_region,
    "verdict": verdict_region,
    "clients": clients_region,
    "plugins": plugins_region,
    "api": api_region,
}


def extensions_page(extensions: Mapping[str, Extension]) -> str:
    """Return the page about the extensions, in Markdown."""
    head = ("Keyword", "RFC", "Offered", "MAIL", "RCPT", "Octets of MAIL, RCPT")
    rows = [
        (
            f"`{keyword}`",
            ", ".join(map(_rfc, row.rfcs)),
            _offered(row),
            _parameters(row.mail),
            _parameters(row.rcpt),
            f"{row.mail_octets}, {row.rcpt_octets}",
        )
        for keyword, row in extensions.items()
    ]
    return EXTENSIONS_INTRO + _table(head, rows)


def types_page() -> str:
    """Return the page about the names in signatures that users do not import, in Markdown."""
    known = {name: found for path in PACKAGE.rglob("*.py") for name, found in _types_in(path)}
    names = set(names_in_signatures())
    entries: dict[str, str] = {}
    while names := (names & known.keys()) - entries.keys():
        new = {name: _type_entry(name, *known[name]) for name in names}
        entries |= new
        names = {one for entry in new.values() for one in _TYPE_NAME.findall(entry)}
    return TYPES_INTRO + "\n".join(entries[name] for name in sorted(entries))


def names_in_signatures() -> list[str]:
    """Return the names of types in the signatures of all that is public."""
    shown = _SIGNATURES.findall(api_region(pytest_smtpserver.__all__))
    return [name for line in shown for name in _TYPE_NAME.findall(line)]


def _types_in(path: Path) -> Iterator[tuple[str, tuple[str, Definition]]]:
    """Yield each name that a module defines and users do not import, where and how."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.name not in pytest_smtpserver.__all__:
            yield node.name, (text, node)
        elif isinstance(node, ast.Assign) and node.col_offset == 0:
            yield ast.unparse(node.targets[0]), (text, node)


def _type_entry(name: str, text: str, node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        says = (ast.get_docstring(node) or "").partition("\n\n")[0]
        return f"`{name}`\n: {' '.join(says.split())}\n"
    above = itertools.takewhile(
        lambda line: line.startswith("#:"), text.splitlines()[node.lineno - 2 :: -1]
    )
    says = " ".join(line.strip("#: ") for line in reversed([*above]))
    return f"`{name}`\n: `{ast.unparse(_Unquoted().visit(node.value))}`. {says}\n"


class _Unquoted(ast.NodeTransformer):
    """Takes the quotes from names in annotations, but not from the strings of a `Literal`."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        is_literal = isinstance(node.value, ast.Name) and node.value.id == "Literal"
        return node if is_literal else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, str):
            return node
        return ast.parse(node.value, mode="eval").body


def syntax_page() -> str:
    """Return the page about syntax that is accepted or refused, in Markdown."""
    head = ("Line", "Reply", "Under `strict`", "Violations")
    rows = []
    for before, line in LINES:
        code, violations = said_to(before, line, strict=False)
        strict_code, _ = said_to(before, line, strict=True)
        shown = line.removesuffix("\r\n").encode("unicode_escape").decode()
        rows.append((f"`{shown}`", code or "none", strict_code or "none", violations or "none"))
    return SYNTAX_INTRO + _table(head, rows)


def violations_page(kinds: Mapping[str, violations.Row]) -> str:
    """Return the page about the violations, in Markdown."""
    rows = [(f"`{code}`", kind.sentence, _section(kind.rfc)) for code, kind in kinds.items()]
    return VIOLATIONS_INTRO + _table(("Code", "What the client did", "Against"), rows)


def problems_page(kinds: Mapping[str, problems.Row]) -> str:
    """Return the page about the problems, in Markdown."""
    rows = [
        (f"`{code}`", kind.sentence, ", ".join(map(_source, kind.source.split(", "))))
        for code, kind in kinds.items()
    ]
    return PROBLEMS_INTRO + _table(("Code", "What is wrong", "From"), rows)


def _source(source: str) -> str:
    return source if source == "advice" else _section(source)


def _rfc(number: int) -> str:
    return f"[{number}](https://www.rfc-editor.org/rfc/rfc{number})"


def _section(rfc: str) -> str:
    _, number, _, section = rfc.split()
    return f"[{rfc}](https://www.rfc-editor.org/rfc/rfc{number}#section-{section})"


def _offered(row: Extension) -> str:
    when = (row.when.__doc__ or "").rstrip(".").lower().replace("tls", "TLS")
    return ", ".join([when, *(f"with `{keyword}`" for keyword in row.needs)])


def _parameters(parameters: Mapping[str, object]) -> str:
    return ", ".join(
        f"`{keyword}`" if value is None else f"`{keyword}=`"
        for keyword, value in parameters.items()
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
