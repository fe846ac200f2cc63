"""The task `generate`: input columns of any kind -> the text of the target (translation, captions, dialogue)."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.splits.split import Split
from mmkeras.data.targets.target_tokenizer import TargetTokenizer, train_tokenizer, unknown_share
from mmkeras.data.targets.targets import fit_targets
from mmkeras.features.ragged import Ragged
from mmkeras.features.text_batches import TextBatches, as_rows
from mmkeras.metrics.texts import text_figures
from mmkeras.modalities.adapt import adapt_columns, input_entries, load_columns
from mmkeras.models import MODELS
from mmkeras.models.seq2seq import BATCH_SIZE, EPOCHS, PATIENCE, Seq2Seq, build_seq2seq, compile_model, sizes_of
from mmkeras.own_layers.folder import adopt, carry
from mmkeras.own_layers.given import read_otherwise, titles_of
from mmkeras.runtime.feeds import column_names, columns_of
from mmkeras.runtime.subsets import matrix_groups, one_by_one, subsets
from mmkeras.system.files import write_json
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.tasks.baselines.texts import compare_with_one_text
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
from mmkeras.tasks.text_generation.memory_words import memory_words
from mmkeras.tasks.text_generation.next_token import column_model
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
MAPS = 3  # rows with an attention map


@dataclass(frozen=True)
class TextData:
    """The training data. features, texts: split name -> features of each column, token ids of each row's target.

    cut: the number of training texts that were cut.
    """

    columns: dict[str, Any]
    features: dict[str, list[Any]]
    texts: dict[str, Ragged]
    tokenizer: TargetTokenizer
    target: str
    split: Split
    inputs: list[dict[str, Any]]
    cut: int
    bad_rows: int
    own_fusion: Any = None


def prepare(config: Config, source: Any, folder: Path, log: Log) -> TextData:
    """Adapt the input columns, train the target's tokenizer on the training rows; write state and schema.json."""
    table, split, options = source.table, source.split, config.generation
    (target,) = [column.name for column in table.targets]
    spec_of = importlib.import_module(MODELS[config.model.model]).text_spec
    otherwise, text_spec = read_otherwise(source.own, config, spec_of), spec_of(config.text)
    known = None if source.start is None else load_columns(source.start.inputs, source.start.folder)
    columns, features = adapt_columns(
        config, source.tables, split, source.media, text_spec, True, folder, log, known, otherwise
    )
    own_fusion = None
    if source.own is not None:
        titles, sizes = titles_of(table.inputs), sizes_of(config.model)
        columns, own_fusion = adopt(source.own, columns, titles, sizes, config, folder, log)
    elif source.start is not None:
        columns, own_fusion = carry(source.start.folder, columns, config, folder)
    write_schema(folder, table, columns, fit_targets(table.task, [target], split.train))
    cells = {split_name: getattr(split, split_name)[target].tolist() for split_name in features}
    kind = "subword" if options.pieces == "auto" else options.pieces
    if source.start is None:
        tokenizer = train_tokenizer(kind, cells["train"], options.vocabulary)
        tokenizer.save(folder / "state")
    else:
        tokenizer = TargetTokenizer.load(folder / "state")
    texts, cut = {}, {}
    for split_name, column in cells.items():
        texts[split_name], cut[split_name] = as_rows(column, tokenizer, options.max_target)
    longest = options.max_target
    log(f"{target}: {len(tokenizer):,} tokens ({kind}); {cut['train']:,} texts are longer than {longest} and cut")
    if source.start is not None and (unknown := unknown_share(tokenizer, cells["train"])):
        log(f"{target}: {unknown:.1%} of the new rows' tokens are unknown, and stay so")
    inputs = input_entries(columns, table, takes_presence=True)
    cut_rows, bad_rows = cut["train"], len(table.bad_rows)
    return TextData(columns, features, texts, tokenizer, target, split, inputs, cut_rows, bad_rows, own_fusion)


def build(config: Config, data: TextData, log: Log) -> Trainable:
    """Build and compile the encoder-decoder."""
    training = config.training
    epochs, size = training.epochs or EPOCHS, training.batch_size or BATCH_SIZE
    train = TextBatches(data.features["train"], data.texts["train"], size, training.seed, training.xla)
    features, texts = data.features["validation"], data.texts["validation"]
    seq2seq = build_seq2seq(data.columns, len(data.tokenizer), config, own_fusion=data.own_fusion)
    compile_model(seq2seq.model, training, len(train) * epochs)
    seq2seq.model.optimizer.build(seq2seq.model.trainable_variables)
    log(f"{seq2seq.model.count_params():,} weights, {len(train)} steps an epoch")
    return Trainable(
        model=seq2seq.model,
        saved=seq2seq.model,
        raw=functools.partial(raw_model, seq2seq, data),
        parts=seq2seq,
        train=train,
        validation=TextBatches(features, texts, EVALUATION_BATCH, None, training.xla),
        epochs=epochs,
        patience=training.patience or PATIENCE,
        monitor=MONITOR,
        callbacks=[train],
    )


def raw_model(seq2seq: Seq2Seq, data: TextData) -> Any:
    """The trained model from raw inputs and the tokens so far to the probabilities of the next ones."""
    table = {spec["name"]: Column.read_as(spec) for spec in columns_of(data.inputs)}
    return column_model(seq2seq, data.columns, table)


def evaluate(
    trained: Trainable, data: TextData, config: Config, best: Mapping[str, float], folder: Path, log: Log
) -> dict[str, Any]:
    """Generate the held-out rows' texts; BLEU, chrF and more, also with missing columns; attention maps."""
    seq2seq: Seq2Seq = trained.parts
    features, tokenizer, split = data.features["validation"], data.tokenizer, data.split
    columns = column_names(data.inputs)
    rows, references = distinct(split.validation, columns, data.target)
    texts_of = held_out_generator(seq2seq)
    decoded = texts_of(features, rows)
    generated = [tokenizer.decode(text.ids) for text in decoded]
    figures = text_figures(generated, references)
    missing, missing_columns = (
        missing_matrix(texts_of, features, rows, references, tokenizer, wanted)
        for wanted in (subsets(matrix_groups(data.inputs)), one_by_one(data.inputs))
    )
    write_texts(split, rows, generated, references, decoded, folder)
    words_of = memory_words(seq2seq, data.columns, data.inputs, split.validation)
    maps = attention_maps(seq2seq, features, rows[:MAPS], decoded[:MAPS], tokenizer, words_of)
    write_json(folder / "samples.json", {"attention": maps})
    # the accuracy of the next token after the reference's tokens
    validation = {**figures, "token_accuracy": best["val_accuracy"], "rows": len(rows)}
    return {
        "target": data.target,
        "validation": validation,
        "missing": missing,
        "missing_columns": missing_columns,
        **compare_with_one_text(split.train[data.target].tolist(), generated, references, config),
        "folded": False,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": data.bad_rows},
        "pieces": {"kind": tokenizer.kind, "vocabulary": len(tokenizer), "cut": data.cut},
    }


def summary(figures: Mapping[str, Any]) -> str:
    """BLEU, chrF and the share of exact texts."""
    validation = figures["validation"]
    return f"BLEU {validation['bleu']:.2f}  chrF {validation['chrf']:.2f}  exact {validation['exact']:.4f}"
