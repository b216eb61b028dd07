"""HTML as text, with Markdown for what is more than text."""

from typing import Any

import pytest

from nodetool.nodes.text_html import HtmlToText
from nodetool.sdk.testing import run

PAGE = """<html><head><title>T</title><style>p {}</style></head><body>
<h1>Cities &amp; towns</h1>
<p>Two   of
them<br>are <b>large</b>: see <a href="/list">the list</a> or <a href="mailto:a@b.de">write</a>.</p>
<ul><li>Köln<li>東京 <ol><li>one</li><li>two</li></ol></ul>
<blockquote>said</blockquote>
<img src="a.png" alt="a map">
<pre>x
  y</pre>
<table><tr><td>1</td><td>2</td></tr></table>
<script>alert("<p>no</p>")</script>
</body></html>"""


def written(**fields: Any) -> str:
    return str(run(HtmlToText(html=PAGE, **fields)))


def test_headings_lists_and_links_are_written_as_markdown_does() -> None:
    assert (
        written(base_url="https://example.com/a")
        == """# Cities & towns

Two of them are large: see [the list](https://example.com/list) or write.

* Köln
* 東京

1. one
2. two

> said

x
  y

1 2"""
    )


def test_images_and_mail_are_written_if_asked_for() -> None:
    text = written(ignore_images=False, ignore_mailto_links=False)

    assert "![a map](a.png)" in text
    assert "[write](mailto:a@b.de)" in text


@pytest.mark.parametrize("width", [10, 20])
def test_lines_are_broken(width: int) -> None:
    text = str(run(HtmlToText(html=f"<p>{'word ' * 50}</p>", body_width=width)))

    assert max(map(len, text.split("\n"))) <= width
    assert text.split() == ["word"] * 50


def test_a_text_without_tags_stays() -> None:
    assert run(HtmlToText(html="a < b & c")) == "a < b & c"
    assert run(HtmlToText()) == ""
