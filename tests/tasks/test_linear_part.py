"""What the linear part says of a prediction adds up to the model's own logits, and stands in the row's text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs

from mmkeras.modalities.text.ngram_names import names_of_ngrams
from mmkeras.runs.run import EXPLAINED

PARTS = {"wide_deep": "{name}_wide", "multimodal": "{name}_posterior"}
FLAGS = {"wide_deep": ["--ngrams", "2"], "multimodal": ["--fusion", "concat", "--char-ngrams", "3", "--naive-bayes"]}


@pytest.mark.parametrize("model", PARTS)
def test_the_parts_add_up_to_the_difference_of_the_logits(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the outputs of the model's own layers, in the model that gave the figures."""
    import keras

    from mmkeras.tasks.prediction import linear_part, training
    from mmkeras.tasks.prediction.evaluate import run

    seen: dict[str, Any] = {}

    def noted(core: Any, data: Any, evaluation: Any) -> dict[str, Any]:
        seen.update(core=core, data=data, evaluation=evaluation)
        return linear_part.explain(core, data, evaluation)

    monkeypatch.setattr(training, "explain", noted)
    csv = small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(90, noise=0.4))
    flags = [*small_runs.FLAGS, "--model", model, "--epochs", "2", "--no-fold", "--test-size", "0.4", *FLAGS[model]]
    done = small_runs.main("train", csv, *flags, "--output", tmp_path / "run")
    assert done.code == 0, done.err
    explained = json.loads((tmp_path / "run" / EXPLAINED).read_text(encoding="utf-8"))
    core, data = seen["core"], seen["data"]
    temperature = seen["evaluation"].figures["calibration"]["temperature"]
    outputs = [core.model.get_layer(PARTS[model].format(name=name)).output for name in data.columns]
    linear = sum(run(keras.Model(core.model.input, out), data.features["validation"], data) for out in outputs)
    prior = np.asarray(core.model.get_layer("prior").prior) if model == "wide_deep" else np.zeros(99)
    truth, probabilities = data.targets.truth(data.split.validation), seen["evaluation"].predictions
    lines = data.split.validation_lines.tolist()
    assert len(explained["mistakes"]) == min(25, int((probabilities.argmax(1) != truth).sum())) > 3
    for why in explained["mistakes"]:
        row = lines.index(why["line"])
        predicted, true = int(probabilities[row].argmax()), int(truth[row])
        shown = sum(share for _, _, share in [*why["supporting"], *why["opposing"]])
        expected = (linear[row, predicted] - linear[row, true] + prior[predicted] - prior[true]) / temperature
        assert shown + why["others"] + why["bias"] == pytest.approx(expected, abs=1e-5)
        total = float(np.log(probabilities[row, predicted] / probabilities[row, true]))
        assert why["total"] == pytest.approx(total, abs=1e-4)
        assert expected + why["rest"] == pytest.approx(why["total"], abs=1e-5)
        for column, ngram, _ in [*why["supporting"], *why["opposing"]]:
            name = next(i["name"] for i in data.inputs if i["column"] == column)
            text = data.split.validation[column].iloc[row]
            assert ngram in names_of_ngrams(text, data.columns[name].state.spec).values()
    listed = {entry["label"]: entry["ngrams"] for entry in explained["classes"] if entry["column"] == "news text"}
    assert {*listed} == {*small_runs.LABELS}
    assert all(0 < len(ngrams) <= linear_part.NGRAMS for ngrams in listed.values())
    if model == "wide_deep":
        assert {"phone", "chip"} & {ngram for ngram, _ in listed["tech"]}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Top n-grams of each class" in page
    assert "what spoke for" in page
