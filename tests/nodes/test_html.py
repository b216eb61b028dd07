"""Pages, read as they come."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.html import (
    BaseUrl,
    Escape,
    ExtractLinks,
    ExtractMetadata,
    HTMLToText,
    Unescape,
    WebsiteContentExtractor,
)
from nodetool.sdk.testing import outputs, run

PAGE = """<!doctype html><html><head><TITLE>A &amp; B</TITLE>
<meta name="Description" content="About both"><meta name=keywords content='a, b'></head>
<body><nav><a href="/">Home</a></nav><!-- <p>hidden</p> -->
<main><h1>Both</h1><p>One<p>Two <a href=b.html>more</a> <a name=x>no</a></main>
<footer><a href="https://other.example/x">Other &gt;</a></footer></body></html>"""


@given(st.text())
def test_unescape_undoes_escape(text: str) -> None:
    assert Unescape(text=Escape(text=text).process()).process() == text
    assert "<" not in Escape(text=text).process()


def test_text_is_taken_out_of_a_page() -> None:
    text = run(HTMLToText(text=PAGE))

    assert text == "Home\n\nBoth\n\nOne\n\nTwo more no\n\nOther >"
    assert run(HTMLToText(text=PAGE, preserve_linebreaks=False)) == "Home Both One Two more no Other >"


def test_content_is_what_stands_in_the_middle() -> None:
    assert run(WebsiteContentExtractor(html_content=PAGE)) == "Both\n\nOne\n\nTwo more no"
    assert run(WebsiteContentExtractor(html_content="<nav>x</nav><p>only</p>")) == "only"


async def test_links_come_one_by_one() -> None:
    sent = await outputs(ExtractLinks(html=PAGE, base_url="https://a.example/dir/"))

    assert sent == {
        "href": ["https://a.example/", "https://a.example/dir/b.html", "https://other.example/x"],
        "text": ["Home", "more", "Other >"],
        "type": ["internal", "internal", "external"],
    }


async def test_a_page_says_what_it_is_about() -> None:
    sent = await outputs(ExtractMetadata(html=PAGE))

    assert sent == {"title": ["A & B"], "description": ["About both"], "keywords": ["a, b"]}
    assert await outputs(ExtractMetadata(html="<p>nothing</p>")) == {}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<b", "a"),
        ("1 < 2 <3", "1 < 2 <3"),
        ("<p>open", "open"),
        ("</p>closed", "closed"),
        ("<a title='>'>x</a>", "x"),
        ("<p/>x<br/>y", "x\ny"),
        ("<script>if (a<b) '</p>'</SCRIPT>x", "x"),
        ("<!-- -- > -->x<!-->y", "x"),
        ("&eacute;&#233;&nosuch;", "éé&nosuch;"),
        ("<title>no</title><div>yes</div>", "no\nyes"),
    ],
)
def test_no_page_is_an_error(html: str, text: str) -> None:
    assert run(HTMLToText(text=html)) == text


@given(st.text(alphabet="<>/!-ap\"'= &;"))
def test_anything_can_be_read(html: str) -> None:
    run(HTMLToText(text=html))


@pytest.mark.parametrize(("url", "base"), [("https://a.example:8/b?c#d", "https://a.example:8")])
def test_the_base_of_an_address(url: str, base: str) -> None:
    assert run(BaseUrl(url=url)) == base


@pytest.mark.parametrize("url", ["", "a.example", "/x", "http://[", "mailto:a@b"])
def test_an_address_without_a_host_is_named(url: Any) -> None:
    with pytest.raises(ValueError, match="url: "):
        run(BaseUrl(url=url))
