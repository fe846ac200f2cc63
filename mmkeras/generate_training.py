"""The part of a training that learns to write a text: the middle of `training.fit` for the task `generate`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mmkeras.callbacks import BestAndResume, EpochLines
from mmkeras.config import Config
from mmkeras.decoding import Choice, Written, write
from mmkeras.features import Batches
from mmkeras.files import write_csv, write_json, written_whole
from mmkeras.models.multimodal import BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY, WarmUpCosine
from mmkeras.models.writer import Writer, build_writer
from mmkeras.pieces import END, Pieces, learn_pieces
from mmkeras.run import LINE, LOG_P, PREDICTION
from mmkeras.split import Split
from mmkeras.table import Table
from mmkeras.tasks import generate
from mmkeras.tasks.generate import memory_of, step_graph
from mmkeras.text_batches import TextBatches, as_rows
from mmkeras.text_metrics import text_figures
from mmkeras.traced import traced

EPOCHS = 30
PATIENCE = 10
EVALUATION_BATCH = 64
MAPS, MAP_SIDE = 3, 40  # rows with a picture of the attention; most pieces and tokens of one
SHOWN = 1000  # held-out rows, at most, that are written for the figures
Say = Callable[[str], None]


def learn_to_write(
    config: Config,
    columns: dict[str, Any],
    sides: dict[str, list[Any]],
    split: Split,
    table: Table,
    folder: Path,
    say: Say,
) -> dict[str, Any]:
    """Learn the target's pieces, fit, write held-out rows' texts; the run's files. Returns the figures."""
    (target,) = [column.name for column in table.targets]
    cells = {side: getattr(split, side)[target].tolist() for side in sides}
    kind = "subword" if config.pieces == "auto" else config.pieces
    pieces = learn_pieces(kind, cells["train"], config.vocabulary)
    pieces.save(folder / "state")
    texts, cut = {}, {}
    for side, some in cells.items():
        texts[side], cut[side] = as_rows(some, pieces, config.max_target)
    say(
        f"{target}: {len(pieces):,} pieces ({kind}); {cut['train']:,} texts are longer than {config.max_target} and cut"
    )
    began = time.perf_counter()
    writer, keeper = build_and_fit(config, columns, sides, texts, len(pieces), folder, say)
    fitted = time.perf_counter()
    rows, references = distinct(split.validation, [column.name for column in table.inputs], target)
    found = write_held_out_texts(writer, sides["validation"], rows, Choice())
    written = [pieces.decode(some.ids) for some in found]
    figures = text_figures(written, references)
    write_texts(split, rows, written, found, folder / "validation.csv")
    shown = attention_maps(writer, sides["validation"], rows[:MAPS], found[:MAPS], pieces)
    write_json(folder / "samples.json", {"attention": shown})
    with written_whole(folder / "model.keras") as partial:
        writer.model.save(partial)
    keeper.clear()
    return {
        "target": target,
        "validation": {**figures, "rows": len(rows), "score_name": "bleu", "score": figures["bleu"]},
        "folded": False,
        "epochs": keeper.epochs_done,
        "best_epoch": keeper.best_epoch + 1,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": len(table.bad_rows)},
        "pieces": {"kind": kind, "vocabulary": len(pieces), "cut": cut["train"]},
        "seconds": {"fit": round(fitted - began, 2), "write": round(time.perf_counter() - fitted, 2)},
    }


