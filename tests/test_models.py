"""What is trained and how: the losses, the optimiser, the batches and the callbacks, against NumPy and scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from sklearn.utils.class_weight import compute_sample_weight

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.errors import InputError
from mmkeras.features.ragged import Ragged

CLASSES = 3


def random_bags(rows: int, seed: int = 0, longest: int = 9, size: int = 50) -> Ragged:
    """Bags of up to `longest` different row numbers from 1 to size - 1, some of them empty."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest + 1, rows)
    bags = [rng.choice(np.arange(1, size), n, replace=False) for n in lengths]
    starts = np.r_[0, np.cumsum(lengths)]
    return Ragged(starts, (np.concatenate(bags).astype("int32"), rng.random(starts[-1]).astype("float32")))


def dense(bags: Ragged, size: int) -> np.ndarray:
    """Bags -> float64 [n, size], the weight of each row number."""
    result = np.zeros((len(bags), size))
    np.add.at(result, (bags.row_numbers(), bags.columns[0]), bags.columns[1])
    return result


def one_hot(numbers: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    return np.eye(classes, dtype="float32")[numbers]


# losses


def naive_one_vs_rest(truth: np.ndarray, z: np.ndarray, smoothing: float) -> np.ndarray:
    result = np.zeros(len(z))
    for i, row in enumerate(z):
        for k, value in enumerate(row):
            p = truth[i, k] * (1 - smoothing) + smoothing / z.shape[1]
            result[i] += p * max(0.0, 1 - value) ** 2 + (1 - p) * max(0.0, 1 + value) ** 2
    return result


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_one_vs_rest_against_a_loop(smoothing: float) -> None:
    from mmkeras.models.wide_deep import OneVsRest

    rng = np.random.default_rng(0)
    truth, z = one_hot(rng.integers(0, CLASSES, 40)), rng.normal(0, 2, (40, CLASSES)).astype("float32")
    expected = naive_one_vs_rest(truth, z, smoothing)
    np.testing.assert_allclose(OneVsRest(smoothing).call(truth, z), expected, rtol=1e-5)
    assert float(OneVsRest(smoothing)(truth, z)) == pytest.approx(expected.mean(), rel=1e-5)


def test_one_vs_rest_is_keras_squared_hinge_summed() -> None:
    import keras

    from mmkeras.models.wide_deep import OneVsRest

    rng = np.random.default_rng(1)
    truth, z = one_hot(rng.integers(0, CLASSES, 40)), rng.normal(0, 2, (40, CLASSES)).astype("float32")
    expected = CLASSES * float(keras.losses.SquaredHinge()(2 * truth - 1, z))
    assert float(OneVsRest()(truth, z)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_label_smoothing_reaches_the_loss(model: str) -> None:
    """At logits of the truth alone, an unsmoothed loss is smallest; a smoothed one is not 0."""
    recipe, core = compiled(Config(model=model, label_smoothing=0.2))  # type: ignore[arg-type]
    _, plain = compiled(Config(model=model))  # type: ignore[arg-type]
    truth = one_hot(np.array([0, 2]))
    z = (40.0 * truth - 20.0).astype("float32") if model == "mlp" else 2 * truth - 1
    assert float(plain.loss(truth, z)) == pytest.approx(0.0, abs=1e-6)
    assert float(core.loss(truth, z)) > 0.1


def test_balanced_class_weights_are_scikit_learn_s() -> None:
    from mmkeras.tasks.prediction.classify import row_weights

    truth = np.random.default_rng(0).choice(4, 100, p=[0.7, 0.2, 0.09, 0.01])
    weights = row_weights(one_hot(truth, 4), Config(class_weight="balanced"))
    assert weights is not None
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", truth), rtol=1e-6)
    assert weights.dtype == "float32"
    assert weights.sum() == pytest.approx(100, rel=1e-5)
    assert row_weights(one_hot(truth, 4), Config()) is None


def test_a_class_without_training_rows_gets_no_share() -> None:
    from mmkeras.tasks.prediction.classify import row_weights

    truth = np.array([0, 0, 0, 2])
    weights = row_weights(one_hot(truth), Config(class_weight="balanced"))
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", truth), rtol=1e-6)


# the cores


def compiled(config: Config, size: int = 50, dims: dict[str, int] | None = None, steps: int = 10) -> tuple[Any, Any]:
    """A recipe and its core for two text columns, `a` and `b`, compiled; the default one where none is named."""
    import importlib

    import keras

    from mmkeras.models import MODELS

    keras.utils.set_random_seed(3)
    recipe = importlib.import_module(MODELS["wide_deep" if config.model.model == "auto" else config.model.model])
    core = recipe.build({"a": size, "b": size}, CLASSES, config, dims or {})
    recipe.compile_model(core, config, steps)
    return recipe, core


def randomise(core: Any, scale: float = 1.0) -> None:
    rng = np.random.default_rng(0)
    core.set_weights([rng.normal(0, scale, v.shape).astype("float32") for v in core.get_weights()])


def feed(bags: dict[str, Ragged]) -> dict[str, np.ndarray]:
    inputs = {}
    for name, side in bags.items():
        inputs[f"{name}_rows"], inputs[f"{name}_weights"] = side.padded()
    return inputs


def weights_of(core: Any) -> dict[str, np.ndarray]:
    return {w.path: np.asarray(w.value, "float64") for w in core.weights}


def test_the_document_s_model_is_word_vectors_100_50_softmax() -> None:
    """Word vectors averaged -> Dense 100 -> Dense 50 -> classes; Adam, cross-entropy, 10 epochs, batches of 32."""
    import keras

    recipe, core = compiled(Config(model="mlp"))
    bags = {"a": random_bags(8, 1), "b": random_bags(8, 2)}
    w = weights_of(core)
    x = np.hstack([dense(bags[name], 50) @ w[f"{name}_vectors/table"] for name in "ab"])
    assert x.shape == (8, 200)
    for layer, shape in (("hidden_100", (200, 100)), ("hidden_50", (100, 50))):
        assert w[f"{layer}/kernel"].shape == shape
        x = np.maximum(x @ w[f"{layer}/kernel"] + w[f"{layer}/bias"], 0)
    expected = x @ w["logits/kernel"] + w["logits/bias"]
    np.testing.assert_allclose(core.predict(feed(bags), verbose=0), expected, atol=1e-5)
    assert (recipe.EPOCHS, recipe.BATCH_SIZE, recipe.PATIENCE) == (10, 32, None)
    assert isinstance(core.optimizer, keras.optimizers.Adam)
    assert isinstance(core.loss, keras.losses.CategoricalCrossentropy)


def test_wide_and_deep_adds_its_parts() -> None:
    _, core = compiled(Config(deep=6), dims={"a": 8})
    bags = {"a": random_bags(8, 1), "b": random_bags(8, 2)}
    randomise(core)
    w = weights_of(core)
    wide = sum(dense(bags[name], 50) @ w[f"{name}_wide/table"] for name in "ab")
    vectors = np.hstack([dense(bags[name], 50) @ w[f"{name}_vectors/table"] for name in "ab"])
    assert vectors.shape == (8, 8 + 6), "loaded vectors' dimensions, else --deep"
    hidden = np.maximum(vectors @ w["hidden/kernel"] + w["hidden/bias"], 0)
    expected = (wide + hidden @ w["deep/kernel"] + w["deep/bias"]) * w["temperature/inverse"]
    np.testing.assert_allclose(core.predict(feed(bags), verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_the_deep_part_can_be_left_out() -> None:
    _, core = compiled(Config(deep=0))
    assert sorted(weights_of(core)) == ["a_wide/table", "b_wide/table", "temperature/inverse"]


def test_rare_features_vote_but_have_no_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.models import wide_deep

    monkeypatch.setattr(wide_deep, "VECTOR_ROWS", 20)
    _, core = compiled(Config(deep=4))
    randomise(core)
    rare, none = np.array([[20, 21, 49]], "int32"), np.zeros((1, 3), "int32")
    ones = np.ones((1, 3), "float32")
    w = weights_of(core)
    assert w["a_vectors/table"].shape == (20, 4)
    votes = core.predict({"a_rows": rare, "a_weights": ones, "b_rows": none, "b_weights": ones * 0}, verbose=0)
    hidden = np.maximum(np.r_[3 * w["a_vectors/table"][0], np.zeros(4)] @ w["hidden/kernel"] + w["hidden/bias"], 0)
    expected = w["a_wide/table"][rare[0]].sum(0) + hidden @ w["deep/kernel"] + w["deep/bias"]
    np.testing.assert_allclose(votes[0], expected * w["temperature/inverse"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_flags_reach_the_optimiser(model: str) -> None:
    recipe, core = compiled(Config(model=model, learning_rate=0.5))  # type: ignore[arg-type]
    assert float(core.optimizer.learning_rate) == pytest.approx(0.5)
    _, default = compiled(Config(model=model))  # type: ignore[arg-type]
    assert float(default.optimizer.learning_rate) == pytest.approx(recipe.LEARNING_RATE)


@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_frozen_word_vectors_are_not_trainable(model: str) -> None:
    config = Config(model=model, word_vectors="glove.txt")  # type: ignore[arg-type]
    for frozen in (False, True):
        chosen = Config(**{**config.__dict__, "freeze_word_vectors": frozen})
        _, core = compiled(chosen, dims={"a": 8, "b": 8})
        trained = {v.path for v in core.trainable_variables}
        assert ("a_vectors/table" in trained) is not frozen


# the optimiser


@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True], ids=["sparse", "dense"])
def test_row_adagrad_against_numpy(xla: bool) -> None:
    """Three steps of tables and of dense layers, by the formulas; the rate falls to 0 in a straight line."""
    import tensorflow as tf

    _, core = compiled(Config(learning_rate=0.2, xla=xla, deep=4), steps=5)
    randomise(core, 0.1)
    optimiser = core.optimizer
    expected = weights_of(core)
    tables = [name for name in expected if name.endswith("/table")]
    squares = {name: np.zeros(len(w)) if name in tables else np.zeros_like(w) for name, w in expected.items()}
    means = {name: np.zeros_like(w) for name, w in expected.items()}
    rng = np.random.default_rng(0)
    untouched = {name: np.ones(50, bool) for name in tables}
    for step in range(3):
        bags = {"a": random_bags(6, step, 4), "b": random_bags(6, 9 + step, 4)}
        inputs, truth = feed(bags), one_hot(rng.integers(0, CLASSES, 6))
        with tf.GradientTape() as tape:
            loss = core.loss(truth, core(inputs, training=True))
        variables = core.trainable_variables
        slopes = tape.gradient(loss, [v.value for v in variables])
        core.train_on_batch(inputs, truth)
        rate = 0.2 * (1 - step / 5)
        for variable, gradient in zip(variables, slopes, strict=True):
            name, slope = variable.path, np.asarray(tf.convert_to_tensor(gradient), "float64")
            if name in tables:
                touched = slope.any(1) if xla else np.isin(np.arange(50), inputs[f"{name[0]}_rows"])
                untouched[name] &= ~touched
                squares[name] += (slope**2).mean(1)
                slope += optimiser.decay * (squares[name] > 0)[:, None] * expected[name]
                mine = rate * (optimiser.vector_rate if "_vectors/" in name else 1)
                move = mine * slope / (np.sqrt(squares[name]) + optimiser.epsilon)[:, None]
                expected[name][touched] -= move[touched]
            else:
                means[name] = 0.9 * means[name] + 0.1 * slope
                squares[name] = 0.999 * squares[name] + 0.001 * slope**2
                m, v = means[name] / (1 - 0.9 ** (step + 1)), squares[name] / (1 - 0.999 ** (step + 1))
                expected[name] -= rate * optimiser.dense_rate * m / (np.sqrt(v) + 1e-7)
        for name, w in weights_of(core).items():
            np.testing.assert_allclose(w, expected[name], rtol=1e-3, atol=1e-5, err_msg=f"{name} after step {step}")
    assert all(rows.sum() > 5 for rows in untouched.values()), "too few rows were left out to prove anything"


def test_row_adagrad_touches_the_batch_s_rows_alone() -> None:
    _, core = compiled(Config(learning_rate=0.2), size=1000)
    before = core.get_weights()
    bags = {"a": random_bags(6, 1, size=1000), "b": random_bags(6, 2, size=1000)}
    for _ in range(2):  # at the first step the deep part's last layer is zero, and the vectors have no slope
        core.train_on_batch(feed(bags), one_hot(np.arange(6) % CLASSES))
    for variable, old in zip(core.weights, before, strict=True):
        if variable.path.endswith("/table"):
            moved = np.flatnonzero((np.asarray(variable.value) != old).any(1))
            there = np.unique(bags[variable.path[0]].columns[0])
            assert len(moved)
            assert set(moved) <= {0, *there}  # row 0 is the padding, whose weight is 0
            if "_wide/" in variable.path:  # a vector has no slope where the hidden layer is silent
                assert set(there) <= set(moved)


def test_row_adagrad_keeps_a_number_a_row() -> None:
    _, core = compiled(Config(), size=1000)
    core.optimizer.build(core.trainable_variables)
    state = sum(int(np.prod(v.shape)) for v in core.optimizer.variables if "table" in v.path)
    assert state == 4 * 1000, "Adam's or Adagrad's would be as large as the tables"


@pytest.mark.slow
def test_the_default_core_learns_what_can_be_learned() -> None:
    """A row number that stands for its class is enough to get every row right."""
    _, core = compiled(Config(learning_rate=0.5), steps=40)
    truth = np.arange(60) % CLASSES
    rows = np.stack([1 + truth, 10 + np.arange(60) % 30], 1).astype("int32")
    inputs = {f"{name}_rows": rows for name in "ab"} | {
        f"{name}_weights": np.full_like(rows, 0.5, "float32") for name in "ab"
    }
    core.fit(inputs, one_hot(truth), epochs=10, batch_size=15, verbose=0)
    assert (core.predict(inputs, verbose=0).argmax(1) == truth).all()


# the batches


def make_batches(seed: int | None = 5, rows: int = 53, kind: Any = None, **options: Any) -> Any:
    from mmkeras.features.batches import Batches
    from mmkeras.features.column_features import bag_side

    sides = [bag_side("a", random_bags(rows, 1)), bag_side("b", random_bags(rows, 2))]
    truth = one_hot(np.arange(rows) % CLASSES)
    return (kind or Batches)(sides, truth, 8, seed, options.pop("row_weights", None), **options)


def order_of(batches: Any, epoch: int) -> list[int]:
    batches.on_epoch_begin(epoch)
    return [int(i) for order in batches.order for i in order]


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("rows", [1, 8, 53, 700])
def test_an_epoch_has_each_row_once(seed: int | None, rows: int) -> None:
    batches = make_batches(seed, rows)
    for epoch in range(3):
        assert sorted(order_of(batches, epoch)) == list(range(rows))
        assert len(batches) == -(-rows // 8)
        assert sorted({len(order) for order in batches.order} - {8}) == ([rows % 8] if rows % 8 else [])


@pytest.mark.parametrize("few_shapes", [False, True])
def test_a_batch_holds_the_rows_it_should(few_shapes: bool) -> None:
    rows = 53
    batches = make_batches(rows=rows, row_weights=np.arange(rows, dtype="float32"), few_shapes=few_shapes)
    for k, order in enumerate(batches.order):
        inputs, targets, weights = batches[k]
        np.testing.assert_array_equal(targets, batches.targets[order])
        np.testing.assert_array_equal(weights, order)
        for name, side in (("a", batches.sides[0].ragged), ("b", batches.sides[1].ragged)):
            width = inputs[f"{name}_rows"].shape[1]
            longest = max(1, side.lengths[order].max())
            assert width == (2 ** int(np.ceil(np.log2(longest))) if few_shapes else longest)
            for i, row in enumerate(order):
                n = side.lengths[row]
                (numbers, values) = (inputs[f"{name}_{part}"][i] for part in ("rows", "weights"))
                np.testing.assert_array_equal(numbers[:n], side.columns[0][side.starts[row] : side.starts[row + 1]])
                np.testing.assert_array_equal(values[:n], side.columns[1][side.starts[row] : side.starts[row + 1]])
                assert not numbers[n:].any()
                assert not values[n:].any()


def test_arrays_stand_beside_bags_in_a_batch() -> None:
    from mmkeras.features.batches import Batches
    from mmkeras.features.column_features import ArraySide, bag_side

    pixels = np.arange(20 * 12, dtype="uint8").reshape(20, 2, 2, 3)
    present = (np.arange(20, dtype="float32") % 2)[:, None]
    sides = [bag_side("a", random_bags(20, 1)), ArraySide({"photo": pixels, "photo_present": present})]
    batches = Batches(sides, one_hot(np.arange(20) % CLASSES), 8, 5, None)
    inputs, order = batches[0][0], batches.order[0]
    assert sorted(inputs) == ["a_rows", "a_weights", "photo", "photo_present"]
    np.testing.assert_array_equal(inputs["photo"], pixels[order])
    np.testing.assert_array_equal(inputs["photo_present"], present[order])
    specs = batches.dataset().element_spec[0]
    assert specs["photo"].shape.as_list() == [None, 2, 2, 3]
    assert specs["photo"].dtype == "uint8"
    read = [row for given, _, _ in batches.dataset().as_numpy_iterator() for row in given["photo"][:, 0, 0, 0]]
    assert sorted(read) == sorted(pixels[:, 0, 0, 0])


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    batches, other = make_batches(5), make_batches(6)
    epochs = [order_of(batches, epoch) for epoch in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert order_of(make_batches(5), 2) == epochs[2], "a resumed training begins in the middle"
    assert order_of(batches, 1) == epochs[1]
    assert order_of(other, 0) != epochs[0]


def test_validation_order_never_changes() -> None:
    batches = make_batches(None)
    assert order_of(batches, 0) == order_of(batches, 1) == order_of(batches, 7)


def test_rows_of_similar_length_share_a_batch() -> None:
    batches = make_batches(rows=800)
    inside = np.mean([np.ptp(batches.lengths[order]) for order in batches.order])
    assert inside < 0.5 * np.ptp(batches.lengths)


@pytest.mark.slow
def test_fit_reads_each_epoch_in_its_order() -> None:
    """What is prefetched for an epoch must not be in the order of the one before; nor in a resumed training's first."""
    from mmkeras.features.batches import Batches

    class Recorder(Batches):
        def __getitem__(self, index: int) -> Any:
            read.extend(int(i) for i in self.order[index])
            return super().__getitem__(index)

    read: list[int] = []
    _, core = compiled(Config())
    batches = make_batches(kind=Recorder)
    core.fit(batches.dataset(), callbacks=[batches], verbose=0, shuffle=False, initial_epoch=1, epochs=4)
    expected = [i for epoch in range(1, 4) for i in order_of(make_batches(), epoch)]
    assert read[-len(expected) :] == expected


# best weights, early stopping, resuming


class Epochs:
    """A model whose weights are the epoch's number, so that one sees which were kept."""

    def __init__(self) -> None:
        import keras

        self.model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        self.model.compile("adam", "mse")
        self.model.optimizer.build(self.model.trainable_variables)
        self.model.stop_training = False

    def run(self, keeper: Any, accuracies: list[float], begin: int = 0) -> int:
        """Epochs with these validation accuracies, until the keeper stops them. Returns how many there were."""
        keeper.set_model(self.model)
        for epoch, accuracy in enumerate(accuracies[begin:], begin):
            self.model.set_weights([np.full(w.shape, epoch, "float32") for w in self.model.get_weights()])
            # the loss says the opposite: it must not matter
            keeper.on_epoch_end(epoch, {"loss": 1.0, "val_loss": accuracy, "val_accuracy": accuracy})
            if self.model.stop_training:
                break
        return int(keeper.epochs_done)

    @property
    def kept(self) -> int:
        (weight,) = {float(v) for w in self.model.get_weights() for v in w.ravel()}
        return int(weight)


ACCURACIES = [0.1, 0.3, 0.2, 0.6, 0.5, 0.6, 0.4, 0.5, 0.5, 0.9]


@pytest.mark.parametrize(
    ("patience", "done", "best"), [(1, 3, 1), (2, 8, 5), (3, 9, 5), (4, 10, 9), (50, 10, 9), (None, 10, 9)]
)
def test_early_stopping_restores_the_best_epoch(patience: int | None, done: int, best: int, tmp_path: Path) -> None:
    """Of equally accurate epochs the latest is the best."""
    from mmkeras.training.callbacks import BestAndResume

    epochs, keeper = Epochs(), BestAndResume(tmp_path, patience)
    assert epochs.run(keeper, ACCURACIES) == done
    keeper.on_train_end()
    assert epochs.kept == keeper.best_epoch == best


@pytest.mark.parametrize(("rows", "best"), [(None, 1), (10_000, 2), (100, 4), (4, 5)])
def test_the_latest_epoch_within_a_standard_error_of_the_best_is_kept(
    rows: int | None, best: int, tmp_path: Path
) -> None:
    """0.8 is the best; its standard error of 10,000 rows is 0.004, of 100 rows 0.04, of 4 rows 0.2."""
    from mmkeras.training.callbacks import BestAndResume

    accuracies = [0.7, 0.8, 0.797, 0.75, 0.77, 0.65]
    for interrupted in (0, 3):
        BestAndResume(tmp_path, 9, rows=rows).clear()
        Epochs().run(BestAndResume(tmp_path, 9, rows=rows), accuracies[:interrupted])
        epochs, keeper = Epochs(), BestAndResume(tmp_path, 9, rows=rows)
        keeper.restore(epochs.model)
        epochs.run(keeper, accuracies, begin=interrupted)
        keeper.on_train_end()
        assert epochs.kept == keeper.best_epoch == best


def test_a_loss_has_no_such_error(tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestAndResume

    assert BestAndResume(tmp_path, 9, ("loss", "min"), rows=4).rows is None


def test_without_patience_the_last_weights_count(tmp_path: Path) -> None:
    """As the document trains: ten epochs, and what comes out of the last."""
    from mmkeras.training.callbacks import BestAndResume

    epochs, keeper = Epochs(), BestAndResume(tmp_path, None)
    epochs.run(keeper, [0.9, 0.8, 0.7])
    keeper.on_train_end()
    assert epochs.kept == 2


@pytest.mark.parametrize("stopped_after", range(1, 8))
def test_patience_and_best_weights_survive_an_interruption(stopped_after: int, tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestAndResume

    Epochs().run(BestAndResume(tmp_path, 2), ACCURACIES[:stopped_after])
    epochs, keeper = Epochs(), BestAndResume(tmp_path, 2)
    keeper.restore(epochs.model)
    assert keeper.epochs_done == stopped_after
    assert epochs.kept == stopped_after - 1, "it goes on from the last epoch's weights, not from the best"
    assert epochs.run(keeper, ACCURACIES, begin=stopped_after) == 8
    keeper.on_train_end()
    assert epochs.kept == keeper.best_epoch == 5
    history = small_runs.read_csv(tmp_path / "history.csv")
    assert [float(row["val_accuracy"]) for row in history] == ACCURACIES[:8]
    assert [row["epoch"] for row in history] == [f"{k}" for k in range(1, 9)]
    keeper.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["history.csv"]


def test_resuming_a_training_whose_patience_had_run_out(tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestAndResume

    Epochs().run(BestAndResume(tmp_path, 2), ACCURACIES)
    epochs, keeper = Epochs(), BestAndResume(tmp_path, 2)
    keeper.restore(epochs.model)
    assert keeper.exhausted
    keeper.on_train_end()
    assert epochs.kept == 5


def test_a_checkpoint_is_whole_or_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it is written, the training goes on from the epoch before."""
    from mmkeras.training.callbacks import BestAndResume

    Epochs().run(BestAndResume(tmp_path, 9), ACCURACIES[:2])

    def killed(file: Any, **_: Any) -> None:
        Path(file).write_bytes(b"PK half")
        raise KeyboardInterrupt

    epochs, keeper = Epochs(), BestAndResume(tmp_path, 9)
    keeper.restore(epochs.model)
    monkeypatch.setattr(np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        epochs.run(keeper, ACCURACIES, begin=2)
    monkeypatch.undo()
    epochs, keeper = Epochs(), BestAndResume(tmp_path, 9)
    keeper.restore(epochs.model)
    assert (keeper.epochs_done, epochs.kept) == (2, 1)
    assert epochs.run(keeper, ACCURACIES, begin=2) == 10
    assert len(small_runs.read_csv(tmp_path / "history.csv")) == 10


def test_the_optimiser_s_state_is_resumed_too(tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestAndResume

    inputs, truth = feed({"a": random_bags(8, 1), "b": random_bags(8, 2)}), one_hot(np.arange(8) % CLASSES)
    _, whole = compiled(Config())
    keeper = BestAndResume(tmp_path, None)
    keeper.set_model(whole)
    whole.train_on_batch(inputs, truth)
    keeper.on_epoch_end(0, {"val_accuracy": 1.0})
    whole.train_on_batch(inputs, truth)
    _, resumed = compiled(Config())
    BestAndResume(tmp_path, None).restore(resumed)
    resumed.train_on_batch(inputs, truth)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# the flags that change how it is computed


@pytest.fixture
def full_precision_again() -> Iterator[None]:
    """Keras' policy is global: a training that changes it must not reach the tests behind it."""
    import keras

    before = keras.config.dtype_policy()
    yield
    after = keras.config.dtype_policy()
    keras.config.set_dtype_policy(before)
    assert after == before, "a training has changed Keras for whoever comes next"


@pytest.mark.slow
@pytest.mark.usefixtures("full_precision_again")
@pytest.mark.parametrize(
    ("model", "flag"), [("wide_deep", "--xla"), ("wide_deep", "--mixed-precision"), ("mlp", "--mixed-precision")]
)
def test_faster_arithmetic_trains_the_same_classifier(model: str, flag: str, tmp_path: Path) -> None:
    """It learns, and what is rebuilt from the run answers what was measured at the end of the training."""
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(160))
    # as many rows a batch as there are: XLA compiles once
    recipe = ["--model", model, "--epochs", "25", "--batch-size", "128", "--no-fold"]
    rate = ["--learning-rate", "0.02" if model == "mlp" else "0.5"]
    with small_runs.working_folder(tmp_path):
        trained = small_runs.main("train", path, *small_runs.ONE_COLUMN, *recipe, *rate, flag, "--output", "r")
        assert trained.code == 0, trained.err
        predicted = small_runs.main("predict", "r", "r/validation.csv", "--output", "p.csv")
        assert predicted.code == 0, predicted.err
    metrics = json.loads((tmp_path / "r/metrics.json").read_text(encoding="utf-8"))
    held_out = small_runs.read_csv(tmp_path / "r/validation.csv")
    predictions = small_runs.read_csv(tmp_path / "p.csv")
    assert len(held_out) == len(predictions) == metrics["rows"]["validation"]
    pairs = list(zip(held_out, predictions, strict=True))
    apart = [abs(float(a["mmkeras:probability"]) - float(b["probability"])) for a, b in pairs]
    assert metrics["validation"]["accuracy"] > 0.6, "a third would be chance"
    assert np.mean([a["mmkeras:prediction"] == b["prediction"] for a, b in pairs]) > 0.9
    assert max(apart) < (0.05 if flag == "--mixed-precision" else 1e-4)


@pytest.mark.slow
def test_tensorboard_writes_logs(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("train", path, *small_runs.ONE_COLUMN, "--epochs", "1", "--tensorboard", "--output", "r")
    assert done.code == 0, done.err
    assert list((tmp_path / "r/tensorboard").rglob("*tfevents*"))


def test_tensorboard_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install tensorboard"):
        check_config(Config(tensorboard=True))
