"""One artefact of a model that generates text, one clean process: decode the sample rows, measure. Run by `verify`.

    python -m mmkeras.verification.clean_process.texts FOLDER FORMAT OUT

Keras is blocked, so an artefact that needs it fails here. Everything is written to OUT as JSON.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.generation.decoding import Decoded, DecoderState, decode
from mmkeras.generation.generator import BATCH, TextGenerator, open_generator
from mmkeras.generation.options import GenerationOptions
from mmkeras.runtime.exported import ENCODE, SCORE
from mmkeras.runtime.feeds import with_tokenizers
from mmkeras.runtime.runners import SavedModelRunner
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.system.files import write_json
from mmkeras.system.noise import keep_messages
from mmkeras.verification.clean_process.client_inputs import request_and_rows
from mmkeras.verification.clean_process.counted import Counted, count_of
from mmkeras.verification.clean_process.lengths import Uncut, score_other_lengths
from mmkeras.verification.process import Report, block_keras, peak_memory_mib
from mmkeras.verification.samples import (
    SAMPLES,
    TextSamples,
    as_lists,
    load_text_samples,
    scored_tokens,
)

SERVED = 16  # rows that are sent to `serving_default`
Reference = Sequence[Sequence[int]] | None
Texts = dict[str, list[Decoded]]


def main(folder: str, format_name: str, out: str) -> None:
    """Decode, score, measure; everything goes to OUT."""
    block_keras()
    keep_messages()
    samples = load_text_samples(Path(folder) / SAMPLES)
    begin = time.perf_counter()
    generator = open_generator(folder, format_name, threads=1)
    load_seconds = time.perf_counter() - begin
    outputs = run_samples(generator, samples, Path(folder))
    if samples.others:
        outputs["any_length"] = run_other_lengths(generator, samples.others)
    outputs["load_seconds"] = load_seconds
    outputs["signature"] = {name: runner.signature for name, runner in generator.graphs.items()}
    if isinstance(generator.step, SavedModelRunner):
        outputs["served"] = check_serving(generator, samples)
    outputs["peak_memory_mib"] = peak_memory_mib()
    write_json(Path(out), outputs)


def run_samples(generator: TextGenerator, samples: TextSamples, folder: Path) -> dict[str, Any]:
    """Every row's text, at batch 1 and in batches; a language model's scores too.

    Returns `written`: batch -> `Texts` as lists; `seconds` and `n_tokens` of the texts at batch 1; for a language model
    `scored` and `batched`: log P of each token; else `ids` by batch, and `subsets`.
    """
    outputs: dict[str, Any] = {}
    report = Report(count_of(generator, samples))
    if SCORE in generator.graphs:
        outputs["seconds"], written = language_texts(generator, samples)
        if needs_sentencepiece(generator):
            ids = contract_of(generator)["sample_pieces"]
        else:
            ids = [scored_tokens(generator.tokenizer, text) for (text,) in samples.references]
        outputs["scored"] = []
        for row in ids:
            outputs["scored"].append(generator.score_tokens(row)[1].astype(float).tolist())
            report.advance(1)
        outputs["batched"] = batched_log_probs(generator, samples, report)
        outputs["score_lengths"] = score_other_lengths(generator.graphs[SCORE], ids)
    else:
        inputs = with_tokenizers(generator.inputs, [folder])
        generator.graphs[ENCODE].signature["inputs"] = inputs
        generator = replace(generator, graphs={**generator.graphs, ENCODE: Counted(generator.graphs[ENCODE], report)})
        outputs["seconds"], written = row_texts(generator, samples)
        outputs["ids"] = {str(b): generator.token_ids(samples.inputs, len(samples), b) for b in (1, BATCH)}
        hidden = {subset.name: subset.hidden for subset in subsets(modalities_of(inputs))}
        outputs["subsets"] = {}
        for name, expected in samples.subsets.items():
            decode_subset = row_decoder(generator, samples, len(expected), BATCH, hidden[name])
            outputs["subsets"][name] = texts_as_lists(decode_with_ties(decode_subset, expected))
    outputs["n_tokens"] = sum(len(text.log_probabilities) for text in written["1"]["free"])
    outputs["written"] = {batch: texts_as_lists(texts) for batch, texts in written.items()}
    return outputs


def run_other_lengths(generator: TextGenerator, others: TextSamples) -> dict[str, Any]:
    """The texts and ids of rows of other lengths, whole, in one batch: `written`, `ids`; or `error`."""
    whole = replace(generator, graphs={**generator.graphs, ENCODE: Uncut(generator.graphs[ENCODE])})
    decode_whole = row_decoder(whole, others, len(others), len(others))
    try:
        return {
            "written": texts_as_lists(decode_with_ties(decode_whole, others.written)),
            "ids": whole.token_ids(others.inputs, len(others), len(others)),
        }
    except Exception as error:  # a runtime may raise anything
        return {"error": f"{type(error).__name__}: {error}".strip().split("\n")[0]}


def language_texts(generator: TextGenerator, samples: TextSamples) -> tuple[float, dict[str, Texts]]:
    """Seconds, and the continuation of each prompt."""
    step, signature = generator.step, generator.step.signature
    options = GenerationOptions(longest=contract_of(generator)["sample_longest"])

    def continue_text(reference: Reference) -> list[Decoded]:
        return decode(step, signature, {}, options, samples.prompts, reference=reference)

    begin = time.perf_counter()
    free = continue_text(None)
    return time.perf_counter() - begin, {"1": decode_with_ties(continue_text, samples.written, free)}


def contract_of(generator: TextGenerator) -> Mapping[str, Any]:
    """The metadata in the folder's signature.json."""
    return generator.signature.metadata if generator.signature else {}


