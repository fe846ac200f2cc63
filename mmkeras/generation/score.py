"""`mmkeras score`: log P of texts, token by token, and the perplexity of a file."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from mmkeras.data.lines import as_stream, read_lines
from mmkeras.data.target_tokenizer import UNK
from mmkeras.errors import InputError
from mmkeras.generation.generator import TextGenerator
from mmkeras.runtime.exported import SCORE
from mmkeras.system.progress import Log


def score_texts(
    writer: TextGenerator, folder: str | Path, texts: Sequence[str], file: str | None, log: Log = print
) -> None:
    """log P(S) by the chain rule, piece by piece, for each text; or the perplexity of a file, read as one stream.

    Raises InputError for a model that is no language model, or where there is nothing to score.
    """
    if SCORE not in writer.graphs:
        raise InputError(
            f"{folder}: `score` is for language models; this one writes {writer.step.signature['target']!r}."
        )
    if file is None and not texts:
        raise InputError("Expected a text to score, or --file with lines of text.")
    for text in texts:
        ids, terms = writer.score(text)
        for number, term in zip(ids, terms, strict=True):
            log(f"{writer.pieces.name(number).strip():<20} {term:9.4f}")
        total = float(terms.sum())
        log(f"log P = {total:.4f}  perplexity {perplexity_of(-total / len(ids)):.2f}  ({len(ids)} pieces with the end)")
    if file is not None:
        score_file(writer, file, log)


def perplexity_of(loss: float) -> float:
    """e to the mean loss a piece; infinite where that is more than a float holds, of a model that has diverged."""
    return math.exp(loss) if loss < math.log(sys.float_info.max) else math.inf


def score_file(writer: TextGenerator, file: str, log: Log) -> None:
    """The perplexity of a file of lines: of a recurrent model its states go on from line to line."""
    stream = as_stream(read_lines(file), writer.pieces)
    ids = stream.tolist()
    terms = writer.score_pieces(ids)[1] if writer.step.signature.get("window") else writer.score_by_steps(ids)
    unknown = float((stream == UNK).mean())
    log(f"{file}: perplexity {perplexity_of(-float(terms.mean())):.2f} a {writer.pieces.kind}")
    log(f"{len(stream):,} pieces of a vocabulary of {len(writer.pieces):,}, {unknown:.2%} of them unknown")
