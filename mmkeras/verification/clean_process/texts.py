"""One format of a model that writes, one clean process: write the sample rows' texts and say how fast. Run by `verify`.

    python -m mmkeras.verification.clean_process.texts FOLDER FORMAT OUT

Keras is blocked, so an artefact that needs it fails here. Everything is written to OUT as JSON.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.target_tokenizer import EOS
from mmkeras.generation.decoding import Decoded, DecoderState, decode
from mmkeras.generation.generator import BATCH, TextGenerator, open_generator
from mmkeras.generation.options import GenerationOptions
from mmkeras.runtime.exported import SCORE
from mmkeras.runtime.feeds import with_tokenizers
from mmkeras.runtime.runners import SavedModelRunner
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.system.files import write_json
from mmkeras.verification.clean_process.client_inputs import served_rows
from mmkeras.verification.process import block_keras, peak_memory_mib
from mmkeras.verification.samples import (
    TextSamples,
    as_lists,
    load_text_samples,
    scored_pieces,
)

SERVED = 16  # rows given as strings
CONTRACT = ("graph", "inputs", "outputs")
Follow = Sequence[Sequence[int]] | None
Ways = dict[str, list[Decoded]]


def main(folder: str, form: str, out: str) -> None:
    """Write, score, measure; all that was found goes to OUT."""
    block_keras()
    samples = load_text_samples(Path(folder) / "sample_inputs.npz")
    begin = time.perf_counter()
    writer = open_generator(folder, form, threads=1)
    loaded = time.perf_counter() - begin
    found = write_all(writer, samples, Path(folder))
    found["load_seconds"] = loaded
    found["signature"] = {name: {part: g.signature[part] for part in CONTRACT} for name, g in writer.graphs.items()}
    if isinstance(writer.step, SavedModelRunner):
        found["served"] = serve(writer, samples)
    found["peak_memory_mib"] = peak_memory_mib()
    write_json(Path(out), found)


def write_all(writer: TextGenerator, samples: TextSamples, folder: Path) -> dict[str, Any]:
    """Every row's text, one by one and many at once; a language model's scores too. Seconds a piece."""
    found: dict[str, Any] = {}
    if SCORE in writer.graphs:
        found["seconds"], written = language_texts(writer, samples)
        ids = [scored_pieces(writer.pieces, text) for (text,) in samples.references] if not subword(writer) else []
        given = ids or contract_of(writer)["sample_pieces"]
        found["scored"] = [writer.score_pieces(row)[1].astype(float).tolist() for row in given]
        found["side_by_side"] = side_by_side(writer, samples)
    else:
        inputs = with_tokenizers(writer.inputs, [folder])
        writer.graphs["encode"].signature["inputs"] = inputs
        found["seconds"], written = row_texts(writer, samples)
        found["ids"] = {str(b): writer.token_ids(samples.inputs, len(samples), b) for b in (1, BATCH)}
        hidden = {subset.name: subset.hidden for subset in subsets(modalities_of(inputs))}
        found["subsets"] = {
            name: ways_as_lists(decode_with_ties(row_writer(writer, samples, len(known), BATCH, hidden[name]), known))
            for name, known in samples.subsets.items()
        }
    found["pieces_written"] = sum(len(w.log_probabilities) for w in written["1"]["free"])
    found["written"] = {name: ways_as_lists(some) for name, some in written.items()}
    return found


def language_texts(writer: TextGenerator, samples: TextSamples) -> tuple[float, dict[str, Ways]]:
    """Seconds; what goes on with each prompt."""
    step, signature = writer.step, writer.step.signature
    choice = GenerationOptions(longest=contract_of(writer)["sample_longest"])

    def continue_text(follow: Follow) -> list[Decoded]:
        return decode(step, signature, {}, choice, samples.prompts, follow=follow)

    begin = time.perf_counter()
    free = continue_text(None)
    return time.perf_counter() - begin, {"1": decode_with_ties(continue_text, samples.written, free)}


def contract_of(writer: TextGenerator) -> Mapping[str, Any]:
    """What signature.json says of this task alone."""
    return writer.signature.metadata if writer.signature else {}


def side_by_side(writer: TextGenerator, samples: TextSamples) -> list[list[float]]:
    """log P of each piece that the trained model wrote, by `decode_step` of BATCH rows at once, as a beam calls it."""
    found: list[list[float]] = []
    for start in range(0, len(samples), BATCH):
        group = slice(start, start + BATCH)
        prompts, written = samples.prompts[group], samples.written[group]
        rows = [[EOS, *prompt, *text.ids] for prompt, text in zip(prompts, written, strict=True)]
        states, said = DecoderState(writer.step.signature, {}, len(rows)), []
        for t in range(max(map(len, rows))):
            said.append(states.advance(writer.step, np.array([row[t] if t < len(row) else EOS for row in rows]), t))
        for k, (prompt, text) in enumerate(zip(prompts, written, strict=True)):
            pieces = [*text.ids, EOS][: len(text.log_probabilities)]
            found.append([float(said[len(prompt) + t][k, piece]) for t, piece in enumerate(pieces)])
    return found


def row_texts(writer: TextGenerator, samples: TextSamples) -> tuple[float, dict[str, Ways]]:
    """Seconds one by one; each row's text, one by one and BATCH at once."""
    writer.decode_rows(samples.inputs, min(2, len(samples)), GenerationOptions())  # warm
    one, many = (row_writer(writer, samples, len(samples), batch) for batch in (1, BATCH))
    begin = time.perf_counter()
    free = one(None)
    seconds = time.perf_counter() - begin
    return seconds, {
        "1": decode_with_ties(one, samples.written, free),
        str(BATCH): decode_with_ties(many, samples.written),
    }


