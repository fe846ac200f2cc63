"""The scores of an ablation: ablation.csv, and the table that is printed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.system.files import write_csv, write_json

RESULT = "ablation.json"


@dataclass
class Cell:
    """Scores of one fusion on one subset. rows: number of held-out rows that the scores are of."""

    fusion: str | None
    modalities: tuple[str, ...]
    columns: tuple[str, ...]
    scores: list[float] = field(default_factory=list)
    rows: int | None = None
    failed: list[str] = field(default_factory=list)
    """The reason for each seed that could not be trained."""

    def entry(self) -> dict[str, Any]:
        """Its row of ablation.json."""
        names = {"fusion": self.fusion, "modalities": list(self.modalities), "columns": list(self.columns)}
        failed = {"failed": self.failed} if self.failed else {}
        return {**names, "scores": self.scores, "rows": self.rows, **failed}


def write_results(folder: Path, csv: str, score_name: str, cells: Sequence[Cell]) -> None:
    """ablation.json and ablation.csv, after each training, so that nothing is lost."""
    write_json(folder / RESULT, {"csv": csv, "score_name": score_name, "rows": [cell.entry() for cell in cells]})
    header = ["modalities", "fusion", score_name, "standard deviation", "seeds", "rows"]
    lines = [
        [
            "+".join(cell.modalities),
            cell.fusion or "",
            f"{statistics.mean(cell.scores):.4f}" if cell.scores else "",
            std(cell.scores),
            len(cell.scores),
            "" if cell.rows is None else cell.rows,
        ]
        for cell in cells
    ]
    write_csv(folder / "ablation.csv", FormulaCells().marked([header, *lines]))


def std(scores: Sequence[float]) -> str:
    """Standard deviation over seeds; '' for a single seed."""
    return f"{statistics.stdev(scores):.4f}" if len(scores) > 1 else ""


def as_table(result: dict[str, Any]) -> str:
    """The printed table: a row a subset, a column a fusion; mean and deviation over the seeds; held-out rows."""
    fusions = list(dict.fromkeys(row["fusion"] for row in result["rows"] if row["fusion"]))
    grid: dict[str, dict[str, str]] = {}
    for row in result["rows"]:
        cells = grid.setdefault("+".join(row["modalities"]), {})
        if row["scores"]:
            deviation = std(row["scores"])
            cell = f"{statistics.mean(row['scores']):.4f}" + (f" ± {deviation}" if deviation else "")
            cells |= {row["fusion"] or "alone": cell, "rows": f"{row['rows']:,}"}
    alone = ["alone"] if any(not row["fusion"] for row in result["rows"]) else []
    header = [result["score_name"], *alone, *fusions, "rows"]
    lines = [header, *([name, *(cells.get(column, "") for column in header[1:])] for name, cells in grid.items())]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
