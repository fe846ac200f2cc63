"""Whether the first record of a file holds the column names, judged by the records below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_WORDS: Final = """
text texts label labels target targets class classes category categories topic topics id ids index idx title titles name
names date time datetime timestamp created_at sentence sentences sentence1 sentence2 question answer comment comments
review reviews rating ratings score scores stars sentiment emotion intent tweet tweets message messages body content
description summary headline subject source url link image images image_path img path file filename filepath audio clip
caption captions split fold age sex gender price country city language lang type user user_id username author year month
day value values x y premise hypothesis document query passage tags genre genres credit
titel klasse kategorie preis datum bewertung texte titre catégorie texto título titulo etiqueta clase categoria testo
classe etichetta текст метка класс 标题 标签 正文 文本 内容 类别 分类 题目 テキスト ラベル 텍스트 라벨
"""
HEADER_WORDS: Final = frozenset(_WORDS.split())
"""Usual names of columns, seldom a value: one of them makes a line the header."""
_NUMBERED_NAME: Final = re.compile(r"(column|col|var|v|x|y|f|q|feature|field|label|text|unnamed:?)[ _.-]?\d+", re.I)
_NUMBER: Final = re.compile(r"[-+]?[$€£]?\d[\d.,']*([eE][-+]?\d+)?\s?%?|[-+]?\.\d+")
_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ,].*)?")
_FILE: Final = re.compile(r"\S.*\.[A-Za-z]\w{1,4}")
_SENTENCE_SIGNS: Final = tuple(".!?。！？…\"'”»")
_MISSING: Final = frozenset(["", "?", "-", "--", "na", "n/a", "nan", "null", "none", "\\n", "#n/a"])
_SHARE: Final = 0.9
"""A column is what this share of its cells are."""
_MOST_CELLS: Final = 100_000
_FEWEST_ROWS: Final = 20
"""Rows that are looked at: of wide tables not more cells, but so many rows at least."""
_LONGEST_NAME: Final = 200
_FEW_WORDS: Final = 0.05
"""Share of different words among all words of a column of tags, not of running text."""
_COMMON_START: Final = 10
"""Cells that all begin with so many equal characters are of one kind."""


def folded(name: str) -> str:
    """A name as names are compared: without case, spaces and underscores."""
    return "".join(name.replace("\ufeff", "").replace("_", " ").casefold().split())


def is_header_word(name: str) -> bool:
    """Whether a cell is a usual name of a column, such as `text`, `Class Index` or `column 3`."""
    plain = " ".join(name.lstrip("\ufeff# ").rstrip(".:*? ").split()).casefold()
    return plain in HEADER_WORDS or bool(_NUMBERED_NAME.fullmatch(plain)) or plain.startswith("unnamed: ")


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date."""
    return bool(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell))


def names_or_row(first: Sequence[str], rest: Sequence[Sequence[str]], delimiter: str) -> tuple[str, str]:
    """Whether the first record holds the names: `names`, `row` or, where nothing tells, ``; and the reason for a row.

    rest: records of the same number of fields below it.
    """
    if any(map(is_header_word, first)):  # in files that were put together the header stands several times
        rest = [record for record in rest if list(record) != list(first)]
    rest = rest[: max(_FEWEST_ROWS, _MOST_CELLS // max(len(first), 1))]
    columns = list(zip(*rest, strict=False)) if rest else [() for _ in first]
    cells = [cell.strip() for cell in first]
    if any(is_header_word(cell) and cell not in column for cell, column in zip(cells, columns, strict=False)):
        return "names", ""
    if _are_numbered(cells, columns):
        return "names", ""
    verdicts = [_verdict(cell, [c.strip() for c in column]) for cell, column in zip(cells, columns, strict=False)]
    if "names" in verdicts:
        return "names", ""
    reason = next((verdict for verdict in verdicts if verdict), "")
    if again := next((cell for i, cell in enumerate(cells) if cell and cell in cells[:i]), ""):
        reason = reason or f"{_short(again)} stands there twice"
    if not reason and delimiter == "\t" and all(map(_is_of_their_words, cells, columns)):
        reason = f"{_short(cells[0])} is made of the words below it"
    return ("row", reason) if reason else ("", "")


def _are_numbered(cells: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether names are whole numbers in steps of one (as pandas numbers columns) or years."""
    found = [
        (int(cell), column) for cell, column in zip(cells, columns, strict=False) if re.fullmatch(r"\d{1,6}", cell)
    ]
    if not found or len(found) < sum(bool(_NUMBER.fullmatch(cell)) for cell in cells):
        return False
    numbers = [number for number, _ in found]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return True
    years = re.compile(r"(19|20)\d\d")
    return all(1900 <= number < 2100 for number in numbers) and not any(
        years.fullmatch(cell.strip()) for _, column in found for cell in column
    )


def _verdict(cell: str, column: Sequence[str]) -> str:
    """`names` if a cell differs from its column as a name does, the reason if it is one of them, else ''."""
    below = [value for value in column if value.casefold() not in _MISSING]
    if not below or cell.casefold() in _MISSING:
        return ""
    for pattern, what in ((_NUMBER, "a number"), (_DATE, "a date"), (_FILE, "the name of a file")):
        share = sum(bool(pattern.fullmatch(value)) for value in below) / len(below)
        fits = bool(pattern.fullmatch(cell))
        if share >= _SHARE:
            return f"{_short(cell)} is {what} like the rest of its column" if fits else "names"
        if fits and what != "the name of a file":
            return ""
    if len(cell) > _LONGEST_NAME:
        return f"{_short(cell)} is too long for a name"
    again = below.count(cell)
    if again >= 2 or (again and len(cell.split()) >= 5):
        return f"{_short(cell)} is also the value of {again} rows below"
    if len(below) >= 3 and all(value.startswith(cell[:_COMMON_START]) for value in below) and len(cell) > _COMMON_START:
        return f"{_short(cell)} begins like the rest of its column"
    return _verdict_on_words(cell, below)


def _verdict_on_words(cell: str, below: Sequence[str]) -> str:
    """The same for a column of words: sentences, or values that repeat."""
    words = sorted(len(value.split()) for value in below)
    prose = words[len(words) // 2] >= 3 or sorted(map(len, below))[len(below) // 2] >= 10
    if not prose:
        repeat = len(below) >= 10 and len(set(below)) <= 0.2 * len(below)
        return "names" if repeat and cell not in below else ""
    signed = sum(value.endswith(_SENTENCE_SIGNS) for value in below) / len(below)
    if cell.endswith(_SENTENCE_SIGNS):
        same_sign = sum(value[-1] == cell[-1] for value in below) / len(below)
        alike = same_sign >= 0.2 and signed >= 0.6 and len(below) >= 3
        return f"{_short(cell)} is a sentence like the rest of its column" if alike else ""
    if len(cell) < min(map(len, below)) and len(cell.split()) <= 3:
        return "names"
    few = len({word for value in below for word in value.split()}) <= _FEW_WORDS * sum(words)
    return f"{_short(cell)} is made of the words below it" if few and _is_of_their_words(cell, below) else ""


def _is_of_their_words(cell: str, column: Sequence[str]) -> bool:
    """Whether a cell of several words is made of the words of the cells below: nearly sure in running text."""
    words = cell.casefold().split()
    known = {word for value in column for word in value.casefold().split()}
    return len(words) >= 3 and not cell.endswith("?") and known.issuperset(words)


def _short(cell: str) -> str:
    cell = " ".join(cell.split())
    return repr(cell if len(cell) <= 30 else cell[:29] + "…")
