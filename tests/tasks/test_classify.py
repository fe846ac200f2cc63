"""Row weights by class, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight
from small_cores import one_hot

from mmkeras.config.config import Training


def test_balanced_class_weights_are_scikit_learn_s() -> None:
    from mmkeras.tasks.prediction.classify import row_weights

    truth = np.random.default_rng(0).choice(4, 100, p=[0.7, 0.2, 0.09, 0.01])
    weights = row_weights(one_hot(truth, 4), Training(class_weight="balanced"))
    assert weights is not None
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", truth), rtol=1e-6)
    assert weights.dtype == "float32"
    assert weights.sum() == pytest.approx(100, rel=1e-5)
    assert row_weights(one_hot(truth, 4), Training()) is None


def test_a_class_without_training_rows_has_no_weight() -> None:
    from mmkeras.tasks.prediction.classify import row_weights

    truth = np.array([0, 0, 0, 2])
    weights = row_weights(one_hot(truth), Training(class_weight="balanced"))
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", truth), rtol=1e-6)
