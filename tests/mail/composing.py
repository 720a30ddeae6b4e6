"""Random mail: a structure that says what is in it, and its octets."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

#: Texts of some languages, each with charsets that have all of its characters.
LANGUAGES = {
    "plain words": ("us-ascii", "utf-8", "iso-8859-1"),
    "Grüße aus Köln": ("utf-8", "iso-8859-1", "windows-1252", "iso-8859-15"),
    "Привет, мир": ("utf-8", "koi8-r", "windows-1251", "iso-8859-5"),
    "認証コード": ("utf-8", "iso-2022-jp", "shift_jis", "euc-jp"),
    "验证码": ("utf-8", "gb2312", "gbk", "gb18030"),
    "인증번호": ("utf-8", "euc-kr"),
    "שלום": ("utf-8", "windows-1255", "iso-8859-8"),
    "مرحبا": ("utf-8", "windows-1256"),
    "สวัสดี": ("utf-8", "tis-620", "windows-874"),
    "Γειά σου": ("utf-8", "iso-8859-7", "windows-1253"),
    "Zażółć gęślą": ("utf-8", "iso-8859-2", "windows-1250"),
}
#: Endings of file names.
ENDS = (".x", " (1).x", "'\"\\")
ENCODINGS = ("base64", "quoted-printable", "8bit")


@dataclass(frozen=True)
class Leaf:
    """A part without parts: its type, its content as a reader gets it, and its name."""

    kind: str
    content: str | bytes
    charset: str
    encoding: str
    name: str
    style: str


@dataclass(frozen=True)
class Tree:
    """A multipart with its parts."""

    kind: str
    parts: tuple[Leaf | Tree, ...]


@st.composite
def texts(draw: st.DrawFn, kind: str, named: bool) -> Leaf:
    text = draw(st.sampled_from(sorted(LANGUAGES)))
    lines = draw(st.lists(st.sampled_from([text, "1 = 2", " x", "x ", ""]), max_size=4))
    name = f"{text}.txt" if named else ""
    return Leaf(
        kind=kind,
        content="\n".join([text, *lines, "."]),
        charset=draw(st.sampled_from(LANGUAGES[text])),
        encoding=draw(st.sampled_from(ENCODINGS)),
        name=name,
        style=draw(st.sampled_from(sorted(NAMED))),
    )


@st.composite
def files(draw: st.DrawFn) -> Leaf:
    return Leaf(
        kind=draw(st.sampled_from(["application/pdf", "image/png", "text/calendar"])),
        content=draw(st.binary(max_size=200)),
        charset="",
        encoding="base64",
        name=draw(st.sampled_from(sorted(LANGUAGES))) + draw(st.sampled_from(ENDS)),
        style=draw(st.sampled_from(sorted(NAMED))),
    )


def bodies() -> st.SearchStrategy[Leaf | Tree]:
    plain, html = texts("text/plain", False), texts("text/html", False)
    related = st.tuples(html, files()).map(lambda parts: Tree("related", parts))
    both = st.tuples(plain, html | related).map(lambda parts: Tree("alternative", parts))
    return plain | html | both | related


def messages() -> st.SearchStrategy[Leaf | Tree]:
    further = st.lists(files() | texts("text/plain", True), min_size=1, max_size=3)
    mixed = st.tuples(bodies(), further).map(lambda both: Tree("mixed", (both[0], *both[1])))
    wrapped = mixed.map(lambda tree: Tree("mixed", (tree,)))
    return bodies() | mixed | wrapped


def octets(part: Leaf | Tree, depth: int = 0) -> bytes:
    """Return the part as it is sent."""
    if isinstance(part, Leaf):
        return _leaf(part)
    boundary = f"=_{'b' * (depth + 1)}"
    inside = b"".join(
        b"--%s\r\n%s\r\n" % (boundary.encode(), octets(one, depth + 1)) for one in part.parts
    )
    head = f'Content-Type: multipart/{part.kind};\r\n\tboundary="{boundary}"\r\n\r\n'
    return head.encode() + inside + f"--{boundary}--\r\n".encode()


def _leaf(leaf: Leaf) -> bytes:
    head = f"Content-Type: {leaf.kind}"
    if leaf.charset:
        head += f"; charset={leaf.charset}"
    head += f"\r\nContent-Transfer-Encoding: {leaf.encoding}\r\n"
    if leaf.name:
        head += f"Content-Disposition: attachment{NAMED[leaf.style](leaf.name)}\r\n"
    return f"{head}\r\n".encode() + _encoded(leaf)


def content(leaf: Leaf) -> bytes:
    """Return the octets of a leaf before they are encoded."""
    if isinstance(leaf.content, bytes):
        return leaf.content
    codec = {"iso-2022-jp": "iso2022_jp", "windows-874": "cp874"}.get(leaf.charset, leaf.charset)
    return leaf.content.replace("\n", "\r\n").encode(codec)


def _encoded(leaf: Leaf) -> bytes:
    plain = content(leaf)
    if leaf.encoding == "base64":
        return base64.encodebytes(plain).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    if leaf.encoding == "quoted-printable":
        lines = plain.split(b"\r\n")
        return b"\r\n".join(
            binascii.b2a_qp(line, istext=True).replace(b"\n", b"\r\n") for line in lines
        )
    return plain


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'; filename="{escaped}"'


def _extended(name: str) -> str:
    return f"; filename*=utf-8''{quote(name, safe='')}"


def _continued(name: str) -> str:
    text = f"utf-8''{quote(name, safe='')}"
    cuts = [text[start : start + 20] for start in range(0, len(text), 20)]
    segments = (f"filename*{number}*={cut}" for number, cut in enumerate(cuts))
    return "".join(f";\r\n {segment}" for segment in segments)


def _word(name: str) -> str:
    return f'; filename="=?utf-8?b?{base64.b64encode(name.encode()).decode()}?="'


def _both(name: str) -> str:
    return f'; filename="plain.txt"{_extended(name)}'


#: How the name of a file is written (RFC 2183, 2231, 6532, and as many senders do).
NAMED = {
    "raw": _quoted,
    "extended": _extended,
    "continued": _continued,
    "encoded word": _word,
    "both": _both,
}


def leaves(part: Leaf | Tree) -> list[Leaf]:
    """Return all leaves, in order."""
    if isinstance(part, Leaf):
        return [part]
    return [leaf for one in part.parts for leaf in leaves(one)]
