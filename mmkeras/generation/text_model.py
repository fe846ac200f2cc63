"""A model that generates text, as Python calls it: translate, describe, continue or score a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.generation.generate import cells_given, write_cells
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.notes import TextNotes
from mmkeras.generation.options import GenerationOptions
from mmkeras.generation.score import perplexity_of
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.exported import ENCODE, SCORE


@dataclass(frozen=True)
class Scored:
    """How probable a language model finds a text.

    tokens: the text's, with the end; log_probabilities: log P of each, given those before; perplexity: a token.
    """

    tokens: list[str]
    log_probabilities: list[float]
    log_probability: float
    perplexity: float


@dataclass(frozen=True)
class TextModel:
    """The graphs of a model that generates text, opened. path: of its exported folder, or its run."""

    writer: TextGenerator
    path: Path

    def __call__(
        self, given: str | Mapping[str, Any] = "", media_root: str = ".", allow_outside: bool = False, **options: Any
    ) -> str:
        """The generated text; of a language model the prompt and its continuation.

        given: a cell of the first text column, or column -> cell; for a language model the prompt. options: those of
        `generation.options.GenerationOptions`: beam, temperature, top_k, top_p, seed, no_repeat, longest, unknown.
        Raises InputError for an unknown column or option, or a cell that cannot be read.
        """
        choice = choice_of(options)
        writer = self.writer
        if ENCODE not in writer.graphs:
            if not isinstance(given, str):
                raise InputError("A language model takes a text alone, the prompt that it continues.")
            (decoded,) = writer.continue_text([given], choice)
            return (given + writer.pieces.raw(decoded.ids)).strip()
        texts = [given] if isinstance(given, str) else []
        pairs = [] if isinstance(given, str) else [f"{name}={cell}" for name, cell in given.items() if cell is not None]
        cells = cells_given(writer, texts, pairs)
        places = [self.path, *self.path.parents[:1]]
        root = MediaRoot(media_root, allow_outside)
        (decoded,) = write_cells(writer, cells, 1, choice, places, root, TextNotes())
        return writer.pieces.decode(decoded.ids)

    def score(self, text: str) -> Scored:
        """log P of a text by the chain rule, token by token, and its perplexity. Raises InputError for other models."""
        if SCORE not in self.writer.graphs:
            raise InputError(f"{self.path}: only a language model scores texts; this model generates them.")
        ids, terms = self.writer.score(text)
        log_probabilities = np.asarray(terms, "float64")
        total = float(log_probabilities.sum())
        names = [self.writer.pieces.name(number).strip() for number in ids]
        return Scored(names, log_probabilities.tolist(), total, perplexity_of(-total / len(ids)))


def choice_of(options: Mapping[str, Any]) -> GenerationOptions:
    """Decoding options by name. Raises InputError for an unknown name, or values that contradict each other."""
    known = list(vars(GenerationOptions()))
    for name in options:
        if name not in known:
            raise InputError(f"{name!r}: there is no such option. Options: {', '.join(known)}.")
    choice = GenerationOptions(**options)
    choice.check()
    return choice
