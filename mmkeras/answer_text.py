"""One format of a model that writes, one clean process: write the sample rows' texts and say how fast. Run by `verify`.

    python -m mmkeras.answer_text FOLDER FORMAT OUT

Keras is blocked, so an artefact that needs it fails here. Everything is written to OUT as JSON.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.answer import peak_memory_mib
from mmkeras.decoding import Choice, write
from mmkeras.files import write_json
from mmkeras.mixed_probes import served_rows
from mmkeras.raw import modalities_of, subsets, with_tokenizers
from mmkeras.runners import SavedModelRunner
from mmkeras.text_samples import TextSamples, load_text_samples, scored_pieces
from mmkeras.writers import BATCH, SCORE, Writer, open_writer

SERVED = 16  # rows given as strings
CONTRACT = ("graph", "inputs", "outputs")


def main(folder: str, form: str, out: str) -> None:
    """Write, score, measure; all that was found goes to OUT."""
    for name in ("keras", "tf_keras", "keras_hub", "sentencepiece"):
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it now fails
    samples = load_text_samples(Path(folder) / "sample_inputs.npz")
    begin = time.perf_counter()
    writer = open_writer(folder, form, threads=1)
    loaded = time.perf_counter() - begin
    found = write_all(writer, samples, Path(folder))
    found["load_seconds"] = loaded
    found["signature"] = {name: {part: g.signature[part] for part in CONTRACT} for name, g in writer.graphs.items()}
    if form == "savedmodel":
        found["served"] = serve(writer, samples)
    found["peak_memory_mib"] = peak_memory_mib()
    write_json(Path(out), found)


def write_all(writer: Writer, samples: TextSamples, folder: Path) -> dict[str, Any]:
    """Every row's text, one by one and many at once; a language model's scores too. Seconds a piece."""
    found: dict[str, Any] = {}
    if SCORE in writer.graphs:
        begin = time.perf_counter()
        step, signature = writer.step, writer.step.signature
        choice = Choice(longest=writer.signature["sample_longest"])
        one = [write(step, signature, {}, choice, [prompt])[0] for prompt in samples.prompts]
        found["seconds"] = time.perf_counter() - begin
        ids = [scored_pieces(writer.pieces, text) for (text,) in samples.references] if not subword(writer) else []
        given = ids or writer.signature["sample_pieces"]
        found["scored"] = [writer.score_pieces(row)[1].astype(float).tolist() for row in given]
        rows = {"1": one}
    else:
        inputs = with_tokenizers(writer.inputs, [folder])
        writer.graphs["encode"].signature["inputs"] = inputs
        writer.write_rows(samples.inputs, min(2, len(samples)), Choice())  # warm
        begin = time.perf_counter()
        one = writer.write_rows(samples.inputs, len(samples), Choice(), 1)
        found["seconds"] = time.perf_counter() - begin
        rows = {"1": one, str(BATCH): writer.write_rows(samples.inputs, len(samples), Choice(), BATCH)}
        hidden = {subset.name: subset.hidden for subset in subsets(modalities_of(inputs))}
        found["subsets"] = {
            name: [w.ids for w in writer.write_rows(samples.inputs, len(expected), Choice(), BATCH, hidden[name])]
            for name, expected in samples.subsets.items()
        }
    found["pieces_written"] = sum(len(w.log_probabilities) for w in one)
    found["written"] = {name: [[w.ids, w.log_probabilities] for w in some] for name, some in rows.items()}
    return found


def subword(writer: Writer) -> bool:
    """Does reading a text need SentencePiece?"""
    return writer.pieces.kind == "subword"


def serve(writer: Writer, samples: TextSamples) -> dict[str, Any] | None:
    """What `serving_default` writes for strings: texts and log P; None where there is no such signature."""
    runner = next(iter(writer.graphs.values()))
    assert isinstance(runner, SavedModelRunner)
    if "serving_default" not in runner.endpoints:
        return None
    call = runner.endpoint("serving_default")
    if SCORE in writer.graphs:
        prompts = [writer.pieces.decode(prompt) for prompt in samples.prompts[:SERVED]]
        given = {"prompt": np.array([prompt.encode() for prompt in prompts], object)}
        expected = writer.go_on(prompts, Choice())
    else:
        given, rows = served_rows(samples, np.arange(min(SERVED, len(samples))), writer.inputs)  # type: ignore[arg-type]
        values = {name: [row[name] for row in rows] for name in rows[0]}
        expected = writer.write_rows(values, len(rows), Choice())
    found = call(given)
    texts = [text.decode("utf-8", "replace") for text in found["text"]]
    same = [writer.pieces.decode(w.ids) == text for w, text in zip(expected, texts, strict=True)]
    # of a piece, on the mean: what is served is the sum
    difference = max(
        abs(w.score - float(p)) / max(1, len(w.log_probabilities))
        for w, p in zip(expected, found["log_probability"], strict=True)
    )
    return {"rows": len(texts), "texts_identical": all(same), "largest_difference": difference}


if __name__ == "__main__":
    main(*sys.argv[1:])
