"""The folder of an ablation: other people's files are not taken for its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import small_runs
from report_pages import make_run, some_rows

from mmkeras.errors import InputError
from mmkeras.experiments.ablation import open_ablation
from mmkeras.experiments.fingerprint import write_fingerprint
from mmkeras.experiments.options import Ablate
from mmkeras.system.locks import locked


def test_a_folder_with_another_program_s_models(tmp_path: Path) -> None:
    """Many programs write a config.json; train.csv beside it must not be replaced."""
    (tmp_path / "work/bert").mkdir(parents=True)
    (tmp_path / "work/bert/config.json").write_text('{"hidden_size": 8}')
    (tmp_path / "work/train.csv").write_text("mine")
    with pytest.raises(InputError, match="is no ablation"):
        open_ablation(Ablate.of(output=str(tmp_path / "work")))
    make_run(tmp_path / "work/r", some_rows(["a", "b"]), ["a", "b"])
    with pytest.raises(InputError, match=r"work/train.csv: it is of no ablation"):
        open_ablation(Ablate.of(output=str(tmp_path / "work")))
    assert (tmp_path / "work/train.csv").read_text() == "mine"


def test_a_folder_with_links(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/question.json").write_text("{}")
    (tmp_path / "a/train.csv").symlink_to("mine.csv")
    with pytest.raises(InputError, match=r"train.csv: it is a symbolic link"):
        open_ablation(Ablate.of(output=str(tmp_path / "a")))


def test_overwrite_deletes_its_own_results_alone(tmp_path: Path) -> None:
    for name in ("ablation.json", "ablation.csv", "ablation.html", "ablation.notes"):
        (tmp_path / name).write_text("x")
    write_fingerprint(tmp_path, {}, overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["ablation.notes", "question.json"]


def test_one_ablation_at_a_time(tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(60))
    with locked(tmp_path / "a"):
        done = small_runs.main("ablate", path, *small_runs.FLAGS, "--output", tmp_path / "a")
    assert done.code == 2
    assert "is writing it" in done.err
    (tmp_path / "link").symlink_to("a")
    done = small_runs.main("ablate", path, *small_runs.FLAGS, "--output", tmp_path / "link")
    assert "symbolic link" in done.err
