"""The Keras model that a run which generates text keeps: tokens so far -> probabilities of the next, at each position.

Its columns are raw inputs. A text is its tokens' ids, which the tokenizer of the run makes before the model: as in the
artefacts. So a text x_1 … x_n is trained on with EOS, x_1 … x_n as input and x_1 … x_n, EOS as target.
"""

from __future__ import annotations

from typing import Any, Final

import keras
from keras import layers, ops

from mmkeras.data.columns.column import Column
from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.features.text_batches import WRITTEN
from mmkeras.modalities import Modality
from mmkeras.modalities.any_length import CutTokens
from mmkeras.models.decoder import Decoder
from mmkeras.models.recurrent import ZeroStates
from mmkeras.models.seq2seq import Seq2Seq
from mmkeras.system.keras_file import CORE
from mmkeras.tasks.graph_inputs import graph_inputs

NAME: Final = "next_token"


def column_model(seq2seq: Seq2Seq, columns: dict[str, Modality], table: dict[str, Column]) -> keras.Model:
    """Raw inputs, presences and `written` int32 [b, T], EOS first -> probabilities [b, T, vocabulary].

    table: input -> its column of the table. Tokens behind the longest text that the decoder writes are not read.
    """
    front = graph_inputs(columns, table, takes_presence=True)
    raw = {**front.raw, WRITTEN: keras.Input((None,), dtype="int32", name=WRITTEN)}
    features = {**front.features, WRITTEN: CutTokens(seq2seq.decoder.length, EOS, name="cut")(raw[WRITTEN])}
    core = seq2seq.model
    logits = keras.Model(core.input, core.output, name=CORE)({key: features[key] for key in core.input})
    return keras.Model(raw, probabilities(logits), name=NAME)


def language_model(core: keras.Model) -> keras.Model:
    """`pieces` int32 [b, T], EOS first -> probabilities [b, T, vocabulary]. core: of `models.language_model`.

    A recurrent model starts with zero states. Tokens behind the window of a Transformer are not read.
    """
    pieces = keras.Input((None,), dtype="int32", name="pieces")
    inner = keras.Model(core.input, core.output, name=CORE)
    if isinstance(core.input, list):
        states = ZeroStates(*core.input[1].shape[1:], name="states")(pieces)
        logits, _ = inner([pieces, states])
    else:
        decoder: Decoder = core.get_layer("decoder")
        logits = inner(CutTokens(decoder.length, EOS, name="cut")(pieces))
    return keras.Model({"pieces": pieces}, probabilities(logits), name=NAME)


def probabilities(logits: Any) -> Any:
    """Logits -> probabilities, float32, by a layer that gives the output its name."""
    return layers.Identity(name="probabilities")(ops.softmax(ops.cast(logits, "float32")))
