"""Texts of any length for pretrained encoders: WordPiece inside the graph, and ids of a tokenizer that runs before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_wordpiece as reference
from any_length import assert_any_length, export_quickly, graph_of, texts_around

from mmkeras.verification.lengths import as_a_client_cuts

hub = pytest.importorskip("keras_hub", reason="no pretrained encoders: pip install keras-hub")

SIZES: dict[str, int] = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
MAX_TOKENS, MAX_BYTES = 12, 64


def bert(folder: Path) -> str:
    """A BERT with random weights, as a keras-hub folder."""
    hub.models.BertBackbone(len(reference.VOCABULARY), **SIZES, max_sequence_length=32).save_to_preset(folder)
    hub.models.BertTokenizer(list(reference.VOCABULARY), lowercase=True).save_to_preset(folder)
    return str(folder)


def roberta(folder: Path) -> str:
    """A RoBERTa with random weights, whose vocabulary is ASCII and three words."""
    pieces = ["<s>", "<pad>", "</s>", "<mask>", "Ġ", *map(chr, range(33, 127)), "ab", "Ġab", "abc"]  # Ġ is a space
    hub.models.RobertaBackbone(len(pieces), **SIZES, max_sequence_length=32).save_to_preset(folder)
    vocabulary = {piece: k for k, piece in enumerate(pieces)}
    hub.models.RobertaTokenizer(vocabulary, merges=["a b", "Ġ ab", "ab c"]).save_to_preset(folder)
    return str(folder)


def column(name: str, source: str, folder: Path) -> Any:
    from mmkeras.modalities.text.pretrained.column import PresetColumn
    from mmkeras.modalities.text.pretrained.encoder import encoder_of
    from mmkeras.modalities.text.pretrained.external_tokenizer import save_tokenizer
    from mmkeras.modalities.text.pretrained.preset import read_preset
    from mmkeras.modalities.text.wordpiece.tables import build_tables

    preset = read_preset(source)
    tables = build_tables(preset.vocabulary, preset.lowercase) if preset.in_graph else None
    if not preset.in_graph:
        save_tokenizer(source, folder)
    return PresetColumn(name, preset, encoder_of(source), MAX_TOKENS, MAX_BYTES, False, tables, folder)


@pytest.mark.slow
def test_both_kinds_of_tokenizer(tmp_path: Path) -> None:
    from mmkeras.modalities.text.pretrained.external_tokenizer import tokenize_externally

    tokenizer = tmp_path / "tokenizer"
    columns = {
        "pieces": column("pieces", bert(tmp_path / "bert"), tmp_path / "none"),
        "ids": column("ids", roberta(tmp_path / "roberta"), tokenizer),
    }
    graph = graph_of(columns, model="multimodal", width=16, depth=1)
    texts = [b"abc ab  cab!", b"", b" ab" * 5, b" ab" * 20, b"a b c d e f g h i j", b"x" * 300]
    ids = [tokenize_externally(tokenizer, [text], 1000)[0][0] for text in texts]
    assert any(len(row) > MAX_TOKENS for row in ids)
    cut = as_a_client_cuts({"ids": ids}, graph.signature()["inputs"][2:])["ids"]
    for text, row in zip(texts, cut, strict=True):
        np.testing.assert_array_equal(row, tokenize_externally(tokenizer, [text], MAX_TOKENS)[0][0])
    ids.append(np.zeros(0, "int32"))  # of a client that has no frame around a text
    rows = [{"pieces": text, "ids": ids[k % len(ids)]} for k, text in enumerate(texts_around(MAX_BYTES))]
    assert_any_length(graph, export_quickly(graph, tmp_path), rows, single=(0, 1, 3, 4, 6, 9))
