"""The pages of the reference that are written from the code's own tables.

`conf.py` calls `write` before a build, so a page cannot say what the code does not do.
"""

import re
from pathlib import Path

from pytest_smtpserver.records import problems
from pytest_smtpserver.records.violations import KINDS
from pytest_smtpserver.smtp import EXTENSIONS

ROOT = Path(__file__).parent.parent
DIALOGUES = ROOT / "tests" / "smtp" / "dialogues"

EXTENSIONS_INTRO = """\
# Service extensions

What the server offers in its reply to EHLO, unless the setting `extensions` says otherwise. A
parameter of an extension that is not offered is refused with 555, one with a bad value with 501;
all others are in the envelope as they were sent. The octets are those by which the command line
may be longer than the 512 of RFC 5321 section 4.5.3.1.4. Good and bad values of every parameter
stand in `tests/smtp/test_extensions.py`, and the dialogues that show an extension in
`tests/smtp/dialogues`.

"""

VIOLATIONS_INTRO = """\
# Violations

What a client can do wrong in its commands, though the server copes with it: `session.violations`
lists them, and under the setting `strict` each fails the test. What is wrong with a message's
content is a problem, and is in `message.problems`.

"""

PROBLEMS_INTRO = """\
# Problems

What can be wrong with a message's content, though it was accepted: `message.problems` lists it,
each with a sentence that says what and where, and `message.assert_no_problems(ignore=(...))` fails
if there is one that is not ignored. What a client does wrong in its commands is a violation, and
is in `session.violations`.

"""


def write(reference):
    """Write the generated pages into the directory of the reference."""
    (reference / "extensions.md").write_text(extensions_page(EXTENSIONS), encoding="utf-8")
    (reference / "violations.md").write_text(violations_page(KINDS), encoding="utf-8")
    (reference / "problems.md").write_text(problems_page(problems.KINDS), encoding="utf-8")


def extensions_page(extensions):
    """Return the page about the extensions, in Markdown."""
    head = ("Keyword", "RFC", "Offered", "MAIL", "RCPT", "Octets of MAIL, RCPT", "Shown by")
    rows = [
        (
            f"`{keyword}`",
            ", ".join(map(_rfc, row.rfcs)),
            _offered(row),
            _parameters(row.mail),
            _parameters(row.rcpt),
            f"{row.mail_octets}, {row.rcpt_octets}",
            ", ".join(f"`{path.name}`" for path in shown_by(row)),
        )
        for keyword, row in extensions.items()
    ]
    return EXTENSIONS_INTRO + _table(head, rows)


def violations_page(kinds):
    """Return the page about the violations, in Markdown."""
    rows = [(f"`{code}`", kind.sentence, _section(kind.rfc)) for code, kind in kinds.items()]
    return VIOLATIONS_INTRO + _table(("Code", "What the client did", "Against"), rows)


def problems_page(kinds):
    """Return the page about the problems, in Markdown."""
    rows = [
        (f"`{code}`", kind.sentence, ", ".join(map(_source, kind.source.split(", "))))
        for code, kind in kinds.items()
    ]
    return PROBLEMS_INTRO + _table(("Code", "What is wrong", "Says who"), rows)


def _source(source):
    return source if source == "advice" else _section(source)


def shown_by(row):
    """Return the dialogues whose first lines cite a standard of the extension."""
    cited = re.compile(rf"RFC ({'|'.join(map(str, row.rfcs))})\b")
    return sorted(
        path
        for path in DIALOGUES.glob("*.txt")
        if cited.search(path.read_text(encoding="utf-8").partition("---\n")[0])
    )


def _rfc(number):
    return f"[{number}](https://www.rfc-editor.org/rfc/rfc{number})"


def _section(rfc):
    _, number, _, section = rfc.split()
    return f"[{rfc}](https://www.rfc-editor.org/rfc/rfc{number}#section-{section})"


def _offered(row):
    when = row.when.__doc__.rstrip(".").lower().replace("tls", "TLS")
    return ", ".join([when, *(f"with `{keyword}`" for keyword in row.needs)])


def _parameters(parameters):
    return ", ".join(
        f"`{keyword}`" if value is None else f"`{keyword}=`"
        for keyword, value in parameters.items()
    )


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
