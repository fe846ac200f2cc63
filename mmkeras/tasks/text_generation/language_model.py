"""The task `language_model`: lines of text -> a model of the next token, which scores texts and continues them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config, Generation
from mmkeras.data.lines import as_stream
from mmkeras.data.targets.target_tokenizer import EOS, UNK, TargetTokenizer, train_tokenizer
from mmkeras.features.stream_batches import StreamBatches, tile_short_stream
from mmkeras.generation.decoding import decode
from mmkeras.generation.options import GenerationOptions
from mmkeras.models.language_model import BATCH_SIZE, EPOCHS, PATIENCE, Streaming, streaming
from mmkeras.models.traced import as_function
from mmkeras.system.files import write_atomically, write_json
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.tasks.baselines.texts import compare_with_unigrams
from mmkeras.tasks.text_generation.load import ANSWERS, assets
from mmkeras.tasks.text_generation.load import language_graphs as graphs
from mmkeras.tasks.text_generation.next_token import language_model
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
SCORED, CONTINUED, PROMPT, CONTINUATION, LONGEST_SCORED = 200, 5, 4, 24, 256  # lines and tokens in the report


@dataclass(frozen=True)
class StreamData:
    """The training data. streams: split name -> token ids of all lines, int32 [n]. name: of the file of the text."""

    streams: dict[str, np.ndarray]
    tokenizer: TargetTokenizer
    held_out: list[str]
    name: str


def prepare(config: Config, source: Any, folder: Path, log: Log) -> StreamData:
    """Train the tokenizer on the training lines; write state, schema.json and validation.txt."""
    options = config.generation
    kind = "word" if options.pieces == "auto" else options.pieces
    if source.start is None:
        tokenizer = train_tokenizer(kind, source.train, options.vocabulary)
        tokenizer.save(folder / "state")
    else:
        tokenizer = TargetTokenizer.load(folder / "state")
    streams = {"train": as_stream(source.train, tokenizer), "validation": as_stream(source.validation, tokenizer)}
    unknown = float((streams["validation"] == UNK).mean())
    n_tokens = len(streams["train"])
    log(f"{len(tokenizer):,} tokens ({kind}); {n_tokens:,} to train on, {unknown:.2%} of the held-out tokens unknown")
    if source.start is not None:
        log(f"{float((streams['train'] == UNK).mean()):.2%} of the new lines' tokens are unknown, and stay so")
    write_schema(folder, options, tokenizer, source.name)
    write_atomically(folder / "validation.txt", "\n".join(source.validation) + "\n")
    return StreamData(streams, tokenizer, source.validation, source.name)


def write_schema(folder: Path, generation: Generation, tokenizer: TargetTokenizer, name: str) -> None:
    """schema.json: the model's input, its vocabulary and its cell. name: of the file of the text."""
    column = {"name": "text", "kind": "text", "role": "input"}
    metadata = {
        "task": "language_model",
        "target": "text",
        "targets": {},
        "labels": [],
        "inputs": [],
        "columns": [column],
    }
    sizes = {"pieces": {"kind": tokenizer.kind, "size": len(tokenizer)}, "cell": generation.cell}
    write_json(folder / "schema.json", {**metadata, **sizes, "file": {"path": name}})


def build(config: Config, data: StreamData, log: Log) -> Trainable:
    """Build and compile the model; batches of both streams. Each pass over a stream starts with zero states."""
    training, steps = config.training, config.generation.steps
    epochs, batch = training.epochs or EPOCHS, training.batch_size or BATCH_SIZE
    train = StreamBatches(data.streams["train"], batch, steps, data.name)
    held_out = config.data.validation or f"the held-out lines of {data.name}"
    validation = StreamBatches(tile_short_stream(data.streams["validation"], batch), batch, steps, held_out)
    built = streaming(config, len(data.tokenizer), batch, len(train) * epochs)
    built.model.optimizer.build(built.model.trainable_variables)
    return Trainable(
        model=built.model,
        saved=built.core,
        raw=functools.partial(language_model, built.core),
        parts=built,
        train=train,
        validation=validation,
        epochs=epochs,
        patience=training.patience or PATIENCE,
        monitor=MONITOR,
        callbacks=[reset_states(built.carried)] if built.carried else [],
        plateau=config.generation.decay == "stall",
    )


def reset_states(carried: Any) -> keras.callbacks.Callback:
    """A callback that sets the states to zero at the start of each pass over a stream, in training and validation."""
    callback = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: carried.reset())
    callback.on_test_begin = lambda *_: carried.reset()
    return callback


def evaluate(
    trained: Trainable, data: StreamData, config: Config, best: Mapping[str, float], folder: Path, log: Log
) -> dict[str, Any]:
    """The perplexity of the held-out stream; for the report, scored lines and continued prompts."""
    built: Streaming = trained.parts
    validation = perplexity(built.core, data.streams["validation"])
    write_json(folder / "samples.json", example_texts(built.parts, data.tokenizer, data.held_out))
    tokenizer = data.tokenizer
    tokens = {"kind": tokenizer.kind, "vocabulary": len(tokenizer), "train": len(data.streams["train"])}
    return {
        "validation": {**validation, "score_name": "perplexity", "score": validation["perplexity"]},
        "folded": False,
        "pieces": tokens,
        **compare_with_unigrams(data.streams, len(tokenizer), validation, config),
    }


def summary(figures: Mapping[str, Any]) -> str:
    """The perplexity, the kind of token, and the number of held-out tokens."""
    validation = figures["validation"]
    return f"perplexity {validation['perplexity']:.2f} a {figures['pieces']['kind']} ({validation['pieces']:,})"


def example_texts(model: Any, tokenizer: TargetTokenizer, held_out: list[str]) -> dict[str, Any]:
    """For the report: -log P a token of held-out lines, and continuations of their first tokens."""
    step, score = graphs_of(model, {"max_target": CONTINUATION})
    call, signature, scored = as_function(step.model), step.signature(), as_function(score.model)
    lines, continued, texts = [], [], [line for line in held_out if line]
    window = signature.get("window", LONGEST_SCORED)
    for text in texts[:SCORED]:
        ids = [*tokenizer.encode(text), EOS][:window]
        terms = scored({"pieces": np.array([ids], "int32")})["log_probabilities"]
        lines.append({"text": text, "nats": -float(terms.mean())})
    for text in texts[:CONTINUED]:
        prompt = tokenizer.encode(text)[:PROMPT]
        ways = {"greedy": GenerationOptions(), "drawn": GenerationOptions(temperature=0.8, top_p=0.9)}
        decoded = {way: decode(call, signature, {}, options, [prompt])[0] for way, options in ways.items()}
        endings = {way: tokenizer.decode(text.ids) for way, text in decoded.items()}
        continued.append({"prompt": tokenizer.decode(prompt), **endings})
    return {"lines": lines, "continued": continued}
