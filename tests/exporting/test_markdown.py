"""Names of a table in MODEL_CARD.md: shown, never run."""

from __future__ import annotations

import re

import pytest

from mmkeras.exporting.markdown import block, code, escaped, heading, visible

NASTY = (
    *(
        "a|b",
        "`",
        "``",
        "a`b``c",
        "```",
        " x ",
        "<script>alert(1)</script>",
        "![x](http://x/y.png)",
        "[a](javascript:b)",
    ),
    *(
        "a\n# heading",
        "a\r\n\r\n| - |",
        "\u2028x",
        "\u202eabc",
        "*b* _i_",
        "https://example.com",
        "www.example.com",
        "~~a~~",
    ),
    *("", " ", "\x00", "\x1b[31m", "a\\", "&lt;b&gt;", "{{ 7 }}", "-", "1.", "# x"),
)


def spans(text: str) -> str:
    """What a reader of CommonMark finds in the one code span that a text is (CommonMark 0.31, 6.1)."""
    found = re.fullmatch(r"(`+)(?!`)(.*)(?<!`)\1", text)
    assert found, text
    inside = found[2]
    assert not re.search(rf"(?<!`){found[1]}(?!`)", inside), "the span ends before its end"
    return inside[1:-1] if inside[0] == inside[-1] == " " and inside.strip(" ") else inside


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_one_code_span_on_one_line(name: str) -> None:
    text = code(name)
    assert "\n" not in text
    assert text.isprintable()
    assert spans(text) == (visible(name) if name.strip() else repr(name if name.isprintable() else visible(name)))


def test_emoji_stay_whole() -> None:
    assert code("👩🏽\u200d💻 早") == "`👩🏽\u200d💻 早`"


@pytest.mark.parametrize("name", NASTY)
def test_a_block_ends_where_it_ends(name: str) -> None:
    first, *middle, last = block(f"x\n{visible(name)}").split("\n")
    assert first == last
    assert all(not line.startswith(first) for line in middle)


@pytest.mark.parametrize("name", ["news", "my model", "v1.2-b", "新闻"])
def test_plain_headings_stay(name: str) -> None:
    assert heading(name) == name


@pytest.mark.parametrize("name", NASTY)
def test_other_headings_are_code(name: str) -> None:
    assert heading(name) == code(name)


def test_sentences() -> None:
    assert escaped("UTF-8: <b>|*x*`y`") == r"UTF-8: \<b\>\|\*x\*\`y\`"
