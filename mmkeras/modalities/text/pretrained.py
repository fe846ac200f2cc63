"""A pretrained text encoder (BERT and its kind, from keras-hub) behind a tokenizer inside the graph.

A *preset* is what keras-hub calls a checkpoint: a name it knows, or a folder, of its own or of a Hugging Face BERT
(config.json, model.safetensors, vocab.txt, tokenizer_config.json). keras-hub is imported when one is read, not before.

Only WordPiece runs inside the graph. Byte-pair and SentencePiece presets are recognised and refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras import ops

from mmkeras.errors import InputError
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.wordpiece import WordPiece

GELU_AT = -1.5
EXACT, TANH = -0.1002108, -0.1004284  # what the two kinds of GELU are there


@dataclass(frozen=True)
class Preset:
    """What a run keeps of a preset beside its weights: with it the encoder is rebuilt where the preset is not at hand.

    vocabulary, lowercase: of its tokenizer. backbone: the architecture, as Keras writes it in JSON.
    exact_gelu: were the weights trained with the exact GELU? max_tokens: that it has positions for.
    """

    name: str
    vocabulary: tuple[str, ...]
    lowercase: bool
    backbone: dict[str, Any]
    exact_gelu: bool
    max_tokens: int


def tokenizer_kind(preset: str) -> str:
    """Which tokenizer a preset has: `WordPiece`, `BPE`, `SentencePiece` or the name of keras-hub's class."""
    return _kind(_from_preset("tokenizers.Tokenizer", preset))


def read_preset(preset: str) -> Preset:
    """Read everything but the weights. Raises InputError for a preset that cannot be read or has no WordPiece."""
    tokenizer = _from_preset("tokenizers.Tokenizer", preset)
    kind = _kind(tokenizer)
    if kind != "WordPiece":
        raise InputError(
            f"{preset}: its tokenizer is {kind} ({type(tokenizer).__name__}), which is not supported inside the graph. "
            "Expected a preset with WordPiece: BERT, DistilBERT, ELECTRA, MiniLM and models trained from them."
        )
    backbone = _from_preset("models.Backbone", preset, load_weights=False)
    return Preset(
        name=str(preset),
        vocabulary=tuple(tokenizer.get_vocabulary()),
        lowercase=bool(tokenizer.lowercase),
        backbone=keras.saving.serialize_keras_object(backbone),
        exact_gelu=_wants_exact_gelu(preset),
        max_tokens=int(backbone.max_sequence_length),
    )


def wordpiece(preset: Preset, max_tokens: int, **options: Any) -> WordPiece:
    """The preset's tokenizer as a layer. Raises InputError if it has no positions for so many tokens."""
    if max_tokens > preset.max_tokens:
        raise InputError(
            f"{preset.name}: {max_tokens} tokens are wanted; it was trained on {preset.max_tokens} at most."
        )
    return WordPiece(preset.vocabulary, max_tokens, preset.lowercase, **options)


def encode_pretrained(
    ids: Tensor, mask: Tensor, width: int, preset: str | Preset, trainable: bool = False, name: str = "text"
) -> tuple[Tensor, Tensor]:
    """int32 [b, T] ids and mask, as `WordPiece` gives them -> tokens [b, T, width] and float32 mask [b, T].

    preset: a name or folder, then with its weights; or a Preset: with random ones, to be loaded from a run's.
    trainable: fine-tune the preset's weights; the projection to `width` is always learned.
    """
    if isinstance(preset, str):
        backbone, exact = _from_preset("models.Backbone", preset), _wants_exact_gelu(preset)
    else:
        backbone, exact = keras.saving.deserialize_keras_object(preset.backbone), preset.exact_gelu
    encoder = PretrainedEncoder(backbone, exact, trainable=trainable, name=f"{name}_pretrained")
    tokens = keras.layers.Dense(width, name=f"{name}_projection")(encoder(ids, mask))
    return tokens, ops.cast(mask, "float32")


