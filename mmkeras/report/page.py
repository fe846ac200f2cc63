"""A run folder -> report.html: one file, nothing loaded from elsewhere, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from mmkeras.config.config import DEFAULTS
from mmkeras.config.tasks import line_of
from mmkeras.report import ablation, baselines, classes, labels, modalities, numbers, plots, writing
from mmkeras.report.commands import commands
from mmkeras.report.files import RunFiles, read_run
from mmkeras.report.template import environment
from mmkeras.system.files import write_atomically


@dataclass(frozen=True)
class Page:
    """The page of a task. facts: run -> the variables of its template; titles: of its learning curves."""

    template: str
    facts: Callable[[RunFiles], dict[str, Any]]
    titles: Mapping[str, str] = field(default_factory=dict)


TOKEN_TITLES = {"accuracy": "Token accuracy, given the reference before each token"}
PAGES: Final = {
    "classify": Page("classify.html.j2", classes.facts),
    "multilabel": Page("multilabel.html.j2", labels.facts, {"accuracy": "Share of all labels that are right"}),
    "regress": Page("regress.html.j2", numbers.facts, {"mae": "Mean absolute error, in standard deviations"}),
    "generate": Page("generate.html.j2", writing.text_facts, TOKEN_TITLES),
    "language_model": Page("language_model.html.j2", writing.line_facts, TOKEN_TITLES),
}
"""Task -> its page."""


def write_report(folder: Path) -> Path:
    """Write `report.html` into a run folder, from its JSON and CSV files. Returns its path.

    The pictures and clips of the worst rows are read again; a note replaces a file that is gone.
    Raises FileNotFoundError, naming the file, when the run folder lacks one.
    """
    page = folder / "report.html"
    write_atomically(page, render(read_run(folder)))
    return page


def render(run: RunFiles) -> str:
    """The HTML of the page."""
    page = line_of(PAGES, run.task)
    shared = {
        "run": run,
        "baselines": baselines.beside(run),
        "curves": curves(run, page.titles),
        "missing": modalities.missing_matrix(run),
        "contributions": [],
        "blocks": modalities.block_columns(run),
        "ablation": ablation.findings(run.ablation) if run.ablation else None,
        "settings": own_encoders(run) + settings(run.config),
        "commands": commands(run),
    }
    return environment().get_template(page.template).render(shared | page.facts(run))


def settings(config: dict[str, Any]) -> list[dict[str, Any]]:
    """All flags, the changed ones first."""
    defaults = {name: list(v) if isinstance(v, tuple) else v for name, v in DEFAULTS.items()}
    flags = [{"name": name, "value": v, "default": defaults.get(name)} for name, v in config.items()]
    for flag in flags:
        flag["changed"] = flag["name"] not in defaults or flag["value"] != flag["default"]
    return sorted(flags, key=lambda flag: not flag["changed"])


def own_encoders(run: RunFiles) -> list[dict[str, Any]]:
    """The layers given in Python, as settings; a fusion so given is the value of its flag, `own:my_function`."""
    given = {spec["column"]: spec["own_encoder"] for spec in run.inputs if "own_encoder" in spec}
    return [{"name": "encoder", "value": given, "default": None, "changed": True}] if given else []


def curves(run: RunFiles, titles: Mapping[str, str]) -> list[tuple[str, Markup]]:
    """The learning curves: (title, inline SVG) of each measure."""
    measures = ["loss", *(m for m in (run.history or [{}])[0] if m != "loss" and f"val_{m}" in run.history[0])]
    best_epoch = run.metrics["best_epoch"]
    titles = {m: titles.get(m, m.replace("_", " ").capitalize()) for m in measures}
    return [(titles[m], plots.learning_curve(run.history, m, best_epoch)) for m in measures]
