"""Every fusion on every subset of the modalities, several seeds each: what a column is worth, what joins it best."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mmkeras.ablation_rows import CHECK, QUESTION, begin, choose_rows, question_of, refuse_others, write_rows
from mmkeras.ablation_trials import Trial, all_trials, group, run_trial, trial_config
from mmkeras.config import Config
from mmkeras.config_check import check_config
from mmkeras.errors import InputError
from mmkeras.files import write_csv, write_json
from mmkeras.run import FINISHED, default_output
from mmkeras.table import Table

__all__ = ["FUSIONS", "Ablate", "Trial", "ablate", "all_trials", "as_table", "open_ablation"]

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


@dataclass
class Cell:
    """What is known of one fusion on one subset. rows: those held out that it was measured on."""

    fusion: str | None
    modalities: tuple[str, ...]
    columns: tuple[str, ...]
    scores: list[float] = field(default_factory=list)
    rows: int | None = None
    failed: list[str] = field(default_factory=list)
    """Why a seed of it could not be trained."""

    def entry(self) -> dict[str, Any]:
        """Its row of ablation.json."""
        names = {"fusion": self.fusion, "modalities": list(self.modalities), "columns": list(self.columns)}
        failed = {"failed": self.failed} if self.failed else {}
        return {**names, "scores": self.scores, "rows": self.rows, **failed}


def ablate(options: Ablate, say: Say = print) -> Path:
    """Train them all below one folder; write ablation.json, ablation.csv and ablation.html. Returns the folder.

    The table is read, its media are checked and its rows are split once: train.csv and held_out.csv are what every
    training has. A subset learns from the rows, and is measured on those, that have anything in its columns; training
    rows that repeat the inputs of a held-out row in these columns are left out, as `split_table` has it.

    Trainings that have ended are not done again: an interrupted ablation goes on where it stopped. One that cannot
    be trained leaves its place in the table empty.
    Raises InputError where none can be trained, for an unknown fusion or subset, or for a folder that holds something
    else, trainings of other options or another CSV among it.
    """
    from mmkeras.training import read_tables  # late: whoever asks for --help needs none of it

    check_config(options)
    check_fusions(options)
    config = Config(**{known.name: getattr(options, known.name) for known in fields(Config)})
    tables = read_tables(config, say)
    groups = group(tables["table"])
    trials = list(all_trials(options, groups))
    folder = open_ablation(options)
    question = question_of(config)
    if not options.overwrite:
        refuse_others(folder, question)
    say(f"{len(trials)} trainings: {', '.join(options.fusions)}; {', '.join(groups)}; {options.seeds} seeds")
    rows = choose_rows(config, tables, folder, say)
    question["media"] = rows.media
    if not options.overwrite:
        refuse_others(folder, question)
    begin(folder, question, options.overwrite)
    train_all(trials, write_rows(rows, config, folder), tables["table"], question, folder, say)
    say(as_table(json.loads((folder / RESULT).read_text(encoding="utf-8"))))
    from mmkeras.report.ablation import write_ablation_report  # late: Matplotlib

    write_ablation_report(folder)
    return folder


def train_all(
    trials: Sequence[Trial], shared: Config, table: Table, question: dict[str, Any], folder: Path, say: Say
) -> None:
    """Train one after the other; write what is known after each. Raises InputError where none can be trained.

    shared: the Config of all; table: as the user's file was read.
    """
    cells: dict[tuple[Any, ...], Cell] = {}
    score_name, failed = "", 0
    for number, trial in enumerate(trials, 1):
        cell = cells.setdefault((trial.fusion, trial.modalities), Cell(trial.fusion, trial.modalities, trial.columns))
        head = f"{number}/{len(trials)}  {trial.name}"
        output = folder / trial.name
        try:
            measured = run_trial(trial, trial_config(trial, shared, table, output), question, output)
        except InputError as error:  # of this subset; the others may do
            failed += 1
            cell.failed.append(str(error))
            say(f"{head}  cannot be trained: {error}")
        else:
            score_name = measured["score_name"]
            cell.scores.append(measured["score"])
            cell.rows = measured["rows"]
            say(f"{head}  {score_name} {measured['score']:.4f}  on {measured['rows']} rows")
        if score_name:
            write_results(folder, table.path, score_name, list(cells.values()))
    if failed == len(trials):
        raise InputError(f"{folder}: none of the {failed} trainings could be done; the reasons are above.")
    if failed:
        say(f"{failed} of {len(trials)} trainings could not be done; the reasons are above, and in {RESULT}")


def check_fusions(options: Ablate) -> None:
    """Raise InputError for a fusion that is none, no seed, or a flag that could change nothing."""
    wrong = [name for name in options.fusions if name not in FUSIONS]
    if wrong or not options.fusions:
        raise InputError(f"--fusions: unknown {', '.join(wrong) or '(none given)'}. Expected: {', '.join(FUSIONS)}.")
    if options.task == "language_model":
        raise InputError("--task language_model: ablate compares columns, and a language model has none.")
    if options.task == "generate" and "decision" in options.fusions:
        raise InputError("--fusions: a text is written by one decoder. Give --fusions attention concat sum")
    if options.seeds < 1:
        raise InputError(f"--seeds {options.seeds}: expected 1 or more.")
    if options.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {options.model}: ablate trains the multimodal model, which has fusions. Leave it out."
        )
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
    for name in (options.csv, options.validation, options.word_vectors):
        if name and folder.resolve() in Path(name).resolve().parents:
            raise InputError(f"{folder}: {name} lies in it, and could be replaced. Choose another --output.")
    ours = (QUESTION, f"*/{FINISHED}", "*/config.json")
    if (
        folder.is_dir()
        and any(not path.name.startswith(CHECK) for path in folder.iterdir())  # or a list of bad rows beside it
        and not any(any(folder.glob(pattern)) for pattern in ours)
    ):
        raise InputError(f"{folder}: the folder is not empty and is no ablation. Choose another --output.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_results(folder: Path, csv: str, score_name: str, cells: Sequence[Cell]) -> None:
    """ablation.json and ablation.csv, after each training, so that nothing is lost."""
    write_json(folder / RESULT, {"csv": csv, "score_name": score_name, "rows": [cell.entry() for cell in cells]})
    header = ["modalities", "fusion", score_name, "standard deviation", "seeds", "rows"]
    lines = [
        [
            "+".join(cell.modalities),
            cell.fusion or "",
            f"{statistics.mean(cell.scores):.4f}" if cell.scores else "",
            spread(cell.scores),
            len(cell.scores),
            "" if cell.rows is None else cell.rows,
        ]
        for cell in cells
    ]
    write_csv(folder / "ablation.csv", [header, *lines])


def spread(scores: Sequence[float]) -> str:
    """Standard deviation over seeds; '' for a single one."""
    return f"{statistics.stdev(scores):.4f}" if len(scores) > 1 else ""


def as_table(result: dict[str, Any]) -> str:
    """The results to print: a row a subset, a column a fusion; mean and deviation over the seeds; rows held out."""
    used = list(dict.fromkeys(row["fusion"] for row in result["rows"] if row["fusion"]))
    grid: dict[str, dict[str, str]] = {}
    for row in result["rows"]:
        cells = grid.setdefault("+".join(row["modalities"]), {})
        if row["scores"]:
            deviation = spread(row["scores"])
            cell = f"{statistics.mean(row['scores']):.4f}" + (f" ± {deviation}" if deviation else "")
            cells |= {row["fusion"] or "alone": cell, "rows": f"{row['rows']:,}"}
    alone = ["alone"] if any(not row["fusion"] for row in result["rows"]) else []
    head = [result["score_name"], *alone, *used, "rows"]
    lines = [head, *([name, *(cells.get(column, "") for column in head[1:])] for name, cells in grid.items())]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
