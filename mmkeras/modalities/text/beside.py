"""A text column read twice: as a bag of n-grams, and as the vector of a frozen preset beside it.

Both read the same bytes, so a preset whose tokenizer runs before the graph cannot stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import Config
from mmkeras.errors import InputError
from mmkeras.features.beside import RaggedBeside
from mmkeras.graph import Input
from mmkeras.modalities.encoded import Bag, Encoded, Sizes
from mmkeras.modalities.text.pretrained import column as preset_column
from mmkeras.modalities.text.pretrained.column import PresetColumn
from mmkeras.system.progress import Log, named

Tensor = Any
SENTENCE: Final = "{name}_sentence"
"""The name of the preset's part: its layers, features and files begin with it."""


@dataclass(frozen=True)
class TextBesidePreset:
    """text: the bag's column, a TextColumn. preset: frozen, with a tokenizer in the graph; named by SENTENCE."""

    text: Any
    preset: PresetColumn

    @property
    def name(self) -> str:
        return str(self.text.name)

    @property
    def state(self) -> Any:
        """The bag's state, by which the linear part names its n-grams."""
        return self.text.state

    @property
    def max_tokens(self) -> int | None:
        return None

    @property
    def cut(self) -> float | None:
        return self.text.cut

    @property
    def bag(self) -> Bag:
        bag = self.text.bag
        return Bag(bag.n_rows, bag.vectors, bag.vector_dim, beside=self.preset.encoder.hidden, version=bag.version)

    def entry(self) -> dict[str, Any]:
        return {**self.text.entry(), "beside": {"name": self.preset.name, **self.preset.entry()}}

    def save(self, folder: Path) -> None:
        self.text.save(folder)
        self.preset.save(folder)

    def input(self, column: str) -> Input:
        return self.text.input(column)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        features = self.preset.preprocess(raw, present)
        return {**self.text.preprocess(raw, present), **{name: features[name] for name in self.preset.features()}}

    def features(self) -> dict[str, Any]:
        return {**self.text.features(), **self.preset.features()}

    def ids(self, features: dict[str, Tensor]) -> Any:
        return self.text.ids(features)

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        raise NotImplementedError("the multimodal model reads a preset alone")

    def beside(
        self, bags: Mapping[str, Any], cells: dict[str, list[str]], folder: Path, log: Log
    ) -> dict[str, RaggedBeside]:
        """The bags of each split with the vectors of its texts beside them. bags: the text's features by split."""
        vectors = preset_column.compute_features(self.preset, cells, folder, named(log, self.preset.name, self.name))
        return {part: RaggedBeside(bags[part].names, bags[part].ragged, vectors[part].arrays) for part in bags}


def adapt(
    text: Any, bags: Mapping[str, Any], cells: dict[str, list[str]], config: Config, folder: Path, log: Log
) -> tuple[TextBesidePreset, dict[str, RaggedBeside]]:
    """Put the preset of the Config beside an adapted text column. Raises InputError for one that cannot stand there."""
    name = SENTENCE.format(name=text.name)
    preset = preset_column.read(name, config.text, config.model, folder, named(log, name, text.name))
    if not preset.preset.in_graph:
        raise InputError(
            f"--text-encoder preset:{preset.preset.name}: its {preset.preset.tokenizer} tokenizer runs before the "
            "graph, where n-grams cannot be read beside it. Give --model multimodal, or a preset with WordPiece."
        )
    column = TextBesidePreset(text, preset)
    return column, column.beside(bags, cells, folder, log)


def load(text: Any, entry: dict[str, Any], folder: Path) -> TextBesidePreset:
    """Rebuild the column. text: rebuilt already; entry: of the column, in schema.json."""
    return TextBesidePreset(text, preset_column.load(entry["beside"], folder))
