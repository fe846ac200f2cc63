"""The audio modality: a column of clips, its layers in the graph, its encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.config import Config
from mmkeras.encoded import Encoded, Shape
from mmkeras.inputs import Input, Serving
from mmkeras.modalities.audio.encoder import audio_tokens
from mmkeras.modalities.audio.layers import FrameMask, LogMel
from mmkeras.modalities.audio.rule import AudioRule
from mmkeras.sides import ArraySide

if TYPE_CHECKING:
    from mmkeras.media_features import MediaFeatures

Tensor = Any


@dataclass(frozen=True)
class AudioColumn:
    """disturb: how much training clips are changed, see `augment.Disturb`; 0 for not at all."""

    name: str
    rule: AudioRule
    disturb: float

    def entry(self) -> dict[str, Any]:
        return {"rule": asdict(self.rule), "disturb": self.disturb}

    def save(self, folder: Path) -> None:
        """Nothing is adapted."""

    def input(self, column: str) -> Input:
        rule = self.rule
        facts = {
            "rate": rule.rate,
            "seconds": rule.seconds,
            "samples": "mono, full scale 1; a longer clip is cut, zeros behind a shorter one",
        }
        serving = Serving(f"{self.name}_bytes", "string", lambda data: read_waves(data, rule))
        return Input(self.name, column, "audio", "float32", (rule.n_samples,), facts, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        valid = FrameMask(self.rule, name=f"{self.name}_frames")(raw)
        return {f"{self.name}_log_mel": LogMel(self.rule, name=f"{self.name}_mel")(raw), f"{self.name}_valid": valid}

    def features(self) -> dict[str, Any]:
        log_mel, valid = f"{self.name}_log_mel", f"{self.name}_valid"
        frames = self.rule.n_frames
        return {
            log_mel: keras.Input((frames, self.rule.mels), dtype="float32", name=log_mel),
            valid: keras.Input((frames,), dtype="float32", name=valid),
        }

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def encode(self, features: dict[str, Tensor], shape: Shape) -> Encoded:
        log_mel, valid = features[f"{self.name}_log_mel"], features[f"{self.name}_valid"]
        return Encoded(*audio_tokens(log_mel, valid, self.rule, shape.width, shape.width // 4, self.name, self.disturb))


def learn(
    name: str, cells: dict[str, MediaFeatures], rule: AudioRule, config: Config, folder: Path, say: Any
) -> tuple[AudioColumn, dict[str, ArraySide]]:
    """The clips are on disk already, as log-mel, and how many of their frames are sound."""
    frames = np.arange(rule.n_frames)
    sides = {}
    for side, clips in cells.items():
        valid = (frames < clips.arrays["frames"][:, None]).astype("float32")  # [u, frames]
        sides[side] = ArraySide({f"{name}_log_mel": clips.arrays["log_mel"], f"{name}_valid": valid}, clips.index)
    return AudioColumn(name, rule, config.disturb), sides


def load(entry: dict[str, Any], folder: Path) -> AudioColumn:
    """Rebuild it from its part of schema.json."""
    return AudioColumn(entry["name"], AudioRule(**entry["rule"]), entry["disturb"])


def read_waves(data: Tensor, rule: AudioRule) -> tuple[Tensor, Tensor]:
    """String [b], wav files of 16 bits at the rule's rate, "" where there is none -> [b, n_samples], float32 [b, 1].

    TensorFlow's own decoder knows nothing else; a wav of another rate is an error that names both.
    """

    def read(file: Tensor) -> Tensor:
        samples, rate = tf.audio.decode_wav(file)  # [n, channels]
        wrong = tf.strings.format(f"expected a wav of {rule.rate} Hz, received one of {{}} Hz", rate)
        with tf.control_dependencies([tf.debugging.Assert(tf.equal(rate, rule.rate), [wrong])]):
            mono = tf.reduce_mean(samples, axis=1)[: rule.n_samples]
        return tf.pad(mono, [[0, rule.n_samples - tf.shape(mono)[0]]])

    silence = tf.zeros((rule.n_samples,), tf.float32)
    clips = tf.map_fn(
        lambda file: tf.cond(tf.equal(tf.strings.length(file), 0), lambda: silence, lambda: read(file)),
        data,
        fn_output_signature=tf.TensorSpec((rule.n_samples,), tf.float32),
    )
    return clips, tf.cast(tf.strings.length(data) > 0, tf.float32)[:, None]