@keras.saving.register_keras_serializable("mmkeras")
class PretrainedEncoder(keras.layers.Layer):
    """A keras-hub backbone as one layer: int32 ids [b, T], mask [b, T] -> float32 [b, T, hidden].

    exact_gelu: replace keras-hub's GELU, a tanh that comes close (differences up to 4e-4 in an embedding), by the exact
    one. Frozen (`trainable` false) it has no dropout, even in training.
    """

    def __init__(self, backbone: keras.Model, exact_gelu: bool = False, trainable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.backbone, self.exact_gelu = backbone, exact_gelu
        for layer in backbone._flatten_layers():
            if callable(getattr(layer, "activation", None)):
                layer.activation = exportable(layer.activation, exact_gelu)
        self.trainable = trainable  # of the backbone too

    def call(self, ids: Tensor, used: Tensor, training: bool = False) -> Tensor:
        known = {"token_ids": ids, "padding_mask": used, "segment_ids": ops.zeros_like(ids)}
        inputs = {name: known[name] for name in self.backbone.input}
        output = self.backbone(inputs, training=training and self.trainable)
        return output["sequence_output"] if isinstance(output, dict) else output

    def get_config(self) -> dict[str, Any]:
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return {
            **super().get_config(),
            "backbone": backbone,
            "exact_gelu": self.exact_gelu,
            "trainable": self.trainable,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PretrainedEncoder:
        _keras_hub()  # its classes must be known
        return cls(**{**config, "backbone": keras.saving.deserialize_keras_object(config["backbone"])})


def exact_gelu(x: Tensor) -> Tensor:
    """x * P(X <= x) for a standard normal X (Hendrycks and Gimpel 2016).

    `keras.activations.gelu(x, approximate=False)` is the same, but becomes TensorFlow's Erfc, which ONNX has not.
    """
    return 0.5 * x * (1.0 + ops.erf(x * (1.0 / math.sqrt(2.0))))


def exportable(activation: Any, exact: bool) -> Any:
    """An activation -> `exact_gelu` if it is a GELU, exact or to be so; else itself. A value tells, for names vary."""
    value = float(activation(ops.convert_to_tensor(GELU_AT)))
    is_exact, is_tanh = abs(value - EXACT) < 1e-5, abs(value - TANH) < 1e-5
    return exact_gelu if is_exact or (exact and is_tanh) else activation


def _wants_exact_gelu(preset: str) -> bool:
    """Does a Hugging Face folder say so? ("gelu" is the exact one there, "gelu_new" the tanh.)"""
    config = Path(preset) / "config.json"
    return config.is_file() and json.loads(config.read_text(encoding="utf-8")).get("hidden_act") == "gelu"


def _keras_hub() -> Any:
    try:
        import keras_hub
    except ImportError as error:
        raise InputError(f"A pretrained text encoder needs keras-hub ({error}): pip install 'mmkeras[hub]'.") from error
    return keras_hub


def _from_preset(what: str, preset: str, **options: Any) -> Any:
    """`keras_hub.<what>.from_preset(preset)`; an InputError where that fails, whatever keras-hub's own is."""
    module, _, name = what.partition(".")
    try:
        return getattr(getattr(_keras_hub(), module), name).from_preset(str(preset), **options)
    except InputError:
        raise
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(
            f"{preset}: this preset cannot be loaded ({type(error).__name__}: {first_line}) Expected a text preset "
            "that keras-hub knows by name, or a folder of its own or of a Hugging Face BERT."
        ) from error


def _kind(tokenizer: Any) -> str:
    hub = _keras_hub()
    kinds = {"WordPiece": "WordPieceTokenizer", "BPE": "BytePairTokenizer", "SentencePiece": "SentencePieceTokenizer"}
    found = [kind for kind, name in kinds.items() if isinstance(tokenizer, getattr(hub.tokenizers, name))]
    return found[0] if found else type(tokenizer).__name__
