"""Version 2 of tokens in Keras, SavedModel, LiteRT and ONNX Runtime: ids of the independent reference, equal answers."""

from __future__ import annotations

from collections import Counter

import onnx
import pytest
import reference_tokenizer
import reference_version2 as reference
from parity import Exported, assert_alike, export_all, make_state, rows_for

from mmkeras.exporting.formats import tflite

HOSTILE = reference_tokenizer.HOSTILE_TEXTS
GOLDEN = [text.encode() for text in reference.golden_texts()]


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """One column as by default, of two of the fixed lengths above and below the short tables; one as for sequences."""
    texts = [text[:400] for text in [*HOSTILE[::2], *GOLDEN[::40]]]
    states = {
        "body": make_state(texts, max_bytes=400, version=2),
        "title": make_state(
            texts, max_bytes=90, orders=1, weighting="mean", unknown_buckets=64, version=2, max_tokens=20
        ),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tflite, "LENGTHS", (80,))  # each takes seconds to convert
        return export_all(states, tmp_path_factory.mktemp("second"))


@pytest.mark.parametrize("batch", [1, 50])
def test_hostile_texts(second: Exported, batch: int) -> None:
    assert_alike(second, rows_for(second, HOSTILE), batch)


@pytest.mark.skipif(not GOLDEN, reason=f"{reference.GOLDEN} is not there")
def test_golden_texts(second: Exported) -> None:
    assert_alike(second, rows_for(second, GOLDEN[::7]), 64)
    assert_alike(second, rows_for(second, GOLDEN[:60]), 1)


def test_texts_as_long_as_a_fixed_length_and_a_byte_more_or_less(second: Exported) -> None:
    text = (b"a Z 7 don't stop!? " * 40).replace(b" ", " 中 ".encode())
    rows = [{"body": text[:n], "title": text[: min(n, 90)]} for n in (1, 79, 80, 81, 321, 384, 399, 400)]
    assert_alike(second, rows, 1)


def test_onnx_has_few_nodes(second: Exported) -> None:
    """Two columns: bytes are decoded by a convolution each, zeros to add to are padded."""
    nodes = onnx.load(second.folder / "predict.onnx").graph.node
    ops = Counter(node.op_type for node in nodes)
    assert ops["Conv"] == 2
    assert ops["ConstantOfShape"] == 2  # the counters of `body`, and `title`, whose tokens are limited
    assert len(nodes) < 190
