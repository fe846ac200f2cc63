"""The kinds of columns: one folder a kind, with the same files in each, listed in the literal dict MODALITIES.

    cells.py     cell -> value -> array                              NumPy alone: every client imports it
    spec.py      how a column is read; the inputs of TF Serving      NumPy alone
    layers.py    raw input -> features, inside the graph             Keras
    encoder.py   features -> tokens                                  Keras
    serving.py   inputs of TF Serving -> raw input                   TensorFlow
    column.py    adapt(), load() and the class that fits Modality    Keras

where many columns of the kind are read together (`blocks.py`),

    block.py     adapt(), load() and the class of many columns                            Keras

and, where the cells name files,

    files.py     checks all files before training and computes the features that are cached on disk     no TensorFlow
    preview.py   what the report shows of a file                                                        no TensorFlow
    objects.py   a picture or a clip that Python has in memory -> what cells.read takes                 no TensorFlow

Other modules reach cells, spec, column, files, preview and objects by a column's kind, through the Protocols below.
Only what belongs to one kind imports its folder by name: the models of texts, and what decodes and re-encodes their
tokens. Only column.py imports layers, encoder and serving; a small kind may have the three in one file.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from mmkeras.data.columns.kinds import MODALITIES
from mmkeras.errors import InputError

if TYPE_CHECKING:  # some of these modules import Keras, TensorFlow or tyro, which no client has
    import numpy as np

    from mmkeras.config.config import Config
    from mmkeras.data.columns.column import Column
    from mmkeras.features.cache import Shapes
    from mmkeras.features.column_features import ColumnFeatures
    from mmkeras.graph import Input, InputSpec
    from mmkeras.modalities.encoded import Bag, Encoded, Sizes
    from mmkeras.modalities.media.paths import MediaRoot
    from mmkeras.modalities.media.preview import Preview
    from mmkeras.system.progress import Log

__all__ = [
    "MODALITIES",
    "Modality",
    "block_of",
    "cells_of",
    "column_of",
    "columns_read",
    "files_of",
    "names_files",
    "objects_of",
    "preview_of",
    "spec_of",
]

Tensor = Any
Value = Any  # one cell as read: bytes, a float or an array; None where the cell is missing


class Modality(Protocol):
    """One input column, adapted on the training rows: its preprocessing in the graph, its encoder in the model."""

    @property
    def name(self) -> str:
        """The column's name in the graph; the names of its layers, features and files begin with it."""
        ...

    @property
    def bag(self) -> Bag | None:
        """The size of the bag's table, for models that count features; None where the features are no bag."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """The largest T of `encode`, where T is free; None where the shape of the tokens is fixed."""
        ...

    @property
    def cut(self) -> float | None:
        """Share of the training cells that were truncated; None where cells are never truncated."""
        ...

    def entry(self) -> dict[str, Any]:
        """The column's entry in schema.json, beside its name and kind, as JSON: the argument of `load`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the arrays of the column's state, if it has any, as folder/<name>…"""
        ...

    def input(self, column: str) -> Input:
        """The raw input of the graph. column: the CSV column's name."""
        ...

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        """Raw input [b, …] and presence float32 [b, 1] -> features by name, by the layers of the exported graph.

        present: None where the model has no inputs of presence.
        """
        ...

    def features(self) -> dict[str, Any]:
        """The outputs of `preprocess` as Keras inputs of the trained core."""
        ...

    def ids(self, features: dict[str, Tensor]) -> Tensor | None:
        """The ids of the column's tokens, int32 [b, orders, T], which are verified to the bit; None for other kinds."""
        ...

    # prepared(features, sizes) -> (tensor, mask [b, T] or None): what a layer of the user reads in place of `encode`;
    # only of kinds whose spec has PREPARED

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        """Features -> tokens [b, T, sizes.width] and their mask.

        exporting: use layers that every format supports in place of those that train faster; the weights are the same.
        """
        ...


class ColumnModule(Protocol):
    """The module <package>.column."""

    def adapt(
        self, name: str, cells: dict[str, Any], spec: Any, config: Config, folder: Path, log: Log
    ) -> tuple[Modality, Mapping[str, ColumnFeatures]]:
        """Adapt a column on its training rows -> the Modality, and the features of each split's rows.

        name: the column's name in the graph.
        cells: `train` and `validation` -> the column's cells, list[str]; for a kind whose cells name files, the
            MediaFeatures that `media.check` computed.
        spec: how the column is read, where that is decided earlier: by the model for a text (TextSpec), by
            `media.check` for a kind whose cells name files (ImageSpec, AudioSpec), by the table for numbers and dates
            (their notation, a str); else None.
        folder: the run's folder; features that are cached on disk lie below folder/features.
        Raises InputError for a flag whose value does not fit the column.
        """
        ...

    def compute_features(
        self, column: Modality, cells: dict[str, Any], folder: Path, log: Log
    ) -> Mapping[str, ColumnFeatures]:
        """The features of each split's rows by an adapted column, which stays as it is. cells, folder: of `adapt`."""
        ...

    def load(self, entry: dict[str, Any], folder: Path) -> Modality:
        """Rebuild a column from its entry in schema.json and the arrays that `save` wrote into `folder`."""
        ...


