"""Prompts inside the SavedModel: words, bytes and subwords as the tokenizer of training reads them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import ROOT

from mmkeras.data.targets.target_tokenizer import TargetTokenizer, train_tokenizer

DATA = ROOT.parent / "shared" / "data"
TEXTS = ["a man rides a horse", "two men ride horses", "a red house", "Häuser in der Nähe", "中文 字符"] * 20


@pytest.fixture(scope="module")
def subwords() -> TargetTokenizer:
    return train_tokenizer("subword", TEXTS, 400)


@pytest.mark.parametrize("kind", ["word", "byte", "subword"])
def test_a_served_prompt_is_read_as_any_other(kind: str) -> None:
    from mmkeras.exporting.serving.prompts import prompt_encoder

    tokenizer = train_tokenizer(kind, [*TEXTS, "<unk> a"], 400)
    prompts = [
        "a red",
        "a\u00a0man",
        "a\u3000man  rides",
        "red\x1ccat\x85a\x0bb",
        "a <eos> house",
        "",
        " ",
        "中文\u2003字符",
    ]
    ids, lengths = (x.numpy() for x in prompt_encoder(tokenizer).encode(prompts))
    for prompt, numbers, length in zip(prompts, ids, lengths, strict=True):
        assert numbers[:length].tolist() == tokenizer.encode(prompt), prompt


@pytest.fixture(scope="module")
def served(subwords: TargetTokenizer) -> Callable[[list[str]], list[list[int]]]:
    """Subwords as a SavedModel finds them."""
    return finder(subwords)


def finder(tokenizer: TargetTokenizer) -> Callable[[list[str]], list[list[int]]]:
    """Texts -> their token ids, by the graph that a SavedModel has."""
    import tensorflow as tf

    from mmkeras.exporting.serving.prompts import Subwords

    read = tf.function(Subwords(tokenizer).encode, input_signature=[tf.TensorSpec([None], tf.string)])

    def find(texts: list[str]) -> list[list[int]]:
        ids, lengths = (x.numpy() for x in read(tf.constant(texts)))
        return [row[:length].tolist() for row, length in zip(ids, lengths, strict=True)]

    return find


KNOWN = st.sampled_from(["a ", "man", "rid", "es", " horse", "  ", "ä", "Häuser", "中", "\u2581", "\t", "r", "e"])
ANY = st.characters(exclude_categories=["Cs"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(KNOWN | ANY, max_size=20).map("".join), min_size=1, max_size=4))
def test_served_subwords_are_those_of_sentencepiece(
    subwords: TargetTokenizer, served: Callable[[list[str]], list[list[int]]], texts: list[str]
) -> None:
    assert served(texts) == [subwords.encode(text) for text in texts]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the texts are in ../shared/data, which is not here")
def test_served_subwords_of_real_texts_are_those_of_sentencepiece() -> None:
    """Of a vocabulary of real size, in texts it was made of and in others: captions, and PTB's lines."""
    captions = pd.read_csv(DATA / "multi30k" / "train.csv")["de"].tolist()
    lines = (DATA / "ptb" / "valid.txt").read_text(encoding="utf-8").splitlines()
    tokenizer = train_tokenizer("subword", captions[:15_000], 4000)
    find, texts = finder(tokenizer), [*captions[10_000:20_000], *lines]
    for start in range(0, len(texts), 256):
        some = texts[start : start + 256]
        assert find(some) == [tokenizer.encode(text) for text in some]