def batched_log_probs(
    generator: TextGenerator, samples: TextSamples, report: Report | None = None
) -> list[list[float]]:
    """log P of each token of the trained model's texts, by `decode_step` of BATCH rows at once, as in beam search."""
    results: list[list[float]] = []
    for start in range(0, len(samples), BATCH):
        group = slice(start, start + BATCH)
        prompts, written = samples.prompts[group], samples.written[group]
        rows = [[EOS, *prompt, *text.ids] for prompt, text in zip(prompts, written, strict=True)]
        state, log_probs = DecoderState(generator.step.signature, {}, len(rows)), []
        for t in range(max(map(len, rows))):
            tokens = np.array([row[t] if t < len(row) else EOS for row in rows])
            log_probs.append(state.step(generator.step, tokens, t))  # [b, vocabulary]
        for k, (prompt, text) in enumerate(zip(prompts, written, strict=True)):
            ids = [*text.ids, EOS][: len(text.log_probabilities)]
            results.append([float(log_probs[len(prompt) + t][k, token]) for t, token in enumerate(ids)])
        if report:
            report.advance(len(rows))
    return results


def row_texts(generator: TextGenerator, samples: TextSamples) -> tuple[float, dict[str, Texts]]:
    """Seconds at batch 1, and each row's text at batch 1 and at batch BATCH."""
    generator.decode_rows(samples.inputs, min(2, len(samples)), GenerationOptions())  # warm-up
    singly, batched = (row_decoder(generator, samples, len(samples), batch) for batch in (1, BATCH))
    begin = time.perf_counter()
    free = singly(None)
    seconds = time.perf_counter() - begin
    return seconds, {
        "1": decode_with_ties(singly, samples.written, free),
        str(BATCH): decode_with_ties(batched, samples.written),
    }


def row_decoder(
    generator: TextGenerator, samples: TextSamples, count: int, batch: int, hidden: Sequence[str] = ()
) -> Callable[[Reference], list[Decoded]]:
    """A function of a reference, or None, that decodes the first `count` rows."""
    return lambda reference: generator.decode_rows(samples.inputs, count, GenerationOptions(), batch, hidden, reference)


def decode_with_ties(
    decode_texts: Callable[[Reference], list[Decoded]],
    expected: Sequence[Decoded],
    free: list[Decoded] | None = None,
) -> Texts:
    """Greedy decoding, once more with a reference if any text differs from the trained model's.

    `free`: decoded without a reference. `tied`, present if any text of `free` differs from `expected`: decoded with
    `expected` as the reference, whose token is taken in a tie. So a tie cannot hide a later, real difference.
    """
    free = decode_texts(None) if free is None else free
    reference = [text.ids for text in expected]
    same = [text.ids for text in free] == reference
    return {"free": free} if same else {"free": free, "tied": decode_texts(reference)}


def texts_as_lists(texts: Texts) -> dict[str, list[list[Any]]]:
    """Texts for JSON: `free` and `tied`."""
    return {name: as_lists(decoded) for name, decoded in texts.items()}


def needs_sentencepiece(generator: TextGenerator) -> bool:
    """Does the tokenizer need SentencePiece?"""
    return generator.tokenizer.kind == "subword"


def check_serving(generator: TextGenerator, samples: TextSamples) -> dict[str, Any]:
    """The response of `serving_default` to strings, against the texts that the same graphs decode."""
    runner = next(iter(generator.graphs.values()))
    assert isinstance(runner, SavedModelRunner)
    call = runner.endpoint("serving_default")
    if SCORE in generator.graphs:
        texts, prompts = zip(*samples.served, strict=True)
        request = {"prompt": np.array([text.encode() for text in texts], object)}

        def decode_texts(reference: Reference) -> list[Decoded]:
            step = generator.step
            return decode(step, step.signature, {}, GenerationOptions(), prompts, reference=reference)
    else:
        index = np.arange(min(SERVED, len(samples)))
        request, rows = request_and_rows(samples.inputs, index, generator.inputs)
        values = {name: [row[name] for row in rows] for name in rows[0]}

        def decode_texts(reference: Reference) -> list[Decoded]:
            return generator.decode_rows(values, len(rows), GenerationOptions(), reference=reference)

    return compare_response(generator, decode_texts, call(request))


def compare_response(
    generator: TextGenerator, decode_texts: Callable[[Reference], list[Decoded]], response: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """A response against texts decoded step by step. The response is the reference in ties, so all is compared."""
    ids = [row[: np.argmax([*row, EOS] == np.int32(EOS))].tolist() for row in response["pieces"]]
    free = expected = decode_texts(None)
    if [text.ids for text in expected] != ids:
        expected = decode_texts(ids)
    texts = [text.decode("utf-8", "replace") for text in response["text"]]
    same = [
        decoded.ids == row and generator.tokenizer.decode(row) == text
        for decoded, row, text in zip(expected, ids, texts, strict=True)
    ]
    # per token, on the mean: the response has the sum
    pairs = zip(expected, response["log_probability"], strict=True)
    differences = [abs(text.score - float(p)) / max(1, len(text.log_probabilities)) for text, p in pairs]
    at_ties = sum(a.ids != b.ids for a, b in zip(free, expected, strict=True))
    return {
        "rows": len(texts),
        "texts_identical": all(same),
        "texts_apart_at_ties": at_ties,
        "largest_difference": float(np.max(differences)),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