class BlockModule(Protocol):
    """The module <package>.block: many columns as one Modality, which has them as `columns`.

    Its presence is [b, n], and the features that `encode` takes include it.
    """

    def adapt(
        self,
        name: str,
        columns: Sequence[Column],
        cells: dict[str, list[list[str]]],
        config: Config,
        folder: Path,
        log: Log,
    ) -> tuple[Modality, Mapping[str, ColumnFeatures]]:
        """Adapt the columns on their training rows; `cells`: `train` and `validation` -> the cells of each column."""
        ...

    def compute_features(
        self, block: Modality, cells: dict[str, list[list[str]]], folder: Path, log: Log
    ) -> Mapping[str, ColumnFeatures]:
        """The features of each split's rows by an adapted block, which stays as it is."""
        ...

    def load(self, entry: dict[str, Any], folder: Path) -> Modality:
        """Rebuild a block from its entry in schema.json, which has `columns`, and the arrays of `save`."""
        ...


class CellsModule(Protocol):
    """The module <package>.cells. `input_spec` is the column's input in signature.json."""

    def read(self, cell: str, input_spec: InputSpec, root: MediaRoot) -> Value:
        """A cell -> its value. root: the folder of relative paths. Raises BadCell for a cell that cannot be read."""
        ...

    def sample(self, cell: str, input_spec: InputSpec, root: MediaRoot) -> Value:
        """The value in the exported sample rows: that of `read`, or a file's bytes where clients send those."""
        ...

    def stack(self, values: Sequence[Value], input_spec: InputSpec) -> np.ndarray:
        """Values of b rows -> the raw input [b, …]; zeros for None."""
        ...

    def resize(self, value: Value, input_spec: InputSpec) -> np.ndarray:
        """A value of one row in the shape that LiteRT's row signature takes. Only for inputs with the key `size`."""
        ...


class SpecModule(Protocol):
    """The module <package>.spec."""

    EXAMPLE: str
    """An example of a cell, for the commands that the report prints."""
    FLAGS: tuple[str, ...]
    """Fields of the Config that have no effect on a table without a column of this kind."""
    NAMES_FILES: bool
    """Do the cells name files? They are checked before training; <package>.preview shows them in the report."""

    def describe(self, graph_input: Input) -> str:
        """The raw input in words, for the model card, behind its dtype and shape."""
        ...

    def served_name(self, name: str) -> str:
        """The name of the input `name` in serving_default: that of files ends in `_bytes`, so that {"b64": …} works."""
        ...

    def as_served(self, value: Value, input_spec: InputSpec) -> tuple[Any, Value]:
        """A value as a client of TF Serving sends it, and the value that the raw input then holds."""
        ...

    def stack_served(self, sent: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
        """The values that a client sends, of b rows -> one array [b, …]."""
        ...


class FilesModule(Protocol):
    """The module <package>.files, of kinds whose cells name files. It imports no TensorFlow."""

    NOUN: str
    """The files of such a column, in the plural: `images`."""
    DECODERS: tuple[str, ...]
    """Distributions that decode the files: a newer version may decode a file that an older one could not."""

    def column_spec(self, cells: Sequence[str], root: MediaRoot, config: Config, log: Log) -> Any:
        """How the column is read: a frozen dataclass. Raises InputError for a flag whose value does not fit."""
        ...

    def saved_spec(self, entry: dict[str, Any]) -> Any:
        """How the column of a run is read, from its entry in schema.json."""
        ...

    def cache_settings(self, spec: Any) -> dict[str, Any]:
        """The fields of the spec that the cached features depend on, as JSON."""
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
        """What the report shows of a cell. entry: the column's entry in schema.json. Raises BadCell."""
        ...


class ObjectsModule(Protocol):
    """The module <package>.objects, of kinds whose cells name files. It imports no TensorFlow."""

    def is_held(self, value: Any) -> bool:
        """Is a value of Python a file of this kind in memory?"""
        ...

    def from_object(self, value: Any) -> Any:
        """What `cells.read` takes in place of a path: the bytes of a file, or pixels. Raises BadCell."""
        ...

    def as_file(self, value: Any) -> tuple[str, bytes]:
        """The value as a file without loss, and its media type. Raises BadCell."""
        ...


@functools.cache
def _module(name: str) -> Any:
    return importlib.import_module(name)


def _part(kind: str, part: str) -> Any:
    """A module of a kind's package. Raises InputError for an unknown kind."""
    if kind not in MODALITIES:
        raise InputError(f"unknown kind of column {kind!r}; expected one of {', '.join(MODALITIES)}.")
    return _module(f"{MODALITIES[kind]}.{part}")


def cells_of(kind: str) -> CellsModule:
    """How cells of a kind become arrays. Raises InputError for an unknown kind, as the functions below do."""
    return cast(CellsModule, _part(kind, "cells"))


def spec_of(kind: str) -> SpecModule:
    """How a kind is named, described and served."""
    return cast(SpecModule, _part(kind, "spec"))


def column_of(kind: str) -> ColumnModule:
    """How a column of a kind is adapted and loaded. It imports Keras."""
    return cast(ColumnModule, _part(kind, "column"))


def block_of(kind: str) -> BlockModule:
    """How many columns of a kind are adapted and loaded as one block. It imports Keras."""
    return cast(BlockModule, _part(kind, "block"))


def columns_read(modality: Modality) -> tuple[Column, ...]:
    """The columns of a block; () for a modality of one column."""
    return tuple(getattr(modality, "columns", ()))


def files_of(kind: str) -> FilesModule:
    """How the files that cells name are checked and become features, before training."""
    return cast(FilesModule, _part(kind, "files"))


def preview_of(kind: str) -> PreviewModule:
    """How a file that a cell names is shown. It imports Pillow."""
    return cast(PreviewModule, _part(kind, "preview"))


def objects_of(kind: str) -> ObjectsModule:
    """How pictures or clips in memory are read."""
    return cast(ObjectsModule, _part(kind, "objects"))


def names_files(kind: str) -> bool:
    """Do the cells of a kind name files?"""
    return spec_of(kind).NAMES_FILES
