"""The report's pictures: learning curves and reliability diagrams, as SVG to stand inside the page.

No text of the user's is drawn, so no font of matplotlib's can lack a character of it. Colours are CSS variables of the
page: the pictures follow it into dark mode. The Figure is used without pyplot, which would cost half a second more.
"""

from __future__ import annotations

import io
import re
from typing import Any, Final

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmkeras.report.findings import interval

# matplotlib knows no CSS variables: colours nobody would choose stand for them until the SVG is text.
INK, FAINT, TRAINING, VALIDATION = "#010101", "#020202", "#030303", "#040404"
_VARIABLES: Final = {INK: "ink", FAINT: "line", TRAINING: "training", VALIDATION: "validation"}
_STYLE: Final[Any] = {
    "svg.fonttype": "none",  # letters stay letters: small, sharp, and in the page's font
    "svg.hashsalt": "mmkeras",  # the same run, the same page
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}


def learning_curve(history: list[dict[str, float]], measure: str, kept: int) -> Markup:
    """One measure (`loss`, `accuracy`) by epoch, training and validation, with the epoch whose weights were kept."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, 2.9))
        axes = figure.add_axes((0.12, 0.15, 0.86, 0.8))
        said = []
        for name, key, colour in (("training", measure, TRAINING), ("validation", f"val_{measure}", VALIDATION)):
            points = [(e["epoch"], e[key]) for e in history if key in e]
            if points:
                size = 3 if len(points) < 40 else 0
                axes.plot(*zip(*points, strict=True), color=colour, label=name, marker="o", markersize=size)
                said.append(f"{name} from {points[0][1]:.3f} to {points[-1][1]:.3f}")
                if key.startswith("val_") and kept in dict(points):
                    axes.plot(kept, dict(points)[kept], "o", markersize=9, fillstyle="none", color=colour)
        axes.axvline(kept, color=INK, linewidth=0.8, linestyle=":", label=f"epoch {kept}: kept")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.margins(x=0.04, y=0.08)
        if measure == "loss":
            axes.set_ylim(bottom=0)
        else:
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.legend()
        return _inline(figure, measure, f"{measure} by epoch: {', '.join(said)}; the weights of epoch {kept} were kept")


def reliability(bins: list[dict[str, Any]], name: str) -> Markup:
    """How often the model is right against how sure it is, over a strip that says how many rows are how sure.

    bins: confidence and accuracy (means) and rows of each tenth that holds any row. name: `before` or `after`.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, 3.9))
        axes = figure.add_axes((0.15, 0.36, 0.8, 0.6))
        strip = figure.add_axes((0.15, 0.12, 0.8, 0.18), sharex=axes)
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        for b in bins:
            low, high = interval(b["accuracy"] * b["rows"], b["rows"])
            axes.vlines(b["confidence"], low, high, color=VALIDATION, linewidth=5, alpha=0.25)
        sure, rows = [b["confidence"] for b in bins], [b["rows"] for b in bins]
        areas = [12 + 130 * n / max(rows) for n in rows]  # in points²: one row must not look like a hundred
        axes.scatter(sure, [b["accuracy"] for b in bins], s=areas, color=VALIDATION, clip_on=False, zorder=3)
        axes.set_ylabel("share right")
        axes.tick_params(labelbottom=False)
        tenths = [min(int(s * 10), 9) / 10 + 0.05 for s in sure]
        strip.bar(tenths, rows, width=0.09, color=VALIDATION, alpha=0.6)
        strip.set_ylabel("rows")
        strip.set_xlabel("probability the model gives its answer")
        strip.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        strip.xaxis.set_major_formatter(PercentFormatter(1))
        _unit(axes)
        words = "; ".join(f"{b['confidence']:.0%} sure, {b['accuracy']:.0%} right, {b['rows']} rows" for b in bins)
        return _inline(figure, name, f"Reliability {name} temperature scaling: {words}")


def _unit(axes: Axes) -> None:
    """Both axes from 0 to 100%."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _inline(figure: Figure, name: str, description: str) -> Markup:
    """A Figure as an <svg> for the inside of an HTML page. name: makes its ids differ from other pictures'."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    svg = svg.replace("xlink:href", "href")
    pointed_at = set(re.findall(r"(?:href=\"|url\()#([^\")]+)", svg))
    svg = re.sub(r"\sid=\"([^\"]*)\"", lambda m: f' id="{name}-{m[1]}"' if m[1] in pointed_at else "", svg)
    svg = re.sub(r"(href=\"|url\()#", rf"\1#{name}-", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"\s+", " ", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    box = re.search(r"viewBox=\"[^\"]*\"", svg)
    opening = f'<svg class="plot" role="img" aria-label="{escape(description)}" {box[0] if box else ""}>'
    return Markup(opening + svg[svg.index(">") + 1 :])
