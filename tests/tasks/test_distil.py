"""A linear core learns what another says of the training rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from small_cores import CLASSES, dense, one_hot, random_bags

from mmkeras.config.config import Config
from mmkeras.features.column_features import bag_features
from mmkeras.modalities.encoded import Bag
from mmkeras.tasks.prediction.material import TrainingData

SIZE = 20


def test_a_core_learns_the_logits_and_not_the_labels() -> None:
    from mmkeras.models import PRIOR, WIDE
    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.distil import distil
    from mmkeras.tasks.prediction.evaluate import run

    config = Config().replace(epochs=15, batch_size=32, model="wide_deep", task="classify")
    rng = np.random.default_rng(0)
    bags = random_bags(500, size=SIZE)
    table, prior = rng.normal(size=(SIZE, CLASSES)), np.array([0.3, -0.2, 0.1])
    table[0] = 0
    wanted = (dense(bags, SIZE) @ table + prior).astype("float32")
    columns: Any = {"a": SimpleNamespace(bag=Bag(n_rows=SIZE, version=2), title="a")}
    by_split: Any = {name: [bag_features("a", bags)] for name in ("train", "validation")}
    encoded = dict.fromkeys(by_split, one_hot(rng.integers(0, CLASSES, len(bags))))
    targets: Any = SimpleNamespace(task="classify", outputs=CLASSES)
    data = TrainingData(columns, by_split, targets, encoded, split=SimpleNamespace(), inputs=[])  # type: ignore[arg-type]
    found = []
    for _ in range(2):
        core = build_core(columns, CLASSES, config)
        distil(core, wanted, data, config)
        learned = np.asarray(core.model.get_layer(WIDE.format(name="a")).table)
        found.append(dense(bags, SIZE) @ learned + np.asarray(core.model.get_layer(PRIOR).prior))
        logits = run(core.model, by_split["train"], data, split_name="train")
        np.testing.assert_allclose(logits, found[-1], atol=1e-4)
    np.testing.assert_array_equal(*found)
    unexplained = np.square(found[0] - wanted).mean() / np.square(wanted - wanted.mean(axis=0)).mean()
    assert unexplained < 0.2
