"""Plain HTML is read in another way than HTML with hidden text, and gives the same."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from tests.making import message

#: It hides something, so a document with it is walked node by node.
WITH_A_STYLE = "<i style='opacity: 0'></i>"

PIECES = (
    "<p>one</p>", "two", " three\n", "<b>four</b>", "<br>", "<table><tr><td>5<td>6</table>",
    "&amp;lt;", "&lt;p&gt;", "a&nbsp;b", "<!-- x <p> -->", "<!--[if mso]><p>x</p><![endif]-->",
    "<img alt='x &quot;y&quot; &amp; z'>", "<img alt='a\nb'>", "<img src=x>",
    "<img src='a>b' alt=q>",
    "<a href='https://x.example/?a=1&b=2'>seven", "<div title='a<p>b'>8</div>",
    "<style>p { color: red }</style>", "<title>t</title>", "<script>1<2</script>",
    "<template>x</template>", "<noscript>n</noscript>", "<pre>a\n b</pre>", "<o:p>9</o:p>",
    "<svg><title>x</title><text>t</text></svg>", "<textarea>a\nb</textarea>", "<hr>", "<?php x ?>",
    "<xmp>a<b></xmp>", "<i<p>11</i<p>", "<p style='color: red'>ten", "<p hidden>no",
    "caf\u00e9\u200b",
)  # fmt: skip


def text_of(html: str) -> str:
    content = f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}"
    return message(content.encode()).html_text


def test_surplus_end_tags_do_not_count_as_depth() -> None:
    few = "<div>a<div>b</div></div>"
    assert text_of(few + "</div>" * 3000 + few) == text_of(few + few) == "a\nb\na\nb"


@pytest.mark.parametrize("pieces", list(pairwise(PIECES)), ids=lambda pieces: repr(pieces[0]))
def test_the_visible_text_does_not_depend_on_how_the_html_is_read(pieces: tuple[str, str]) -> None:
    for first, second, third in product(pieces, PIECES, pieces):
        html = first + second + third
        assert text_of(html) == text_of(html + WITH_A_STYLE)
