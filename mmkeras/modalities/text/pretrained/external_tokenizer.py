"""Tokenizers that run before the graph: byte pairs and SentencePiece, by keras-hub, from files in the run's folder."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.text.pretrained.preset import keras_hub, load_tokenizer

CONFIG = "tokenizer.json"  # keras-hub's name, beside the folder `assets`
STARTS, ENDS = ("cls_token_id", "start_token_id"), ("sep_token_id", "end_token_id")  # attributes, by model


def save_tokenizer(preset: str, folder: Path) -> None:
    """Write a preset's tokenizer into a folder of the run, so that texts can be read without the preset."""
    load_tokenizer(preset).save_to_preset(str(folder))
    saved_tokenizer.cache_clear()  # the folder may have held another tokenizer


def tokenize_externally(folder: Path, texts: Sequence[bytes], max_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts in UTF-8 -> ids int32 [n, T], padded, and mask int32 [n, T], 0 for padding, else 1.

    T: tokens of the longest text, at most `max_tokens`. Each text is framed by the model's start and end tokens
    ([CLS] … [SEP], <s> … </s>); a longer text is truncated. Characters that the vocabulary lacks are dropped. The name
    of a special token in a text is read as that token, as keras-hub does.
    folder: that of `save_tokenizer`. Raises InputError if it holds no tokenizer.
    """
    tokenizer = saved_tokenizer(folder)
    start, end, pad = frame(tokenizer)
    room = max_tokens - len(start) - len(end)
    if room < 1:
        raise InputError(
            f"max_tokens is {max_tokens}; expected {1 + max_tokens - room} or more, for one token of text."
        )
    token_ids = tokenizer([text.decode("utf-8", "replace") for text in texts]) if texts else []
    rows = [[*start, *row[:room], *end] for row in token_ids]
    width = max(map(len, rows), default=1)
    ids = np.array([row + [pad] * (width - len(row)) for row in rows], "int32").reshape(len(rows), width)
    lengths = np.array([len(row) for row in rows], "int32")
    return ids, (np.arange(width) < lengths[:, None]).astype("int32")


def frame(tokenizer: Any) -> tuple[list[int], list[int], int]:
    """The ids at a text's start, those at its end, and the id of padding, of keras-hub's tokenizer."""
    start, end = (
        [k for k in (getattr(tokenizer, name, None) for name in names) if k is not None][:1] for names in (STARTS, ENDS)
    )
    return start, end, getattr(tokenizer, "pad_token_id", None) or 0


def end_of(folder: Path) -> int | None:
    """The id that ends a text, also one that is cut; None for a tokenizer without one. folder: of `save_tokenizer`."""
    _, ends, _ = frame(saved_tokenizer(folder))
    return ends[0] if ends else None


@functools.lru_cache(maxsize=4)
def saved_tokenizer(folder: Path) -> Any:
    """keras-hub's tokenizer from the files of `save_tokenizer`."""
    keras_hub()  # registers its classes
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tokenizer = keras.saving.deserialize_keras_object(config)
        tokenizer.load_preset_assets(str(folder))
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"{folder}: expected a tokenizer's files, {CONFIG} and assets, as training saves them "
            f"({type(error).__name__}: {first_line}). Train again."
        ) from error
    return tokenizer
