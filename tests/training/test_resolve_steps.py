"""Epochs, batch size and the rows of a feature by the table: said in a line, unless flags say them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from mmkeras.config.config import Config
from mmkeras.training.resolve_steps import steps_resolved


def tables_of(rows: int, length: int) -> dict[str, Any]:
    return {
        "table": SimpleNamespace(rows=pd.DataFrame({"t": ["x" * length] * rows}), inputs=[SimpleNamespace(name="t")])
    }


@pytest.mark.parametrize(
    ("rows", "length", "flags", "settings", "line"),
    [
        (500, 40, {}, (20, 32, 1), "--epochs, --batch-size, --min-rows change it"),
        (500, 900, {"epochs": 2}, (2, 32, 2), "--batch-size, --min-rows change it"),
        (50_000, 40, {"min_rows": 3, "batch_size": 64}, (3, 64, 3), "--epochs changes it"),
        (500, 40, {"continue_from": "runs/old"}, (3, 128, None), "--epochs, --batch-size change it"),
        (500, 40, {"epochs": 2, "batch_size": 8, "min_rows": 1}, (2, 8, 1), ""),
    ],
)
def test_the_table_decides_what_no_flag_says(
    rows: int, length: int, flags: dict[str, Any], settings: tuple[int | None, ...], line: str
) -> None:
    lines: list[str] = []
    config = steps_resolved(Config.of(**flags), tables_of(rows, length), lines.append)
    assert (config.training.epochs, config.training.batch_size, config.text.min_rows) == settings
    assert len(lines) == bool(line)
    assert line in "".join(lines)
    resumed: list[str] = []
    assert steps_resolved(config.replace(resume=True), tables_of(rows, length), resumed.append) == config.replace(
        resume=True
    )
    assert not resumed, "config.json has said it"
