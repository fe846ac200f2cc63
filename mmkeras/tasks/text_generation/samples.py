"""Held-out rows or lines and what the trained model writes of them, which travel with the artefacts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.data.lines import read_lines
from mmkeras.generation.decoding import decode
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import Graph
from mmkeras.modalities.adapt import reading
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runs.run import REFERENCES, Run
from mmkeras.runtime.feeds import columns_of, sample_values
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.tasks.reference import trained_generator
from mmkeras.tasks.text_generation.load import load_pieces
from mmkeras.verification.samples import TextSamples, scored_pieces

SAMPLE_ROWS, SUBSET_ROWS = 256, 32
SERVED, LONGEST_SERVED = 16, 100  # lines whose beginnings are served as strings, and their characters
PROMPT, GOING_ON = 4, 24  # pieces a language model is given of a held-out line, and writes behind them


def row_samples(graphs: Mapping[str, Graph], run: Run, folder: Path) -> TextSamples:
    """Held-out rows, what the trained model writes of each, and of the first with some modalities alone.

    folder: where the files of tokenizers lie.
    """
    writer = trained_generator(graphs, load_pieces(run), folder)
    rows = pd.read_csv(run.folder / "validation.csv", dtype=str, keep_default_na=False)
    some = np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE_ROWS)).astype(int)
    rows = rows.iloc[some]
    root = MediaRoot.of(
        run.config.data.validation or run.config.data.csv, run.config.data.media_root, run.config.data.allow_outside
    )
    values = {e["name"]: sample_values(rows[str(e["column"])].tolist(), e, root) for e in columns_of(writer.inputs)}
    parts = {
        subset.name: writer.decode_rows(values, min(len(rows), SUBSET_ROWS), GenerationOptions(), hidden=subset.hidden)
        for subset in subsets(modalities_of(writer.inputs))
    }
    with reading(run.folder / REFERENCES):
        every = json.loads((run.folder / REFERENCES).read_text(encoding="utf-8"))
    references = [every[k] for k in some]
    written, ids = writer.decode_rows(values, len(rows), GenerationOptions()), writer.token_ids(values, len(rows))
    return TextSamples(references, written, values, subsets=parts, ids=ids, metadata={"sample_longest": GOING_ON})


def line_samples(graphs: Mapping[str, Graph], run: Run, folder: Path) -> TextSamples:
    """Held-out lines: log P of each piece, and what the trained model writes behind their first pieces."""
    writer = trained_generator(graphs, load_pieces(run), folder)
    lines = [line for line in read_lines(run.folder / "validation.txt") if line]
    lines = [lines[k] for k in np.linspace(0, len(lines) - 1, min(len(lines), SAMPLE_ROWS)).astype(int)]
    ids = [scored_pieces(writer.pieces, line) for line in lines]
    prompts = [row[: min(PROMPT, len(row) - 1)] for row in ids]
    step, signature, choice = writer.step, writer.step.signature, GenerationOptions(longest=GOING_ON)
    written = [decode(step, signature, {}, choice, [prompt])[0] for prompt in prompts]
    scored = [writer.score_pieces(row)[1].astype(float).tolist() for row in ids]
    texts = ["", *map(writer.pieces.decode, prompts[:SERVED]), *(line[:LONGEST_SERVED] for line in lines[:SERVED])]
    served = [(text, writer.pieces.encode(text)) for text in texts]
    metadata: dict[str, Any] = {"sample_longest": GOING_ON}
    if writer.pieces.kind == "subword":  # who verifies has no SentencePiece to find them with
        metadata["sample_pieces"] = ids
    references = [[line] for line in lines]
    return TextSamples(references, written, prompts=prompts, scored=scored, served=served, metadata=metadata)
