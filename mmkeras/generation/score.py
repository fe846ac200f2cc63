"""`mmkeras score`: log P of texts, token by token, and the perplexity of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmkeras.data.lines import as_stream, read_lines
from mmkeras.data.targets.target_tokenizer import UNK
from mmkeras.errors import InputError
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.scored import perplexity_of, score_text
from mmkeras.runtime.exported import SCORE
from mmkeras.system.progress import Log


def score_texts(
    generator: TextGenerator, folder: str | Path, texts: Sequence[str], file: str | None, log: Log = print
) -> None:
    """log P of each text by the chain rule, token by token; or the perplexity of a file, read as one stream.

    Raises InputError for a model that is no language model, and where neither a text nor a file is given.
    """
    if SCORE not in generator.graphs:
        raise InputError(
            f"{folder}: `score` is for language models; this one writes {generator.step.signature['target']!r}."
        )
    if file is None and not texts:
        raise InputError("Expected a text to score, or --file with lines of text.")
    for text in texts:
        scored = score_text(generator, text)
        for token, term in zip(scored.tokens, scored.log_probabilities, strict=True):
            log(f"{token:<20} {term:9.4f}")
        figures = f"log P = {scored.log_probability:.4f}  perplexity {scored.perplexity:.2f}"
        log(f"{figures}  ({len(scored.tokens)} tokens with the end)")
    if file is not None:
        score_file(generator, file, log)


def score_file(generator: TextGenerator, file: str, log: Log) -> None:
    """The perplexity of a file of lines. A recurrent model's states continue from line to line."""
    tokenizer = generator.tokenizer
    stream = as_stream(read_lines(file), tokenizer)
    ids = stream.tolist()
    terms = generator.score_tokens(ids)[1] if generator.step.signature.get("window") else generator.score_by_steps(ids)
    unknown = float((stream == UNK).mean())
    log(f"{file}: perplexity {perplexity_of(-float(terms.mean())):.2f} a {tokenizer.kind}")
    log(f"{len(stream):,} tokens of a vocabulary of {len(tokenizer):,}, {unknown:.2%} of them unknown")
