"""A .tflite file without what no runtime reads: a tenth of a model of a few hundred kB.

The converter gives each tensor a name and a buffer of its own, also those whose values are computed.
"""

from __future__ import annotations

from typing import Any, Final

import flatbuffers
import numpy as np

KEPT: Final = ("min_runtime_version",)
"""Metadata that runtimes read; the converter's own is left out."""
ALIGNMENT: Final = 16  # bytes; the schema forces it for a buffer's data, but flatbuffers' Python code does not
FLOATS: Final = ("scale", "zeroPoint", "min", "max", "details")  # what a tensor's quantisation consists of


class _Builder(flatbuffers.Builder):
    """Writes equal strings once."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.written: dict[Any, int] = {}

    def CreateString(self, text: Any, *how: Any) -> int:  # the library's name of it
        if text not in self.written:
            self.written[text] = super().CreateString(text, *how)
        return self.written[text]


def slimmed(model: bytes) -> bytes:
    """The same graph with names for inputs and outputs alone, and one empty buffer for all tensors without data."""
    from tensorflow.lite.python import schema_py_generated as schema

    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    whole.metadata = [entry for entry in whole.metadata or [] if (entry.name or b"").decode() in KEPT]
    for graph in whole.subgraphs:
        named = {*graph.inputs, *graph.outputs}
        for number, tensor in enumerate(graph.tensors):
            tensor.name = tensor.name if number in named else b""
            if tensor.quantization and not any(getattr(tensor.quantization, part) is not None for part in FLOATS):
                tensor.quantization = None
    _share_empty_buffers(whole)
    for buffer in whole.buffers:
        buffer.Pack = _aligned(schema, buffer.data)
    builder = _Builder(len(model))
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _share_empty_buffers(whole: Any) -> None:
    """Lead all tensors without data to buffer 0, which is empty by the format's rule."""
    buffers, places = whole.buffers[:1], {0: 0}
    for number, buffer in enumerate(whole.buffers[1:], 1):
        if buffer.data is None or not len(buffer.data):
            places[number] = 0
        else:
            places[number] = len(buffers)
            buffers.append(buffer)
    for tensor in (tensor for graph in whole.subgraphs for tensor in graph.tensors):
        tensor.buffer = places[tensor.buffer]
    for entry in whole.metadata:
        entry.buffer = places[entry.buffer]
    whole.buffers = buffers


def _aligned(schema: Any, data: np.ndarray | None) -> Any:
    """How a buffer is written."""

    def pack(builder: Any) -> int:
        vector = None
        if data is not None and len(data):
            builder.StartVector(1, len(data), ALIGNMENT)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = np.asarray(data, "uint8").tobytes()
            vector = builder.EndVector()
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return int(schema.BufferEnd(builder))

    return pack
