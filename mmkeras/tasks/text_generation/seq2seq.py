"""The part of a training that learns to write a text: the middle of `training.fit` for the task `generate`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.split import Split
from mmkeras.data.table import Table
from mmkeras.data.target_tokenizer import learn_pieces
from mmkeras.features.text_batches import TextBatches, as_rows
from mmkeras.metrics.texts import text_figures
from mmkeras.models.multimodal import BATCH_SIZE
from mmkeras.models.seq2seq import EPOCHS, PATIENCE, Writer, build_writer, optimizer
from mmkeras.models.token_loss import SmoothedPieces
from mmkeras.system.files import write_json, written_whole
from mmkeras.system.progress import Say
from mmkeras.tasks.text_generation import graphs as generate
from mmkeras.tasks.text_generation.evaluate import (
    EVALUATION_BATCH,
    attention_maps,
    distinct,
    held_out_writer,
    missing_matrix,
    write_texts,
)
from mmkeras.training.callbacks import BestAndResume, EpochLines, tensorboard

MAPS = 3  # rows with a picture of the attention


def learn_to_write(
    config: Config,
    columns: dict[str, Any],
    sides: dict[str, list[Any]],
    split: Split,
    table: Table,
    inputs: Sequence[dict[str, Any]],
    folder: Path,
    say: Say,
) -> dict[str, Any]:
    """Learn the target's pieces, fit, write held-out rows' texts; the run's files. Returns the figures.

    inputs: as the signature will have them.
    """
    (target,) = [column.name for column in table.targets]
    cells = {side: getattr(split, side)[target].tolist() for side in sides}
    kind = "subword" if config.generation.pieces == "auto" else config.generation.pieces
    pieces = learn_pieces(kind, cells["train"], config.generation.vocabulary)
    pieces.save(folder / "state")
    texts, cut = {}, {}
    for side, some in cells.items():
        texts[side], cut[side] = as_rows(some, pieces, config.generation.max_target)
    longest = config.generation.max_target
    say(f"{target}: {len(pieces):,} pieces ({kind}); {cut['train']:,} texts are longer than {longest} and cut")
    began = time.perf_counter()
    writer, keeper = build_and_fit(config, columns, sides, texts, len(pieces), folder, say)
    fitted = time.perf_counter()
    rows, references = distinct(split.validation, [column.name for column in table.inputs], target)
    texts_of = held_out_writer(writer)
    found = texts_of(sides["validation"], rows)
    written = [pieces.decode(some.ids) for some in found]
    figures = text_figures(written, references)
    missing = missing_matrix(texts_of, sides["validation"], rows, references, pieces, inputs)
    write_texts(split, rows, written, references, found, folder)
    shown = attention_maps(writer, sides["validation"], rows[:MAPS], found[:MAPS], pieces)
    write_json(folder / "samples.json", {"attention": shown})
    with written_whole(folder / "model.keras") as partial:
        writer.model.save(partial)
    keeper.clear()
    return {
        "target": target,
        "validation": {
            **figures,
            "token_accuracy": keeper.history[keeper.best_epoch]["val_accuracy"],  # the right ones given before each
            "rows": len(rows),
        },
        "missing": missing,
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
    epochs, size = config.training.epochs or EPOCHS, config.training.batch_size or BATCH_SIZE
    train = TextBatches(sides["train"], texts["train"], size, config.training.seed, config.training.xla)
    validation = TextBatches(sides["validation"], texts["validation"], EVALUATION_BATCH, None, config.training.xla)
    writer = build_writer(columns, pieces, config)
    model = writer.model
    smoothing = generate.LABEL_SMOOTHING if config.training.label_smoothing is None else config.training.label_smoothing
    model.compile(
        optimizer=optimizer(model, config, len(train) * epochs),
        loss=SmoothedPieces(smoothing),
        weighted_metrics=["accuracy"],
        jit_compile=config.training.xla,
    )
    model.optimizer.build(model.trainable_variables)
    keeper = BestAndResume(folder, config.training.patience or PATIENCE, generate.MONITOR)
    if config.output.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    say(f"{model.count_params():,} weights, {len(train)} steps an epoch")
    if keeper.exhausted or keeper.epochs_done >= epochs:
        keeper.on_train_end()
    else:
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        callbacks = [train, EpochLines(epochs, say), keeper, *tensorboard(config, folder)]
        model.fit(train.dataset(), validation_data=validation.dataset(), callbacks=callbacks, verbose=0, **span)
    return writer, keeper
