"""Settings before TensorFlow is loaded, and the artefacts that several tests share: each is exported once a session."""

from __future__ import annotations

import dataclasses
import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_tokenizer as reference
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Exported:
    """One Graph, written in every format and opened again. runners: name of the runtime -> Runner."""

    graph: Any
    states: dict[str, Any]
    folder: Path
    runners: dict[str, Callable[..., Arrays]]

    def expected_ids(self, name: str, raw: bytes) -> np.ndarray:
        """Int32 [kinds, tokens]: the row numbers of a text by the reference tokenizer and `Vocabulary.keys`."""
        state = self.states[name]
        rule = state.rule
        hashes = reference.token_hashes(raw, rule.mode, rule.max_tokens)
        of_runs = reference.run_keys(raw, rule.mode, rule.char_ngrams) if rule.char_ngrams else []
        keys_of_kinds = [*reference.features(hashes, rule.orders), *of_runs]
        ids = np.zeros((rule.kinds, max(map(len, keys_of_kinds))), "int32")
        for kind, keys in zip(ids, keys_of_kinds, strict=True):
            kind[: len(keys)] = reference.row_numbers(keys, self._rows(name), rule.unknown_buckets)
        return ids

    def _rows(self, name: str) -> dict[int, int]:
        rows: dict[str, dict[int, int]] = self.__dict__.setdefault("_rows_of", {})
        if name not in rows:
            rows[name] = {key: 1 + k for k, key in enumerate(self.states[name].vocabulary.keys.tolist())}
        return rows[name]


def make_state(texts: Iterable[bytes], tokens_only: Iterable[bytes] = (), **rule: Any) -> Any:
    """A TextState whose vocabulary is what the reference finds in some texts, the most frequent first.

    tokens_only: more texts, of which no pairs are taken.
    """
    from mmkeras.modalities.text.features import TextRule, TextState, new_table
    from mmkeras.modalities.text.hashing.vocabulary import build_vocabulary

    text_rule = TextRule(**rule)
    what = text_rule.mode, text_rule.orders, text_rule.char_ngrams
    keys = [k for text in texts for k in reference.keys_of(text, *what)]
    keys += [k for text in tokens_only for k in reference.keys_of(text, text_rule.mode, 1)]
    distinct, counts = np.unique(np.array(keys, "int64"), return_counts=True)
    vocabulary = build_vocabulary(distinct[np.argsort(-counts, kind="stable")])
    idf = np.random.default_rng(0).uniform(1, 10, vocabulary.size)
    return TextState(text_rule, new_table(text_rule), vocabulary, np.r_[0.0, idf].astype("float32"))


def make_graph(states: dict[str, Any], labels: Sequence[str]) -> Any:
    """The Graph of a linear classifier with random weights."""
    import keras

    from mmkeras.data.targets import Targets
    from mmkeras.modalities.text.bag import BagEmbedding
    from mmkeras.modalities.text.column import TextColumn
    from mmkeras.models.core import Core
    from mmkeras.tasks.prediction.graph import predict_graph

    keras.utils.set_random_seed(0)
    bags, sums = {}, []
    for name, state in states.items():
        rows = bags[f"{name}_rows"] = keras.Input((None,), dtype="int32", name=f"{name}_rows")
        weights = bags[f"{name}_weights"] = keras.Input((None,), dtype="float32", name=f"{name}_weights")
        sums.append(BagEmbedding(state.n_rows, 8, "random_normal", name=f"{name}_table")(rows, weights))
    joined = keras.layers.Concatenate()(sums) if len(sums) > 1 else sums[0]
    core = keras.Model(bags, keras.layers.Dense(len(labels), kernel_initializer="random_normal")(joined * 100.0))
    columns = {name: TextColumn(name, state) for name, state in states.items()}
    targets = Targets("classify", ("topic",), tuple(labels), (), ())
    return predict_graph(Core(core), columns, {name: f"the column {name}" for name in states}, targets, {})


def export_all(states: dict[str, Any], folder: Path) -> Exported:
    """Export one Graph in every format and open what was written."""
    import tensorflow as tf

    from mmkeras.export.formats import FORMATS
    from mmkeras.runtime.runners import open_artefact

    graph = make_graph(states, ("business", "politics", "体育"))
    paths = {name: importlib.import_module(module).export(graph, folder) for name, module in FORMATS.items()}
    spec = {i.name: tf.TensorSpec((None, None), i.dtype, i.name) for i in graph.inputs}
    function = tf.function(lambda inputs: graph.model(inputs, training=False), input_signature=[spec])

    def keras_runner(inputs: Arrays, wanted: Sequence[str] | None = None) -> Arrays:
        return {name: value.numpy() for name, value in function(dict(inputs)).items() if name in (wanted or (name,))}

    runners: dict[str, Any] = {name: open_artefact(path, threads=1) for name, path in paths.items()}
    return Exported(graph, states, folder, {"keras": keras_runner, **runners})


def texts_of_pieces() -> st.SearchStrategy[bytes]:
    """Texts that are likelier to break a tokenizer than random ones: real pieces, glued and damaged."""
    pieces = [piece for text in reference.HOSTILE_TEXTS for piece in text[:300].split(b" ") if piece][:400]
    glue = st.sampled_from(
        [b"", b"", b" ", b"'", b"\0", b"-", b"\xc2\xad", b"\x80", b"\xe4", "中".encode(), "\ufe0f".encode()]
    )
    glued = st.lists(st.tuples(st.sampled_from(pieces), glue), max_size=8).map(
        lambda parts: b"".join(map(b"".join, parts))
    )
    return st.tuples(glued, st.integers(0, 3), st.integers(0, 3)).map(lambda x: x[0][x[1] : len(x[0]) - x[2]])


def fuzzed_texts() -> st.SearchStrategy[list[bytes]]:
    """Lists of texts, so that one call of the graph reads many."""
    anything = st.one_of(
        st.text(max_size=24).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(max_size=24),
        st.text("aAé ' -中Ａ😀\u00ad\u0e01\u0301.", max_size=24).map(str.encode),
        texts_of_pieces(),
    )
    return st.lists(anything, min_size=40, max_size=60)


fuzz = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """One column as the default model reads it, short texts."""
    state = make_state([text[:96] for text in reference.HOSTILE_TEXTS], max_bytes=96)
    return export_all({"body": state}, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """One column at its full length, whose vocabulary is all tokens and pairs of the golden and the hostile texts."""
    texts = [text.encode() for text, _ in reference.golden()]
    state = make_state([*texts, *reference.HOSTILE_TEXTS], tokens_only=reference.bmp_texts())
    return export_all({"text": state}, tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="session")
def modes(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A column for each mode but the default one, two of them as the plain MLP reads them; one in runs of characters."""
    texts = [text[:192] for text in reference.HOSTILE_TEXTS]
    states = {
        "word": make_state(texts, mode="word", weighting="mean", max_bytes=64, unknown_buckets=256),
        "character": make_state(texts, mode="character", max_bytes=64),
        "runs": make_state(texts, char_ngrams=5, max_bytes=48),
        "byte": make_state(texts[::4], mode="byte", orders=1, weighting="mean", max_bytes=50, unknown_buckets=64),
    }
    return export_all(states, tmp_path_factory.mktemp("modes"))
