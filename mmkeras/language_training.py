"""One training of a language model, from text to a finished run folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config import Config, check_config, config_to_json
from mmkeras.decoding import Choice, write
from mmkeras.errors import InputError
from mmkeras.files import write_atomically, write_json, written_whole
from mmkeras.pieces import END, Pieces, learn_pieces
from mmkeras.run import FINISHED, drop_replaced, environment, open_folder, restore_replaced, resumed_config
from mmkeras.start import start_tensorflow
from mmkeras.streams import StreamBatches, as_stream, read_lines

EPOCHS = 11
BATCH_SIZE = 20
WIDTH, HEAD = 200, 50  # of a Transformer language model, and of each of its heads
LEARNING_RATE = 20.0
LAST = 0.01  # of the rate, where a cosine ends
CLIP = 0.25
ADAM_RATE, ADAM_CLIP = 0.001, 1.0
PATIENCE = 8
SHOWN, CONTINUED, PROMPT, GOING_ON, LONGEST_SHOWN = 200, 5, 4, 24, 256  # lines and pieces in the report
STALL = 0.25  # what is left of the rate where an epoch brought nothing
Say = Callable[[str], None]


def train_language_model(config: Config, say: Say = print) -> Path:
    """Read the text, learn its pieces, fit, measure the held-out lines; write the run folder. Returns its path.

    Raises InputError for anything the user can mend.
    """
    began = time.perf_counter()
    check_config(config)
    if config.resume:
        config = resumed_config(config)
    lines, held_out = read_texts(config)
    say(f"{config.text_file}: {len(lines):,} lines to learn from, {len(held_out):,} held out")
    folder = open_folder(config)
    write_atomically(
        folder / "config.json", config_to_json(replace(config, overwrite=False, resume=False, debug=False))
    )
    write_json(folder / "environment.json", environment(config))
    try:
        figures = fit(config, lines, held_out, folder, say)
    except InputError:
        if not config.resume:
            restore_replaced(folder)
        raise
    figures["seconds"]["total"] = round(time.perf_counter() - began, 2)
    write_json(folder / FINISHED, figures)
    drop_replaced(folder)
    from mmkeras.report.writing import write_text_report

    write_text_report(folder)
    measured = figures["validation"]
    say(f"validation perplexity {measured['perplexity']:.2f} a {figures['pieces']['kind']} ({measured['pieces']:,})")
    return folder


def read_texts(config: Config) -> tuple[list[str], list[str]]:
    """Lines to learn from and lines held out: those of `validation`, or the last `test_size` of the file."""
    if not config.text_file:
        raise InputError("--task language_model: expected a text file. Name it: --text-file train.txt")
    lines = read_lines(config.text_file)
    if config.validation:
        return lines, read_lines(config.validation)
    held_out = max(1, round(len(lines) * config.test_size))
    if len(lines) <= held_out:
        raise InputError(f"{config.text_file}: {len(lines)} lines are too few to hold some out. Give --validation.")
    return lines[:-held_out], lines[-held_out:]


def fit(config: Config, lines: list[str], held_out: list[str], folder: Path, say: Say) -> dict[str, Any]:
    """Learn the pieces and the model; write everything but the figures, which are returned."""
    began = time.perf_counter()
    kind = "word" if config.pieces == "auto" else config.pieces
    pieces = learn_pieces(kind, lines, config.vocabulary)
    (folder / "state").mkdir(exist_ok=True)
    pieces.save(folder / "state")
    streams = {"train": as_stream(lines, pieces), "validation": as_stream(held_out, pieces)}
    unknown = float((streams["validation"] == 1).mean())
    say(
        f"{len(pieces):,} pieces ({kind}); {len(streams['train']):,} to learn from, {unknown:.2%} of the others unknown"
    )
    write_schema(folder, config, pieces)
    write_atomically(folder / "validation.txt", "\n".join(held_out) + "\n")
    start_tensorflow(config)
    prepared = time.perf_counter()
    core, model, keeper = build_and_fit(config, streams, len(pieces), folder, say)
    fitted = time.perf_counter()
    measured = perplexity(core, streams["validation"])
    with written_whole(folder / "model.keras") as partial:
        core.save(partial)
    write_json(folder / "samples.json", shown_texts(model, pieces, held_out))
    keeper.clear()
    return {
        "validation": {**measured, "score_name": "perplexity", "score": measured["perplexity"]},
        "folded": False,
        "epochs": keeper.epochs_done,
        "best_epoch": keeper.best_epoch + 1,
        "pieces": {"kind": kind, "vocabulary": len(pieces), "train": len(streams["train"])},
        "seconds": {"prepare": round(prepared - began, 2), "fit": round(fitted - prepared, 2)},
    }


def write_schema(folder: Path, config: Config, pieces: Pieces) -> None:
    """What the model takes and gives."""
    column = {"name": "text", "kind": "text", "role": "input"}
    facts = {"task": "language_model", "target": "text", "targets": {}, "labels": [], "inputs": [], "columns": [column]}
    own = {"pieces": {"kind": pieces.kind, "size": len(pieces)}, "cell": config.cell}
    write_json(folder / "schema.json", {**facts, **own, "file": {"path": config.text_file}})


def build_and_fit(
    config: Config, streams: dict[str, np.ndarray], pieces: int, folder: Path, say: Say
) -> tuple[Any, Any, Any]:
    """Build, compile and model.fit on both streams. Returns what `build_core` gives, and the keeper of the weights."""
    import keras
    import tensorflow as tf

    from mmkeras.callbacks import BestAndResume, EpochLines
    from mmkeras.models.recurrent import Carried

    epochs, batch = config.epochs or EPOCHS, config.batch_size or BATCH_SIZE
    train, validation = (StreamBatches(streams[side], batch, config.steps) for side in ("train", "validation"))
    core, parts = build_core(config, pieces)
    given = keras.Input(batch_shape=(batch, None), dtype="int32", name="pieces")
    carried = Carried(core, batch, name="carried") if config.cell != "transformer" else None
    model = keras.Model(given, carried(given), name="streaming") if carried else core
    model.compile(
        optimizer=optimizer(config, len(train) * epochs),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=config.xla or not tf.config.list_physical_devices("GPU"),  # on a GPU cuDNN is faster
    )
    model.optimizer.build(model.trainable_variables)
    keeper = BestAndResume(folder, config.patience or PATIENCE, ("loss", "min"))
    if config.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    callbacks = [EpochLines(epochs, say), keeper]
    if carried:
        forget = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: carried.forget())
        forget.on_test_begin = lambda *_: carried.forget()
        callbacks = [forget, *callbacks]
    if config.decay == "stall":
        callbacks.append(keras.callbacks.ReduceLROnPlateau(factor=STALL, patience=0, min_delta=0.0))
    if not keeper.exhausted and keeper.epochs_done < epochs:
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        model.fit(dataset(train), validation_data=dataset(validation), callbacks=callbacks, verbose=0, **span)
    else:
        keeper.on_train_end()
    return core, parts, keeper


def build_core(config: Config, pieces: int) -> tuple[Any, Any]:
    """pieces int32 [b, T] and states -> logits [b, T, pieces] and states (a Transformer has none); and its parts."""
    import keras

    from mmkeras.models.recurrent import RecurrentParts

    if config.cell != "transformer":
        parts = RecurrentParts(config, pieces)
        return parts.build(), parts
    given, decoder = keras.Input((None,), dtype="int32", name="pieces"), language_decoder(config, pieces)
    return keras.Model(given, decoder(given), name="core"), decoder


def language_decoder(config: Config, pieces: int) -> Any:
    """A Transformer over the last `steps` pieces, without a memory."""
    from mmkeras.models.decoder import Decoder

    width = config.width or WIDTH
    heads = max(1, width // HEAD)
    return Decoder(
        pieces, config.steps, width, config.depth, heads, config.dropout, crossing=False, tie=config.tie, name="decoder"
    )


def optimizer(config: Config, steps: int) -> Any:
    """Plain gradients at a high rate, or Adam (Kingma & Ba 2015); clipped as a whole."""
    import keras

    adam = config.optimizer == "adam" or config.cell == "transformer"
    rate: Any = config.learning_rate or (ADAM_RATE if adam else LEARNING_RATE)
    if config.decay == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=LAST)
    kind = keras.optimizers.Adam if adam else keras.optimizers.SGD
    return kind(rate, global_clipnorm=ADAM_CLIP if adam else CLIP)


def dataset(batches: StreamBatches) -> Any:
    """What `fit` takes; each pass begins at the stream's start."""
    import tensorflow as tf

    spec = tf.TensorSpec((batches.batch, None), tf.int32)
    rows = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=(spec, spec))
    return rows.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2)


