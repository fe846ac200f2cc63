"""A run folder -> report.html: one file, nothing loaded from elsewhere, no script."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mmkeras.config import Config
from mmkeras.files import write_atomically
from mmkeras.report import findings, plots
from mmkeras.report.files import RunFiles, read_run


def write_report(folder: Path) -> Path:
    """Write `report.html` into a finished run's folder, out of the JSON and CSV files there. Returns its path.

    Raises FileNotFoundError, naming the file, when the folder lacks one of them.
    """
    page = folder / "report.html"
    write_atomically(page, render(read_run(folder)))
    return page


def render(run: RunFiles) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # whatever a CSV holds is shown, never run
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, figure=figure, thousands=thousands, label=label, value=value)
    template = environment.get_template("report.html.j2")
    return template.render(
        run=run,
        headline=findings.headline(run),
        classes=findings.classes(run),
        matrix=findings.matrix(run),
        pairs=findings.confused_pairs(run),
        mistakes=findings.mistakes(run),
        settings=settings(run.config),
        commands=commands(run),
        pictures=pictures(run),
    )


def percent(share: float, digits: int = 1) -> str:
    """0.9835 -> 98.4%."""
    return f"{share:.{digits}%}"


def figure(number: float, digits: int = 3) -> str:
    """0.98353 -> 0.984; never -0.000."""
    return f"{number:z.{digits}f}"


def thousands(count: int) -> str:
    """1700 -> 1,700."""
    return f"{count:,}"


def label(name: str, longest: int = 60) -> Markup:
    """A label to show: isolated from the direction of the text around it, cut if long, never invisible."""
    clean = findings.printable(name)
    short = clean if len(clean) <= longest else clean[: longest - 1] + "…"
    title = Markup(' title="{}"').format(clean) if short != clean else ""
    return Markup("<bdi{}>{}</bdi>").format(title, short if short.strip() else repr(name))


def value(setting: Any) -> str:
    """A setting as a user would write it."""
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    if isinstance(setting, (list, tuple)):
        return " ".join(map(str, setting)) or "–"
    return "–" if setting is None else str(setting)


def settings(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Every field of the Config, those that were changed first."""
    defaults = {name: list(v) if isinstance(v, tuple) else v for name, v in dataclasses.asdict(Config()).items()}
    fields = [{"name": name, "value": v, "default": defaults.get(name)} for name, v in config.items()]
    for field in fields:
        field["changed"] = field["name"] not in defaults or field["value"] != field["default"]
    return sorted(fields, key=lambda f: not f["changed"])


def commands(run: RunFiles) -> dict[str, str]:
    """What to type: the same training again, and what comes next."""
    folder, exported = shlex.quote(str(run.folder)), f"exported/{run.name}"
    stale = [f" --no-{flag}" for flag in ("overwrite", "resume") if run.config.get(flag)]
    tflite = shlex.quote(f"{exported}/predict.tflite")
    return {
        "again": f"mmkeras train --config {shlex.quote(f'{run.folder}/config.json')}"
        f" --output {shlex.quote(f'{run.folder}-again')}{''.join(stale)}",
        "export": f"mmkeras export {folder}",
        "predict": f"mmkeras predict {tflite} new.csv --output predictions.csv",
        "verify": f"mmkeras verify {shlex.quote(exported)}",
    }


def pictures(run: RunFiles) -> dict[str, Markup]:
    """The plots as inline SVG."""
    kept = run.metrics["best_epoch"]
    return {
        "loss": plots.learning_curve(run.history, "loss", kept),
        "accuracy": plots.learning_curve(run.history, "accuracy", kept),
        "before": plots.reliability(run.metrics["calibration"]["before"]["bins"], "before"),
        "after": plots.reliability(run.metrics["calibration"]["after"]["bins"], "after"),
    }
