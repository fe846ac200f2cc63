"""Clips' files -> the log-mel that is kept on disk. No TensorFlow: processes that read files start fast."""

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
from mmkeras.modalities.media.features import CHUNK, distinct_cells, worth_their_start
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.progress import Log, Progress
from mmkeras.system.workers import Workers

if TYPE_CHECKING:  # it brings tyro, which the processes have no use for
    from mmkeras.config.config import Config

NOUN: Final = "clips"
DECODERS: Final[tuple[str, ...]] = ("soundfile", "scipy")

LONGEST: Final = 10.0  # seconds of a clip that are read where --seconds does not say


def rule_of(cells: Sequence[str], root: MediaRoot, config: Config, log: Log) -> AudioSpec:
    """How a column of clips is read. Raises InputError for numbers that do not fit, or a mel band that is deaf."""
    seconds = config.audio.seconds
    if seconds is None:
        longest = longest_clip(cells, root)
        seconds = min(max(math.ceil(longest * 100) / 100, 0.1), LONGEST)
        log(f"clips are read up to {seconds:g} s; the longest has {longest:.2f} s (--seconds to change it)")
    audio = config.audio
    coefficients = min(audio.coefficients, audio.mels)
    spec = audio_spec(audio.audio_rate, seconds, audio.audio_features, audio.mels, coefficients)
    mel_filters(spec)  # here, before processes that could only end with it
    return spec


def made_of(spec: AudioSpec) -> dict[str, Any]:
    """What the features depend on, as JSON: MFCC is made of log-mel, inside the graph."""
    return {k: v for k, v in asdict(spec).items() if k not in ("features", "coefficients")}


def shapes(spec: AudioSpec, n: int) -> Shapes:
    """The arrays of n distinct clips: log-mel, and how many frames of it are the clip's."""
    return {"log_mel": ((n, spec.n_frames, spec.mels), "float32"), "frames": ((n,), "int32")}


def read_features(cell: str, spec: AudioSpec, root: MediaRoot) -> dict[str, Any]:
    """The row of a clip: log_mel float32 [frames, mels] and frames. Raises BadCell."""
    clip = read_clip(cell, root, spec, native_decoder())
    return {"log_mel": log_mel(clip, spec), "frames": valid_frames(clip, spec)}


@functools.cache
def native_decoder() -> Any:
    """tensorflow-io's decoder, where it is installed and its native part loads; else None, and soundfile does it all.

    It brings TensorFlow into this process, which takes seconds: only who has installed it pays for it.
    """
    return tfio.native_decoder() if tfio.is_installed() else None


def longest_clip(cells: Sequence[str], root: MediaRoot, log: Log | None = None) -> float:
    """Seconds of the longest clip that can be read, by the files' headers; 0.0 when there is none.

    say: told how far it is, when it takes long.
    """
    distinct, _ = distinct_cells(cells)
    progress = Progress(("", " clips measured"), len(distinct), log or (lambda line: None))
    longest = 0.0
    with Workers(worth_their_start(len(distinct))) as workers:
        for _, lengths in workers.map(functools.partial(measure_clips, root), distinct, CHUNK):
            longest = max(longest, *(length or 0.0 for length in lengths))
            progress.advance(len(lengths))
    progress.end()
    return longest


def measure_clips(root: MediaRoot, first: int, cells: Sequence[str]) -> list[float]:
    """Work: the seconds of some clips, 0.0 where one cannot be read."""

    def seconds(cell: str) -> float:
        try:
            return clip_seconds(cell, root)
        except BadCell:
            return 0.0

    return [seconds(cell) for cell in cells]
