"""What a column can hold: one folder a kind, with the same files in each, named in the literal dict MODALITIES.

    cells.py     cell -> value -> array                              NumPy alone: every client imports it
    spec.py      facts, and what a client of TF Serving sends        NumPy alone
    layers.py    raw input -> features, inside the graph             Keras
    encoder.py   features -> tokens                                  Keras
    serving.py   what a client of TF Serving sends -> raw input      TensorFlow
    column.py    adapt(), load() and the class that fits Modality    Keras

and, where the cells name files,

    files.py     all files are checked before training, and what is made of them is kept on disk        no TensorFlow
    preview.py   what the report shows of a file                                                        no TensorFlow

Other modules ask for cells, spec, column, files and preview: the Protocols below say for what. layers, encoder and
serving serve column alone; a small kind may have them in one file.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from mmkeras.data.kinds import KINDS as MODALITIES
from mmkeras.errors import InputError

if TYPE_CHECKING:  # some of these bring Keras, TensorFlow or tyro, which no client has
    import numpy as np

    from mmkeras.config.config import Config
    from mmkeras.features.cache import Shapes
    from mmkeras.features.column_features import ColumnFeatures
    from mmkeras.graph import Input, InputSpec
    from mmkeras.modalities.encoded import Bag, Encoded, Sizes
    from mmkeras.modalities.media.paths import MediaRoot
    from mmkeras.modalities.media.preview import Preview
    from mmkeras.system.progress import Log

__all__ = ["MODALITIES", "Modality", "cells_of", "column_of", "files_of", "names_files", "preview_of", "spec_of"]

Tensor = Any
Value = Any  # one cell made ready: bytes, a float or an array; None where the cell is missing


class Modality(Protocol):
    """One input column, adapted on the training rows: all that the graph needs to read, and the model to encode it."""

    @property
    def name(self) -> str:
        """The column's name in the graph; layers, features and files begin with it."""
        ...

    @property
    def bag(self) -> Bag | None:
        """What a model that counts features must know of them; None where the features are no bag."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """The most tokens that `encode` gives, where their number is free; None where their shape tells it."""
        ...

    @property
    def cut(self) -> float | None:
        """Share of the training cells that were longer than what is read; None where nothing is cut."""
        ...

    def entry(self) -> dict[str, Any]:
        """What schema.json keeps of the column, beside its name and kind, as JSON: `load` takes it."""
        ...

    def save(self, folder: Path) -> None:
        """Write the arrays of its state, where it has any, as folder/<name>…"""
        ...

    def input(self, column: str) -> Input:
        """The raw input of the graph. column: the CSV column's name."""
        ...

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        """Raw input [b, …] and presence float32 [b, 1] -> features by name, by layers that serve the exported graph.

        present: None where the model does not know missing cells.
        """
        ...

    def features(self) -> dict[str, Any]:
        """The same features as Keras inputs of the trained core."""
        ...

    def ids(self, features: dict[str, Tensor]) -> Tensor | None:
        """Int32 [b, orders, T], what was recognised, to be compared to the last bit; None where nothing is counted."""
        ...

    def encode(self, features: dict[str, Tensor], shape: Sizes, exporting: bool = False) -> Encoded:
        """Features -> tokens [b, T, shape.width] and their mask.

        exporting: with layers that every format has in place of those that train faster; the weights are the same.
        """
        ...


class ColumnModule(Protocol):
    """The module <package>.column."""

    def adapt(
        self, name: str, cells: dict[str, Any], spec: Any, config: Config, folder: Path, log: Log
    ) -> tuple[Modality, Mapping[str, ColumnFeatures]]:
        """Adapt a column on its training rows -> the Modality, and the features of each side's rows.

        name: the column's name in the graph.
        cells: `train` and `validation` -> the column's cells, list[str]; of a kind whose cells name files the
            MediaFeatures that were made when all files were checked.
        rule: how the column is read where that was decided before: of a text by the model (a TextSpec), of a kind whose
            cells name files by that check (an ImageSpec, an AudioSpec); else None.
        folder: the run's; features that are kept on disk go below folder/features.
        Raises InputError for a flag that cannot be followed.
        """
        ...

    def load(self, entry: dict[str, Any], folder: Path) -> Modality:
        """Rebuild a column from its part of schema.json and what `save` wrote into `folder`."""
        ...