def row_writer(
    writer: TextGenerator, samples: TextSamples, count: int, batch: int, hidden: Sequence[str] = ()
) -> Callable[[Follow], list[Decoded]]:
    """What writes the first rows' texts, freely or following another's."""
    return lambda follow: writer.decode_rows(samples.inputs, count, GenerationOptions(), batch, hidden, follow)


def decode_with_ties(
    write_texts: Callable[[Follow], list[Decoded]], known: Sequence[Decoded], free: list[Decoded] | None = None
) -> Ways:
    """`free`: written without knowing the trained model's texts. `following`: where some part, once more, and of two
    pieces that are equally likely the trained model's is taken, so that all that comes after can be compared.
    """
    free = write_texts(None) if free is None else free
    theirs = [w.ids for w in known]
    same = [w.ids for w in free] == theirs
    return {"free": free} if same else {"free": free, "following": write_texts(theirs)}


def ways_as_lists(ways: Ways) -> dict[str, list[list[Any]]]:
    """For JSON."""
    return {name: as_lists(some) for name, some in ways.items()}


def subword(writer: TextGenerator) -> bool:
    """Does reading a text need SentencePiece?"""
    return writer.pieces.kind == "subword"


def serve(writer: TextGenerator, samples: TextSamples) -> dict[str, Any]:
    """What `serving_default` writes for strings, against the same graphs' texts."""
    runner = next(iter(writer.graphs.values()))
    assert isinstance(runner, SavedModelRunner)
    call = runner.endpoint("serving_default")
    if SCORE in writer.graphs:
        texts, begun = zip(*samples.served, strict=True)
        given = {"prompt": np.array([text.encode() for text in texts], object)}

        def write_texts(follow: Follow) -> list[Decoded]:
            return decode(writer.step, writer.step.signature, {}, GenerationOptions(), begun, follow=follow)
    else:
        given, rows = served_rows(samples, np.arange(min(SERVED, len(samples))), writer.inputs)  # type: ignore[arg-type]
        values = {name: [row[name] for row in rows] for name in rows[0]}

        def write_texts(follow: Follow) -> list[Decoded]:
            return writer.decode_rows(values, len(rows), GenerationOptions(), follow=follow)

    return compare_served(writer, write_texts, call(given))


def compare_served(
    writer: TextGenerator, write_texts: Callable[[Follow], list[Decoded]], served: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What was served against what is written by the steps: past a tie too, for that follows what was served."""
    ids = [row[: np.argmax([*row, EOS] == np.int32(EOS))].tolist() for row in served["pieces"]]
    free = expected = write_texts(None)
    if [w.ids for w in expected] != ids:
        expected = write_texts(ids)
    texts = [text.decode("utf-8", "replace") for text in served["text"]]
    same = [w.ids == row and writer.pieces.decode(row) == t for w, row, t in zip(expected, ids, texts, strict=True)]
    # of a piece, on the mean: what is served is the sum
    pairs = zip(expected, served["log_probability"], strict=True)
    differences = [abs(w.score - float(p)) / max(1, len(w.log_probabilities)) for w, p in pairs]
    at_ties = sum(a.ids != b.ids for a, b in zip(free, expected, strict=True))
    return {
        "rows": len(texts),
        "texts_identical": all(same),
        "texts_apart_at_ties": at_ties,
        "largest_difference": float(np.max(differences)),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
