"""The core of a run under a size budget: the same layers, and tables of a few bits in place of the float ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from mmkeras.modalities import Modality
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.quantised_bag import QuantisedBag
from mmkeras.models import WIDE
from mmkeras.models.core import Core


def bits_of(columns: Mapping[str, Modality]) -> int | None:
    """Bits of a number in the tables of the columns; None where the tables are float32."""
    return next((column.bag.bits for column in columns.values() if column.bag is not None and column.bag.bits), None)


def row_lengths(columns: Mapping[str, Modality]) -> tuple[int, ...] | None:
    """Bytes of the texts for which a small model has a function of one row; None where nothing is saved."""
    if bits_of(columns) is None:
        return None
    return tuple(sorted({n for column in columns.values() if column.bag is not None for n in column.bag.row_lengths}))


def quantised(core: Core, columns: Mapping[str, Modality]) -> Core:
    """The core with its tables quantised, or the core itself where the columns have no bits."""
    bits = bits_of(columns)
    return core if bits is None else replace(core, model=quantised_model(core.model, bits))


def quantised_model(model: keras.Model, bits: int) -> keras.Model:
    """A copy of a core whose BagEmbeddings are QuantisedBags, of the same name, with the codes of their tables."""

    def copy(layer: Any) -> Any:
        if isinstance(layer, BagEmbedding):
            # of sums that are logits a softmax does not see what all classes have in common
            shifts = layer.name.endswith(WIDE.format(name=""))
            return QuantisedBag(layer.rows, layer.dim, bits, shifts=shifts, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    bare = keras.Model(model.input, model.output, name=model.name)  # of a compiled model Keras copies the optimiser
    clone = keras.models.clone_model(bare, clone_function=copy)
    for layer in model.layers:
        twin = clone.get_layer(layer.name)
        if isinstance(layer, BagEmbedding):
            twin.assign(np.asarray(layer.table))
        else:
            twin.set_weights(layer.get_weights())
    return clone
