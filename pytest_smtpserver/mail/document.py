"""The HTML body as one document that a browser can show, and that loads nothing from outside.

Everything that would load something is removed. A policy in the document also forbids it, in case
something was missed (Content Security Policy Level 3).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from . import long_document, long_html
from .nesting import flattened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from .parts import Attachment

_POLICY: Final = (
    "default-src 'none'; img-src data:; media-src data:; font-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'"
)
_HEAD: Final = (
    f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
)
#: Elements that run code, show another document, or would repeat what our head says.
_TAKEN_OUT: Final = (
    "script, noscript, iframe, frame, frameset, object, embed, applet, portal, link, "
    "meta[http-equiv], meta[charset]"
)
#: Attributes that load what they name; `href` of pictures in SVG, also as `xlink:href`, does too.
_LOADING: Final = (
    "src", "srcset", "background", "poster", "data", "lowsrc", "dynsrc", "longdesc", "ping",
    "manifest", "imagesrcset",
)  # fmt: skip
_IN_SVG: Final = "image[href], use[href], feImage[href]"

_DOCTYPE: Final = re.compile(r"<!doctype[^>]*>", re.IGNORECASE)
_IMPORT: Final = re.compile(r"@import\b[^;{}]*;?", re.IGNORECASE)
# CSS Syntax section 4.3.7: an escape is a character, or its number and perhaps a space.
_ESCAPE: Final = re.compile(
    r"\\(?:0{0,4}([0-9a-f]{2})(?![0-9a-f])\s?|.)", re.IGNORECASE | re.DOTALL
)
# CSS Syntax section 4.3.6: without quotes, a URL has no "(".
_URL: Final = re.compile(
    r"""url\(\s*+(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'|([^()\s]*+))\s*+\)""",
    re.IGNORECASE | re.DOTALL,
)


def document(html: str, attachments: Iterable[Attachment]) -> str:
    """Return the HTML as one document, with the pictures that it refers to by `cid:`."""
    pictures = {
        one.content_id: data_url(one.content_type, one.content)
        for one in attachments
        if one.content_id
    }
    if long_html.is_long(html):
        return _long_document(html, pictures)
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(flattened(html))
    for node in tree.css(_TAKEN_OUT):
        node.decompose()
    for node in tree.css(", ".join(f"[{name}]" for name in (*_LOADING, "style"))):
        _tidy(node, pictures)
    for node in tree.css(_IN_SVG):
        _replace(node, "href", pictures)
        _replace(node, "xlink:href", pictures)
    for sheet in tree.css("style"):
        if sheet.child is not None:
            sheet.child.replace_with(_css(sheet.text(), pictures))
    return _with_head(tree)


def _long_document(html: str, pictures: Mapping[str, str]) -> str:
    markup = html.lstrip()
    if doctype := _DOCTYPE.match(markup):
        markup = markup[doctype.end() :]
    safe = long_document.without_loading(markup, _LOADING, lambda url: _local(url, pictures))
    # A parser ignores the start tags of the mail's own html and head: ours are open.
    return f"<!DOCTYPE html><html><head>{_HEAD}{safe}"


def _with_head(tree: LexborHTMLParser) -> str:
    from selectolax.lexbor import LexborHTMLParser

    ours = LexborHTMLParser(_HEAD)
    # The parser always makes a head, even if the mail has none.
    if tree.head is not None:  # pragma: no branch  # `None` is for the types only
        for node in reversed(ours.css("meta")):
            first = tree.head.child
            if first is None:
                tree.head.insert_child(node)
            else:
                first.insert_before(node)
    markup = _DOCTYPE.sub("", tree.html or "", count=1)
    return f"<!DOCTYPE html>{markup}"


def _tidy(node: LexborNode, pictures: Mapping[str, str]) -> None:
    for name in _LOADING:
        _replace(node, name, pictures)
    style = node.attributes.get("style")
    if style and ("url" in style.lower() or "\\" in style):
        node.attrs["style"] = _css(style, pictures)


def _replace(node: LexborNode, name: str, pictures: Mapping[str, str]) -> None:
    value = node.attributes.get(name)
    if value is None:
        return
    if url := _local(value, pictures):
        node.attrs[name] = url
    else:
        del node.attrs[name]


def _css(text: str, pictures: Mapping[str, str]) -> str:
    def local(match: re.Match[str]) -> str:
        url = _local(match[1] or match[2] or match[3] or "", pictures)
        # A picture in SVG is often written into the URL itself, with quotes of the other kind.
        quoted = url.replace("'", "%27")
        return f"url('{quoted}')"

    # An escape may also have hidden a letter of `</style`, which must not end the element now.
    plain = _ESCAPE.sub(_spelled_out, text).replace("</", r"<\/")
    # A space, or what is before and after an @import could join into another, or into `</style`.
    return _URL.sub(local, _IMPORT.sub(" ", plain))


def _spelled_out(escape: re.Match[str]) -> str:
    """Return a letter of "url" or "import" in place of its escape."""
    character = chr(int(escape[1], 16)) if escape[1] else escape[0][1:]
    return character if character.lower() in "urlimport" else escape[0]


def _local(url: str, pictures: Mapping[str, str]) -> str:
    """Return a URL that needs nothing from outside, in place of this one; `""` if there is none."""
    url = url.strip()
    if url[:5].lower() == "data:":
        return url
    # RFC 2392: `cid-url = "cid" ":" content-id`, percent-encoded like any URL.
    return pictures.get(unquote(url[4:]), "") if url[:4].lower() == "cid:" else ""


def data_url(content_type: str, content: bytes) -> str:
    """Return a URL that holds the content itself (RFC 2397)."""
    import base64

    return f"data:{content_type};base64,{base64.b64encode(content).decode('ascii')}"