def build_and_fit(
    config: Config,
    columns: dict[str, Any],
    sides: dict[str, list[Any]],
    texts: dict[str, Any],
    pieces: int,
    folder: Path,
    say: Say,
) -> tuple[Writer, BestAndResume]:
    """Build, compile and model.fit. Returns the writer with its best weights, and the callback that kept them."""
    epochs, size = config.epochs or EPOCHS, config.batch_size or BATCH_SIZE
    train = TextBatches(sides["train"], texts["train"], size, config.seed, config.xla)
    validation = TextBatches(sides["validation"], texts["validation"], EVALUATION_BATCH, None, config.xla)
    writer = build_writer(columns, pieces, config)
    model = writer.model
    smoothing = generate.LABEL_SMOOTHING if config.label_smoothing is None else config.label_smoothing
    model.compile(
        optimizer=optimizer(model, config, len(train) * epochs),
        loss=generate.SmoothedPieces(smoothing),
        weighted_metrics=["accuracy"],
        jit_compile=config.xla,
    )
    model.optimizer.build(model.trainable_variables)
    keeper = BestAndResume(folder, config.patience or PATIENCE, generate.MONITOR)
    if config.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    say(f"{model.count_params():,} weights, {len(train)} steps an epoch")
    if keeper.exhausted or keeper.epochs_done >= epochs:
        keeper.on_train_end()
    else:
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        callbacks = [train, EpochLines(epochs, say), keeper]
        model.fit(train.dataset(), validation_data=validation.dataset(), callbacks=callbacks, verbose=0, **span)
    return writer, keeper


def optimizer(model: keras.Model, config: Config, steps: int) -> Any:
    """AdamW with a warm-up, as the multimodal model's, and the second moment of Vaswani et al. 2017, section 5.3."""
    rate = WarmUpCosine(config.learning_rate or LEARNING_RATE, steps)
    made = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, beta_2=0.98, epsilon=1e-9, global_clipnorm=1.0)
    made.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if len(v.shape) < 2])
    return made


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


def write_held_out_texts(writer: Writer, sides: list[Any], rows: np.ndarray, choice: Choice) -> list[Written]:
    """The texts of some held-out rows, by the trained core itself."""
    encode = keras.Model(writer.encoder.input, memory_of(writer, writer.encoder.output), name="encode_features")
    graph = step_graph(writer.decoder, writer.memory_length, {"max_target": writer.decoder.length - 1})
    step, signature = traced(graph.model), graph.signature()
    batches = Batches(sides, np.zeros((len(sides[0].lengths), 1), "float32"), EVALUATION_BATCH, None, None)
    order = rows[np.argsort(batches.lengths[rows], kind="stable")]
    found: dict[int, Written] = {}
    for start in range(0, len(order), EVALUATION_BATCH):
        some = order[start : start + EVALUATION_BATCH]
        inputs = {name: array for side in sides for name, array in side.batch(some, False).items()}
        memory = {name: np.asarray(array) for name, array in encode(inputs, training=False).items()}
        found |= zip(some.tolist(), write(step, signature, memory, choice, batch=len(some)), strict=True)
    return [found[row] for row in rows]


def attention_maps(
    writer: Writer, sides: list[Any], rows: np.ndarray, found: list[Written], pieces: Pieces
) -> list[dict[str, Any]]:
    """What the decoder looks at while it writes some rows, for the report."""
    maps = []
    for row, text in zip(rows, found, strict=True):
        inputs = {n: a for side in sides for n, a in side.batch(np.array([row]), False).items()}
        memory, shown = writer.encoder(inputs, training=False)
        ids = [*text.ids[: MAP_SIDE - 1], END]
        weights = np.asarray(writer.decoder.attention(np.array([[END, *ids[:-1]]], "int32"), memory, shown))[0]
        seen = np.flatnonzero(np.asarray(shown)[0])[:MAP_SIDE]
        own = [(pieces.name(k).strip(), w[seen].round(3).tolist()) for k, w in zip(ids, weights, strict=True)]
        lines = [{"piece": piece, "weights": some} for piece, some in own]
        maps.append({"text": pieces.decode(text.ids), "tokens": (seen + 1).tolist(), "rows": lines})
    return maps


def write_texts(split: Split, rows: np.ndarray, texts: list[str], found: list[Written], path: Path) -> None:
    """validation.csv: the held-out rows that were written, as they were read, and what the model says of them."""
    ours = [split.validation_lines[rows].tolist(), texts, [f"{some.score:.6f}" for some in found]]
    names = list(split.validation.columns)
    cells = split.validation.iloc[rows].itertuples(index=False, name=None)
    write_csv(
        path, [[*names, LINE, PREDICTION, LOG_P], *([*row, *mine] for row, *mine in zip(cells, *ours, strict=True))]
    )
