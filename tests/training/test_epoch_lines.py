"""The lines of `model.fit`: one an epoch; in a long first epoch its steps, and how long all of them will take."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def lines_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that plays a training: seconds of the first step, of each other step, of the held-out rows."""
    from mmkeras.training import epoch_lines

    now = [0.0]
    monkeypatch.setattr(epoch_lines.time, "perf_counter", lambda: now[0])

    def play(first: float, step: float, testing: float, steps: int = 8, epochs: int = 3, begin: int = 0) -> list[str]:
        lines: list[str] = []
        with epoch_lines.EpochLines(epochs, lines.append) as callback:
            callback.set_params({"steps": steps})
            for epoch in range(begin, epochs):
                callback.on_epoch_begin(epoch)
                for batch in range(steps):
                    now[0] += first if batch == 0 and epoch == begin else step
                    callback.on_train_batch_end(batch)
                callback.on_test_begin()
                now[0] += testing
                callback.on_test_batch_end(0)
                callback.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 0.25})
        return lines

    return play


def test_a_short_training_has_a_line_an_epoch(lines_of: Any) -> None:
    assert lines_of(2.0, 0.1, 0.5) == [
        "epoch 1/3  loss 0.5000  val_loss 0.2500  3.2 s",
        "epoch 2/3  loss 0.5000  val_loss 0.2500  1.3 s",
        "epoch 3/3  loss 0.5000  val_loss 0.2500  1.3 s",
    ]


def test_a_long_first_epoch_counts_its_steps(lines_of: Any) -> None:
    """The first step builds the graph: it is left out of the estimates."""
    assert lines_of(30.0, 10.0, 20.0) == [
        "epoch 1/3  step 1/8",
        "epoch 1/3  step 3/8, about 50 s left",
        "epoch 1/3  step 5/8, about 30 s left",
        "epoch 1/3  step 8/8",
        "epoch 1/3  loss 0.5000  val_loss 0.2500  120.0 s",
        "about 3 min for at most 2 more epochs",
        "epoch 2/3  loss 0.5000  val_loss 0.2500  100.0 s",
        "epoch 3/3  loss 0.5000  val_loss 0.2500  100.0 s",
    ]


def test_on_a_terminal_the_line_changes(
    lines_of: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mmkeras.training.epoch_lines.is_live", lambda: True)
    assert len(lines_of(3.0, 1.0, 5.0)) == 4, "the epochs, and the estimate"
    shown = [line.strip("\r\x1b[K") for line in capsys.readouterr().out.split("\r") if line.strip("\r\x1b[K")]
    assert "epoch 1/3  step 4/8, about 4 s left" in shown
    assert "epoch 2/3  step 4/8, about 4 s left; about 25 s for at most 2 epochs" in shown
