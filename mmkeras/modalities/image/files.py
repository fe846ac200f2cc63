"""Files of pictures -> the pixels that are cached on disk. Pillow and NumPy alone: reading processes start fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from mmkeras.features.cache import Shapes
from mmkeras.modalities.image.cells import read_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.spec import ImageSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.progress import Log

if TYPE_CHECKING:  # it imports tyro, which the processes do not need
    from mmkeras.config.config import Config

NOUN: Final = "images"
DECODERS: Final[tuple[str, ...]] = ("pillow",)


def column_spec(cells: Sequence[str], root: MediaRoot, config: Config, log: Log) -> ImageSpec:
    """How a column of pictures is read."""
    return ImageSpec(config.image.image_size)


def saved_spec(entry: dict[str, Any]) -> ImageSpec:
    """How the column of a run is read, from its entry in schema.json."""
    return ImageSpec(**entry["rule"])


def cache_settings(spec: ImageSpec) -> dict[str, Any]:
    """The fields of the spec that the cached pixels depend on, as JSON."""
    return asdict(spec)


def shapes(spec: ImageSpec, n: int) -> Shapes:
    """The shape and dtype of the array for n distinct pictures."""
    return {"pixels": ((n, spec.size, spec.size, 3), "uint8")}


def read_features(cell: str, spec: ImageSpec, root: MediaRoot) -> dict[str, Any]:
    """One picture's row of the array: uint8 [size, size, 3]. Raises BadCell."""
    return {"pixels": resize_pixels(read_image(cell, root), spec.size)}
