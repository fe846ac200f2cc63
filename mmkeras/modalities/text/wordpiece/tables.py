"""A WordPiece vocabulary -> the int32 tables that its tokenizer gathers from in the graph; saved as plain arrays.

Characters become *symbols*: UNKNOWN + 1 … for the characters of the pieces, UNKNOWN for all others. A cell of the table
is the symbol of a code point, whose sign is the class, as in characters.py:

    > 0   a character of a word             SPACE (0)   it separates words
    < 0   a word by itself                  GONE (-1)   it is removed

A code point may become up to three characters (the Hangul syllable 각 three jamo), but no more than its UTF-8 form has
bytes, so that each character has a position: cell 0 is that of the lead byte, cells 1 and 2 those of the next two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.text.wordpiece import bert_characters as bert
from mmkeras.modalities.text.wordpiece.trie import Symbols, Trie, build_trie
from mmkeras.system.arrays import reading_arrays
from mmkeras.system.packed import packed, unpacked

SPACE, GONE, UNKNOWN = 0, -1, 2  # no symbol is 1: negated, for a word by itself, it would be GONE
PAGE = 256  # code points; most of the 4,352 pages are equal
PREFIX = "##"  # of a piece that continues a word
SPECIAL = ("[CLS]", "[SEP]", "[UNK]", "[PAD]")


@dataclass(frozen=True)
class WordPieceTables:
    """cells: int32 [pages * PAGE * 3]. starts: int32 [4352]; cell k of a code point has the index
    starts[code // PAGE] + 3 * code + k. trie: a tree of the pieces that begin a word, and one of those that continue
    it. cls, sep, unk, pad: ids of the special pieces.
    """

    cells: np.ndarray
    starts: np.ndarray
    trie: Trie
    cls: int
    sep: int
    unk: int
    pad: int


def build_tables(vocabulary: Sequence[str], lowercase: bool) -> WordPieceTables:
    """The tables of a vocabulary; a piece's id is its index. Raises InputError if a special piece is absent."""
    number = {piece: k for k, piece in enumerate(vocabulary)}
    missing = [piece for piece in SPECIAL if piece not in number]
    if missing:
        raise InputError(f"The vocabulary of {len(number)} pieces has no {', '.join(missing)}: it is none of BERT's.")
    begin = {p: k for p, k in number.items() if p and p not in SPECIAL}
    continue_text = {p.removeprefix(PREFIX): k for p, k in number.items() if p.startswith(PREFIX) and p != PREFIX}
    # frequent characters get small numbers, so that siblings in the trie are close and the trie is dense
    frequency = Counter("".join([*begin, *continue_text]))
    symbols = {c: 1 + UNKNOWN + k for k, (c, _) in enumerate(frequency.most_common())}
    cells = character_cells(symbols, lowercase)
    in_words = set(np.unique(cells).tolist())
    alone = {abs(symbol) for symbol in in_words}

    def spelled(pieces: dict[str, int], single: set[int]) -> dict[Symbols, int]:
        """Pieces as symbols, without those that occur in no text ("[unused1]": a bracket is a word by itself)."""
        spelling = {tuple(symbols[c] for c in piece): k for piece, k in pieces.items()}
        return {s: k for s, k in spelling.items() if (single if len(s) == 1 else in_words).issuperset(s)}

    n_symbols = 1 + UNKNOWN + len(symbols)
    trie = build_trie([spelled(begin, alone), spelled(continue_text, in_words)], n_symbols, none=number["[PAD]"])
    starts, cells = to_pages(cells)
    return WordPieceTables(cells, starts, trie, *(number[piece] for piece in SPECIAL))


def character_cells(symbols: dict[str, int], lowercase: bool) -> np.ndarray:
    """int32 [code points, 3]: the cells of each code point."""
    classes, folds = bert.classes_and_folds(lowercase)
    symbol = np.full(bert.N_CODES, UNKNOWN, "int32")
    symbol[[ord(c) for c in symbols]] = list(symbols.values())
    cells = np.full((bert.N_CODES, bert.MAX_FOLDED), GONE, "int32")
    alone = (classes == bert.PUNCTUATION) | (classes == bert.CHINESE)
    cells[:, 0] = np.select([classes == bert.WORD, alone, classes == bert.SPACE], [symbol, -symbol, SPACE], GONE)
    for code, text in folds.items():
        for k, c in enumerate(text):
            sign = -1 if classes[code] == bert.CHINESE or classes[ord(c)] == bert.PUNCTUATION else 1
            cells[code, k] = sign * symbol[ord(c)]
    return cells


def to_pages(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[code points, 3] -> `starts` and `cells` of WordPieceTables: equal pages are stored once."""
    width = cells.shape[1]
    pages = cells.reshape(-1, PAGE * width)
    distinct: dict[bytes, int] = {}
    page_numbers = np.array([distinct.setdefault(page.tobytes(), len(distinct)) for page in pages])
    starts = (page_numbers - np.arange(len(pages))) * (PAGE * width)
    return starts.astype("int32"), np.frombuffer(b"".join(distinct), "int32")


def save_tables(path: Path, tables: WordPieceTables) -> None:
    """Write the tables as one .npz of plain arrays: a run stores the tables of its training."""
    np.savez_compressed(path, **flat(tables))


def load_tables(path: Path) -> WordPieceTables:
    """Read the file that `save_tables` wrote."""
    with reading_arrays(path, "Train again.") as data:
        return from_flat({name: value if value.ndim else int(value) for name, value in data.items()})


def flat(tables: WordPieceTables) -> dict[str, Any]:
    """Every array and number of the tables, those of the trie beside the others."""
    return {**{k: v for k, v in vars(tables).items() if k != "trie"}, **asdict(tables.trie)}


def from_flat(values: dict[str, Any]) -> WordPieceTables:
    """The inverse of `flat`."""
    values = {**values, "roots": tuple(np.asarray(values["roots"]).tolist())}
    trie = Trie(**{name: values.pop(name) for name in Trie.__dataclass_fields__})
    return WordPieceTables(trie=trie, **values)


def tables_to_json(tables: WordPieceTables) -> dict[str, Any]:
    """The tables as JSON, for the config of a layer."""
    return {name: packed(value) if isinstance(value, np.ndarray) else value for name, value in flat(tables).items()}


def tables_from_json(value: dict[str, Any]) -> WordPieceTables:
    """The inverse of `tables_to_json`."""
    return from_flat({name: unpacked(part) if isinstance(part, dict) else part for name, part in value.items()})
