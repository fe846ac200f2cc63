"""The plots of the report: learning curves, reliability diagrams, scatter plots, the ablation, as SVG in the page.

matplotlib draws no text of the user, since its fonts may lack a character: names of columns are inserted into the SVG
as text, and the browser draws them. Colours are CSS variables of the page, so that the plots follow its dark mode. The
Figure is used without pyplot, which would cost half a second more.
"""

from __future__ import annotations

import io
import re
import statistics
import unicodedata
from typing import Any, Final

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mmkeras.metrics.intervals import wilson as interval

# matplotlib does not support CSS variables: unusual colours are placeholders, which inline replaces.
INK, FAINT, TRAINING, VALIDATION = "#010101", "#020202", "#030303", "#040404"
FUSIONS: Final = ("#050505", "#060606", "#070707", "#080808")
_VARIABLES: Final = {
    **{INK: "ink", FAINT: "line", TRAINING: "training", VALIDATION: "validation"},
    **{colour: f"fusion-{k}" for k, colour in enumerate(FUSIONS, 1)},
}
_MARKERS: Final = "osD^"  # fusions differ in more than their colour
POINTS: Final = 1500
"""Largest number of points of a scatter plot: each takes about 60 bytes of the page."""
LONGEST_NAME: Final = 36
"""Longest name of a subset, in columns of text."""
STYLE: Final[Any] = {
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


def learning_curve(history: list[dict[str, float]], measure: str, best_epoch: int) -> Markup:
    """One measure (`loss`, `accuracy`, `mae`) by epoch, training and validation, with the best epoch marked."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.9))
        axes = figure.add_axes((0.12, 0.15, 0.86, 0.8))
        ranges = []
        for name, key, colour in (("training", measure, TRAINING), ("validation", f"val_{measure}", VALIDATION)):
            points = [(e["epoch"], e[key]) for e in history if key in e]
            if points:
                size = 3 if len(points) < 40 else 0
                axes.plot(*zip(*points, strict=True), color=colour, label=name, marker="o", markersize=size)
                ranges.append(f"{name} from {points[0][1]:.3f} to {points[-1][1]:.3f}")
                if key.startswith("val_") and best_epoch in dict(points):
                    axes.plot(best_epoch, dict(points)[best_epoch], "o", markersize=9, fillstyle="none", color=colour)
        axes.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":", label=f"epoch {best_epoch}: kept")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.margins(x=0.04, y=0.08)
        if measure in ("loss", "mae"):
            axes.set_ylim(bottom=0)
        elif measure == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.legend()
        description = f"{measure} by epoch: {', '.join(ranges)}; the weights of epoch {best_epoch} were kept"
        return inline(figure, measure, description)


def reliability(bins: list[dict[str, Any]], name: str) -> Markup:
    """Reliability diagram: accuracy by confidence, above a histogram of the confidence.

    bins: mean confidence, accuracy and rows of each tenth that is not empty. name: `before` or `after`.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.9))
        axes = figure.add_axes((0.15, 0.36, 0.8, 0.6))
        strip = figure.add_axes((0.15, 0.12, 0.8, 0.18), sharex=axes)
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        for b in bins:
            low, high = interval(b["accuracy"] * b["rows"], b["rows"])
            axes.vlines(b["confidence"], low, high, color=VALIDATION, linewidth=5, alpha=0.25)
        confidence, rows = [b["confidence"] for b in bins], [b["rows"] for b in bins]
        areas = [12 + 130 * n / max(rows) for n in rows]  # in points²: one row must look smaller than a hundred
        axes.scatter(confidence, [b["accuracy"] for b in bins], s=areas, color=VALIDATION, clip_on=False, zorder=3)
        axes.set_ylabel("accuracy")
        axes.tick_params(labelbottom=False)
        tenths = [min(int(c * 10), 9) / 10 + 0.05 for c in confidence]
        strip.bar(tenths, rows, width=0.09, color=VALIDATION, alpha=0.6)
        strip.set_ylabel("rows")
        strip.set_xlabel("probability of the prediction")
        strip.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        strip.xaxis.set_major_formatter(PercentFormatter(1))
        unit_square(axes)
        words = [f"{b['confidence']:.0%} confidence, {b['accuracy']:.0%} accuracy, {b['rows']} rows" for b in bins]
        return inline(figure, name, f"Reliability {name} temperature scaling: {'; '.join(words)}")


