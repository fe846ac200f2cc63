"""Files of clips -> the log-mel spectrograms that are cached on disk. No TensorFlow: reading processes start fast."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from mmkeras.errors import BadCell
from mmkeras.features.cache import Shapes
from mmkeras.modalities.audio import tfio
from mmkeras.modalities.audio.cells import clip_seconds, read_clip
from mmkeras.modalities.audio.filters import mel_filters
from mmkeras.modalities.audio.spec import AudioSpec, audio_spec
from mmkeras.modalities.audio.spectrum import log_mel, valid_frames
from mmkeras.modalities.media.features import CHUNK, distinct_cells, n_workers
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.progress import Log, Progress
from mmkeras.system.workers import Workers

if TYPE_CHECKING:  # it imports tyro, which the processes do not need
    from mmkeras.config.config import Config

NOUN: Final = "clips"
DECODERS: Final[tuple[str, ...]] = ("soundfile", "scipy")

LONGEST: Final = 10.0  # seconds of a clip that are read without --seconds, at most


def column_spec(cells: Sequence[str], root: MediaRoot, config: Config, log: Log) -> AudioSpec:
    """How a column of clips is read. Raises InputError for values that contradict one another, or an empty mel band."""
    audio = config.audio
    seconds = audio.seconds
    if seconds is None:
        longest = longest_clip(cells, root)
        seconds = min(max(math.ceil(longest * 100) / 100, 0.1), LONGEST)
        log(f"clips are read up to {seconds:g} s; the longest has {longest:.2f} s (--seconds to change it)")
    coefficients = min(audio.coefficients, audio.mels)
    spec = audio_spec(audio.audio_rate, seconds, audio.audio_features, audio.mels, coefficients)
    mel_filters(spec)  # raises for an empty band here, before worker processes start
    return spec


def saved_spec(entry: dict[str, Any]) -> AudioSpec:
    """How the column of a run is read, from its entry in schema.json."""
    return AudioSpec(**entry["rule"])


def cache_settings(spec: AudioSpec) -> dict[str, Any]:
    """The fields of the spec that log-mel depends on, as JSON; the graph computes MFCC from log-mel."""
    return {key: value for key, value in asdict(spec).items() if key not in ("features", "coefficients")}


def shapes(spec: AudioSpec, n: int) -> Shapes:
    """The shapes and dtypes of the arrays for n distinct clips: log-mel, and the number of valid frames."""
    return {"log_mel": ((n, spec.n_frames, spec.mels), "float32"), "frames": ((n,), "int32")}


def read_features(cell: str, spec: AudioSpec, root: MediaRoot) -> dict[str, Any]:
    """One clip's row of each array: log_mel float32 [frames, mels], frames an int. Raises BadCell."""
    clip = read_clip(cell, root, spec, native_decoder())
    return {"log_mel": log_mel(clip, spec), "frames": valid_frames(clip, spec)}


@functools.cache
def native_decoder() -> Any:
    """tensorflow-io's decoder, if it is installed and its native part loads; else None: soundfile decodes all clips.

    It imports TensorFlow into this process, which takes seconds, but only where tensorflow-io is installed.
    """
    return tfio.native_decoder() if tfio.is_installed() else None


def longest_clip(cells: Sequence[str], root: MediaRoot, log: Log | None = None) -> float:
    """Seconds of the longest readable clip, from the files' headers; 0.0 if no clip is readable.

    log: takes lines on the progress, if it takes long.
    """
    distinct, _ = distinct_cells(cells)
    progress = Progress(("", " clips measured"), len(distinct), log or (lambda line: None))
    longest = 0.0
    with Workers(n_workers(len(distinct))) as workers:
        for _, lengths in workers.map(functools.partial(measure_clips, root), distinct, CHUNK):
            longest = max(longest, *(length or 0.0 for length in lengths))
            progress.advance(len(lengths))
    progress.end()
    return longest


def measure_clips(root: MediaRoot, first: int, cells: Sequence[str]) -> list[float]:
    """Work of a process: the seconds of each clip, 0.0 for one that cannot be read."""

    def seconds(cell: str) -> float:
        try:
            return clip_seconds(cell, root)
        except BadCell:
            return 0.0

    return [seconds(cell) for cell in cells]
