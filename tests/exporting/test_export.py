"""Where an export ends up: the folder's name is for proven artefacts, and nothing proven is lost for others.

What writes and verifies the artefacts is replaced here; tests/verification and tests/end_to_end have the real thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_runs

from mmkeras.cli import next_command
from mmkeras.exporting import export as exporting
from mmkeras.verification.verify import Proof

Export = Callable[..., small_runs.Done]


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """`mmkeras export r --output e …` that writes `text` into its files and finds them sound or not."""

    def command(text: str, passed: bool, *flags: str) -> small_runs.Done:
        def fill(_run: Any, _formats: Any, folder: Path, *_: Any) -> Proof:
            for name in ("signature.json", "predict.onnx" if passed else "predict.onnx.rejected"):
                (folder / name).write_text(text)
            proof: dict[str, Any] = {"passed": passed, "artefacts": {"predict.onnx": {"passed": passed}}}
            (folder / "verify.json").write_text(json.dumps(proof))
            return Proof(passed, proof["artefacts"])

        monkeypatch.setattr(exporting, "_fill", fill)
        monkeypatch.setattr(exporting, "open_run", lambda _: None)
        monkeypatch.setattr(next_command, "next_command", lambda *_: "")  # it reads the signature, which is a word here
        with small_runs.working_folder(tmp_path):
            return small_runs.main("export", "r", "--output", "e", *flags)

    return command


def test_a_first_export_that_fails_is_kept_by_its_name(export: Export, tmp_path: Path) -> None:
    """There is nothing to lose, and the file in it has a name that nothing deploys."""
    done = export("new", False)
    assert done.code == 1
    assert [p.name for p in tmp_path.iterdir()] == ["e"]
    assert (tmp_path / "e/predict.onnx.rejected").exists()


def test_overwrite_replaces_by_what_passes(export: Export, tmp_path: Path) -> None:
    assert export("old", True).code == 0
    assert export("new", True, "--overwrite").code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["e"]
    assert (tmp_path / "e/predict.onnx").read_text() == "new"


def test_overwrite_keeps_the_old_folder_when_the_new_one_fails(export: Export, tmp_path: Path) -> None:
    assert export("old", True).code == 0
    for text in ("new", "newer"):
        done = export(text, False, "--overwrite")
        assert done.code == 1
        assert "e is left as it was; what was rejected is kept beside it, as e.rejected" in done.lines
        assert done.lines[-1] == "artefacts: e.rejected  proof: e.rejected/verify.json"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["e", "e.rejected"]
        assert (tmp_path / "e/predict.onnx").read_text() == "old"
        assert (tmp_path / "e.rejected/predict.onnx.rejected").read_text() == text
    assert export("newest", True, "--overwrite").code == 0
    assert (tmp_path / "e/predict.onnx").read_text() == "newest"


@pytest.mark.parametrize("place", ["e", "e.rejected"])
def test_overwrite_takes_no_place_that_is_not_ours(place: str, export: Export, tmp_path: Path) -> None:
    assert export("old", True).code == 0
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "signature.json").unlink(missing_ok=True)
    (tmp_path / place / "notes.txt").write_text("mine")
    done = export("new", False, "--overwrite")
    assert done.code == 2
    assert f"{place}: it is not an exported folder" in done.err
    assert (tmp_path / place / "notes.txt").read_text() == "mine"


def test_an_export_that_breaks_off_leaves_everything_as_it_was(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert export("old", True).code == 0

    def interrupted(*_: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(exporting, "_fill", interrupted)
    with small_runs.working_folder(tmp_path):
        assert small_runs.main("export", "r", "--output", "e", "--overwrite").code == 130
    assert [p.name for p in tmp_path.iterdir()] == ["e"]
    assert (tmp_path / "e/predict.onnx").read_text() == "old"
