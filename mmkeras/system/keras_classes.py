"""The layers of this package, known to Keras after `import mmkeras`, so that `keras.models.load_model` finds them.

Keras looks a class up by its registered name, `mmkeras>CutBytes`, and imports no modules of other packages by itself.
`import mmkeras` must stay light, and must work before and after `import keras`. So each name is first registered with
a stand-in, which imports the layer's module when a model is rebuilt; the module then registers the layer itself. Where
Keras is not imported yet, that happens as soon as it is.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

PACKAGE: Final = "mmkeras"
CLASSES: Final[dict[str, str]] = {
    "mmkeras.modalities.any_length": "CutBytes CutTokens",
    "mmkeras.modalities.audio.augment": "Disturb SpecAugment",
    "mmkeras.modalities.audio.encoder": "ClipNorm HalveMask Keep",
    "mmkeras.modalities.audio.layers": "FrameMask LogMel Mfcc Smoothed",
    "mmkeras.modalities.category.block_layers": "CategoryBlockRows",
    "mmkeras.modalities.category.layers": "CategoryRows HashBytes",
    "mmkeras.modalities.column_tokens": "ColumnWeights MissingColumns PerColumn",
    "mmkeras.modalities.date.block_layers": "DateBlockParts",
    "mmkeras.modalities.date.layers": "DateParts",
    "mmkeras.modalities.encoded": "MaskedMean",
    "mmkeras.modalities.image.layers": "Augment Rescale Resize",
    "mmkeras.modalities.number.layers": "Standardise StandardiseColumns",
    "mmkeras.modalities.text.bag": "BagEmbedding ByOrder DropFeatures Mean Ngrams TfIdf",
    "mmkeras.modalities.text.hashing.char_ngrams": "CharacterRuns",
    "mmkeras.modalities.text.hashing.tokenizer": "ByteTokenizer",
    "mmkeras.modalities.text.hashing.vocabulary": "LookUp",
    "mmkeras.modalities.text.pretrained.encoder": "PretrainedEncoder SentenceEmbedding",
    "mmkeras.modalities.text.quantised_bag": "QuantisedBag",
    "mmkeras.modalities.text.version2.compact": "CompactRows",
    "mmkeras.modalities.text.version2.keys": "FeatureKeys",
    "mmkeras.modalities.text.version2.vocabulary": "FindRows",
    "mmkeras.modalities.text.version2.weights": "WeighedRows",
    "mmkeras.modalities.text.sequence": "BothWays Padded SequenceIds",
    "mmkeras.modalities.text.wordpiece.layer": "WordPiece",
    "mmkeras.models.decoder": "Decoder",
    "mmkeras.models.fusions": "Marked Prepend Vote",
    "mmkeras.models.inputs": "Temperature",
    "mmkeras.models.lstm": "LSTM",
    "mmkeras.models.missing": "Missing ModalityDropout",
    "mmkeras.models.recurrent": "ZeroStates",
    "mmkeras.models.token_embedding": "PieceEmbedding",
    "mmkeras.models.wide_deep": "Frequent Prior SentenceVotes",
}
"""Module -> the layers that it registers."""


class StandIn:
    """A layer's class whose module is not imported yet: all that Keras asks of it is `from_config`."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def from_config(self, config: dict[str, Any]) -> Any:
        """The layer of a config, by the class itself."""
        return getattr(importlib.import_module(self.module), self.name).from_config(config)


class AfterKeras:
    """A finder of modules that registers the layers when Keras has been imported; it finds nothing else."""

    searching = False

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> Any:
        """Keras' spec, whose loader registers the layers once it has run; None for all other modules."""
        if name != "keras" or self.searching:
            return None
        import importlib.util

        self.searching = True  # for the finders behind this one
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.searching = False
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_register(module: Any) -> None:
                run(module)
                register(module)

            spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec


def register(keras: Any) -> None:
    """Register a stand-in for each layer that its module has not registered. keras: the module."""
    known = keras.saving.get_custom_objects()
    for module, names in CLASSES.items():
        for name in names.split():
            known.setdefault(f"{PACKAGE}>{name}", StandIn(module, name))


def make_known() -> None:
    """Register the layers with Keras now, or when it is imported."""
    if hasattr(sys.modules.get("keras"), "saving"):
        register(sys.modules["keras"])
    elif not any(isinstance(finder, AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, AfterKeras())
