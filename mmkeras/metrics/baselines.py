"""The `baselines` of metrics.json in words: for the screen and the model card. NumPy is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NAMES: Final = {
    "accuracy": "",
    "micro_f1": "micro-F1 ",
    "r2": "R² ",
    "perplexity": "perplexity ",
    "bleu": "BLEU ",
    "chrf": "chrF ",
}
"""Score -> how it is named in front of its value; a bare percentage is the accuracy."""
_PERCENT: Final = ("accuracy", "micro_f1")
_OF_A_HUNDRED: Final = ("bleu", "chrf")


def lines_of(figures: Mapping[str, Any]) -> list[str]:
    """The line of the figures, and the sentences behind it; [] for a run without baselines.

    figures: metrics.json of a run.
    """
    compared = figures.get("baselines")
    if not compared:
        return []
    parts = [f"this model {scored(compared['model'], compared)}"]
    parts += [f"{baseline['title']} {scored(baseline, compared)}" for baseline in compared["baselines"]]
    if compared["baselines"] and "difference" in compared["baselines"][-1]:
        parts.append(f"difference {difference(compared['baselines'][-1], compared)}")
    parts += compared["left_out"]
    return [f"on the same {compared['rows']:,} held-out {compared['of']}: {'; '.join(parts)}", *compared["remarks"]]


def scored(subject: Mapping[str, Any], compared: Mapping[str, Any]) -> str:
    """`90.1 % (88.2–91.8)`; `R² 0.712 (0.660–0.751), MAE 3.1`."""
    name = compared["score_name"]
    text = NAMES.get(name, f"{name} ") + (
        f"{100 * subject['score']:.1f} %" if name in _PERCENT else _bare(subject["score"], name)
    )
    if "interval" in subject:
        low, high = (_bare(bound, name) for bound in subject["interval"])
        text += f" ({low}{' to ' if '-' in low + high else '–'}{high})"
    if "mae" in subject:
        text += f", MAE {_number(subject['mae'])}"
    if "median_mae" in subject:
        text += f" (of the median {_number(subject['median_mae'])})"
    if "subset_accuracy" in subject:
        text += f", all labels right {100 * subject['subset_accuracy']:.1f} %"
    return text


def difference(baseline: Mapping[str, Any], compared: Mapping[str, Any]) -> str:
    """`+0.7 (-0.5 to +1.9)`: the model less the baseline, in percentage points where the score is a percentage."""
    ends = (baseline["difference"], *baseline["difference_interval"])
    value, low, high = (_bare(number, compared["score_name"], "+") for number in ends)
    return f"{value} ({low} to {high})"


def _bare(number: float, name: str, sign: str = "") -> str:
    if name in _PERCENT:
        return f"{100 * number:{sign}z.1f}"
    if name in _OF_A_HUNDRED:
        return f"{number:{sign}z.1f}"
    return f"{number:{sign}z.3f}" if abs(number) < 100 else f"{number:{sign}.3g}"


def _number(number: float) -> str:
    """A quantity in its own unit, which may have any magnitude."""
    return f"{number:.4g}" if abs(number) < 1e4 else f"{number:,.0f}"