def shown_texts(model: Any, pieces: Pieces, held_out: list[str]) -> dict[str, Any]:
    """For the report: how probable some held-out lines are, and what is written behind their first words."""
    from mmkeras.tasks.language_model import graphs_of
    from mmkeras.traced import traced

    step, score = graphs_of(model, {"max_target": GOING_ON})
    call, signature, scored = traced(step.model), step.signature(), traced(score.model)
    lines, continued = [], []
    window = signature.get("window", LONGEST_SHOWN)
    for text in held_out[:SHOWN]:
        ids = [*pieces.encode(text), END][:window]
        terms = scored({"pieces": np.array([ids], "int32")})["log_probabilities"]
        lines.append({"text": text, "nats": -float(terms.mean())})
    for text in held_out[:CONTINUED]:
        prompt = pieces.encode(text)[:PROMPT]
        ways = {"greedy": Choice(), "drawn": Choice(temperature=0.8, top_p=0.9)}
        found = {way: pieces.decode(write(call, signature, {}, c, [prompt])[0].ids) for way, c in ways.items()}
        continued.append({"prompt": pieces.decode(prompt), **found})
    return {"lines": lines, "continued": continued}


def perplexity(core: Any, stream: np.ndarray, steps: int = 500) -> dict[str, Any]:
    """exp of the mean of -log P of each piece, given all before it: one row, so no piece is left out."""
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def losses(given: Any, wanted: Any, states: Any) -> Any:
        logits, states = core([given, states], training=False)
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits)), states

    if not isinstance(core.input, list):
        return windowed_perplexity(core, stream)
    given = np.concatenate([[0], stream[:-1]]).astype("int32")[None]  # [1, n]
    states, total = tf.zeros((1, *core.input[1].shape[1:])), 0.0
    for start in range(0, len(stream), steps):
        cut = slice(start, start + steps)
        loss, states = losses(tf.constant(given[:, cut]), tf.constant(stream[None, cut]), states)
        total += float(loss)
    return {"perplexity": math.exp(total / len(stream)), "nats_a_piece": total / len(stream), "pieces": len(stream)}


def windowed_perplexity(core: Any, stream: np.ndarray) -> dict[str, Any]:
    """The same for a Transformer: a window moves on by half its length, so each piece sees half a window at least."""
    import tensorflow as tf

    window = core.get_layer("decoder").length
    hop = max(1, window // 2)
    whole = np.concatenate([[0], stream]).astype("int32")
    call = tf.function(lambda given: core(given, training=False), reduce_retracing=True)
    total, counted = 0.0, 0
    starts = range(0, max(1, len(stream) - window + hop), hop)
    for group in (starts[k : k + 16] for k in range(0, len(starts), 16)):
        rows = [whole[s : s + window + 1] for s in group]
        for length in sorted({len(row) for row in rows}):
            some = np.stack([row for row in rows if len(row) == length])
            first = np.array(
                [0 if s == 0 else window - hop for s, row in zip(group, rows, strict=True) if len(row) == length]
            )
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(some[:, 1:], call(some[:, :-1])).numpy()
            fresh = np.arange(length - 1) >= first[:, None]  # the others were counted in the window before
            total, counted = total + float(losses[fresh].sum()), counted + int(fresh.sum())
    return {"perplexity": math.exp(total / counted), "nats_a_piece": total / counted, "pieces": counted}
