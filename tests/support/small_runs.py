"""Tiny CSVs, and one training exported once a session, for the tests that use mmkeras as a user would."""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mmkeras.cli import main as cli
from mmkeras.system.digests import sealed

ROOT = Path(__file__).resolve().parents[2]
TARGET = "topic"
COLUMNS = ("标题", "news text")
LABELS = ("food, drink", "tech", "体育")  # in the order of the model's outputs
FORMATS = ("savedmodel/1", "predict.tflite", "predict.onnx")
MAX_BYTES = 96
FLAGS = ("--text", *COLUMNS, "--target", TARGET, "--max-bytes", str(MAX_BYTES))
ONE_COLUMN = ("--text", COLUMNS[1], "--target", TARGET, "--max-bytes", str(MAX_BYTES))

_WORDS = {
    "food, drink": ["米饭", "茶", "tea", "rice", "soup", "🍜"],
    "tech": ["手机", "芯片", "phone", "chip", "Wi-Fi", "👩🏽‍💻"],
    "体育": ["比赛", "球队", "goal", "team", "Müller", "⚽"],
}
_COMMON = ["today", "we", "say", "that", "the", "今天", "我们", "\n", '"quoted"', "e.g.", "3,5"]


@dataclass(frozen=True)
class Done:
    """What a command left on the screen, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class SmallRun:
    """A CSV, the run trained on it, and its exported folder, with what both commands printed."""

    csv: Path
    folder: Path
    exported: Path
    training: Done
    exporting: Done


def news_rows(count: int, seed: int = 0, noise: float = 0.15) -> list[dict[str, str]]:
    """Made-up news with an id and the columns; some rows have another class's words, so that no model is certain."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        label = LABELS[i % len(LABELS)]
        words = _WORDS[rng.choice(LABELS) if rng.random() < noise else label]
        title = "" if i % 20 == 7 else " ".join(rng.choices(words, k=1) + rng.choices(_COMMON, k=2))
        text = " ".join(rng.sample([*rng.choices(words, k=2), *rng.choices(_COMMON, k=rng.randrange(4, 20))], 6))
        rows.append({"id": f"{i}", COLUMNS[0]: title, COLUMNS[1]: f"{text} {i}", TARGET: label})
    return rows


def write_rows(path: Path, rows: Sequence[dict[str, str]], encoding: str = "utf-8") -> Path:
    """Rows as a CSV, the first row's keys as its header."""
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    """A CSV's rows."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main(*arguments: str | Path, piped: bytes | None = None) -> Done:
    """`mmkeras …` in this process, with an empty standard input, or with `piped` in it."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        open(os.devnull, encoding="utf-8") as nothing,
        mock.patch.object(sys, "stdin", nothing if piped is None else io.TextIOWrapper(io.BytesIO(piped))),
    ):
        try:
            code = cli.main([str(a) for a in arguments])
        except SystemExit as error:  # tyro's answer to --help and to flags it does not know
            code = error.code
    return Done(code, out.getvalue(), err.getvalue())


class Deadline:
    """Seconds to wait for something at most."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def is_ahead(self) -> bool:
        """Is time left? Sleeps a moment, for use in a loop."""
        time.sleep(0.02)
        return time.monotonic() < self.end


def environment() -> dict[str, str]:
    """A user's, with the package to be found."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    others = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return {**others, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def process(*arguments: str | Path, cwd: Path, timeout: float = 300) -> Done:
    """`python …` in a process of its own."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=timeout, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def working_folder(path: Path) -> Iterator[None]:
    """Commands of the block find relative paths in `path`, and a child process finds the package."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = environment()["PYTHONPATH"]
    try:
        with contextlib.chdir(path):
            yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@functools.cache
def exported_run(base: Path) -> SmallRun:
    """Train and export through the command line, once for each base folder: the session's, so once a session."""
    folder = base / "small_run"
    folder.mkdir()
    rows = news_rows(160)
    rows[30][TARGET] = " "  # a bad row
    path = write_rows(folder / "news.csv", rows)
    with working_folder(folder):
        training = main("train", "news.csv", *FLAGS, "--epochs", "3", "--no-fold")
        assert training.code == 0, training.err
        exporting = main("export", "runs/news")
        assert exporting.code == 0, exporting.out + exporting.err
    return SmallRun(path, folder / "runs/news", folder / "exported/news", training, exporting)


def copy(run: SmallRun, folder: Path, *artefacts: str) -> Path:
    """An exported folder of its own, as if only some of the artefacts had been asked for."""
    folder.mkdir()
    for name in ("labels.txt", "signature.json", "sample_inputs.npz", "MODEL_CARD.md", *artefacts):
        source = run.exported / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    signature = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    exported = signature["artefacts"]
    kept = {key: artefact for key, artefact in exported.items() if set(artefact["paths"].values()) <= set(artefacts)}
    signature["artefacts"] = kept
    (folder / "signature.json").write_text(json.dumps(sealed(signature)), encoding="utf-8")
    return folder


def proof(folder: Path) -> Any:
    """What `verify` wrote."""
    return json.loads((folder / "verify.json").read_text(encoding="utf-8"))
