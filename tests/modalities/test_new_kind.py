"""A new kind of column is one folder (tests/support/toy_kind) and one line: trained, exported, verified, predicted with."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_runs

from mmkeras.config.config import Config
from mmkeras.data.columns.kinds import MODALITIES
from mmkeras.data.table import read_table
from mmkeras.errors import InputError
from mmkeras.modalities import cells_of, names_files, spec_of

SUPPORT = Path(__file__).resolve().parents[1] / "support"
LINE = {"colour": "toy_kind"}
# What the line in mmkeras/data/columns/kinds.py would do in the processes that `verify` starts: Python runs it when it starts.
STARTED = f"from mmkeras.data.columns.kinds import MODALITIES\n\nMODALITIES |= {LINE!r}\n"
COLOURS = {"warm": ("#ff8800", "#CC2200", "#ee4422"), "cold": ("#0088ff", "#0022cc", "#2244ee")}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The line, in this process and in those that it starts."""
    start = tmp_path_factory.mktemp("line")
    (start / "sitecustomize.py").write_text(STARTED, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SUPPORT))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(start), str(SUPPORT), os.environ.get("PYTHONPATH", "")]))
        for kind, package in LINE.items():
            patch.setitem(MODALITIES, kind, package)  # type: ignore[misc]
        yield


@pytest.fixture(scope="module")
def folder(line: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose label follows from the colour."""
    folder = tmp_path_factory.mktemp("colours")
    rows = []
    for k in range(60):
        label = ("warm", "cold")[k % 2]
        colour = "" if k % 10 == 3 else COLOURS[label][k // 2 % 3]
        rows.append({"price": f"{k % 7}", "paint = shade": colour, "label": label})
    small_runs.write_rows(folder / "t.csv", rows)
    return folder


@pytest.mark.slow
def test_a_new_kind_is_learned_exported_verified_and_answered(folder: Path) -> None:
    with small_runs.working_folder(folder):
        flags = ("--kind", "paint = shade=colour", "--number", "price", "--fusion", "attention")
        sizes = ("--width", "16", "--depth", "1", "--epochs", "12", "--batch-size", "16")
        training = small_runs.main("train", "t.csv", *flags, *sizes)
        assert training.code == 0, training.err
        assert "paint = shade: the mean colour is" in training.out
        exporting = small_runs.main("export", "runs/t")
        assert exporting.code == 0, exporting.out + exporting.err
        report = small_runs.proof(Path("exported/t"))
        assert report["passed"] is True
        assert len(report["artefacts"]) == 3
        card = Path("exported/t/MODEL_CARD.md").read_text(encoding="utf-8")
        assert "red, green and blue, 0 to 1" in card
        asked = [{"paint = shade": colour, "price": "3"} for colour in ("#ff7711", "#1177ff", "", "orange")]
        small_runs.write_rows(Path("new.csv"), asked)
        for artefact in ("exported/t/predict.onnx", "exported/t/predict.tflite", "exported/t/savedmodel/1"):
            answering = small_runs.main("predict", artefact, "new.csv", "--overwrite")
            assert answering.code == 0, answering.err
            assert "expected a colour such as #ff8800, received 'orange'" in answering.out
            answers = small_runs.read_csv(Path("predictions.csv"))
            assert [row["prediction"] for row in answers[:2]] == ["warm", "cold"]
            assert [{**row, "line": ""} for row in answers[2:3]] == [{**answers[3], "line": ""}], (
                "a cell that cannot be read counts as missing"
            )
        with pytest.MonkeyPatch.context() as patch:
            patch.delitem(MODALITIES, "colour")  # type: ignore[misc]
            answering = small_runs.main("predict", "exported/t/predict.onnx", "new.csv", "--overwrite")
        assert answering.code == 2
        assert "unknown kind of input 'colour'; expected one of text, image," in answering.err


@pytest.mark.parametrize("pair", ["colour", "=colour", "paint", "paint=sound"])
def test_a_pair_that_is_none_is_refused(pair: str, folder: Path) -> None:
    with pytest.raises(InputError, match="text, image, audio, number, category, date, colour"):
        read_table(Config.of(csv=str(folder / "t.csv"), kind=(pair,)).data)


def test_kinds_with_a_flag_of_their_own_are_named_either_way(folder: Path) -> None:
    by_kind = read_table(Config.of(csv=str(folder / "t.csv"), kind=("price=category",)).data)
    assert by_kind.columns == read_table(Config.of(csv=str(folder / "t.csv"), category=("price",)).data).columns
    with pytest.raises(InputError, match="named twice: --number and --kind"):
        read_table(Config.of(csv=str(folder / "t.csv"), number=("paint = shade",), kind=("paint = shade=colour",)).data)
    with pytest.raises(InputError, match="'hue' is not in the file"):
        read_table(Config.of(csv=str(folder / "t.csv"), kind=("hue=colour",)).data)


@pytest.mark.parametrize("kind", [*MODALITIES, *LINE])
def test_every_kind_has_the_same_files(kind: str, line: None) -> None:
    """cells and spec fit the Protocols of mmkeras.modalities; missing cells are zeros in each."""
    spec, cells = spec_of(kind), cells_of(kind)
    assert isinstance(spec.EXAMPLE, str)
    assert spec.served_name("photo") == ("photo_bytes" if names_files(kind) else "photo")
    assert set(spec.FLAGS) <= set(Config().flat())
    entry = {"name": "x", "max_bytes": 20, "size": 16, "rate": 8000, "seconds": 0.1, "shape": ["batch", 800]}
    assert not np.any(cells.stack([None, None], entry))
    assert not cells.read(" ", entry, None)  # type: ignore[arg-type]
    sent, value = spec.as_served(None, entry)
    assert value is None
    assert len(spec.stack_served([sent, sent], entry)) == 2


def test_the_docs_show_the_toy_as_it_is() -> None:
    docs = (SUPPORT.parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# (toy_kind/\w+\.py)\n(.*?)```", docs, re.DOTALL)
    assert len(blocks) >= 4
    for name, code in blocks:
        assert code in (SUPPORT / name).read_text(encoding="utf-8"), name


def test_cells_and_specs_load_numpy_alone(tmp_path: Path) -> None:
    heavy = ("tensorflow", "keras", "pandas", "PIL", "soundfile", "scipy", "matplotlib", "tyro")
    code = f"""
import json, sys
from mmkeras.modalities import MODALITIES, cells_of, spec_of
for kind in MODALITIES:
    cells_of(kind), spec_of(kind)
print(json.dumps([name for name in {heavy!r} if name in sys.modules]))
"""
    done = small_runs.process("-c", code, cwd=tmp_path)
    assert json.loads(done.out) == [], done.err
