"""What train, export and verify give back, as text, HTML and frames."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import pytest

from mmkeras.errors import InputError
from mmkeras.results.history import History
from mmkeras.results.verification import Exported, Verification, VerificationError
from mmkeras.verification.result import in_columns

CELLS = [
    ["artefact", "ids", "largest diff", "size MB", ""],
    ["predict.tflite", "same", "1.2e-07", "5.38", "ok"],
    ["predict.onnx", "-", "-", "-", "REJECTED"],
]
RESULTS = {
    "predict.tflite": {"passed": True, "breaches": []},
    "predict.onnx": {"passed": False, "breaches": ["it rains <b>", "it snows"]},
}
RESULT = Verification(False, RESULTS, f"{in_columns(CELLS)}\nREJECTED predict.onnx: it rains <b>", CELLS)


def test_history_is_a_list_of_epochs_and_lists_by_name(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("epoch,loss,val_loss\n1,0.5,0.75\n2,0.25,\n")
    history = History.read(tmp_path / "h.csv")
    assert len(history) == 2
    assert history[0] == {"epoch": 1.0, "loss": 0.5, "val_loss": 0.75}
    assert [epoch["loss"] for epoch in history] == history["loss"] == [0.5, 0.25]
    assert history["val_loss"][0] == 0.75
    assert math.isnan(history[-1]["val_loss"])
    assert history[:1] == [history[0]]
    assert list(history.to_frame()) == history.keys() == ["epoch", "loss", "val_loss"]
    assert "<th>val_loss</th>" in history._repr_html_()
    with pytest.raises(KeyError, match="Figures: epoch, loss, val_loss"):
        history["accuracy"]
    (tmp_path / "h.csv").write_text("epoch,loss\n1,x\n")
    with pytest.raises(InputError, match="the run is damaged"):
        History.read(tmp_path / "h.csv")


def test_a_verification_is_printed_as_in_the_terminal_and_a_table_in_a_notebook() -> None:
    assert str(RESULT).splitlines()[0].split() == ["artefact", "ids", "largest", "diff", "size", "MB"]
    page = RESULT._repr_html_()
    assert page.count("<tr>") == 3
    assert "<th>largest diff</th>" in page
    assert "<td>predict.tflite</td>" in page
    assert "<pre>" not in page
    assert "<div>REJECTED predict.onnx: it rains &lt;b&gt;</div>" in page
    table = RESULT.table
    assert table.loc["predict.tflite", "largest diff"] == 1.2e-7
    assert math.isnan(table.loc["predict.onnx", "size MB"])
    assert table["verdict"].tolist() == ["ok", "REJECTED"]
    assert not RESULT


def test_a_rejection_says_what_and_why() -> None:
    exported = Exported(Path("exported/x"), RESULT)
    error = VerificationError(exported)
    assert str(error).startswith("exported/x: rejected: predict.onnx (it rains <b> and 1 more). Do not deploy it.")
    assert error.exported is exported
    assert pickle.loads(pickle.dumps(error)).exported.folder == exported.folder
    assert str(exported).startswith("exported/x\nartefact")
    assert exported._repr_html_().startswith("<div>exported/x</div><table>")
