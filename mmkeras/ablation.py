"""Every fusion on every subset of the modalities, several seeds each: what a column is worth, what joins it best."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from mmkeras.columns import INPUT_KINDS
from mmkeras.config import Config
from mmkeras.config_check import check_config
from mmkeras.errors import InputError
from mmkeras.files import write_csv, write_json
from mmkeras.run import FINISHED, default_output
from mmkeras.table import Table, read_table
from mmkeras.table_lines import describe

FUSIONS = ("attention", "concat", "sum", "decision")
RESULT = "ablation.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Ablate(Config):
    """Train every fusion on every subset of the modalities, with several seeds; one table and one plot."""

    seeds: int = 3
    """Seeds of each training, counted from `seed`."""
    fusions: tuple[str, ...] = FUSIONS
    """Fusions to compare."""
    subsets: tuple[str, ...] = ()
    """Subsets to compare, such as text+image. Default: all of them."""


@dataclass(frozen=True)
class Trial:
    """One training: a fusion (None for a single column, where there is nothing to fuse) on some modalities."""

    fusion: str | None
    modalities: tuple[str, ...]
    columns: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """Of its run folder."""
        return f"{'+'.join(self.modalities)}-{self.fusion or 'alone'}-{self.seed}"


def ablate(options: Ablate, say: Say = print) -> Path:
    """Train them all below one folder; write ablation.json, ablation.csv and ablation.html. Returns the folder.

    Trainings that have ended are not done again: an interrupted ablation goes on where it stopped.
    Raises InputError for what cannot be trained, an unknown fusion or subset, or a folder that holds something else.
    """
    check_config(options)
    config = Config(**{field.name: getattr(options, field.name) for field in fields(Config)})
    check_fusions(options)
    table = read_table(config)
    say(describe(table))
    folder = open_ablation(options)
    groups = group(table)
    trials = list(all_trials(options, groups))
    say(f"{len(trials)} trainings: {', '.join(options.fusions)}; {', '.join(groups)}; {options.seeds} seeds")
    figures: dict[tuple[Any, ...], list[float]] = {}
    for number, trial in enumerate(trials, 1):
        measured = run_trial(trial, config, table, folder)
        key = trial.fusion, trial.modalities, trial.columns
        figures.setdefault(key, []).append(measured["score"])
        say(f"{number}/{len(trials)}  {trial.name}  {measured['score_name']} {measured['score']:.4f}")
        write_results(folder, table.path, measured["score_name"], figures)
    say(as_table(json.loads((folder / RESULT).read_text(encoding="utf-8"))))
    from mmkeras.report.ablation import write_ablation_report  # late: Matplotlib

    write_ablation_report(folder)
    return folder


def check_fusions(options: Ablate) -> None:
    """Raise InputError for a fusion that is none, or no seed."""
    wrong = [name for name in options.fusions if name not in FUSIONS]
    if wrong or not options.fusions:
        raise InputError(f"--fusions: unknown {', '.join(wrong) or '(none given)'}. Expected: {', '.join(FUSIONS)}.")
    if options.task == "language_model":
        raise InputError("--task language_model: ablate compares columns, and a language model has none.")
    if options.task == "generate" and "decision" in options.fusions:
        raise InputError("--fusions: a text is written by one decoder. Give --fusions attention concat sum")
    if options.seeds < 1:
        raise InputError(f"--seeds {options.seeds}: expected 1 or more.")
    if options.fusion or options.resume:
        flag = "--fusion" if options.fusion else "--resume"
        raise InputError(f"{flag}: leave it out; ablate compares fusions (--fusions) and goes on by itself.")


def open_ablation(options: Ablate) -> Path:
    """The folder of all trainings: --output, or runs/<name of the CSV>-ablation."""
    folder = (
        Path(options.output)
        if options.output
        else default_output(options).with_name(f"{default_output(options).name}-ablation")
    )
    if (
        folder.is_dir()
        and any(folder.iterdir())
        and not any(folder.glob(f"*/{FINISHED}"))
        and not any(folder.glob("*/config.json"))
    ):
        raise InputError(f"{folder}: the folder is not empty and is no ablation. Choose another --output.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def group(table: Table) -> dict[str, tuple[str, ...]]:
    """Columns by modality: by kind, or one by one where all are of one kind."""
    kinds: dict[str, list[str]] = {}
    for column in table.inputs:
        kinds.setdefault(column.kind, []).append(column.name)
    if len(kinds) == 1:
        return {column.name: (column.name,) for column in table.inputs}
    return {kind: tuple(names) for kind, names in kinds.items()}


def all_trials(options: Ablate, groups: dict[str, tuple[str, ...]]) -> Iterator[Trial]:
    """The trainings, the smallest subsets first. Raises InputError for a subset that is none."""
    known = {
        "+".join(chosen): chosen for n in range(1, len(groups) + 1) for chosen in itertools.combinations(groups, n)
    }
    by_set = {frozenset(chosen): name for name, chosen in known.items()}
    names = [by_set.get(frozenset(wanted.split("+"))) for wanted in options.subsets] or list(known)
    if None in names:
        wrong = options.subsets[names.index(None)]
        raise InputError(f"--subsets {wrong}: expected names joined by +, out of {', '.join(groups)}.")
    for name in names:
        chosen = known[str(name)]
        columns = tuple(column for modality in chosen for column in groups[modality])
        for fusion in options.fusions if len(columns) > 1 else (None,):
            for k in range(options.seeds):
                yield Trial(fusion, chosen, columns, options.seed + k)


def run_trial(trial: Trial, config: Config, table: Table, folder: Path) -> dict[str, Any]:
    """Train, or read what an ended training of the same has measured. Returns its figures on the held-out rows."""
    from mmkeras.training import train

    output = folder / trial.name
    if not (output / FINISHED).exists() or config.overwrite:
        kinds: dict[str, list[str]] = {}
        for column in table.inputs:
            if column.name in trial.columns:
                kinds.setdefault(column.kind, []).append(column.name)
        named: dict[str, Any] = dict.fromkeys(INPUT_KINDS, ())
        named |= {kind: tuple(names) for kind, names in kinds.items()}
        targets = tuple(column.name for column in table.targets)
        chosen: Any = replace(
            config,
            **named,
            target=targets,
            task=table.task,  # type: ignore[arg-type]
            model="multimodal",
            fusion=trial.fusion,  # type: ignore[arg-type]
            seed=trial.seed,
            output=str(output),
            overwrite=True,
        )
        train(chosen, say=lambda line: None)
        import keras

        keras.backend.clear_session()
    measured = json.loads((output / FINISHED).read_text(encoding="utf-8"))["validation"]
    return {"score": float(measured["score"]), "score_name": str(measured["score_name"])}


def write_results(folder: Path, csv: str, score_name: str, figures: dict[tuple[Any, ...], list[float]]) -> None:
    """ablation.json and ablation.csv, after each training, so that nothing is lost."""
    rows = [
        {"fusion": fusion, "modalities": list(modalities), "columns": list(columns), "scores": scores}
        for (fusion, modalities, columns), scores in figures.items()
    ]
    write_json(folder / RESULT, {"csv": csv, "score_name": score_name, "rows": rows})
    header = ["modalities", "fusion", score_name, "standard deviation", "seeds"]
    lines = [
        [
            "+".join(r["modalities"]),
            r["fusion"] or "",
            f"{statistics.mean(r['scores']):.4f}",
            spread(r["scores"]),
            len(r["scores"]),
        ]
        for r in rows
    ]
    write_csv(folder / "ablation.csv", [header, *lines])


def spread(scores: Sequence[float]) -> str:
    """Standard deviation over seeds; '' for a single one."""
    return f"{statistics.stdev(scores):.4f}" if len(scores) > 1 else ""


def as_table(result: dict[str, Any]) -> str:
    """The results to print: a row a subset, a column a fusion; mean and deviation over the seeds."""
    used = list(dict.fromkeys(row["fusion"] for row in result["rows"] if row["fusion"]))
    grid: dict[str, dict[str, str]] = {}
    for row in result["rows"]:
        deviation = spread(row["scores"])
        cell = f"{statistics.mean(row['scores']):.4f}" + (f" ± {deviation}" if deviation else "")
        grid.setdefault("+".join(row["modalities"]), {})[row["fusion"] or "alone"] = cell
    head = [result["score_name"], *(["alone"] if any("alone" in cells for cells in grid.values()) else []), *used]
    lines = [head, *([name, *(cells.get(column, "") for column in head[1:])] for name, cells in grid.items())]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
