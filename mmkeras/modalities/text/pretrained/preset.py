"""The parts of a pretrained text encoder, read from a preset of keras-hub.

*Preset* is keras-hub's word for a checkpoint: a registered name, or a folder, of keras-hub or of a Hugging Face BERT
(config.json, model.safetensors, vocab.txt, tokenizer_config.json). keras-hub is imported when a preset is read.

WordPiece runs inside the graph (wordpiece/layer.py), byte pairs and SentencePiece before it (external_tokenizer.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from mmkeras.errors import InputError
from mmkeras.system.packages import pip_install

WORDPIECE = "WordPiece"
KINDS = {WORDPIECE: "WordPieceTokenizer", "BPE": "BytePairTokenizer", "SentencePiece": "SentencePieceTokenizer"}
INPUTS = {"token_ids", "padding_mask", "segment_ids"}  # the inputs of a backbone that PretrainedEncoder can supply
NO_END = 2**15  # tokens, for a backbone without a table of positions


@dataclass(frozen=True)
class Preset:
    """The parts of a preset that a run saves beside the weights, so that the encoder can be rebuilt without the preset.

    vocabulary, lowercase: of a WordPiece tokenizer. backbone: the architecture, as Keras' JSON.
    exact_gelu: were the weights trained with the exact GELU? max_tokens: the number of positions.
    tokenizer: `WordPiece`, which runs in the graph; or `BPE`, `SentencePiece`, whose files `save_tokenizer` writes.
    """

    name: str
    vocabulary: tuple[str, ...]
    lowercase: bool
    backbone: dict[str, Any]
    exact_gelu: bool
    max_tokens: int
    tokenizer: str = WORDPIECE

    @property
    def in_graph(self) -> bool:
        """Does its tokenizer run inside the graph?"""
        return self.tokenizer == WORDPIECE


def tokenizer_kind(preset: str) -> str:
    """The kind of a preset's tokenizer: `WordPiece`, `BPE`, `SentencePiece` or the name of keras-hub's class."""
    return kind_of(load_tokenizer(preset))


def read_preset(preset: str) -> Preset:
    """Read everything but the weights.

    Raises InputError for a preset that cannot be read, has another tokenizer, or encodes more than one text.
    """
    tokenizer = load_tokenizer(preset)
    kind = kind_of(tokenizer)
    if kind not in KINDS:
        raise InputError(
            f"{preset}: its tokenizer is {kind}, which is not supported. Expected a preset with WordPiece (BERT, "
            "DistilBERT, MiniLM: it runs inside the graph), byte pairs (RoBERTa, GPT-2) or SentencePiece (ALBERT, "
            "XLM-RoBERTa), which run before it."
        )
    backbone = load_backbone(preset, load_weights=False)
    inputs = backbone.input if isinstance(backbone.input, dict) else {}
    if not inputs or not INPUTS.issuperset(inputs):
        raise InputError(
            f"{preset}: its backbone {type(backbone).__name__} takes {', '.join(inputs) or 'one tensor'}. Expected an "
            f"encoder of one text, with {', '.join(sorted(INPUTS))} alone: no translation model, none for images."
        )
    return Preset(
        name=str(preset),
        vocabulary=tuple(tokenizer.get_vocabulary()) if kind == WORDPIECE else (),
        lowercase=bool(getattr(tokenizer, "lowercase", False)),
        backbone=keras.saving.serialize_keras_object(backbone),
        exact_gelu=uses_exact_gelu(preset),
        max_tokens=int(getattr(backbone, "max_sequence_length", NO_END)),
        tokenizer=kind,
    )


def check_length(preset: Preset, max_tokens: int) -> None:
    """Raise InputError if a preset has fewer positions than `max_tokens`."""
    if max_tokens > preset.max_tokens:
        raise InputError(
            f"{preset.name}: {max_tokens} tokens are wanted; it was trained on {preset.max_tokens} at most."
        )


def load_tokenizer(preset: str) -> Any:
    """keras-hub's tokenizer of a preset. Raises InputError if it cannot be loaded."""
    return _from_preset("tokenizers.Tokenizer", preset)


def load_backbone(preset: str, load_weights: bool = True) -> Any:
    """keras-hub's backbone of a preset, a Keras model. Raises InputError if it cannot be loaded."""
    return _from_preset("models.Backbone", preset, load_weights=load_weights)


def uses_exact_gelu(preset: str) -> bool:
    """Is the preset a Hugging Face folder whose config.json names the exact GELU, "gelu"? ("gelu_new" is the tanh.)"""
    config = Path(preset) / "config.json"
    return config.is_file() and json.loads(config.read_text(encoding="utf-8")).get("hidden_act") == "gelu"


def kind_of(tokenizer: Any) -> str:
    """The kind of keras-hub's tokenizer, or its class's name."""
    tokenizers = keras_hub().tokenizers
    kinds = [kind for kind, name in KINDS.items() if isinstance(tokenizer, getattr(tokenizers, name))]
    return kinds[0] if kinds else type(tokenizer).__name__


def keras_hub() -> Any:
    """The package keras-hub. Raises InputError with the command that installs it."""
    try:
        import keras_hub
    except ImportError as error:
        raise InputError(f"A pretrained text encoder needs keras-hub ({error}): {pip_install('keras-hub')}") from error
    return keras_hub


def _from_preset(class_path: str, preset: str, **options: Any) -> Any:
    """`keras_hub.<class_path>.from_preset(preset)`. Raises InputError for whatever error keras-hub raises."""
    module, _, name = class_path.partition(".")
    try:
        return getattr(getattr(keras_hub(), module), name).from_preset(str(preset), **options)
    except InputError:
        raise
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"{preset}: this preset cannot be loaded ({type(error).__name__}: {first_line}) Expected a text preset "
            "that keras-hub knows by name, or a folder of its own or of a Hugging Face BERT."
        ) from error
