"""Tables of 2, 4 and 8 bits: how near they are to the float tables, and the layer that sums their rows."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.quantisation import BITS, dequantised, quantise, width_of
from mmkeras.modalities.text.quantised_bag import QuantisedBag


def made_up_table(dim: int, rows: int = 300) -> np.ndarray:
    """Rows of very different sizes, one number of each high and the others below 0; row 0 is of no feature."""
    random = np.random.default_rng(dim)
    table = random.normal(-0.1, 0.05, (rows, dim))
    table[np.arange(rows), random.integers(0, dim, rows)] += 1.0
    table *= 10.0 ** random.uniform(-3, 1, (rows, 1))
    table[0] = 0
    return table.astype("float32")


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("shifts", [True, False])
@pytest.mark.parametrize("dim", [1, 5, 20])
def test_each_row_has_a_scale_of_its_own(bits: int, shifts: bool, dim: int) -> None:
    table = made_up_table(dim)
    quantised = quantise(table, bits, shifts)
    assert quantised.codes.shape == (len(table), width_of(dim, bits))
    assert quantised.codes.dtype == np.uint8
    found = dequantised(quantised, dim, bits, shifts)
    if shifts:  # what all classes have in common is free
        found, table = found - found.mean(axis=1, keepdims=True), table - table.mean(axis=1, keepdims=True)
    error = np.abs(found - table).max(axis=1)
    span = np.ptp(table, axis=1) if shifts else 2 * np.abs(table).max(axis=1)
    steps = 2**bits - (1 if shifts else 2)
    allowed = 1.15 if bits > 2 else 1.6  # of a step: of few codes a clipped number may be worth a nearer rest
    assert (error <= allowed * span / steps + 1e-6).all()
    assert not found[0].any()


def test_a_shift_halves_the_error_of_weights_for_one_class() -> None:
    table = made_up_table(20)
    centred = table - table.mean(axis=1, keepdims=True)
    errors = []
    for shifts in (True, False):
        found = dequantised(quantise(table, 4, shifts), 20, 4, shifts)
        errors.append(np.abs(found - found.mean(axis=1, keepdims=True) - centred).sum())
    assert errors[0] < 0.7 * errors[1]


def test_a_table_of_zeros_and_one_without_rows() -> None:
    for shape in ((3, 4), (0, 4)):
        assert not dequantised(quantise(np.zeros(shape, "float32"), 4, True), 4, 4, True).any()


@pytest.mark.parametrize(("bits", "shifts"), [(2, True), (4, True), (4, False), (8, True)])
def test_the_layer_sums_what_the_codes_stand_for(bits: int, shifts: bool, tmp_path: Path) -> None:
    table = made_up_table(7)
    layer = QuantisedBag(len(table), 7, bits, shifts, name="text_wide")
    rows = np.array([[1, 2, 0, 299], [5, 5, 7, 0]], "int32")
    weights = np.array([[0.5, 0.25, 0.0, 0.1], [0.3, 0.3, 0.9, 0.0]], "float32")
    inputs = {"rows": keras.Input((None,), dtype="int32", name="rows"), "weights": keras.Input((None,), name="weights")}
    model = keras.Model(inputs, layer(inputs["rows"], inputs["weights"]))
    layer.assign(table)
    expected = np.einsum("bf,bfd->bd", weights, layer.table[rows])
    np.testing.assert_allclose(model({"rows": rows, "weights": weights}), expected, atol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again({"rows": rows, "weights": weights}), model({"rows": rows, "weights": weights}))
    floats = BagEmbedding(len(table), 7)
    floats(rows, weights)
    floats.table.assign(layer.table)
    np.testing.assert_allclose(floats(rows, weights), expected, atol=1e-5)
