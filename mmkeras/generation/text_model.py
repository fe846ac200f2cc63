"""A model that generates text, as Python calls it: translate, describe, continue or score a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.generation.generate import cells_by_column, decode_cells
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.notes import TextNotes
from mmkeras.generation.options import GenerationOptions
from mmkeras.generation.score import perplexity_of
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.exported import ENCODE, SCORE
from mmkeras.system.packages import missing_named


@dataclass(frozen=True)
class Scored:
    """How probable a language model finds a text.

    tokens: the text's, with the end; log_probabilities: log P of each given the tokens before; perplexity: per token.
    """

    tokens: list[str]
    log_probabilities: list[float]
    log_probability: float
    perplexity: float


@dataclass(frozen=True)
class TextModel:
    """An opened model that generates text. path: of its exported folder, or its run."""

    generator: TextGenerator
    path: Path

    @missing_named()
    def __call__(
        self, source: str | Mapping[str, Any] = "", media_root: str = ".", allow_outside: bool = False, **options: Any
    ) -> str:
        """The generated text; of a language model the prompt and its continuation.

        source: a cell of the first text column, or column -> cell; for a language model the prompt. options: those of
        `generation.options.GenerationOptions`: beam, temperature, top_k, top_p, seed, no_repeat, longest, unknown.
        Raises InputError for an unknown column or option, or a cell that cannot be read.
        """
        generation_options = options_of(options)
        generator = self.generator
        if ENCODE not in generator.graphs:
            if not isinstance(source, str):
                raise InputError("A language model takes a text alone, the prompt that it continues.")
            (decoded,) = generator.continue_text([source], generation_options)
            return (source + generator.tokenizer.raw(decoded.ids)).strip()
        texts = [source] if isinstance(source, str) else []
        pairs = (
            [] if isinstance(source, str) else [f"{name}={cell}" for name, cell in source.items() if cell is not None]
        )
        cells = cells_by_column(generator, texts, pairs)
        folders = [self.path, *self.path.parents[:1]]
        root = MediaRoot(media_root, allow_outside)
        (decoded,) = decode_cells(generator, cells, 1, generation_options, folders, root, TextNotes())
        return generator.tokenizer.decode(decoded.ids)

    @missing_named()
    def score(self, text: str) -> Scored:
        """log P of a text by the chain rule, token by token, and its perplexity. Raises InputError for other models."""
        if SCORE not in self.generator.graphs:
            raise InputError(f"{self.path}: only a language model scores texts; this model generates them.")
        ids, terms = self.generator.score(text)
        log_probabilities = np.asarray(terms, "float64")
        total = float(log_probabilities.sum())
        names = [self.generator.tokenizer.name(token).strip() for token in ids]
        return Scored(names, log_probabilities.tolist(), total, perplexity_of(-total / len(ids)))


def options_of(values: Mapping[str, Any]) -> GenerationOptions:
    """Decoding options by name. Raises InputError for an unknown name, or values that contradict each other."""
    names = list(vars(GenerationOptions()))
    for name in values:
        if name not in names:
            raise InputError(f"{name!r}: there is no such option. Options: {', '.join(names)}.")
    options = GenerationOptions(**values)
    options.check()
    return options
