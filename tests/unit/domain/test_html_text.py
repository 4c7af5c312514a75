"""The text of HTML mail."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.html_text import text_of

TEXTS = {
    "<h1>Hi</h1><p>a  b<br>c</p>d": "Hi\n\na b\nc\n\nd",
    "<ul><li>1<li>2</ul>": "1\n2",
    "<table><tr><td>x<td>y<tr><td>z</table>": "x y\nz",
    "<pre>a\n  b\n\n\nc</pre>": "a\n  b\n\nc",
    "<title>t</title><style>s</style><script>x</script><p>seen": "seen",
    "&lt;b&gt;&nbsp;&amp;&eacute;&#x1F600;": "<b>\xa0&é😀",
    "a<!-- b -->c": "ac",
    "<img alt='Logo &amp; name' src=http://x.example/>": "Logo & name",
    "<a href=http://x.example>here</a>": "here",
    "": "",
}


@pytest.mark.parametrize(("html", "expected"), TEXTS.items())
def test_html_becomes_the_text_that_a_reader_sees(html: str, expected: str) -> None:
    assert text_of(html) == expected


PIECES = st.sampled_from(["<p>", "</p>", "<br>", "<pre>", "</pre>", "\n", " ", "x", "<td>", "<table>", "&amp;", "<hr>"])


@given(st.text() | st.lists(PIECES).map("".join))
def test_no_two_empty_lines_follow_each_other_and_none_is_at_an_end(html: str) -> None:
    assert not re.search(r"\n\n\n|^\n|\n$", text_of(html))
