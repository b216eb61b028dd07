"""Markdown, taken apart."""

import pytest

from nodetool.nodes.markdown import (
    ExtractBulletLists,
    ExtractCodeBlocks,
    ExtractHeaders,
    ExtractLinks,
    ExtractNumberedLists,
    ExtractTableRows,
    RenderHTML,
)
from nodetool.sdk.testing import run

TEXT = """# One *and* `two`

See [the docs](https://a.example "Docs") and <https://b.example>.

- first
  - inside
- second with
  two lines

1. do this
2. do that

### Deep

```python run
print("# no heading")
```

    indented

| name | people |
|------|-------:|
| Köln | 1      |
| 東京 | 2 |
"""


def test_headings_have_a_level() -> None:
    assert run(ExtractHeaders(markdown=TEXT)) == [
        {"level": 1, "text": "One and two", "index": 0},
        {"level": 3, "text": "Deep", "index": 1},
    ]
    assert [one["text"] for one in run(ExtractHeaders(markdown=TEXT, max_level=2))] == ["One and two"]


def test_links_have_words_and_a_title() -> None:
    assert run(ExtractLinks(markdown=TEXT)) == [
        {"url": "https://a.example", "text": "the docs", "title": "Docs"},
        {"url": "https://b.example", "text": "https://b.example", "title": ""},
    ]
    assert "title" not in run(ExtractLinks(markdown=TEXT, include_titles=False))[0]


def test_lists_have_items() -> None:
    assert run(ExtractBulletLists(markdown=TEXT)) == [
        {"text": "first", "level": 0, "list": 0},
        {"text": "inside", "level": 1, "list": 1},
        {"text": "second with two lines", "level": 0, "list": 0},
    ]
    assert run(ExtractNumberedLists(markdown=TEXT)) == ["do this", "do that"]


def test_code_has_a_language() -> None:
    assert run(ExtractCodeBlocks(markdown=TEXT)) == [
        {"language": "python", "code": 'print("# no heading")'},
        {"language": "", "code": "indented"},
    ]


def test_tables_have_rows() -> None:
    assert run(ExtractTableRows(markdown=TEXT)) == [{"name": "Köln", "people": "1"}, {"name": "東京", "people": "2"}]
    with pytest.raises(ValueError, match="index: the text has 1 tables, got 1"):
        run(ExtractTableRows(markdown=TEXT, index=1))


def test_html_shows_tags_as_text() -> None:
    assert run(RenderHTML(markdown="**a** <script>x</script>")) == (
        "<p><strong>a</strong> &lt;script&gt;x&lt;/script&gt;</p>\n"
    )
    assert "javascript:" not in run(RenderHTML(markdown="[a](javascript:x)")).replace("[a](javascript:x)", "")


def test_a_long_text_takes_the_same_way_in_a_thread() -> None:
    assert len(run(ExtractHeaders(markdown="# a\n\n" * 5_000))) == 5_000


def test_a_text_has_a_limit() -> None:
    with pytest.raises(ValueError, match="markdown: has 1000001 characters, and 1000000 is the limit"):
        run(RenderHTML(markdown="a" * 1_000_001))
