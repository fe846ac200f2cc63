"""One training of a language model, from text to a finished run folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json
from mmkeras.data.lines import as_stream, read_texts, source_of
from mmkeras.data.target_tokenizer import END, Pieces, learn_pieces
from mmkeras.errors import InputError
from mmkeras.features.stream_batches import StreamBatches, enough
from mmkeras.generation.decoding import write
from mmkeras.generation.options import Choice
from mmkeras.models.language_model import BATCH_SIZE, EPOCHS, PATIENCE
from mmkeras.runs.environment import environment
from mmkeras.runs.folder import drop_replaced, open_folder, restore_replaced
from mmkeras.runs.resume import resumed_config
from mmkeras.runs.run import FINISHED
from mmkeras.system.files import write_atomically, write_json, written_whole
from mmkeras.system.progress import Say
from mmkeras.system.tensorflow import start_tensorflow
from mmkeras.training.callbacks import stalling

SHOWN, CONTINUED, PROMPT, GOING_ON, LONGEST_SHOWN = 200, 5, 4, 24, 256  # lines and pieces in the report


def train_language_model(config: Config, say: Say = print) -> Path:
    """Read the text, learn its pieces, fit, measure the held-out lines; write the run folder. Returns its path.

    Raises InputError for anything the user can mend.
    """
    began = time.perf_counter()
    check_config(config)
    if config.output.resume:
        config = resumed_config(config)
    lines, held_out = read_texts(config)
    say(f"{source_of(config)}: {len(lines):,} lines to learn from, {len(held_out):,} held out")
    folder = open_folder(config)
    write_atomically(folder / "config.json", config_to_json(config.replace(overwrite=False, resume=False, debug=False)))
    write_json(folder / "environment.json", environment(config))
    try:
        figures = fit(config, lines, held_out, folder, say)
    except InputError:
        if not config.output.resume:
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


def fit(config: Config, lines: list[str], held_out: list[str], folder: Path, say: Say) -> dict[str, Any]:
    """Learn the pieces and the model; write everything but the figures, which are returned."""
    began = time.perf_counter()
    kind = "word" if config.generation.pieces == "auto" else config.generation.pieces
    pieces = learn_pieces(kind, lines, config.generation.vocabulary)
    (folder / "state").mkdir(exist_ok=True)
    pieces.save(folder / "state")
    streams = {"train": as_stream(lines, pieces), "validation": as_stream(held_out, pieces)}
    unknown = float((streams["validation"] == 1).mean())
    say(
        f"{len(pieces):,} pieces ({kind}); {len(streams['train']):,} to learn from, {unknown:.2%} of the others unknown"
    )
    write_schema(folder, config, pieces)
    write_atomically(folder / "validation.txt", "\n".join(held_out) + "\n")
    start_tensorflow(config.training.seed, large_tensors=True)
    prepared = time.perf_counter()
    core, model, keeper = build_and_fit(config, streams, len(pieces), folder, say)
    fitted = time.perf_counter()
    from mmkeras.tasks.text_generation.perplexity import perplexity

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
    own = {"pieces": {"kind": pieces.kind, "size": len(pieces)}, "cell": config.generation.cell}
    write_json(folder / "schema.json", {**facts, **own, "file": {"path": source_of(config)}})


def build_and_fit(
    config: Config, streams: dict[str, np.ndarray], pieces: int, folder: Path, say: Say
) -> tuple[Any, Any, Any]:
    """Build, compile and model.fit on both streams. Returns what `build_core` gives, and the keeper of the weights."""
    import keras

    from mmkeras.features.stream_batches import dataset
    from mmkeras.models.language_model import streaming
    from mmkeras.training.callbacks import BestAndResume, EpochLines, tensorboard

    epochs, batch = config.training.epochs or EPOCHS, config.training.batch_size or BATCH_SIZE
    train = StreamBatches(streams["train"], batch, config.generation.steps, source_of(config))
    held_out = config.data.validation or f"the held-out lines of {source_of(config)}"
    validation = StreamBatches(enough(streams["validation"], batch), batch, config.generation.steps, held_out)
    built = streaming(config, pieces, batch, len(train) * epochs)
    model, carried = built.model, built.carried
    model.optimizer.build(model.trainable_variables)
    keeper = BestAndResume(folder, config.training.patience or PATIENCE, ("loss", "min"))
    if config.output.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    callbacks = [EpochLines(epochs, say), keeper, *tensorboard(config, folder)]
    if carried:
        forget = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: carried.forget())
        forget.on_test_begin = lambda *_: carried.forget()
        callbacks = [forget, *callbacks]
    if config.generation.decay == "stall":
        # in front of the keeper, so that the rate that is saved is the one that was cut
        callbacks.insert(callbacks.index(keeper), stalling([epoch["val_loss"] for epoch in keeper.history]))
    if not keeper.exhausted and keeper.epochs_done < epochs:
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        model.fit(dataset(train), validation_data=dataset(validation), callbacks=callbacks, verbose=0, **span)
    else:
        keeper.on_train_end()
    return built.core, built.parts, keeper


def shown_texts(model: Any, pieces: Pieces, held_out: list[str]) -> dict[str, Any]:
    """For the report: how probable some held-out lines are, and what is written behind their first words."""
    from mmkeras.models.traced import traced
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of

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
