"""A trained encoder-decoder on the held-out rows: its texts, its scores with missing columns, its attention."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mmkeras.data.splits.split import Split
from mmkeras.data.targets.target_tokenizer import EOS, TargetTokenizer
from mmkeras.features.batches import Batches
from mmkeras.generation.decoding import Decoded, decode
from mmkeras.generation.options import GenerationOptions
from mmkeras.metrics.texts import text_figures, text_statistics
from mmkeras.models.seq2seq import Seq2Seq
from mmkeras.models.traced import as_function
from mmkeras.runs.run import LINE, LOG_P, PREDICTION, REFERENCES
from mmkeras.runtime.subsets import Subset
from mmkeras.system.files import write_csv, write_json
from mmkeras.tasks.prediction.evaluate import mask_columns, with_intervals
from mmkeras.tasks.text_generation.graphs import memory_of, step_graph

EVALUATION_BATCH = 64
MAP_SIZE = 40  # largest number of rows and columns of an attention map
EVALUATED = 1000  # largest number of held-out rows whose texts are generated for the figures
SUBSET_ROWS = 200  # the part of these rows for each subset of the columns
WordsOf = Callable[[dict[str, Any], int], list[tuple[str, str]]]
HeldOutGenerator = Callable[[list[Any], np.ndarray], list[Decoded]]
MOSTLY_EXACT = 0.5  # share of exact texts from which the score is their share, below it the n-gram score


def distinct(frame: pd.DataFrame, inputs: Sequence[str], target: str) -> tuple[np.ndarray, list[list[str]]]:
    """The first row of each different input, at most EVALUATED, evenly spaced; and all target texts of each input."""
    keys = list(zip(*(frame[name] for name in inputs), strict=True))
    first: dict[Any, int] = {}
    references: dict[Any, list[str]] = {}
    for row, (key, text) in enumerate(zip(keys, frame[target], strict=True)):
        first.setdefault(key, row)
        references.setdefault(key, []).append(text)
    rows = np.array(list(first.values()))
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), EVALUATED)).astype(int)]
    return rows, [list(dict.fromkeys(references[keys[row]])) for row in rows]


def held_out_generator(seq2seq: Seq2Seq) -> HeldOutGenerator:
    """A function (features, rows) -> the text of each row by greedy decoding with the trained core; traced once."""
    encode = keras.Model(seq2seq.encoder.input, memory_of(seq2seq, seq2seq.encoder.output), name="encode_features")
    graph = step_graph(seq2seq.decoder, seq2seq.memory_length, {"max_target": seq2seq.decoder.length - 1})
    step, signature = as_function(graph.model), graph.signature()

    def texts_of(features: list[Any], rows: np.ndarray) -> list[Decoded]:
        no_targets = np.zeros((len(features[0].lengths), 1), "float32")
        batches = Batches(features, no_targets, EVALUATION_BATCH, None, None)
        order = rows[np.argsort(batches.lengths[rows], kind="stable")]
        decoded: dict[int, Decoded] = {}
        for start in range(0, len(order), EVALUATION_BATCH):
            index = order[start : start + EVALUATION_BATCH]
            inputs = {name: array for column in features for name, array in column.batch(index, False).items()}
            memory = {name: np.asarray(array) for name, array in encode(inputs, training=False).items()}
            texts = decode(step, signature, memory, GenerationOptions(), batch=len(index))
            decoded |= zip(index.tolist(), texts, strict=True)
        return [decoded[row] for row in rows]

    return texts_of


def missing_matrix(
    texts_of: HeldOutGenerator,
    features: list[Any],
    rows: np.ndarray,
    references: list[list[str]],
    tokenizer: TargetTokenizer,
    wanted: Sequence[Subset],
) -> list[dict[str, Any]]:
    """The score with each subset of the columns present and the others missing, on the same rows, with intervals."""
    index = np.linspace(0, len(rows) - 1, min(len(rows), SUBSET_ROWS)).astype(int)
    expected = [references[k] for k in index]
    matrix: list[dict[str, Any]] = []
    every: list[list[str]] = []
    for subset in wanted:
        decoded = texts_of([mask_columns(column, subset.hidden) for column in features], rows[index])
        every.append([tokenizer.decode(text.ids) for text in decoded])
        figures = text_figures(every[-1], expected)
        name = figures["score_name"]  # depends on the references alone, so it is the same for all subsets
        matrix.append({"present": list(subset.present), "rows": len(index)} | {k: figures[k] for k in ("exact", name)})
    if not matrix:
        return []
    everything = max(matrix, key=lambda row: len(row["present"]))
    kept, left_out = ("exact", name) if everything["exact"] >= MOSTLY_EXACT else (name, "exact")
    matrix = [{key: value for key, value in row.items() if key != left_out} for row in matrix]
    return with_intervals(matrix, [text_statistics(kept, texts, expected) for texts in every])


def attention_maps(
    seq2seq: Seq2Seq,
    features: list[Any],
    rows: np.ndarray,
    decoded: list[Decoded],
    tokenizer: TargetTokenizer,
    words_of: WordsOf,
) -> list[dict[str, Any]]:
    """The decoder's attention to the memory, for every token of the rows' texts, for the report.

    words_of: features and number of a row -> the column and the words of each token of its memory. `tokens`: the words
    of the columns of a map; `sources`: [[column of the table, number of tokens], …].
    """
    maps = []
    for row, text in zip(rows, decoded, strict=True):
        inputs = {n: a for column in features for n, a in column.batch(np.array([row]), False).items()}
        memory, mask = seq2seq.encoder(inputs, training=False)
        ids = [*text.ids[: MAP_SIZE - 1], EOS]
        weights = np.asarray(seq2seq.decoder.attention(np.array([[EOS, *ids[:-1]]], "int32"), memory, mask))[0]
        visible = np.flatnonzero(np.asarray(mask)[0])[:MAP_SIZE]
        lines = [
            {"piece": tokenizer.name(token_id).strip(), "weights": row_weights[visible].round(3).tolist()}
            for token_id, row_weights in zip(ids, weights, strict=True)
        ]
        words = words_of(inputs, int(row))
        shown = [words[k] for k in visible]
        sources = [[title, len(list(group))] for title, group in itertools.groupby(shown, key=lambda word: word[0])]
        tokens = [word for _, word in shown]
        maps.append({"text": tokenizer.decode(text.ids), "tokens": tokens, "sources": sources, "rows": lines})
    return maps


def write_texts(
    split: Split, rows: np.ndarray, texts: list[str], references: list[list[str]], decoded: list[Decoded], folder: Path
) -> None:
    """validation.csv: the evaluated rows as they were read, and added columns with the generated text and its log P.

    references.json: all target texts of each row's inputs, since the row itself has but one.
    """
    added = [split.validation_lines[rows].tolist(), texts, [f"{text.score:.6f}" for text in decoded]]
    names = list(split.validation.columns)
    cells = split.validation.iloc[rows].itertuples(index=False, name=None)
    write_csv(
        folder / "validation.csv",
        [[*names, LINE, PREDICTION, LOG_P], *([*row, *extra] for row, *extra in zip(cells, *added, strict=True))],
    )
    write_json(folder / REFERENCES, references)
