"""A model that generates text, as Python calls it: translate, describe, continue or score a text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

import numpy as np

from mmkeras.data.values.python_cell import is_missing, type_in_words
from mmkeras.errors import InputError
from mmkeras.generation.decoding import Decoded
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.options import GenerationOptions
from mmkeras.generation.scored import Scored, score_text
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.exported import ENCODE, SCORE
from mmkeras.runtime.feeds import with_tokenizers
from mmkeras.runtime.python_rows import Row, cells_of_rows, column_specs, values_of_rows
from mmkeras.system.packages import missing_named
from mmkeras.system.progress import Log

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 64  # rows that are read and decoded at once
Source = str | Mapping[Any, Any]


class Options(TypedDict, total=False):
    """The fields of `generation.options.GenerationOptions`, as keywords."""

    beam: int
    length_penalty: float
    temperature: float
    top_k: int
    top_p: float
    seed: int
    no_repeat: int
    longest: int | None
    unknown: bool


@dataclass(frozen=True)
class TextModel:
    """An opened model that generates text. path: of its exported folder, or its run."""

    generator: TextGenerator
    path: Path

    def __repr__(self) -> str:
        columns = ", ".join(self.columns) or "a prompt"
        return f"<TextModel {self.path}: {columns} -> {self.generator.step.signature['target'] or 'its continuation'}>"

    @property
    def columns(self) -> dict[str, str]:
        """Column that a row may have -> its kind; {} for a language model."""
        return {name: str(spec["kind"]) for name, spec in column_specs(self.generator.inputs).items()}

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a text is a sequence of texts, too, and is one source
        self, source: Source = "", media_root: str | Path = ".", allow_outside: bool = False, **options: Unpack[Options]
    ) -> str: ...

    @overload
    def __call__(
        self,
        source: Sequence[Source],
        media_root: str | Path = ".",
        allow_outside: bool = False,
        **options: Unpack[Options],
    ) -> list[str]: ...

    @missing_named()
    def __call__(
        self, source: Any = "", media_root: str | Path = ".", allow_outside: bool = False, **options: Any
    ) -> Any:
        """The generated text; of a language model the prompt and its continuation. Of a list: a text for each.

        source: a cell of the first text column, or column -> value, where pictures and clips may be in memory as for
        `Predictor`; for a language model the prompt. options: those of `generation.options.GenerationOptions`: beam,
        length_penalty, temperature, top_k, top_p, seed, no_repeat, longest, unknown.
        Raises InputError for an unknown column or option, or a cell that cannot be read.
        """
        generation_options = options_of(options)
        sources = list(source) if isinstance(source, list | tuple) else [source]
        if ENCODE not in self.generator.graphs:
            texts = self._continued(sources, generation_options)
        else:
            root = MediaRoot(str(media_root), allow_outside)
            decoded = self._decoded([self._row(item) for item in sources], root, generation_options)
            texts = [self.generator.tokenizer.decode(text.ids) for text in decoded]
        return texts if isinstance(source, list | tuple) else texts[0]

    def _continued(self, prompts: Sequence[Any], options: GenerationOptions) -> list[str]:
        if not all(isinstance(prompt, str) for prompt in prompts):
            raise InputError("A language model takes a text alone, the prompt that it continues.")
        continued = self.generator.continue_text(prompts, options) if prompts else []
        raw = self.generator.tokenizer.raw
        return [(prompt + raw(text.ids)).strip() for prompt, text in zip(prompts, continued, strict=True)]

    def _row(self, source: Any) -> Row:
        """A source as column -> value. Raises InputError for a text where no column is text, and for an empty row."""
        columns = self.columns
        if isinstance(source, str):
            first = next((name for name, kind in columns.items() if kind == "text"), None)
            if first is None:
                raise InputError(f"There is no text column for {source!r}. Give {{column: value}}: {columns}.")
            source = {first: source}
        if type(source).__name__ == "Series" and hasattr(source, "to_dict"):
            source = source.to_dict()
        if not isinstance(source, Mapping):
            raise InputError(f"Expected a text or {{column: value}}, received {type_in_words(source)}.")
        if all(is_missing(value) or (isinstance(value, str) and not value.strip()) for value in source.values()):
            raise InputError(f"Every cell of the row is empty. Columns: {', '.join(columns)}.")
        return source

    def _decoded(self, rows: Sequence[Row], root: MediaRoot, options: GenerationOptions) -> Iterator[Decoded]:
        inputs = with_tokenizers(self.generator.inputs, [self.path, *self.path.parents[:1]])
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            cells = cells_of_rows(part, inputs, root.folder, [self.generator.step.signature["target"]])
            values = values_of_rows(part, cells, inputs, root)
            seeded = replace(options, seed=options.seed + start)  # else every part would draw the same
            self.generator.graphs[ENCODE].signature["inputs"] = inputs
            yield from self.generator.decode_rows(values, len(part), seeded)

    @missing_named()
    def predict(
        self,
        table: pd.DataFrame | Sequence[Row | str] | str | Path,
        media_root: str | Path | None = None,
        allow_outside: bool = False,
        log: Log = print,
        encoding: str | None = None,
        delimiter: str | None = None,
        **options: Unpack[Options],
    ) -> pd.DataFrame:
        """A text for every row of a DataFrame, a list of rows or a file: the columns `text` and `log_probability`.

        The rows are in their order, and the index is that of the frame; media_root as for `Predictor.predict`.
        options: as of a call. Raises InputError as a call does, and for a language model, which reads no columns.
        """
        from mmkeras.generation.tables import generate_table

        reading = {"encoding": encoding, "delimiter": delimiter}
        generator, decoding = self.generator, options_of(options)
        return generate_table(
            generator, self.path, table, decoding, self.columns, media_root, allow_outside, log, **reading
        )

    @missing_named()
    def score(self, text: str) -> Scored:
        """log P of a text by the chain rule, token by token, and its perplexity. Raises InputError for other models."""
        if SCORE not in self.generator.graphs:
            raise InputError(f"{self.path}: only a language model scores texts; this model generates them.")
        if not isinstance(text, str):
            raise InputError(f"Expected a text to score, received {type_in_words(text)}.")
        return score_text(self.generator, text)


def options_of(values: Mapping[str, Any]) -> GenerationOptions:
    """Decoding options by name. Raises InputError for an unknown name, or values that contradict each other."""
    names = list(vars(GenerationOptions()))
    for name, value in values.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{name!r}: there is no such option.{hint} Options: {', '.join(names)}.")
        if not isinstance(value, int | float | np.number | None):
            raise InputError(f"{name}={value!r}: expected a number, received {type_in_words(value)}.")
    options = GenerationOptions(
        **{name: value.item() if isinstance(value, np.number) else value for name, value in values.items()}
    )
    try:
        options.check()
    except InputError as error:
        raise InputError(re.sub(r"--([a-z-]+)", lambda flag: flag[1].replace("-", "_"), str(error))) from None
    return options