class CellsModule(Protocol):
    """The module <package>.cells. `entry` is the column's part of signature.json."""

    def read(self, cell: str, entry: InputSpec, root: MediaRoot) -> Value:
        """A cell -> its value. root: where a path begins. Raises BadCell for a cell that cannot be read."""
        ...

    def sample(self, cell: str, entry: InputSpec, root: MediaRoot) -> Value:
        """The value as it travels with the artefacts: `read`, or a file as it is where clients send it so."""
        ...

    def stack(self, values: Sequence[Value], entry: InputSpec) -> np.ndarray:
        """Values of b rows -> the raw input [b, …]; zeros for None."""
        ...


class SpecModule(Protocol):
    """The module <package>.spec."""

    EXAMPLE: str
    """A cell, for commands that are shown."""
    FLAGS: tuple[str, ...]
    """Fields of the Config that change nothing where a table has no column of this kind."""
    NAMES_FILES: bool
    """Do the cells name files? Those are checked before the training; <package>.preview shows them in the report."""

    def describe(self, given: Input) -> str:
        """The raw input in words, for the model card, behind its dtype and shape."""
        ...

    def served_name(self, name: str) -> str:
        """What serving_default calls the input `name`: files end in `_bytes`, so that {"b64": …} works."""
        ...

    def as_served(self, value: Value, entry: InputSpec) -> tuple[Any, Value]:
        """A value as a client of TF Serving sends it, and the value that the raw input holds then."""
        ...

    def stack_served(self, sent: Sequence[Any], entry: InputSpec) -> np.ndarray:
        """What a client sends of b rows -> one array [b, …]."""
        ...


class FilesModule(Protocol):
    """The module <package>.files, of kinds whose cells name files. It loads no TensorFlow."""

    NOUN: str
    """What a column holds, in the plural."""
    DECODERS: tuple[str, ...]
    """Distributions that read the files: a newer one may read what an older could not."""

    def rule_of(self, cells: Sequence[str], root: MediaRoot, config: Config, log: Log) -> Any:
        """How a column is read: a frozen dataclass. Raises InputError for a flag that cannot be followed."""
        ...

    def made_of(self, spec: Any) -> dict[str, Any]:
        """What the features on disk depend on, besides the files, as JSON."""
        ...

    def shapes(self, spec: Any, n: int) -> Shapes:
        """The arrays of n distinct cells: name -> shape, dtype."""
        ...

    def read_features(self, cell: str, spec: Any, root: MediaRoot) -> dict[str, Any]:
        """A cell's row of each array. Raises BadCell for a file that cannot be read."""
        ...


class PreviewModule(Protocol):
    """The module <package>.preview, of kinds whose cells name files."""

    def preview(self, cell: str, entry: dict[str, Any], root: MediaRoot) -> Preview:
        """What the report shows of a cell. entry: the column's part of schema.json. Raises BadCell."""
        ...


@functools.cache
def _module(name: str) -> Any:
    return importlib.import_module(name)


def _part(kind: str, part: str) -> Any:
    """A module of a kind's package. Raises InputError for a kind that is none."""
    if kind not in MODALITIES:
        raise InputError(f"unknown kind of column {kind!r}; expected one of {', '.join(MODALITIES)}.")
    return _module(f"{MODALITIES[kind]}.{part}")


def cells_of(kind: str) -> CellsModule:
    """How cells of a kind become arrays. Raises InputError for a kind that is none, as the functions below do."""
    return cast(CellsModule, _part(kind, "cells"))


def spec_of(kind: str) -> SpecModule:
    """The facts about a kind."""
    return cast(SpecModule, _part(kind, "spec"))


def column_of(kind: str) -> ColumnModule:
    """How a column of a kind is adapted and loaded. It imports Keras."""
    return cast(ColumnModule, _part(kind, "column"))


def files_of(kind: str) -> FilesModule:
    """What is made, before training, of files that cells name."""
    return cast(FilesModule, _part(kind, "files"))


def preview_of(kind: str) -> PreviewModule:
    """How a file that a cell names is shown. It imports Pillow."""
    return cast(PreviewModule, _part(kind, "preview"))


def names_files(kind: str) -> bool:
    """Do the cells of a kind name files?"""
    return spec_of(kind).NAMES_FILES
