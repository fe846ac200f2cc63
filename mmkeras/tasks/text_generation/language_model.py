"""The task `language_model`: lines of text -> a model of the next token, which scores texts and continues them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.lines import as_stream
from mmkeras.data.target_tokenizer import EOS, UNK, TargetTokenizer, train_tokenizer
from mmkeras.features.stream_batches import StreamBatches, tile_short_stream
from mmkeras.generation.decoding import decode
from mmkeras.generation.options import GenerationOptions
from mmkeras.models.language_model import BATCH_SIZE, EPOCHS, PATIENCE, Streaming, streaming
from mmkeras.models.traced import as_function
from mmkeras.system.files import write_atomically, write_json
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.tasks.text_generation.load import ANSWERS, assets
from mmkeras.tasks.text_generation.load import language_graphs as graphs
from mmkeras.tasks.text_generation.perplexity import perplexity
from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of
from mmkeras.tasks.text_generation.samples import line_samples as samples

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

MONITOR = ("loss", "min")
SHOWN, CONTINUED, PROMPT, GOING_ON, LONGEST_SHOWN = 200, 5, 4, 24, 256  # lines and pieces in the report


@dataclass(frozen=True)
class StreamData:
    """What a language model is trained on. streams: split -> int32 [n], all lines' pieces. name: of the text's file."""

    streams: dict[str, np.ndarray]
    pieces: TargetTokenizer
    held_out: list[str]
    name: str


def prepare(config: Config, source: Any, folder: Path, log: Log) -> StreamData:
    """Train the tokenizer on the training lines; write state, schema.json and validation.txt."""
    options = config.generation
    kind = "word" if options.pieces == "auto" else options.pieces
    pieces = train_tokenizer(kind, source.train, options.vocabulary)
    pieces.save(folder / "state")
    streams = {"train": as_stream(source.train, pieces), "validation": as_stream(source.validation, pieces)}
    unknown = float((streams["validation"] == UNK).mean())
    learned = len(streams["train"])
    log(f"{len(pieces):,} pieces ({kind}); {learned:,} to learn from, {unknown:.2%} of the others unknown")
    write_schema(folder, config, pieces, source.name)
    write_atomically(folder / "validation.txt", "\n".join(source.validation) + "\n")
    return StreamData(streams, pieces, source.validation, source.name)


def write_schema(folder: Path, config: Config, pieces: TargetTokenizer, name: str) -> None:
    """schema.json: what the model takes and gives."""
    column = {"name": "text", "kind": "text", "role": "input"}
    metadata = {
        "task": "language_model",
        "target": "text",
        "targets": {},
        "labels": [],
        "inputs": [],
        "columns": [column],
    }
    own = {"pieces": {"kind": pieces.kind, "size": len(pieces)}, "cell": config.generation.cell}
    write_json(folder / "schema.json", {**metadata, **own, "file": {"path": name}})


def build(config: Config, data: StreamData, log: Log) -> Trainable:
    """Build and compile the model over both streams; recurrent states begin anew with each pass."""
    training, steps = config.training, config.generation.steps
    epochs, batch = training.epochs or EPOCHS, training.batch_size or BATCH_SIZE
    train = StreamBatches(data.streams["train"], batch, steps, data.name)
    held_out = config.data.validation or f"the held-out lines of {data.name}"
    validation = StreamBatches(tile_short_stream(data.streams["validation"], batch), batch, steps, held_out)
    built = streaming(config, len(data.pieces), batch, len(train) * epochs)
    built.model.optimizer.build(built.model.trainable_variables)
    return Trainable(
        model=built.model,
        saved=built.core,
        parts=built,
        train=train,
        validation=validation,
        epochs=epochs,
        patience=training.patience or PATIENCE,
        monitor=MONITOR,
        callbacks=[forgetting(built.carried)] if built.carried else [],
        plateau=config.generation.decay == "stall",
    )


def forgetting(carried: Any) -> keras.callbacks.Callback:
    """Zero states where a pass over a stream begins, in training and in validation."""
    forget = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: carried.forget())
    forget.on_test_begin = lambda *_: carried.forget()
    return forget


def evaluate(
    trained: Trainable, data: StreamData, config: Config, best: Mapping[str, float], folder: Path, log: Log
) -> dict[str, Any]:
    """The perplexity of the held-out stream; for the report, lines with their scores and continued prompts."""
    built: Streaming = trained.parts
    measured = perplexity(built.core, data.streams["validation"])
    write_json(folder / "samples.json", shown_texts(built.parts, data.pieces, data.held_out))
    pieces = {"kind": data.pieces.kind, "vocabulary": len(data.pieces), "train": len(data.streams["train"])}
    return {
        "validation": {**measured, "score_name": "perplexity", "score": measured["perplexity"]},
        "folded": False,
        "pieces": pieces,
    }


def summary(figures: Mapping[str, Any]) -> str:
    """The perplexity, of which unit, and over how many of them."""
    measured = figures["validation"]
    return f"perplexity {measured['perplexity']:.2f} a {figures['pieces']['kind']} ({measured['pieces']:,})"


def shown_texts(model: Any, pieces: TargetTokenizer, held_out: list[str]) -> dict[str, Any]:
    """For the report: how probable some held-out lines are, and what is written behind their first words."""
    step, score = graphs_of(model, {"max_target": GOING_ON})
    call, signature, scored = as_function(step.model), step.signature(), as_function(score.model)
    lines, continued, texts = [], [], [line for line in held_out if line]
    window = signature.get("window", LONGEST_SHOWN)
    for text in texts[:SHOWN]:
        ids = [*pieces.encode(text), EOS][:window]
        terms = scored({"pieces": np.array([ids], "int32")})["log_probabilities"]
        lines.append({"text": text, "nats": -float(terms.mean())})
    for text in texts[:CONTINUED]:
        prompt = pieces.encode(text)[:PROMPT]
        ways = {"greedy": GenerationOptions(), "drawn": GenerationOptions(temperature=0.8, top_p=0.9)}
        found = {way: pieces.decode(decode(call, signature, {}, c, [prompt])[0].ids) for way, c in ways.items()}
        continued.append({"prompt": pieces.decode(prompt), **found})
    return {"lines": lines, "continued": continued}
