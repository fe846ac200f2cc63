"""Tokens of texts: encoded and decoded, the table that any client can read, rare and unknown words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkeras.data.targets.target_tokenizer import EOS, UNK, TargetTokenizer, train_tokenizer
from mmkeras.errors import InputError

TEXTS = ["a man rides a horse", "two men ride horses", "a red house", "Häuser in der Nähe", "中文 字符"] * 20


@pytest.fixture(scope="module")
def subwords() -> TargetTokenizer:
    return train_tokenizer("subword", TEXTS, 400)


@pytest.mark.parametrize("kind", ["word", "byte"])
def test_there_and_back(kind: str) -> None:
    tokenizer = train_tokenizer(kind, TEXTS, 1000)
    for text in TEXTS[:5]:
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_broken_characters_of_a_terminal_are_question_marks(subwords: TargetTokenizer) -> None:
    for tokenizer in (subwords, train_tokenizer("byte", ["a"], 300)):
        assert tokenizer.encode("a \udcff") == tokenizer.encode("a ?")


def test_subwords_there_and_back(subwords: TargetTokenizer) -> None:
    """Also of what no training text has: a rare character is spelt in bytes."""
    for text in [*TEXTS[:5], "zebra 🦓 ŋ", "a\u00a0b"]:
        assert subwords.decode(subwords.encode(text)) == text
        assert UNK not in subwords.encode(text)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_bytes_hold_any_text(text: str) -> None:
    tokenizer = train_tokenizer("byte", ["a"], 300)
    assert tokenizer.decode(tokenizer.encode(text)) == text.strip()


def test_words_are_the_most_frequent_and_others_unknown() -> None:
    tokenizer = train_tokenizer("word", ["b b b a a c", "<unk> <unk> a"], 4)
    assert [tokenizer.name(k) for k in range(len(tokenizer))] == ["<eos>", " <unk>", " a", " b"]
    assert tokenizer.encode("a b c <unk>") == [2, 3, UNK, UNK]
    assert tokenizer.decode([2, 3, EOS, 2]) == "a b", "nothing behind the end"


def test_the_table_is_plain_json(subwords: TargetTokenizer, tmp_path: Path) -> None:
    subwords.save(tmp_path)
    saved = json.loads((tmp_path / "pieces.json").read_text(encoding="utf-8"))
    assert saved["end"] == EOS
    table = [p.encode() if isinstance(p, str) else bytes(p) for p in saved["table"]]
    ids = subwords.encode("Häuser ŋ")
    assert b"".join(table[k] for k in ids).decode().strip() == "Häuser ŋ"
    assert TargetTokenizer.load(tmp_path) == subwords


def test_the_same_texts_give_the_same_pieces(subwords: TargetTokenizer) -> None:
    assert train_tokenizer("subword", TEXTS, 400) == subwords


def test_what_cannot_be_learned_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="every text is empty"):
        train_tokenizer("word", ["", " "], 10)
    with pytest.raises(InputError, match="--vocabulary 16"):
        train_tokenizer("subword", TEXTS, 16)
    (tmp_path / "pieces.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="pieces.json"):
        TargetTokenizer.load(tmp_path)
