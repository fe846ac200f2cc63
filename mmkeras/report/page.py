"""A run folder -> report.html: one file, nothing loaded from elsewhere, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from mmkeras.config.config import DEFAULTS
from mmkeras.config.tasks import line_of
from mmkeras.report import ablation, classes, labels, modalities, numbers, plots, writing
from mmkeras.report.commands import commands
from mmkeras.report.files import RunFiles, read_run
from mmkeras.report.template import environment
from mmkeras.system.files import write_atomically


@dataclass(frozen=True)
class Page:
    """The page of a task. facts: what its template shows beside what every page has; titles: of its learning curves."""

    template: str
    facts: Callable[[RunFiles], dict[str, Any]]
    titles: Mapping[str, str] = field(default_factory=dict)


PIECES = {"accuracy": "Share of the pieces that are right, the right ones given before"}
PAGES: Final = {
    "classify": Page("classify.html.j2", classes.facts),
    "multilabel": Page("multilabel.html.j2", labels.facts, {"accuracy": "Share of all labels that are right"}),
    "regress": Page("regress.html.j2", numbers.facts, {"mae": "Mean absolute error, in standard deviations"}),
    "generate": Page("generate.html.j2", writing.text_facts, PIECES),
    "language_model": Page("language_model.html.j2", writing.line_facts, PIECES),
}
"""Task -> its page."""


def write_report(folder: Path) -> Path:
    """Write `report.html` into the run folder of any task, out of the JSON and CSV files there. Returns its path.

    The pictures and clips of the rows that went most wrong are read again; one that is gone leaves a note.
    Raises FileNotFoundError, naming the file, when the folder lacks one of its own.
    """
    page = folder / "report.html"
    write_atomically(page, render(read_run(folder)))
    return page


def render(run: RunFiles) -> str:
    """The page as text."""
    page = line_of(PAGES, run.task)
    shared = {
        "run": run,
        "curves": curves(run, page.titles),
        "missing": modalities.missing_matrix(run.metrics),
        "contributions": [],
        "ablation": ablation.findings(run.ablation) if run.ablation else None,
        "settings": settings(run.config),
        "commands": commands(run),
    }
    return environment().get_template(page.template).render(shared | page.facts(run))


def settings(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Every flag, those that were changed first."""
    defaults = {name: list(v) if isinstance(v, tuple) else v for name, v in DEFAULTS.items()}
    flags = [{"name": name, "value": v, "default": defaults.get(name)} for name, v in config.items()]
    for flag in flags:
        flag["changed"] = flag["name"] not in defaults or flag["value"] != flag["default"]
    return sorted(flags, key=lambda flag: not flag["changed"])


def curves(run: RunFiles, titles: Mapping[str, str]) -> list[tuple[str, Markup]]:
    """The learning curves there are: title, inline SVG."""
    measures = ["loss", *(m for m in (run.history or [{}])[0] if m != "loss" and f"val_{m}" in run.history[0])]
    kept = run.metrics["best_epoch"]
    titles = {m: titles.get(m, m.replace("_", " ").capitalize()) for m in measures}
    return [(titles[m], plots.learning_curve(run.history, m, kept)) for m in measures]
