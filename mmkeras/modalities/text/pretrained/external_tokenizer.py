"""Tokenizers that run before the graph: byte pairs and SentencePiece, by keras-hub, from files that a run keeps."""

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

CONFIG = "tokenizer.json"  # as keras-hub names it, beside the folder `assets`
STARTS, ENDS = ("cls_token_id", "start_token_id"), ("sep_token_id", "end_token_id")  # names that models give them


def keep_tokenizer(preset: str, folder: Path) -> None:
    """Write a preset's tokenizer into a folder of the run, so that texts are read where the preset is not at hand."""
    load_tokenizer(preset).save_to_preset(str(folder))
    kept_tokenizer.cache_clear()  # another may have stood there


def tokenize_externally(folder: Path, texts: Sequence[bytes], max_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts in UTF-8 -> ids int32 [n, T], padded, and mask int32 [n, T], 1 where there is no padding.

    T is that of the longest text, at most `max_tokens`. A text stands between the tokens its model knows starts and
    ends by ([CLS] … [SEP], <s> … </s>); a longer one is cut. What the vocabulary has nothing for is left out.
    A special token's name within a text is read as that token, as keras-hub does.
    folder: what `keep_tokenizer` wrote. Raises InputError where it is no such folder.
    """
    tokenizer = kept_tokenizer(folder)
    start, end, pad = frame(tokenizer)
    room = max_tokens - len(start) - len(end)
    if room < 1:
        raise InputError(
            f"max_tokens is {max_tokens}; expected {1 + max_tokens - room} or more, for one token of text."
        )
    found = tokenizer([text.decode("utf-8", "replace") for text in texts]) if texts else []
    rows = [[*start, *row[:room], *end] for row in found]
    width = max(map(len, rows), default=1)
    ids = np.array([row + [pad] * (width - len(row)) for row in rows], "int32").reshape(len(rows), width)
    lengths = np.array([len(row) for row in rows], "int32")
    return ids, (np.arange(width) < lengths[:, None]).astype("int32")


def frame(tokenizer: Any) -> tuple[list[int], list[int], int]:
    """The ids in front of a text, those behind it, and the one that pads, of keras-hub's tokenizer."""
    start, end = (
        [k for k in (getattr(tokenizer, name, None) for name in names) if k is not None][:1] for names in (STARTS, ENDS)
    )
    return start, end, getattr(tokenizer, "pad_token_id", None) or 0


@functools.lru_cache(maxsize=4)
def kept_tokenizer(folder: Path) -> Any:
    """keras-hub's tokenizer from what `keep_tokenizer` wrote."""
    keras_hub()  # its classes must be known
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tokenizer = keras.saving.deserialize_keras_object(config)
        tokenizer.load_preset_assets(str(folder))
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"{folder}: expected a tokenizer's files, {CONFIG} and assets, as training keeps them "
            f"({type(error).__name__}: {first_line}). Train again."
        ) from error
    return tokenizer
