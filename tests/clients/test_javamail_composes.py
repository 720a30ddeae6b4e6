"""What JavaMail (Jakarta Mail) composes reads as it was composed, in several charsets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.javamail import JARS, TIMEOUT, missing_javamail
from tests.making import message

REASON = missing_javamail()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))

OCTETS = b"\0\r\xff"
WORDS = {
    "Grüße": ("UTF-8", "ISO-8859-1", "windows-1252"),
    "Привет, мир": ("UTF-8", "KOI8-R", "windows-1251"),
    "日本語の本文": ("UTF-8", "ISO-2022-JP", "Shift_JIS", "EUC-JP"),
    "您好": ("GB18030", "GBK", "Big5"),
}


def composed(folder: Path, words: str) -> list[bytes]:
    charsets = WORDS[words]
    name = f"{words} (1).pdf"
    program = str(Path(__file__).with_name("Compose.java"))
    done = subprocess.run(
        [
            *(
                "java",
                "-XX:TieredStopAtLevel=1",
                "-Dfile.encoding=UTF-8",
                "-Dsun.jnu.encoding=UTF-8",
            ),
            *("-cp", ":".join(map(str, JARS)), program, str(folder), words, name, words, *charsets),
        ],
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [(folder / f"{charset}.eml").read_bytes() for charset in charsets]


@pytest.mark.parametrize("words", WORDS)
def test_its_mail_reads_as_it_was_composed(words: str, tmp_path: Path) -> None:
    for content in composed(tmp_path, words):
        mail = message(content)
        assert (mail.subject, mail.from_, mail.to) == (
            words, "ann@example.org", ("bob@example.com",)
        )  # fmt: skip
        assert (mail.text, mail.html_text, mail.defects) == (words, words, ())
        assert [(one.filename, one.content_type, one.content) for one in mail.attachments] == [
            ("", "image/png", OCTETS),
            (f"{words} (1).pdf", "application/pdf", OCTETS),
        ]
        assert mail.attachments[0].is_inline
