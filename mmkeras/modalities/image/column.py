"""The image modality: a column of pictures, its layers in the graph, its encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from mmkeras.config.config import Config
from mmkeras.config.presets import is_preset, preset_of
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.image.encoder import encode_image
from mmkeras.modalities.image.layers import Augment, Rescale, Resize
from mmkeras.modalities.image.preset import ImagePreset, encode_with, read_image_preset
from mmkeras.modalities.image.serving import read_pictures
from mmkeras.modalities.image.spec import ImageSpec, served_name

if TYPE_CHECKING:
    from mmkeras.modalities.media.features import MediaFeatures

Tensor = Any
CROP, COLOUR = 0.25, 0.2  # the largest share of a side that is cropped, and of a colour that changes


@dataclass(frozen=True)
class ImageColumn:
    """augment: of `flip`, `crop`, `colour`. preset: the pretrained encoder; None for the network of encoder.py."""

    name: str
    spec: ImageSpec
    augment: tuple[str, ...]
    seed: int
    trainable: bool = False
    preset: ImagePreset | None = None

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {
            "rule": asdict(self.spec),
            "augment": list(self.augment),
            "seed": self.seed,
            "trainable": self.trainable,
            "preset": self.preset.to_json() if self.preset else None,
        }

    def save(self, folder: Path) -> None:
        """There is no adapted state; a preset's weights are among the core's."""

    def input(self, column: str) -> Input:
        size = self.spec.size
        metadata = {
            "colours": "RGB, 0 to 255",
            "any_size": f"it is resized inside to {size} x {size}; a picture of that size is taken as it is",
        }
        serving = Serving(served_name(self.name), "string", lambda data: read_pictures(data, size))
        fixed = {"height": size, "width": size}
        return Input(
            self.name, column, "image", "uint8", ("height", "width", 3), metadata | {"size": size}, fixed, serving
        )

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_pixels": Resize(self.spec.size, name=f"{self.name}_resize")(raw)}

    def features(self) -> dict[str, Any]:
        name, size = f"{self.name}_pixels", self.spec.size
        return {name: keras.Input((size, size, 3), dtype="uint8", name=name)}

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def augmented(self, features: dict[str, Tensor]) -> Tensor:
        """Pixels [b, s, s, 3], 0 … 255, changed at random in training."""
        changes: dict[str, Any] = {
            "flip": "flip" in self.augment,
            "crop": CROP if "crop" in self.augment else 0.0,
            "colour": COLOUR if "colour" in self.augment else 0.0,
        }
        x = features[f"{self.name}_pixels"]
        return Augment(**changes, seed=self.seed, name=f"{self.name}_augment")(x) if self.augment else x

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, None]:
        return Rescale(1 / 255, 0.0, name=f"{self.name}_rescale")(self.augmented(features)), None

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        x = Rescale(name=f"{self.name}_rescale")(self.augmented(features))
        if self.preset:
            tokens = encode_with(self.preset, x, sizes.width, self.trainable, self.name)
        else:
            tokens = encode_image(x, sizes.width, sizes.width // 2, self.name)
        return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))


def adapt(
    name: str, cells: dict[str, MediaFeatures], spec: ImageSpec, config: Config, folder: Path, log: Any
) -> tuple[ImageColumn, dict[str, ArrayFeatures]]:
    """Take the pixels that `media.check` left on disk; the Config gives the encoder and the augmentation."""
    preset = None
    if is_preset(config.image.image_encoder):
        preset = read_image_preset(preset_of(config.image.image_encoder), spec.size, f"{name}_backbone")
    augment = tuple(change for change in config.image.image_augment if change != "none")
    column = ImageColumn(name, spec, augment, config.training.seed, config.model.fine_tune, preset)
    return column, compute_features(column, cells, folder, log)


def compute_features(
    column: ImageColumn, cells: dict[str, MediaFeatures], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """The pixels of the rows' pictures, as `media.check` left them on disk."""
    return {
        split_name: ArrayFeatures({f"{column.name}_pixels": pictures.arrays["pixels"]}, pictures.index)
        for split_name, pictures in cells.items()
    }


def load(entry: dict[str, Any], folder: Path) -> ImageColumn:
    """Rebuild the column from its entry in schema.json."""
    preset = ImagePreset.from_json(entry["preset"]) if entry["preset"] else None
    augment, seed = tuple(entry["augment"]), entry["seed"]
    return ImageColumn(entry["name"], ImageSpec(**entry["rule"]), augment, seed, entry["trainable"], preset)
