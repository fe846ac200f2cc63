"""The default classifier: a wide part (a weight for each n-gram and class) and a deep part (averaged vectors).

Wide & Deep (Cheng et al. 2016): a linear model of sparse features beside an MLP of averaged vectors, trained together.
The wide part is a support vector machine in all but name: one-vs-rest squared hinge on L2-normalised TF-IDF.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from mmkeras.config.config import Text, Training
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.models import PRIOR, SENTENCE, VECTORS, WIDE
from mmkeras.models.heads import Head, HeadsAccuracy, HeadsLoss, pairs_of
from mmkeras.models.inputs import bag_inputs, finish, text_spec_values
from mmkeras.models.optimizers import RowAdagrad

EPOCHS = 3  # of a table of many rows, and of a training that goes on: `models.steps` has those of other tables
BATCH_SIZE = 128
PATIENCE = None  # the rate falls to 0: the last weights are the best
LATEST_OF_EQUALS = False
FOLD_EPOCHS = 2
LEARNING_RATE = 0.08
DECAY = 0.032  # of a row of the batch, divided by the batch: the same for a row of the table whatever the batch
HIDDEN = 50
VECTOR_ROWS = 20_000  # only the most frequent features have a vector: vectors of rare features would overfit


def text_spec(text: Text) -> TextSpec:
    """Token n-grams by TF-IDF; unknown n-grams are left out."""
    return TextSpec(orders=text.ngrams, weighting="tfidf", **text_spec_values(text))


class OneVsRest(keras.losses.Loss):
    """Squared hinge of each class against all others, summed over the classes.

    With smoothed targets p it is the expected loss: p * max(0, 1 - z)**2 + (1 - p) * max(0, 1 + z)**2.
    """

    def __init__(self, label_smoothing: float = 0.0, **options: Any) -> None:
        super().__init__(name="one_vs_rest", **options)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        p = y_true * (1.0 - self.label_smoothing) + self.label_smoothing / y_true.shape[-1]  # [b, classes]
        below, above = ops.relu(1.0 - y_pred), ops.relu(1.0 + y_pred)
        return ops.sum(p * below * below + (1.0 - p) * above * above, axis=-1)  # [b]


@keras.saving.register_keras_serializable("mmkeras")
class SentenceVotes(layers.Layer):
    """A preset's vector float32 [b, hidden], of length sqrt(hidden) -> what it adds to the logits, [b, outputs].

    A linear layer without a bias on the vector at length 1, which is the length of the bag beside it; zero at first.
    Its weights are a table, so that the optimiser treats a component of the vector as it treats an n-gram.
    """

    def __init__(self, outputs: int, **options: Any) -> None:
        super().__init__(**{"dtype": "float32", **options})
        self.outputs = outputs

    def build(self, shape: Any) -> None:
        self.hidden = int(shape[-1])
        self.table = self.add_weight(shape=(self.hidden, self.outputs), initializer="zeros", name="table")

    def call(self, vector: Any) -> Any:
        return ops.matmul(vector * self.hidden**-0.5, self.table)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], self.outputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "outputs": self.outputs}


@keras.saving.register_keras_serializable("mmkeras")
class Frequent(layers.Layer):
    """Row numbers -> row numbers, 0 in place of those from `limit` on (rows are sorted by frequency)."""

    def __init__(self, limit: int, **options: Any) -> None:
        super().__init__(**options)
        self.limit = limit

    def call(self, rows: Any) -> Any:
        return rows * ops.cast(rows < self.limit, "int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "limit": self.limit}


@keras.saving.register_keras_serializable("mmkeras")
class Prior(layers.Layer):
    """Logits plus one number a class: what is known before a text is read."""

    def build(self, shape: Any) -> None:
        self.prior = self.add_weight(shape=shape[1:], initializer="zeros", name="prior")

    def call(self, logits: Any) -> Any:
        return logits + self.prior


def build(
    sizes: dict[str, int],
    n_classes: int,
    text: Text,
    training: Training,
    dims: dict[str, int],
    beside: Mapping[str, int] = {},
    prior: bool = True,
    heads: int = 1,
) -> keras.Model:
    """Bags -> logits [b, classes], or with several heads [b, heads, classes].

    sizes: column -> rows of its table; dims: column -> dimensions of its loaded vectors; beside: column -> the size of
    the preset's vector beside its bag. prior: False for a model of a run that had none. heads: linear models side by
    side in each wide table and beside it, without a deep part (`models.heads`).
    """
    inputs, bags = bag_inputs(list(sizes))
    votes, vectors = [], []
    for name, n_rows in sizes.items():
        rows, weights = bags[name]
        sparse = not training.xla
        wide = BagEmbedding(n_rows, heads * n_classes, sparse=sparse, name=WIDE.format(name=name))
        votes.append(wide(rows, weights))  # [b, heads * classes]
        dim = dims.get(name, text.deep)
        if dim:
            limit = n_rows if name in dims else min(n_rows, VECTOR_ROWS)
            frequent = rows if limit == n_rows else Frequent(limit, name=f"{name}_frequent")(rows)
            table = BagEmbedding(limit, dim, "uniform", sparse=sparse, name=VECTORS.format(name=name))
            table.trainable = not text.freeze_word_vectors
            vectors.append(table(frequent, weights))  # [b, dim]
    for name, hidden in beside.items():
        key = f"{name}_sentence_embedding"
        inputs[key] = keras.Input((hidden,), name=key)
        votes.append(
            SentenceVotes(heads * n_classes, name=SENTENCE.format(name=name))(inputs[key])
        )  # [b, heads * classes]
    if vectors:
        deep = vectors[0] if len(vectors) == 1 else layers.Concatenate(name="columns")(vectors)
        deep = layers.Dense(HIDDEN, activation="relu", name="hidden")(deep)
        # zero at first: the deep part starts as no change of the wide part's logits
        votes.append(layers.Dense(n_classes, kernel_initializer="zeros", name="deep")(deep))
    logits = votes[0] if len(votes) == 1 else layers.Add(name="wide_and_deep")(votes)
    if heads > 1:
        logits = layers.Reshape((heads, n_classes), name="heads")(logits)  # [b, heads * classes] -> [b, heads, classes]
    if prior:
        logits = Prior(name=PRIOR, dtype="float32")(logits)
    return finish(inputs, logits)


def compile_model(
    model: keras.Model,
    training: Training,
    steps: int,
    loss: Any = None,
    metrics: Any = None,
    heads: Sequence[Head] = (),
) -> None:
    """RowAdagrad, its rate linear to 0 over `steps`, all of the training; OneVsRest. `loss`, `metrics`: not used.

    heads: of the wide tables; none: one of Adagrad, at `--learning-rate`.
    """
    rate = 1.0 if heads else training.learning_rate or LEARNING_RATE
    decay = DECAY / (training.batch_size or BATCH_SIZE)
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, steps, 0.0)
    one_vs_rest = OneVsRest(training.label_smoothing or 0.0)
    model.compile(
        optimizer=RowAdagrad(schedule, decay=decay, sparse=not training.xla, heads=pairs_of(heads) or None),
        loss=one_vs_rest if len(heads) < 2 else HeadsLoss(one_vs_rest),
        metrics=["accuracy"] if len(heads) < 2 else [HeadsAccuracy()],
        jit_compile=training.xla,
    )
