"""The names of n-grams: of each text the same features as the graph's, and names that a person reads."""

from __future__ import annotations

import pytest
import reference_tokenizer as reference

from mmkeras.modalities.text.features import hash_texts, new_table
from mmkeras.modalities.text.ngram_names import names_of_ngrams
from mmkeras.modalities.text.spec import TextSpec

SPECS = [
    TextSpec(max_bytes=200),
    TextSpec(mode="word", max_bytes=64),
    TextSpec(mode="character", orders=1, max_bytes=64),
    TextSpec(mode="byte", char_ngrams=3, max_bytes=48),
    TextSpec(char_ngrams=5, max_bytes=96),
    TextSpec(mode="character", orders=1, char_ngrams=3, max_bytes=48),
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_feature_of_a_text_has_its_name_and_no_other(spec: TextSpec) -> None:
    texts = [*reference.HOSTILE_TEXTS, *(text for text, _ in reference.golden()[::12])]
    keys = hash_texts(texts, spec, new_table(spec)).keys
    for k, text in enumerate(texts):
        of_graph = set(keys.columns[0][keys.starts[k] : keys.starts[k + 1]].tolist())
        assert {*names_of_ngrams(text, spec)} == of_graph, text


def test_names_are_what_a_person_reads() -> None:
    assert [*names_of_ngrams("Don't PANIC, 中文", TextSpec()).values()] == [
        *("dont", "panic", "中", "文"),
        *("dont panic", "panic 中", "中文"),
    ]
    names = [*names_of_ngrams("a b", TextSpec(orders=1, char_ngrams=3)).values()]
    assert names == ["a", "b", "‹␣a›", "‹a␣›", "‹␣b›", "‹b␣›", "‹␣a␣›", "‹a␣b›", "‹␣b␣›"]
