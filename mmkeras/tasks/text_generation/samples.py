"""Sample rows or lines: held-out ones and the trained model's texts, saved beside the artefacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.lines import read_lines
from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.errors import InputError
from mmkeras.generation.decoding import decode
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import Graph
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runs.integrity import check_digests
from mmkeras.runs.run import REFERENCES, Run
from mmkeras.runtime.feeds import column_names, columns_of, sample_values
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.system.json_files import check_shape, read_json
from mmkeras.tasks.held_out import read_held_out
from mmkeras.tasks.reference import trained_generator
from mmkeras.tasks.text_generation.load import load_tokenizer
from mmkeras.verification.lengths import ROWS, as_a_client_cuts, rows_of_other_lengths
from mmkeras.verification.samples import TextSamples, scored_tokens

SAMPLE_ROWS, SUBSET_ROWS = 256, 32
SERVED, LONGEST_SERVED = 16, 100  # prompts as strings: number of lines, and characters of a line
PROMPT, CONTINUATION = 4, 24  # tokens of a prompt, the beginning of a held-out line, and of its continuation


def row_samples(graphs: Mapping[str, Graph], run: Run, folder: Path) -> TextSamples:
    """Held-out rows, the trained model's text for each, and for the first rows with each subset of the modalities.

    folder: of the tokenizers' files.
    """
    generator = trained_generator(graphs, load_tokenizer(run), folder)
    rows = read_held_out(run.folder, column_names(generator.inputs))
    count = len(rows)
    index = np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE_ROWS)).astype(int)
    rows = rows.iloc[index]
    root = MediaRoot.of(
        run.config.data.validation or run.config.data.csv, run.config.data.media_root, run.config.data.allow_outside
    )
    cells = {str(name): rows[name].tolist() for name in rows}
    values = {spec["name"]: sample_values(cells, spec, root) for spec in columns_of(generator.inputs)}
    parts = {
        subset.name: generator.decode_rows(
            values, min(len(rows), SUBSET_ROWS), GenerationOptions(), hidden=subset.hidden
        )
        for subset in subsets(modalities_of(generator.inputs))
    }
    all_references = read_json(run.folder / REFERENCES, "Train again.")
    check_shape(all_references, [[str]], run.folder / REFERENCES, "Train again.")
    if len(all_references) != count:
        raise InputError(f"{run.folder / REFERENCES}: expected {count} rows, as validation.csv has. Train again.")
    references = [all_references[k] for k in index]
    written = generator.decode_rows(values, len(rows), GenerationOptions())
    ids = generator.token_ids(values, len(rows))
    others = other_lengths(generator, values, len(rows))
    metadata = {"sample_longest": CONTINUATION}
    return TextSamples(references, written, values, subsets=parts, ids=ids, others=others, metadata=metadata)


def other_lengths(generator: TextGenerator, values: dict[str, list[Any]], count: int) -> TextSamples | None:
    """The rows of other lengths, whole, and the model's texts for them as a client cuts them."""
    others = rows_of_other_lengths(values, generator.inputs, count)
    if not others:
        return None
    cut = as_a_client_cuts(others, generator.inputs)
    written, ids = generator.decode_rows(cut, ROWS, GenerationOptions()), generator.token_ids(cut, ROWS)
    return TextSamples([[""]] * ROWS, written, others, ids=ids)


def line_samples(graphs: Mapping[str, Graph], run: Run, folder: Path) -> TextSamples:
    """Held-out lines: log P of each token, and the trained model's continuation of their first tokens."""
    generator = trained_generator(graphs, load_tokenizer(run), folder)
    check_digests(run.folder, held_out=True)
    lines = [line for line in read_lines(run.folder / "validation.txt") if line]
    lines = [lines[k] for k in np.linspace(0, len(lines) - 1, min(len(lines), SAMPLE_ROWS)).astype(int)]
    ids = [scored_tokens(generator.tokenizer, line) for line in lines]
    prompts = [row[: min(PROMPT, len(row) - 1)] for row in ids]
    step, signature, options = generator.step, generator.step.signature, GenerationOptions(longest=CONTINUATION)
    written = [decode(step, signature, {}, options, [prompt])[0] for prompt in prompts]
    scored = [generator.score_tokens(row)[1].astype(float).tolist() for row in ids]
    texts = [
        "",
        *map(generator.tokenizer.decode, prompts[:SERVED]),
        *(line[:LONGEST_SERVED] for line in lines[:SERVED]),
    ]
    if "window" in signature:  # a prompt longer than that loses its beginning
        texts.append(longer_than(signature["window"], lines, generator.tokenizer))
    served = [(text, generator.tokenizer.encode(text)) for text in texts]
    metadata: dict[str, Any] = {"sample_longest": CONTINUATION}
    if generator.tokenizer.kind == "subword":  # the verification has no SentencePiece to tokenize with
        metadata["sample_pieces"] = ids
    references = [[line] for line in lines]
    return TextSamples(references, written, prompts=prompts, scored=scored, served=served, metadata=metadata)


def longer_than(n_tokens: int, lines: Sequence[str], tokenizer: TargetTokenizer) -> str:
    """The lines, joined until they have more tokens."""
    text = " ".join(lines)
    while lines and len(tokenizer.encode(text)) <= n_tokens:
        text = f"{text} {text} {lines[0]}"
    words = text.split(" ")
    while len(tokenizer.encode(" ".join(words[: len(words) // 2]))) > n_tokens:
        words = words[: len(words) // 2]
    return " ".join(words)
