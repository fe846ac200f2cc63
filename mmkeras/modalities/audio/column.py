"""The audio modality: a column of clips, its layers in the graph, its encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.audio.encoder import audio_tokens, normalised_bands
from mmkeras.modalities.audio.layers import FrameMask, LogMel
from mmkeras.modalities.audio.serving import read_waves
from mmkeras.modalities.audio.spec import AudioSpec, served_name
from mmkeras.modalities.encoded import Encoded, Sizes

if TYPE_CHECKING:
    from mmkeras.modalities.media.features import MediaFeatures

Tensor = Any


@dataclass(frozen=True)
class AudioColumn:
    """disturb: the strength of augmentation, see augment.py; 0 for none."""

    name: str
    spec: AudioSpec
    disturb: float

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {"rule": asdict(self.spec), "disturb": self.disturb}

    def save(self, folder: Path) -> None:
        """There is no adapted state."""

    def input(self, column: str) -> Input:
        spec = self.spec
        metadata = {
            "rate": spec.rate,
            "seconds": spec.seconds,
            "samples": "mono, full scale 1; a longer clip is cut, zeros behind a shorter one",
        }
        serving = Serving(served_name(self.name), "string", lambda data: read_waves(data, spec))
        return Input(self.name, column, "audio", "float32", (spec.n_samples,), metadata, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        valid = FrameMask(self.spec, name=f"{self.name}_frames")(raw)
        return {f"{self.name}_log_mel": LogMel(self.spec, name=f"{self.name}_mel")(raw), f"{self.name}_valid": valid}

    def features(self) -> dict[str, Any]:
        log_mel, valid = f"{self.name}_log_mel", f"{self.name}_valid"
        frames = self.spec.n_frames
        return {
            log_mel: keras.Input((frames, self.spec.mels), dtype="float32", name=log_mel),
            valid: keras.Input((frames,), dtype="float32", name=valid),
        }

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, Tensor]:
        log_mel, valid = features[f"{self.name}_log_mel"], features[f"{self.name}_valid"]
        return normalised_bands(log_mel, valid, self.spec, self.name, self.disturb)

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        log_mel, valid = features[f"{self.name}_log_mel"], features[f"{self.name}_valid"]
        return Encoded(*audio_tokens(log_mel, valid, self.spec, sizes.width, sizes.width // 4, self.name, self.disturb))


def adapt(
    name: str, cells: dict[str, MediaFeatures], spec: AudioSpec, config: Config, folder: Path, log: Any
) -> tuple[AudioColumn, dict[str, ArrayFeatures]]:
    """Take the log-mel spectrograms that `media.check` left on disk, with the mask of their valid frames."""
    column = AudioColumn(name, spec, config.audio.disturb)
    return column, compute_features(column, cells, folder, log)


def compute_features(
    column: AudioColumn, cells: dict[str, MediaFeatures], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """The spectrograms of the rows' clips, as `media.check` left them on disk, and the mask of their valid frames."""
    frames = np.arange(column.spec.n_frames)
    features = {}
    for split_name, clips in cells.items():
        valid = (frames < clips.arrays["frames"][:, None]).astype("float32")  # [u, frames]
        arrays = {f"{column.name}_log_mel": clips.arrays["log_mel"], f"{column.name}_valid": valid}
        features[split_name] = ArrayFeatures(arrays, clips.index)
    return features


def load(entry: dict[str, Any], folder: Path) -> AudioColumn:
    """Rebuild the column from its entry in schema.json."""
    return AudioColumn(entry["name"], AudioSpec(**entry["rule"]), entry["disturb"])