def scatter(truth: np.ndarray, predicted: np.ndarray, name: str) -> Markup:
    """Predictions over truths, float [n] both; right on the dotted line. At most POINTS points, evenly spaced."""
    finite = np.flatnonzero(np.isfinite(truth) & np.isfinite(predicted))  # [k] rows
    rows = finite[np.linspace(0, len(finite) - 1, min(len(finite), POINTS)).astype(int)] if len(finite) else finite
    x, y = truth[rows], predicted[rows]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 4.0))
        axes = figure.add_axes((0.17, 0.13, 0.8, 0.84))
        ends = [min(x.min(), y.min()), max(x.max(), y.max())] if len(rows) else [0, 1]
        margin = 0.04 * (ends[1] - ends[0]) or 0.5
        axes.set_xlim(ends[0] - margin, ends[1] + margin)
        axes.set_ylim(ends[0] - margin, ends[1] + margin)
        axes.plot(axes.get_xlim(), axes.get_xlim(), color=INK, linewidth=0.8, linestyle=":")
        alpha = 0.7 if len(rows) < 200 else 0.35
        axes.plot(x, y, "o", color=VALIDATION, markersize=3.5, markeredgewidth=0, alpha=alpha)
        axes.set_xlabel("truth")
        axes.set_ylabel("prediction")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6))
        return inline(figure, name, f"Prediction by truth of {len(rows)} rows, from {ends[0]:.4g} to {ends[1]:.4g}")


def ablation(rows: list[dict[str, Any]], score_name: str) -> Markup:
    """A line for each subset of the modalities, the largest on top; a mark for each fusion at the mean over the seeds.

    rows: fusion (None for a single column), modalities, scores (one for each seed). A bar spans the worst and the best
    seed.
    """
    names = list(dict.fromkeys(tuple(row["modalities"]) for row in rows))
    means = {n: max(statistics.mean(r["scores"]) for r in rows if tuple(r["modalities"]) == n) for n in names}
    names.sort(key=lambda n: (len(n), means[n]))
    fusions = list(dict.fromkeys(row["fusion"] for row in rows if row["fusion"] is not None))
    labels = [_fit(" + ".join(name)) for name in names]
    with matplotlib.rc_context(STYLE):
        height = 0.8 + len(names) * max(0.34, 0.12 * len(fusions))
        figure = Figure(figsize=(9.4, height))
        left = 0.02 + 0.0095 * max(map(_columns, labels))
        axes = figure.add_axes((left, 0.5 / height, 0.86 - left, 1 - 0.6 / height))
        for k, fusion in enumerate([None, *fusions]):
            of_fusion = [row for row in rows if row["fusion"] == fusion]
            step = 0.8 / max(len(fusions), 1)  # the fusions of a subset, one above the other
            offset = step * ((len(fusions) + 1) / 2 - k) if fusion else 0.0
            _marks(axes, of_fusion, [names.index(tuple(row["modalities"])) + offset for row in of_fusion], k)
        axes.set_yticks(range(len(names)), [f"subset{k:03}" for k in range(len(names))])
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel({"accuracy": "accuracy", "micro_f1": "micro-F1", "r2": "R²"}.get(score_name, score_name))
        if score_name in ("accuracy", "micro_f1"):  # BLEU already ranges to 100
            axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        description = f"{score_name} of {len(rows)} combinations of modalities and fusion, as in the table"
        svg = inline(figure, "ablation", description)
    return Markup(re.sub(r"subset(\d{3})", lambda m: escape(labels[int(m[1])]), svg))


def _marks(axes: Axes, rows: list[dict[str, Any]], heights: list[float], number: int) -> None:
    """Means and bars of one fusion; number 0 stands for single columns, drawn with hollow marks."""
    if not rows:
        return
    colour = FUSIONS[(number - 1) % len(FUSIONS)] if number else INK
    low, high = [min(row["scores"]) for row in rows], [max(row["scores"]) for row in rows]
    axes.hlines(heights, low, high, color=colour, linewidth=1.5, alpha=0.6)
    axes.plot(
        [statistics.mean(row["scores"]) for row in rows],
        heights,
        linestyle="",
        color=colour,
        marker=_MARKERS[(number - 1) % len(_MARKERS)] if number else "o",
        markersize=5,
        fillstyle="full" if number else "none",
        label=rows[0]["fusion"] or "by itself",
    )


def _fit(name: str) -> str:
    """A name, cut to LONGEST_NAME."""
    while _columns(name) > LONGEST_NAME:
        name = name[:-2].rstrip("…") + "…"
    return name


def _columns(name: str) -> int:
    """Width of a name in columns of text: Chinese characters and emoji take two."""
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in name)


def unit_square(axes: Axes) -> None:
    """Both axes from 0 to 100%."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def inline(figure: Figure, name: str, description: str) -> Markup:
    """A Figure as an <svg> inside an HTML page. name: prefix that makes the ids of the figure unique in the page."""
    name = re.sub(r"[^\w-]", "-", name)  # it may be a header of history.csv
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    svg = svg.replace("xlink:href", "href")
    referenced = set(re.findall(r"(?:href=\"|url\()#([^\")]+)", svg))
    svg = re.sub(r"\sid=\"([^\"]*)\"", lambda m: f' id="{name}-{m[1]}"' if m[1] in referenced else "", svg)
    svg = re.sub(r"(href=\"|url\()#", rf"\1#{name}-", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"\s+", " ", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    box = re.search(r"viewBox=\"[^\"]*\"", svg)
    opening = f'<svg class="plot" role="img" aria-label="{escape(description)}" {box[0] if box else ""}>'
    return Markup(opening + svg[svg.index(">") + 1 :])
