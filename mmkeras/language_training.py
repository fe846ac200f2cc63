"""One training of a language model, from text to a finished run folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.choice import Choice
from mmkeras.columns import Column
from mmkeras.config import Config, config_to_json
from mmkeras.config_check import check_config
from mmkeras.decoding import write
from mmkeras.errors import InputError
from mmkeras.files import write_atomically, write_json, written_whole
from mmkeras.pieces import END, Pieces, learn_pieces
from mmkeras.run import FINISHED, drop_replaced, environment, open_folder, restore_replaced, resumed_config
from mmkeras.start import start_tensorflow
from mmkeras.streams import StreamBatches, as_stream, enough, read_lines
from mmkeras.table import read_rows

EPOCHS = 11
BATCH_SIZE = 20
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
    say(f"{source_of(config)}: {len(lines):,} lines to learn from, {len(held_out):,} held out")
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
    """Lines to learn from and lines held out: those of `validation`, or the last `test_size` of the file.

    A line of a text file, or a cell of the column `text`.
    """
    if not config.text_file and len(config.text) != 1:
        raise InputError(
            "--task language_model: expected a text. Name a file, --text-file train.txt, or one text column of a "
            "table: train.csv --text column"
        )
    lines = read_either(source_of(config), config)
    if config.validation:
        return lines, read_either(config.validation, config)
    held_out = max(1, round(len(lines) * config.test_size))
    if not any(lines[:-held_out]) or not any(lines[-held_out:]):
        raise InputError(f"{source_of(config)}: {len(lines)} lines are too few to hold some out. Give --validation.")
    return lines[:-held_out], lines[-held_out:]


def source_of(config: Config) -> str:
    """The file whose text is learned."""
    return config.text_file or config.csv


def read_either(path: str, config: Config) -> list[str]:
    """The lines of a text file, or the cells of a table's text column, each on one line; blank ones are left out."""
    if config.text_file:
        return read_lines(path)
    (name,) = config.text
    table = read_rows(
        path,
        [Column(name, "text", "input")],
        encoding=config.encoding,
        delimiter=config.delimiter,
        keep_all=False,
        max_bad_rows=1.0,  # an empty cell is no fault here
    )
    return [" ".join(cell.splitlines()) for cell in table.rows[name] if cell.strip()]


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
    from mmkeras.perplexity import perplexity

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
    write_json(folder / "schema.json", {**facts, **own, "file": {"path": source_of(config)}})


def build_and_fit(
    config: Config, streams: dict[str, np.ndarray], pieces: int, folder: Path, say: Say
) -> tuple[Any, Any, Any]:
    """Build, compile and model.fit on both streams. Returns what `build_core` gives, and the keeper of the weights."""
    import keras

    from mmkeras.callbacks import BestAndResume, EpochLines, tensorboard
    from mmkeras.models.language import dataset, streaming

    epochs, batch = config.epochs or EPOCHS, config.batch_size or BATCH_SIZE
    train = StreamBatches(streams["train"], batch, config.steps, source_of(config))
    held_out = config.validation or f"the held-out lines of {source_of(config)}"
    validation = StreamBatches(enough(streams["validation"], batch), batch, config.steps, held_out)
    built = streaming(config, pieces, batch, len(train) * epochs)
    model, carried = built.model, built.carried
    model.optimizer.build(model.trainable_variables)
    keeper = BestAndResume(folder, config.patience or PATIENCE, ("loss", "min"))
    if config.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    callbacks = [EpochLines(epochs, say), keeper, *tensorboard(config, folder)]
    if carried:
        forget = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: carried.forget())
        forget.on_test_begin = lambda *_: carried.forget()
        callbacks = [forget, *callbacks]
    if config.decay == "stall":
        # in front of the keeper, so that the rate that is saved is the one that was cut
        callbacks.insert(callbacks.index(keeper), stalling([epoch["val_loss"] for epoch in keeper.history]))
    if not keeper.exhausted and keeper.epochs_done < epochs:
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        model.fit(dataset(train), validation_data=dataset(validation), callbacks=callbacks, verbose=0, **span)
    else:
        keeper.on_train_end()
    return built.core, built.parts, keeper


def stalling(known: list[float]) -> Any:
    """A quarter of the rate whenever an epoch brings nothing. known: the losses of epochs before an interruption."""
    import keras

    stall = keras.callbacks.ReduceLROnPlateau(factor=STALL, patience=0, min_delta=0.0)
    begin = stall.on_train_begin

    def go_on(logs: Any = None) -> None:
        begin(logs)
        stall.best = min(known, default=stall.best)

    stall.on_train_begin = go_on
    return stall


def shown_texts(model: Any, pieces: Pieces, held_out: list[str]) -> dict[str, Any]:
    """For the report: how probable some held-out lines are, and what is written behind their first words."""
    from mmkeras.tasks.language_model import graphs_of
    from mmkeras.traced import traced

    step, score = graphs_of(model, {"max_target": GOING_ON})
    call, signature, scored = traced(step.model), step.signature(), traced(score.model)
    lines, continued, texts = [], [], [line for line in held_out if line]
    window = signature.get("window", LONGEST_SHOWN)
    for text in texts[:SHOWN]:
        ids = [*pieces.encode(text), END][:window]
        terms = scored({"pieces": np.array([ids], "int32")})["log_probabilities"]
        lines.append({"text": text, "nats": -float(terms.mean())})
    for text in texts[:CONTINUED]:
        prompt = pieces.encode(text)[:PROMPT]
        ways = {"greedy": Choice(), "drawn": Choice(temperature=0.8, top_p=0.9)}
        found = {way: pieces.decode(write(call, signature, {}, c, [prompt])[0].ids) for way, c in ways.items()}
        continued.append({"prompt": pieces.decode(prompt), **found})
    return {"lines": lines, "continued": continued}
