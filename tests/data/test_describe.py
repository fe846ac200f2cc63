"""A table as lines: what was read, what was guessed, what is ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.describe import describe
from mmkeras.data.table import Table, read_table


def table(folder: Path, content: str, **flags: Any) -> Table:
    path = folder / "a.csv"
    path.write_text(content, encoding="utf-8")
    config = Config.of(csv=str(path), **flags)
    return read_table(config.data, config.model.task)


def test_describe(tmp_path: Path) -> None:
    rows = "".join(f"{'上课时学生手机响个不停，老师一怒之下把手机摔了' * (i % 2)},{i},新闻{i % 2}\n" for i in range(40))
    lines = describe(table(tmp_path, f"text,n,label\n{rows}", number=("n",), text=("text",), target=("label",))).split(
        "\n"
    )
    assert lines == [
        f"{tmp_path / 'a.csv'}: 40 rows, utf-8, delimiter ',', 0 bad rows",
        "  column  kind      role    from   filled  fits  example",
        "  text    text      input   given  50%           上课时学生手机响个不停，老师一怒之下把…",
        "  n       number    input   given  100%    100%  0",
        "  label   category  target  given  100%          新闻0 (2 classes)",
    ]


def test_describe_says_what_is_ignored(tmp_path: Path) -> None:
    rows = "".join(f"a text {i},{i},{'ab'[i % 2]}\n" for i in range(40))
    lines = describe(table(tmp_path, f"text,id,label\n{rows}")).split("\n")
    assert lines[4].split() == ["id", "number", "ignored", "guessed", "100%", "100%", "0"]
    assert lines[5].startswith("  Column 'id' is ignored: every row has a different value")
