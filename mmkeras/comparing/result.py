"""The result of a comparison: a table to print, to write as CSV, and to show in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.metrics.resampling import Difference, Interval
from mmkeras.system.files import write_csv

if TYPE_CHECKING:
    import pandas as pd

TITLES: Final = {  # in the order of the columns
    "accuracy": "accuracy",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "subset_accuracy": "all labels right",
    "negative_log_likelihood": "NLL",
    "expected_calibration_error": "calibration error",
    "r2": "R²",
    "mae": "MAE",
    "chrf": "chrF",
    "bleu": "BLEU",
    "exact": "exact",
    "perplexity": "perplexity",
    "bits_a_byte": "bits a byte",
}


@dataclass(frozen=True)
class Compared:
    """One run of a comparison. figures: by name; difference: of the first figure, to that of the first run."""

    name: str
    figures: dict[str, Interval]
    difference: Difference | None
    megabytes: float
    seconds: float | None


@dataclass(frozen=True)
class Comparison:
    """Figures of several runs on the same rows. n: their number. score: the figure whose differences are tested.

    notes: what was left out, and how intervals are made.
    """

    runs: tuple[Compared, ...]
    n: int
    score: str
    notes: tuple[str, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A pandas DataFrame: a row a run; of each figure its value, and its 95 % interval in *_low and *_high."""
        import pandas as pd

        return pd.DataFrame([self._row(run) for run in self.runs])

    def _row(self, run: Compared) -> dict[str, Any]:
        row: dict[str, Any] = {"run": run.name, "rows": self.n}
        for name in self._names():
            interval = run.figures.get(name)
            values = (interval.value, interval.low, interval.high) if interval else (None, None, None)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
        difference, name = run.difference, f"{self.score}_difference"
        tested = (difference.value, difference.low, difference.high, difference.p) if difference else (None,) * 4
        row |= dict(zip((name, f"{name}_low", f"{name}_high", "p"), tested, strict=True))
        significant = None if difference is None else differs(difference)
        return {**row, "significant": significant, "megabytes": run.megabytes, "seconds": run.seconds}

    def _names(self) -> list[str]:
        present = {name for run in self.runs for name in run.figures}
        return [name for name in TITLES if name in present]

    def to_csv(self, path: str | Path | TextIO, new: bool = False) -> None:
        """Write the frame as CSV, with all digits. new: the file must not be there."""
        rows = [self._row(run) for run in self.runs]
        cells = [["" if value is None else value for value in row.values()] for row in rows]
        write_csv(path, FormulaCells().marked([list(rows[0]), *cells]), new=new)

    def table(self) -> list[list[str]]:
        """The header and the lines of the printed table."""
        names = self._names()
        header = ["run", *(TITLES.get(name, name) for name in names)]
        header += [f"{TITLES.get(self.score, self.score)} − first", "p", "differs", "MB", "seconds"]
        return [header, *(self._line(run, names) for run in self.runs)]

    def _line(self, run: Compared, names: Sequence[str]) -> list[str]:
        figures = [shown(run.figures[name]) if name in run.figures else "" for name in names]
        difference = run.difference
        if difference is None:
            tested = ["", "", ""]
        else:
            verdict = "yes" if differs(difference) else "no"
            tested = [
                shown(difference, sign=True),
                "<0.001" if difference.p < 0.001 else f"{difference.p:.3f}",
                verdict,
            ]
        seconds = "" if run.seconds is None else f"{run.seconds:,.1f}"
        return [run.name, *figures, *tested, f"{run.megabytes:,.1f}", seconds]

    def __str__(self) -> str:
        lines = self.table()
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        printed = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([*printed, *self.notes])

    def _repr_html_(self) -> str:
        header, *lines = [[html.escape(cell) for cell in line] for line in self.table()]
        head = "".join(f"<th>{cell}</th>" for cell in header)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def differs(difference: Difference) -> bool:
    """Is a difference significant at 5 %?"""
    return difference.p < 0.05


def shown(interval: Interval | Difference, sign: bool = False) -> str:
    """`0.821 [0.792, 0.847]`; with a sign for a difference."""
    style = "+" if sign else ""
    value, low, high = (
        f"{part:{style}.3f}" if max(abs(interval.value), abs(interval.high)) < 10 else f"{part:{style}.4g}"
        for part in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"
