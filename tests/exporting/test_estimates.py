"""How long the conversions that are left will take."""

from __future__ import annotations

import pytest

from mmkeras.exporting import estimates


def test_what_is_left_follows_from_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "WORK", {"savedmodel": 1.0, "tflite": 2.0, "onnx": 1.0})
    formats = estimates.Estimates(["savedmodel", "tflite", "onnx"])
    assert formats.next is None
    assert formats.rest() == ""
    formats.done(10.0)
    assert formats.next == 20.0
    assert formats.rest() == "; about 30 s for tflite and onnx"
    formats.done(50.0)
    assert formats.next == 20.0
    formats.done(9.0)
    assert formats.next is None
    assert formats.rest() == ""
