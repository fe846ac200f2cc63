"""BERT's tokenizer as the library `tokenizers` has it, and texts to hold the graph against it. Tests alone import it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import reference_tokenizer

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
COLUMNS = ("text", "caption", "en", "de")  # that hold texts in the CSV files there
SETS = ("tnews/dev.csv", "mvsa/train.csv", "flickr1k/captions.csv", "multi30k/test_2016.csv", "news20/test.csv.gz")

VOCABULARY = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]"),
    *("a", "un", "##aff", "##able", "##a", "##b", "b", "ab", "abc", "##c", "ban", "##an", "##ana", "##na", "word"),
    *("中", "文", "##文", "é", "e", "##e", "ß", "ᄀ", "##ᅡ", "##ᆨ", "!", "[", "]", "cls", "pad", "unk", "1", "##2", "😀"),
    *("A", "##B", "É", "e\u0301", "ⅷ", "##\u0e31"),
)
PIECES = (
    "un",
    "aff",
    "able",
    "a",
    "b",
    "c",
    "ab",
    "ban",
    "ana",
    "na",
    "word",
    "中",
    "文",
    "é",
    "É",
    "각",
    "가",
    "!",
    "[CLS]",
)
GLUE = ("", "", "", " ", "  ", "\t", "-", "\u00a0", "\u200d", "\u0301", "\ufffd", "\0", "😀", "x")


def build(vocabulary: Sequence[str], lowercase: bool = True, longest_word: int = 100) -> Any:
    """A BERT tokenizer. It knows no special tokens but the two it adds, so that those in a text are text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    number = {piece: k for k, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(number, unk_token="[UNK]", max_input_chars_per_word=longest_word))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", number["[SEP]"]), ("[CLS]", number["[CLS]"]))
    return tokenizer


def from_file(path: Path) -> Any:
    """A checkpoint's own tokenizer.json, without truncation and padding; special tokens in a text are text."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def expected_ids(tokenizer: Any, raws: Sequence[bytes], width: int) -> list[list[int]]:
    """The ids of UTF-8 bytes: ill-formed ones are left out, and of more than `width` tokens the first and [SEP] stay."""
    found = [e.ids for e in tokenizer.encode_batch([raw.decode("utf-8", "ignore") for raw in raws])]
    return [ids if len(ids) <= width else [*ids[: width - 1], ids[-1]] for ids in found]


def data_texts(most: int) -> list[str]:
    """Up to `most` texts of each set; [] in a checkout that has no ../shared/data."""
    found: list[str] = []
    for name in SETS:
        if (DATA / name).is_file():
            rows = pd.read_csv(DATA / name, dtype=str, keep_default_na=False)
            texts = [text for column in COLUMNS if column in rows for text in rows[column]]
            found += random.Random(0).sample(texts, min(most, len(texts)))
    return found


def golden_texts() -> list[str]:
    """The strings of the golden tokens, whose own rule is another one."""
    return [text for text, _ in reference_tokenizer.golden()]


def piece_texts(count: int, seed: int = 0) -> list[str]:
    """Pieces of VOCABULARY glued together: words that are made up of them, and words that almost are."""
    rng = random.Random(seed)
    return [
        "".join(rng.choice(PIECES) + rng.choice(GLUE) for _ in range(rng.randrange(rng.choice((3, 12, 60)))))
        for _ in range(count)
    ]


def random_texts(count: int, seed: int = 0) -> list[str]:
    """Strings of random code points: of the first planes, of scripts that fold, and of a few blocks at a time."""
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        n = int(rng.integers(0, 60))
        blocks = rng.integers(0, rng.choice([0x600, 0x3000, 0x10000, 0x110000]), 3)
        codes = np.where(rng.random(n) < 0.6, rng.choice(blocks, n) + rng.integers(0, 80, n), rng.integers(32, 127, n))
        texts.append("".join(chr(c) for c in codes.tolist() if c < 0x110000 and not 0xD800 <= c <= 0xDFFF))
    return texts


def corrupt_texts(count: int, seed: int = 0) -> list[bytes]:
    """UTF-8 with bytes changed, cut out and put in, and bytes that never were UTF-8."""
    rng = random.Random(seed)
    whole = [text.encode() for text in piece_texts(200, seed) if text]
    texts = []
    for _ in range(count):
        raw = bytearray(rng.choice(whole)[: rng.randrange(1, 80)])
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(raw) + 1)
            raw[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        texts.append(bytes(raw))
    return [*texts, *(text[:4096] for text in reference_tokenizer.HOSTILE_TEXTS)]
