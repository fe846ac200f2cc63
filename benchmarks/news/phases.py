"""The phases of one set: every training and its predictions, then latencies, then one-document processes.

In every phase the systems take turns, round after round, so that a slow minute of the machine hits all of them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.client import summary, write_json
from benchmarks.harness.measure import Cost, Server, StepFailed, run_process, same_threads, size_mb
from benchmarks.harness.scores import read_predictions, score
from benchmarks.news.systems import Client, Command, Place, System

ONE_DOCUMENT_ROUNDS = 5

TURN = 50
"""Documents that a model answers in one turn."""


@dataclass
class Bench:
    """One run of the benchmark: its flags, its clock, and the figures so far, written after every step."""

    args: argparse.Namespace
    root: Path
    figures: dict[str, Any]
    started: float = field(default_factory=time.perf_counter)

    def log(self, line: str) -> None:
        """Print one line of progress."""
        print(f"[{(time.perf_counter() - self.started) / 60:6.1f} min] {line}", flush=True)

    def save(self) -> None:
        """Write the figures so far."""
        write_json(self.args.results / "news.json", self.figures)

    def leave_out(self, name: str, reason: Exception | str) -> None:
        """Print and record why a set or a system has no figures."""
        self.figures["left_out"][name] = str(reason)
        self.log(f"{name}: left out: {reason}")


@dataclass
class Turns:
    """A loaded model that takes turns. row: of its figures. spent: microseconds of each document so far."""

    row: dict[str, Any]
    server: Server
    spent: list[float] = field(default_factory=list)


@dataclass
class SetRun:
    """One set under measurement.

    systems: the systems that have not failed, by name. rows: name -> figures, a part of the results.
    """

    bench: Bench
    place: Place
    systems: dict[str, System]
    rows: dict[str, Any]

    def all_phases(self) -> None:
        """Measure everything that the flags do not leave out."""
        self.trainings()
        for name, client in self.clients():
            self.attempt(name, self.client_row, client)  # the size of its files
        if not self.bench.args.no_latency:
            self.latencies()
        if not self.bench.args.no_one_document:
            self.one_document_processes()

    def folder(self, name: str, turn: int = 0) -> Path:
        """The folder of a training. The model of turn 0 is the one whose latency is measured."""
        work: Path = self.bench.args.work
        return work / self.place.split.news.name / f"{name}-{turn}"

    def log(self, name: str, line: str) -> None:
        """Print one line about one system."""
        self.bench.log(f"{self.place.split.news.name} {name}: {line}")

    def process(self, step: str, command: Command, folder: Path, threads: int) -> Cost:
        """Run one whole process with the shared environment."""
        return run_process(command, folder / f"{step}.log", self.bench.root, same_threads(threads))

    def attempt(self, name: str, action: Callable[..., object], *details: object) -> None:
        """Run one measurement. A system that fails leaves the set, and the others go on."""
        try:
            action(name, *details)
        except (StepFailed, ValueError, OSError) as reason:
            del self.systems[name]
            self.bench.leave_out(f"{self.place.split.news.name} {name}", reason)
        self.bench.save()

    def trainings(self) -> None:
        """Train every system once a round.

        A system without a seed is trained in the first round only, unless a ratio depends on its time.
        """
        seeds: list[int] = self.bench.args.seeds
        repeats: int = self.bench.args.repeats
        for turn in range(max(len(seeds), repeats)):
            for name, system in list(self.systems.items()):
                if turn == 0 or (system.seeded and turn < len(seeds)) or (system.timed and turn < repeats):
                    seed = seeds[turn % len(seeds)] if system.seeded else 0
                    self.attempt(name, self.train, turn, seed)

    def train(self, name: str, turn: int, seed: int) -> None:
        """One training, its predictions and their scores: over all test rows, and over those not seen in training."""
        split, folder = self.place.split, self.folder(name, turn)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run: dict[str, Any] = {"seed": seed}
        for step, command in self.systems[name].steps(self.place, folder, seed):
            run[step] = self.process(step, command, folder, self.bench.args.threads).as_json()
        predicted = read_predictions(folder / "predictions.csv")
        run |= score(split.labels, predicted)
        unseen = [i for i, new in enumerate(split.unseen) if new]
        if len(unseen) < len(split.labels):
            run["unseen"] = score([split.labels[i] for i in unseen], [predicted[i] for i in unseen])
        settings = folder / "settings.json"
        if settings.exists():
            run["settings"] = json.loads(settings.read_text(encoding="utf-8"))
        self.rows[name]["runs"].append(run)
        cost = run["train"]
        self.log(
            name,
            f"seed {seed} trained in {cost['wall_s']:.1f} s ({cost['cpu_s']:.1f} s of CPU, {cost['peak_mib']:.0f} "
            f"MiB); accuracy {run['accuracy']:.2f}",
        )
        if turn > 0 and not self.bench.args.keep:
            shutil.rmtree(folder)

    def clients(self) -> Iterator[tuple[str, Client]]:
        """Every saved model of the systems that have not failed, with the name of its system."""
        for name, system in list(self.systems.items()):
            for client in system.clients:
                if name in self.systems:
                    yield name, client

    def client_row(self, name: str, client: Client) -> dict[str, Any]:
        """The row of this client's figures; the first call measures the size of its files."""
        clients: dict[str, Any] = self.rows[name]["clients"]
        if client.title not in clients:
            size = size_mb(client.files(self.folder(name)))
            clients[client.title] = {"size_mb": round(size, 3), "one_document": []}
        row: dict[str, Any] = clients[client.title]
        return row

    def latencies(self) -> None:
        """One raw document at a time on one thread: all models are loaded at once and take turns of a few documents."""
        turns: dict[str, Turns] = {}

        def start(name: str, client: Client) -> None:
            folder = self.folder(name)
            row = self.client_row(name, client)
            log = folder / f"{client.title} serve.log"
            command = client.serve(self.place, folder)
            turns[client.title] = Turns(row, Server(command, log, self.bench.root, same_threads(1)))

        def ask(name: str, client: Client, first: int) -> None:
            turn = turns[client.title]
            turn.spent += turn.server.ask(first, first + TURN)
            turn.row["latency"] = summary(turn.spent)

        for name, client in self.clients():
            self.attempt(name, start, client)
        for number in range(self.bench.args.repeats):
            for first in range(0, self.place.split.document_rows, TURN):
                for name, client in self.clients():
                    self.attempt(name, ask, client, first)
            self.bench.log(f"{self.place.split.news.name}: latencies, round {number + 1}")
        for turn in turns.values():
            turn.server.close()

    def one_document_processes(self) -> None:
        """Processes that start, load, answer one document and end: all models in turn."""
        for number in range(1 if self.bench.args.quick else ONE_DOCUMENT_ROUNDS):
            for name, client in self.clients():
                self.attempt(name, self.one_document, client)
            self.bench.log(f"{self.place.split.news.name}: one-document processes, round {number + 1}")

    def one_document(self, name: str, client: Client) -> None:
        """One one-document process."""
        folder = self.folder(name)
        row = self.client_row(name, client)
        cost = self.process(f"{client.title} answer", client.answer(self.place, folder), folder, threads=1)
        row["one_document"].append(cost.as_json())
