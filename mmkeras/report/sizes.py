"""What a size budget cost: accuracy on the held-out rows by the size of the artefact."""

from __future__ import annotations

from typing import Any, Final

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from mmkeras.config.sizes import in_words
from mmkeras.metrics.intervals import wilson
from mmkeras.report.files import RunFiles
from mmkeras.report.plots import FUSIONS, INK, STYLE, inline

FLOAT: Final = 32
NAMES: Final = {FLOAT: "float32", 8: "int8", 4: "int4", 2: "int2"}
FILES: Final = {"tflite": "predict.tflite", "onnx": "predict.onnx", "savedmodel": "savedmodel/1"}


def size_facts(run: RunFiles) -> dict[str, Any]:
    """The variables of size.html.j2; `size` is None for a run without a budget."""
    figures = run.metrics.get("size")
    if not figures:
        return {"size": None}
    rows = run.metrics["validation"]["rows"]
    return {
        "size": {
            **figures,
            "words": in_words(figures["budget"]),
            "number": NAMES[figures["bits"]],
            "files": {FILES[name]: in_words(n_bytes) for name, n_bytes in figures["bytes"].items()},
            "interval": wilson(figures["score"] * rows, rows),
            "rows": [
                {**p, "number": NAMES[p["bits"]], "words": in_words(p["bytes"])} for p in figures.get("points", [])
            ],
            "plot": size_plot(figures) if figures.get("points") else None,
        }
    }


def size_plot(figures: dict[str, Any]) -> Markup:
    """A line for each number of bits, from few features to many; the chosen model has a ring."""
    points = figures["points"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.6))
        axes = figure.add_axes((0.13, 0.15, 0.84, 0.8))
        for k, (bits, name) in enumerate(NAMES.items()):
            line = sorted((p["bytes"], p["score"]) for p in points if p["bits"] == bits)
            if line:
                axes.plot(
                    *zip(*line, strict=True), color=FUSIONS[k % len(FUSIONS)], label=name, marker="o", markersize=4
                )
        axes.axvline(figures["budget"], color=INK, linewidth=0.8, linestyle=":", label="budget")
        axes.axhline(figures["full"], color=INK, linewidth=0.8, linestyle="--", label="all features, float32")
        chosen = max(figures["bytes"][name] for name in ("tflite", "onnx"))
        axes.plot(chosen, figures["score"], "o", markersize=10, fillstyle="none", color=INK)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda n_bytes, _: in_words(n_bytes)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.set_xlabel("size of the larger of predict.tflite and predict.onnx")
        axes.set_ylabel("accuracy")
        axes.legend(loc="lower right")
        words = [
            f"{p['features']:,} features, {NAMES[p['bits']]}, {in_words(p['bytes'])}: {p['score']:.2%}" for p in points
        ]
        return inline(figure, "size", f"Accuracy on the held-out rows by size: {'; '.join(words)}")
