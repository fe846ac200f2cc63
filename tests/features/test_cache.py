"""Features on disk, when other processes are killed or delete their own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mmkeras.features.cache import KEY_BYTES, kept_folder

KEY = "0" * (2 * KEY_BYTES)


def make(folder: Path) -> None:
    (folder / "rows.npy").write_text("made")


def test_features_are_made_under_a_name_of_one_s_own(tmp_path: Path) -> None:
    seen: list[str] = []

    def watch(folder: Path) -> None:
        make(folder)
        seen.append(folder.name)

    kept_folder(tmp_path, "x", KEY, [], watch)
    (tmp_path / f"x-{KEY}/done.json").unlink()
    kept_folder(tmp_path, "x", KEY, [], watch)
    assert len(set(seen)) == 2
    assert all(f".{os.getpid()}-" in name for name in seen)
    assert os.listdir(tmp_path) == [f"x-{KEY}"]


def test_what_killed_processes_left_goes(tmp_path: Path) -> None:
    for name in (
        f".x-{KEY}.7-0123abcd.partial",
        f".x-{KEY}.7-0123abcd.trash",
        f"x-{KEY}.partial",
        f".y-{KEY}.7-0.partial",
    ):
        (tmp_path / name).mkdir()
    kept_folder(tmp_path, "x", KEY, [], make)
    assert sorted(os.listdir(tmp_path)) == [f".y-{KEY}.7-0.partial", f"x-{KEY}"]


def test_another_run_that_deletes_its_features_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_folder(tmp_path / "other", "x", KEY, [], make)

    def vanish(source: Path, target: Path, **_: object) -> None:
        target.mkdir()
        (target / "half").write_text("")
        raise shutil.Error("gone")

    monkeypatch.setattr(shutil, "copytree", vanish)
    folder = kept_folder(tmp_path / "features", "x", KEY, [tmp_path / "other"], make)
    assert sorted(os.listdir(folder)) == ["done.json", "rows.npy"]
