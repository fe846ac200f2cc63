"""A run folder -> report.html: one file, nothing loaded from elsewhere, no script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from mmkeras.config.config import DEFAULTS
from mmkeras.report import ablation, classes, labels, modalities, numbers, plots
from mmkeras.report.commands import commands
from mmkeras.report.files import RunFiles, read_json, read_run
from mmkeras.report.mistakes import mistakes
from mmkeras.report.template import environment
from mmkeras.system.files import write_atomically

# task -> what its template <task>.html.j2 shows beside what every page has
FACTS: Final[dict[str, Callable[[RunFiles], dict[str, Any]]]] = {
    "classify": classes.facts,
    "multilabel": labels.facts,
    "regress": numbers.facts,
}
CURVES: Final = {
    ("classify", "accuracy"): "Accuracy",
    ("multilabel", "accuracy"): "Share of all labels that are right",
    ("regress", "mae"): "Mean absolute error, in standard deviations",
}


def write_report(folder: Path) -> Path:
    """Write `report.html` into a finished run's folder, out of the JSON and CSV files there. Returns its path.

    The pictures and clips of the rows that went most wrong are read again; one that is gone leaves a note.
    Raises FileNotFoundError, naming the file, when the folder lacks one of its own.
    """
    page = folder / "report.html"
    if read_json(folder / "schema.json")["task"] not in FACTS:
        from mmkeras.report.writing import write_text_report

        return write_text_report(folder)
    write_atomically(page, render(read_run(folder)))
    return page


def render(run: RunFiles) -> str:
    """The page as text."""
    return (
        environment()
        .get_template(f"{run.task}.html.j2")
        .render(
            run=run,
            **FACTS[run.task](run),
            curves=curves(run),
            missing=modalities.missing_matrix(run.metrics),
            contributions=modalities.contributions(run),
            ablation=ablation.findings(run.ablation) if run.ablation else None,
            mistakes=mistakes(run),
            settings=settings(run.config),
            commands=commands(run),
        )
    )


def settings(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Every field of the Config, those that were changed first."""
    defaults = {name: list(v) if isinstance(v, tuple) else v for name, v in DEFAULTS.items()}
    fields = [{"name": name, "value": v, "default": defaults.get(name)} for name, v in config.items()]
    for field in fields:
        field["changed"] = field["name"] not in defaults or field["value"] != field["default"]
    return sorted(fields, key=lambda f: not f["changed"])


def curves(run: RunFiles) -> list[tuple[str, Markup]]:
    """The learning curves there are: title, inline SVG."""
    measures = ["loss", *(m for m in (run.history or [{}])[0] if m != "loss" and f"val_{m}" in run.history[0])]
    kept = run.metrics["best_epoch"]
    titles = {m: CURVES.get((run.task, m), m.replace("_", " ").capitalize()) for m in measures}
    return [(titles[m], plots.learning_curve(run.history, m, kept)) for m in measures]
