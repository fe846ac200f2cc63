"""What a trained model writes of held-out rows: their texts, with columns missing too, and what it looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mmkeras.data.split import Split
from mmkeras.data.target_tokenizer import EOS, TargetTokenizer
from mmkeras.features.batches import Batches
from mmkeras.generation.decoding import Decoded, decode
from mmkeras.generation.options import GenerationOptions
from mmkeras.metrics.texts import text_figures
from mmkeras.models.seq2seq import Seq2Seq
from mmkeras.models.traced import as_function
from mmkeras.runs.run import LINE, LOG_P, PREDICTION, REFERENCES
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.system.files import write_csv, write_json
from mmkeras.tasks.prediction.evaluate import without
from mmkeras.tasks.text_generation.graphs import memory_of, step_graph

EVALUATION_BATCH = 64
MAP_SIDE = 40  # most pieces and tokens of a picture of the attention
SHOWN = 1000  # held-out rows, at most, that are written for the figures
SUBSET_ROWS = 200  # of them, for each subset of the columns
HeldOutGenerator = Callable[[list[Any], np.ndarray], list[Decoded]]
MOSTLY_EXACT = 0.5  # of the texts: then exact ones are counted, else their n-grams


def distinct(frame: pd.DataFrame, inputs: Sequence[str], target: str) -> tuple[np.ndarray, list[list[str]]]:
    """The first row of each different input, at most SHOWN, spread evenly; and all texts that stand with each."""
    keys = list(zip(*(frame[name] for name in inputs), strict=True))
    first: dict[Any, int] = {}
    references: dict[Any, list[str]] = {}
    for row, (key, text) in enumerate(zip(keys, frame[target], strict=True)):
        first.setdefault(key, row)
        references.setdefault(key, []).append(text)
    rows = np.array(list(first.values()))
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), SHOWN)).astype(int)]
    return rows, [list(dict.fromkeys(references[keys[row]])) for row in rows]


def held_out_generator(writer: Seq2Seq) -> HeldOutGenerator:
    """(sides, rows) -> the most probable text of each row, piece by piece, by the trained core itself; traced once."""
    encode = keras.Model(writer.encoder.input, memory_of(writer, writer.encoder.output), name="encode_features")
    graph = step_graph(writer.decoder, writer.memory_length, {"max_target": writer.decoder.length - 1})
    step, signature = as_function(graph.model), graph.signature()

    def texts_of(sides: list[Any], rows: np.ndarray) -> list[Decoded]:
        batches = Batches(sides, np.zeros((len(sides[0].lengths), 1), "float32"), EVALUATION_BATCH, None, None)
        order = rows[np.argsort(batches.lengths[rows], kind="stable")]
        found: dict[int, Decoded] = {}
        for start in range(0, len(order), EVALUATION_BATCH):
            some = order[start : start + EVALUATION_BATCH]
            inputs = {name: array for side in sides for name, array in side.batch(some, False).items()}
            memory = {name: np.asarray(array) for name, array in encode(inputs, training=False).items()}
            found |= zip(
                some.tolist(), decode(step, signature, memory, GenerationOptions(), batch=len(some)), strict=True
            )
        return [found[row] for row in rows]

    return texts_of


def missing_matrix(
    texts_of: HeldOutGenerator,
    sides: list[Any],
    rows: np.ndarray,
    references: list[list[str]],
    pieces: TargetTokenizer,
    inputs: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The score with each subset of the modalities there and the others missing, on the same rows."""
    some = np.linspace(0, len(rows) - 1, min(len(rows), SUBSET_ROWS)).astype(int)
    wanted = [references[k] for k in some]
    matrix: list[dict[str, Any]] = []
    for subset in subsets(modalities_of(inputs)):
        found = texts_of([without(side, subset.hidden) for side in sides], rows[some])
        figures = text_figures([pieces.decode(text.ids) for text in found], wanted)
        name = figures["score_name"]  # a matter of the references, so the same for all
        matrix.append({"present": list(subset.present), "rows": len(some)} | {k: figures[k] for k in ("exact", name)})
    left_out = name if matrix and matrix[-1]["exact"] >= MOSTLY_EXACT else "exact"  # the last has all columns
    return [{key: value for key, value in row.items() if key != left_out} for row in matrix]


def attention_maps(
    writer: Seq2Seq, sides: list[Any], rows: np.ndarray, found: list[Decoded], pieces: TargetTokenizer
) -> list[dict[str, Any]]:
    """What the decoder looks at while it writes some rows, for the report."""
    maps = []
    for row, text in zip(rows, found, strict=True):
        inputs = {n: a for side in sides for n, a in side.batch(np.array([row]), False).items()}
        memory, shown = writer.encoder(inputs, training=False)
        ids = [*text.ids[: MAP_SIDE - 1], EOS]
        weights = np.asarray(writer.decoder.attention(np.array([[EOS, *ids[:-1]]], "int32"), memory, shown))[0]
        seen = np.flatnonzero(np.asarray(shown)[0])[:MAP_SIDE]
        own = [(pieces.name(k).strip(), w[seen].round(3).tolist()) for k, w in zip(ids, weights, strict=True)]
        lines = [{"piece": piece, "weights": some} for piece, some in own]
        maps.append({"text": pieces.decode(text.ids), "tokens": (seen + 1).tolist(), "rows": lines})
    return maps


def write_texts(
    split: Split, rows: np.ndarray, texts: list[str], references: list[list[str]], found: list[Decoded], folder: Path
) -> None:
    """validation.csv: the held-out rows that were written, as they were read, and what the model says of them.

    references.json: all texts that stand with the inputs of each, for a row has but one of them.
    """
    ours = [split.validation_lines[rows].tolist(), texts, [f"{some.score:.6f}" for some in found]]
    names = list(split.validation.columns)
    cells = split.validation.iloc[rows].itertuples(index=False, name=None)
    write_csv(
        folder / "validation.csv",
        [[*names, LINE, PREDICTION, LOG_P], *([*row, *mine] for row, *mine in zip(cells, *ours, strict=True))],
    )
    write_json(folder / REFERENCES, references)
