"""One training, of any task, from a Config to a finished run folder."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.metrics.baselines import lines_of
from mmkeras.own_layers.given import OwnLayers, check_given, check_resumed
from mmkeras.runs.continuing import continued_config, drop_start, keep_start, open_start, record_of
from mmkeras.runs.folder import default_output, finish, new_run, run_lock
from mmkeras.runs.integrity import write_digests
from mmkeras.runs.resume import resumed_config
from mmkeras.system.files import atomic_write
from mmkeras.system.interrupts import deferred
from mmkeras.system.progress import Log, not_silent
from mmkeras.system.tensorflow import start_tensorflow
from mmkeras.tasks import load_task
from mmkeras.training.sources import Lines, TableSource, read_training_source

SMALL_TENSORS = ("wide_deep", "mlp")  # models whose training step allocates no tensor of megabytes


def train(config: Config, log: Log = print, own: OwnLayers | None = None) -> Path:
    """Read and check the data, adapt, build, fit, evaluate; write the run folder. Returns its path.

    own: layers of the user, in place of ours.
    Raises InputError for a mistake that the user can mend, where possible before the run folder is touched.
    """
    started = time.perf_counter()
    check_config(config)
    with run_lock(config):
        if config.output.resume:
            config = resumed_config(config, log)
            check_resumed(default_output(config.data, config.output), config, own)
        start = open_start(config)
        if start is not None and not config.output.resume:
            config = continued_config(config, start)
        check_given(config, own)
        source = read_training_source(config, log, start, own)
        config = source.resolve(config, log)
        record = {"continued_from": record_of(config, start)} if start else {}
        with new_run(config, log, record, in_python(config) if own else "") as folder:
            figures = fit_and_evaluate(config, source, folder, log)
            figures["seconds"]["total"] = round(time.perf_counter() - started, 2)
            with deferred():  # a second or two: a finished run has its digests and its report
                finish(folder, figures)
                write_digests(folder)
                drop_start(folder)
                # late: the run is finished; a failing report cannot harm it
                from mmkeras.report.page import write_report

                with not_silent(log, "writing the report"):
                    write_report(folder)
    log(f"validation {load_task(config.model.task).summary(figures)}")
    for line in lines_of(figures):
        log(line)
    return folder


def in_python(config: Config) -> str:
    """The call that ends an interrupted run with layers of the user, which the command line has not."""
    return f"mmkeras.train(resume=True, output={str(default_output(config.data, config.output))!r}, …), the same layers"


def fit_and_evaluate(config: Config, source: TableSource | Lines, folder: Path, log: Log) -> dict[str, Any]:
    """Split, adapt, build, fit, evaluate; write all files but metrics.json. Returns the figures for metrics.json."""
    times = [time.perf_counter()]
    if source.start is not None:
        source = replace(source, start=keep_start(source.start, folder))
    with not_silent(log, "checking and splitting the rows") as heard:
        split: Any = source.split(config, folder, heard)
    times.append(time.perf_counter())
    with not_silent(log, "starting TensorFlow"):
        start_tensorflow(config.training.seed, large_tensors=config.model.model not in SMALL_TENSORS)
        from mmkeras.tasks.weights import drop_copies  # late, as the next
        from mmkeras.training.continuing import at_a_lower_rate, go_on  # late, as the next
        from mmkeras.training.loop import fit  # late: Keras must be imported after the seed and the allocator are set

    task = load_task(config.model.task)
    (folder / "state").mkdir(exist_ok=True)
    if source.start is not None:
        config = at_a_lower_rate(config, log)
    with not_silent(log, "preparing the columns") as heard:
        data = task.prepare(config, split, folder, heard)
    times.append(time.perf_counter())
    budget, size = None, dict[str, Any]()
    if config.model.size_budget:
        from mmkeras.training.size_budget import Budget, price  # late, as the next
        from mmkeras.training.trial import Trained

        with not_silent(log, "measuring the smallest model") as heard:
            budget = Budget.of(config, data, folder, log)
    with not_silent(log, "building the model") as heard:
        trained = task.build(config, data, heard)
    with not_silent(log, "evaluating the run that the training goes on from") as heard:
        going_on = go_on(trained, config, source.start, heard) if source.start is not None else {}
    checkpoint = fit(trained, config, folder, log)
    times.append(time.perf_counter())
    if budget is not None:
        whole = Trained(data, trained, checkpoint)
        small, size["size"] = budget.shrunken(split.table, whole, times[-1] - times[-2])
        data, trained, checkpoint = small.data, small.trained, small.checkpoint
    with not_silent(log, "evaluating the model on the held-out rows") as heard:
        figures = task.evaluate(trained, data, config, checkpoint.history[checkpoint.best_epoch], folder, heard)
    with atomic_write(folder / "model.keras") as partial:
        (trained.raw() if trained.raw else trained.saved).save(partial)
    if trained.raw:
        drop_copies(folder)
    if budget is not None:
        budget.clear()
        size["size"]["score"] = figures["validation"]["score"]  # by the bags that the deployed graph computes
        log(price(size["size"], figures["rows"]["validation"]))
    times.append(time.perf_counter())
    names = ("check", "prepare", "fit", "evaluate")
    seconds = {name: round(b - a, 2) for name, a, b in zip(names, times, times[1:], strict=False)}
    return {
        **figures,
        **going_on,
        **size,
        "epochs": checkpoint.epochs_done,
        "best_epoch": checkpoint.best_epoch + 1,
        "seconds": seconds,
    }
