"""A small precision, as docs/extending.md shows it: ONNX weights rounded to float16. They stay float32, so no op changes."""

from __future__ import annotations

from typing import Any

import numpy as np


def round_weights(proto: Any) -> None:
    """Round the float32 constants of a ModelProto, in place; whole numbers stay, which ids are decided by."""
    import onnx

    for tensor in proto.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            exact = onnx.numpy_helper.to_array(tensor)
            rounded = np.where(exact == np.rint(exact), exact, exact.astype("float16").astype("float32"))
            tensor.CopyFrom(onnx.numpy_helper.from_array(rounded, tensor.name))
