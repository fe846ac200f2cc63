"""One long text as rows that go on from batch to batch."""

from __future__ import annotations

import numpy as np
import pytest

from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.errors import InputError
from mmkeras.features.stream_batches import StreamBatches, tile_short_stream


@pytest.mark.parametrize(
    ("count", "advice"), [(25, "Give more text, or --batch-size 12 at most."), (1, "Give more text.")]
)
def test_a_text_that_is_too_short_is_named_with_what_to_do(count: int, advice: str) -> None:
    with pytest.raises(InputError) as error:
        StreamBatches(np.zeros(count, "int32"), 20, 35, "train.txt")
    assert str(error.value).startswith(f"train.txt: {count} tokens are too few for 20 rows")
    assert str(error.value).endswith(advice)
    StreamBatches(np.zeros(24, "int32"), 12, 35)


def test_a_short_text_to_measure_by_is_read_by_every_row() -> None:
    stream = np.array([3, 4, 5, EOS], "int32")
    ((inputs, targets),) = StreamBatches(tile_short_stream(stream, 3), 3, 35)
    assert inputs.tolist() == [[EOS, 3, 4, 5]] * 3
    assert targets.tolist() == [[3, 4, 5, EOS]] * 3
    long = np.arange(6)
    assert tile_short_stream(long, 3) is long
    assert len(tile_short_stream(stream[:1], 3)) == 1, "too short for any row, an error of StreamBatches"
