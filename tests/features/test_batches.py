"""Batches: which rows, in which order, as wide as what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_cores import CLASSES, compiled, one_hot, random_bags

from mmkeras.config.config import Config


def make_batches(seed: int | None = 5, rows: int = 53, kind: Any = None, **options: Any) -> Any:
    from mmkeras.features.batches import Batches
    from mmkeras.features.column_features import bag_features

    features = [bag_features("a", random_bags(rows, 1)), bag_features("b", random_bags(rows, 2))]
    truth = one_hot(np.arange(rows) % CLASSES)
    return (kind or Batches)(features, truth, 8, seed, options.pop("row_weights", None), **options)


def order_of(batches: Any, epoch: int) -> list[int]:
    batches.on_epoch_begin(epoch)
    return [int(i) for order in batches.order for i in order]


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("rows", [1, 8, 53, 700])
def test_an_epoch_has_each_row_once(seed: int | None, rows: int) -> None:
    batches = make_batches(seed, rows)
    for epoch in range(3):
        assert sorted(order_of(batches, epoch)) == list(range(rows))
        assert len(batches) == -(-rows // 8)
        assert sorted({len(order) for order in batches.order} - {8}) == ([rows % 8] if rows % 8 else [])


@pytest.mark.parametrize("few_shapes", [False, True])
def test_a_batch_holds_the_rows_it_should(few_shapes: bool) -> None:
    rows = 53
    batches = make_batches(rows=rows, row_weights=np.arange(rows, dtype="float32"), few_shapes=few_shapes)
    for k, order in enumerate(batches.order):
        inputs, targets, weights = batches[k]
        np.testing.assert_array_equal(targets, batches.targets[order])
        np.testing.assert_array_equal(weights, order)
        for name, bags in (("a", batches.features[0].ragged), ("b", batches.features[1].ragged)):
            width = inputs[f"{name}_rows"].shape[1]
            longest = max(1, bags.lengths[order].max())
            assert width == (2 ** int(np.ceil(np.log2(longest))) if few_shapes else longest)
            for i, row in enumerate(order):
                n = bags.lengths[row]
                (numbers, values) = (inputs[f"{name}_{part}"][i] for part in ("rows", "weights"))
                np.testing.assert_array_equal(numbers[:n], bags.columns[0][bags.starts[row] : bags.starts[row + 1]])
                np.testing.assert_array_equal(values[:n], bags.columns[1][bags.starts[row] : bags.starts[row + 1]])
                assert not numbers[n:].any()
                assert not values[n:].any()


def test_arrays_stand_beside_bags_in_a_batch() -> None:
    from mmkeras.features.batches import Batches
    from mmkeras.features.column_features import ArrayFeatures, bag_features

    pixels = np.arange(20 * 12, dtype="uint8").reshape(20, 2, 2, 3)
    present = (np.arange(20, dtype="float32") % 2)[:, None]
    features = [bag_features("a", random_bags(20, 1)), ArrayFeatures({"photo": pixels, "photo_present": present})]
    batches = Batches(features, one_hot(np.arange(20) % CLASSES), 8, 5, None)
    inputs, order = batches[0][0], batches.order[0]
    assert sorted(inputs) == ["a_rows", "a_weights", "photo", "photo_present"]
    np.testing.assert_array_equal(inputs["photo"], pixels[order])
    np.testing.assert_array_equal(inputs["photo_present"], present[order])
    specs = batches.dataset().element_spec[0]
    assert specs["photo"].shape.as_list() == [None, 2, 2, 3]
    assert specs["photo"].dtype == "uint8"
    read = [row for inputs, _, _ in batches.dataset().as_numpy_iterator() for row in inputs["photo"][:, 0, 0, 0]]
    assert sorted(read) == sorted(pixels[:, 0, 0, 0])


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    batches, other = make_batches(5), make_batches(6)
    epochs = [order_of(batches, epoch) for epoch in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert order_of(make_batches(5), 2) == epochs[2], "a resumed training begins in the middle"
    assert order_of(batches, 1) == epochs[1]
    assert order_of(other, 0) != epochs[0]


def test_validation_order_never_changes() -> None:
    batches = make_batches(None)
    assert order_of(batches, 0) == order_of(batches, 1) == order_of(batches, 7)


def test_rows_of_similar_length_share_a_batch() -> None:
    batches = make_batches(rows=800)
    inside = np.mean([np.ptp(batches.lengths[order]) for order in batches.order])
    assert inside < 0.5 * np.ptp(batches.lengths)


@pytest.mark.slow
def test_fit_reads_each_epoch_in_its_order() -> None:
    """What is prefetched for an epoch must not be in the order of the one before; nor in a resumed training's first."""
    from mmkeras.features.batches import Batches

    class Recorder(Batches):
        def __getitem__(self, index: int) -> Any:
            read.extend(int(i) for i in self.order[index])
            return super().__getitem__(index)

    read: list[int] = []
    _, core = compiled(Config())
    batches = make_batches(kind=Recorder)
    core.fit(batches.dataset(), callbacks=[batches], verbose=0, shuffle=False, initial_epoch=1, epochs=4)
    expected = [i for epoch in range(1, 4) for i in order_of(make_batches(), epoch)]
    assert read[-len(expected) :] == expected
