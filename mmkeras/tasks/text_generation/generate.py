"""The task `generate`: input columns of any kind -> the text of the target (translation, captions, dialogue)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.split import Split
from mmkeras.data.target_tokenizer import TargetTokenizer, train_tokenizer
from mmkeras.data.targets import fit_targets
from mmkeras.features.ragged import Ragged
from mmkeras.features.text_batches import TextBatches, as_rows
from mmkeras.metrics.texts import text_figures
from mmkeras.modalities.adapt import adapt_columns, input_entries
from mmkeras.models import MODELS
from mmkeras.models.seq2seq import BATCH_SIZE, EPOCHS, PATIENCE, Seq2Seq, build_seq2seq, compile_model
from mmkeras.system.files import write_json
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.tasks.prediction.material import write_schema
from mmkeras.tasks.text_generation.evaluate import (
    EVALUATION_BATCH,
    attention_maps,
    distinct,
    held_out_generator,
    missing_matrix,
    write_texts,
)
from mmkeras.tasks.text_generation.load import ANSWERS, assets
from mmkeras.tasks.text_generation.load import generate_graphs as graphs
from mmkeras.tasks.text_generation.samples import row_samples as samples

__all__ = [  # of the protocol Task
    "ANSWERS",
    "MONITOR",
    "assets",
    "build",
    "evaluate",
    "graphs",
    "prepare",
    "samples",
    "summary",
]

MONITOR = ("accuracy", "max")
MAPS = 3  # rows with a picture of the attention


@dataclass(frozen=True)
class TextData:
    """What the model is trained on. texts: split -> pieces of each row's target; cut: training texts that were cut."""

    columns: dict[str, Any]
    sides: dict[str, list[Any]]
    texts: dict[str, Ragged]
    pieces: TargetTokenizer
    target: str
    split: Split
    inputs: list[dict[str, Any]]
    cut: int
    bad_rows: int


def prepare(config: Config, source: Any, folder: Path, log: Log) -> TextData:
    """Adapt the input columns, train the target's tokenizer on the training rows; write state and schema.json."""
    table, split, options = source.table, source.split, config.generation
    (target,) = [column.name for column in table.targets]
    text_spec = importlib.import_module(MODELS[config.model.model]).text_spec(config)
    columns, sides = adapt_columns(config, source.tables, split, source.media, text_spec, True, folder, log)
    write_schema(folder, table, columns, fit_targets(table.task, [target], split.train))
    cells = {side: getattr(split, side)[target].tolist() for side in sides}
    kind = "subword" if options.pieces == "auto" else options.pieces
    pieces = train_tokenizer(kind, cells["train"], options.vocabulary)
    pieces.save(folder / "state")
    texts, cut = {}, {}
    for side, column in cells.items():
        texts[side], cut[side] = as_rows(column, pieces, options.max_target)
    longest = options.max_target
    log(f"{target}: {len(pieces):,} pieces ({kind}); {cut['train']:,} texts are longer than {longest} and cut")
    inputs = input_entries(columns, table, takes_presence=True)
    return TextData(columns, sides, texts, pieces, target, split, inputs, cut["train"], len(table.bad_rows))


def build(config: Config, data: TextData, log: Log) -> Trainable:
    """Build and compile the encoder-decoder."""
    training = config.training
    epochs, size = training.epochs or EPOCHS, training.batch_size or BATCH_SIZE
    train = TextBatches(data.sides["train"], data.texts["train"], size, training.seed, training.xla)
    sides, texts = data.sides["validation"], data.texts["validation"]
    writer = build_seq2seq(data.columns, len(data.pieces), config)
    compile_model(writer.model, config, len(train) * epochs)
    writer.model.optimizer.build(writer.model.trainable_variables)
    log(f"{writer.model.count_params():,} weights, {len(train)} steps an epoch")
    return Trainable(
        model=writer.model,
        saved=writer.model,
        parts=writer,
        train=train,
        validation=TextBatches(sides, texts, EVALUATION_BATCH, None, training.xla),
        epochs=epochs,
        patience=training.patience or PATIENCE,
        monitor=MONITOR,
        callbacks=[train],
    )


def evaluate(
    trained: Trainable, data: TextData, config: Config, best: Mapping[str, float], folder: Path, log: Log
) -> dict[str, Any]:
    """Generate the held-out rows' texts; BLEU, chrF and more, with columns missing too, and maps of the attention."""
    writer: Seq2Seq = trained.parts
    sides, pieces, split = data.sides["validation"], data.pieces, data.split
    columns = [entry["column"] for entry in data.inputs if entry["kind"] != "presence"]
    rows, references = distinct(split.validation, columns, data.target)
    texts_of = held_out_generator(writer)
    decoded = texts_of(sides, rows)
    written = [pieces.decode(text.ids) for text in decoded]
    figures = text_figures(written, references)
    missing = missing_matrix(texts_of, sides, rows, references, pieces, data.inputs)
    write_texts(split, rows, written, references, decoded, folder)
    maps = attention_maps(writer, sides, rows[:MAPS], decoded[:MAPS], pieces)
    write_json(folder / "samples.json", {"attention": maps})
    # the accuracy of a token is that of the next one, where the reference's tokens before it are given
    measured = {**figures, "token_accuracy": best["val_accuracy"], "rows": len(rows)}
    return {
        "target": data.target,
        "validation": measured,
        "missing": missing,
        "folded": False,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": data.bad_rows},
        "pieces": {"kind": pieces.kind, "vocabulary": len(pieces), "cut": data.cut},
    }


def summary(figures: Mapping[str, Any]) -> str:
    """BLEU, chrF and the share of exact texts."""
    measured = figures["validation"]
    return f"BLEU {measured['bleu']:.2f}  chrF {measured['chrf']:.2f}  exact {measured['exact']:.4f}"
