"""What a model or a Graph answers in every format: the one harness of parity tests.

`runners` writes a Keras model of any inputs, for tests of layers; `export_all` writes a Graph of text columns by the
exporters, for tests of what is deployed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import reference_tokenizer as reference
import reference_version2

if TYPE_CHECKING:
    import keras

Arrays = dict[str, np.ndarray]
Run = Callable[[Arrays], Arrays]


# a model of any inputs


def shaken(model: keras.Model, scale: float = 0.3) -> keras.Model:
    """The model with random weights that are no longer near zero, so that a wrong answer is far from the right one."""
    rng = np.random.default_rng(5)
    for variable in model.variables:
        if "float" in variable.dtype:
            variable.assign(variable + scale * rng.normal(size=variable.shape))
    return model


def runners(model: keras.Model, formats: Sequence[str] = ("savedmodel", "litert", "onnx")) -> dict[str, Run]:
    """Name of a format -> arrays by name to a model's outputs by name; each format is written, and opened again.

    LiteRT has builtin ops alone, ONNX standard ones. The model's outputs are a dict; its inputs are one, or a single
    input with a name. Shapes are free where the model's inputs leave them so, the batch always.
    """
    import tensorflow as tf

    inputs = model.input if isinstance(model.input, dict) else {model.input.name: model.input}
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in inputs.items()]
    names = sorted(model.output)

    def call(*tensors: Any) -> list[Any]:
        arrays: Any = dict(zip(inputs, tensors, strict=True)) if isinstance(model.input, dict) else tensors[0]
        answer = model(arrays, training=False)
        return [tf.identity(answer[name]) for name in names]

    def named(**arrays: Any) -> dict[str, Any]:
        return dict(zip(names, call(*(arrays[name] for name in inputs)), strict=True))

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    with tempfile.TemporaryDirectory() as folder:
        if {"savedmodel", "litert"} & set(formats):
            concrete = tf.function(named).get_concrete_function(**{spec.name: spec for spec in specs})
            tf.saved_model.save(module, folder, signatures={"answer": concrete})
        openers: dict[str, Callable[[], Run]] = {
            "savedmodel": lambda: _saved_model(folder),
            "litert": lambda: _litert(folder),
            "onnx": lambda: _onnx(tf.function(call, input_signature=specs), specs, names),
        }
        return {name: openers[name]() for name in formats}


def _saved_model(folder: str) -> Run:
    import tensorflow as tf

    loaded = tf.saved_model.load(folder)

    def run(arrays: Arrays) -> Arrays:
        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        return {name: value.numpy() for name, value in loaded.signatures["answer"](**tensors).items()}

    return run


def _litert(folder: str) -> Run:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["answer"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with contextlib.redirect_stdout(io.StringIO()):
        content = converter.convert()
    answer = Interpreter(model_content=content, num_threads=1).get_signature_runner("answer")
    return lambda arrays: dict(answer(**arrays))


def _onnx(function: Any, specs: list[Any], names: list[str]) -> Run:
    import onnxruntime
    import tf2onnx

    from mmkeras.exporting.formats.onnx import OPSET, check_standard
    from mmkeras.exporting.formats.onnx_graph import simplify

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    proto, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=OPSET)
    simplify(proto.graph)
    check_standard(proto)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names_of = {i.name: i.name.split(":")[0] for i in session.get_inputs()}

    def run(arrays: Arrays) -> Arrays:
        return dict(zip(names, session.run(None, {key: arrays[name] for key, name in names_of.items()}), strict=True))

    return run


# a Graph of text columns


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
        spec = state.spec
        if spec.version > 1:
            what = spec.mode, spec.orders, spec.char_ngrams, spec.punctuation, spec.max_tokens
            keys_of_kinds = reference_version2.feature_keys(raw, *what)
        else:
            hashes = reference.token_hashes(raw, spec.mode, spec.max_tokens)
            of_runs = reference.run_keys(raw, spec.mode, spec.char_ngrams) if spec.char_ngrams else []
            keys_of_kinds = [*reference.features(hashes, spec.orders), *of_runs]
        numbers = reference.row_numbers if spec.version == 1 else reference_version2.row_numbers
        ids = np.zeros((spec.kinds, max(map(len, keys_of_kinds))), "int32")
        for kind, keys in zip(ids, keys_of_kinds, strict=True):
            kind[: len(keys)] = numbers(keys, self._rows(name), spec.unknown_buckets)
        return ids

    def _rows(self, name: str) -> dict[int, int]:
        rows: dict[str, dict[int, int]] = self.__dict__.setdefault("_rows_of", {})
        if name not in rows:
            rows[name] = {key: 1 + k for k, key in enumerate(self.states[name].vocabulary.keys.tolist())}
        return rows[name]


def make_state(texts: Iterable[bytes], tokens_only: Iterable[bytes] = (), **spec: Any) -> Any:
    """A TextState whose vocabulary is what the reference finds in some texts, the most frequent first.

    tokens_only: more texts, of which no pairs are taken.
    """
    from mmkeras.modalities.text.features import TextSpec, TextState, new_table
    from mmkeras.modalities.text.hashing.vocabulary import build_vocabulary
    from mmkeras.modalities.text.version2.displacing import build_vocabulary as displaced

    text_spec = TextSpec(**spec)
    what = text_spec.mode, text_spec.orders, text_spec.char_ngrams
    keys_of = reference.keys_of if text_spec.version == 1 else reference_version2.keys_of
    keys = [k for text in texts for k in keys_of(text, *what)]
    keys += [k for text in tokens_only for k in keys_of(text, text_spec.mode, 1)]
    distinct, counts = np.unique(np.array(keys, "int64"), return_counts=True)
    build: Any = build_vocabulary if text_spec.version == 1 else displaced
    vocabulary = build(distinct[np.argsort(-counts, kind="stable")])
    idf = np.random.default_rng(0).uniform(1, 10, len(vocabulary.keys))
    return TextState(text_spec, new_table(text_spec), vocabulary, np.r_[0.0, idf].astype("float32"))


def make_graph(states: dict[str, Any], labels: Sequence[str]) -> Any:
    """The Graph of a linear classifier with random weights."""
    import keras

    from mmkeras.data.columns.column import Column
    from mmkeras.data.targets.targets import Targets
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
    table = {name: Column(f"the column {name}", "text", "input") for name in states}
    return predict_graph(Core(core), columns, table, targets, {})


def export_graph(graph: Any, folder: Path) -> dict[str, Any]:
    """Name of a format -> the Runner of the file that its exporter has written of a Graph."""
    from mmkeras.exporting.formats import load_exporter
    from mmkeras.runtime.formats import FORMATS
    from mmkeras.runtime.runners import open_artefact
    from mmkeras.tasks.assets import Assets

    graphs, assets = {graph.name: graph}, Assets("numbers", graph.labels)
    paths = {name: load_exporter(name).export(graphs, assets, folder)[graph.name] for name in FORMATS}
    return {name: open_artefact(path, threads=1) for name, path in paths.items()}


def export_all(states: dict[str, Any], folder: Path) -> Exported:
    """Export one Graph in every format and open what was written."""
    import tensorflow as tf

    graph = make_graph(states, ("business", "politics", "体育"))
    spec = {i.name: tf.TensorSpec((None, None), i.dtype, i.name) for i in graph.inputs}
    function = tf.function(lambda inputs: graph.model(inputs, training=False), input_signature=[spec])

    def keras_runner(inputs: Arrays, wanted: Sequence[str] | None = None) -> Arrays:
        return {name: value.numpy() for name, value in function(dict(inputs)).items() if name in (wanted or (name,))}

    return Exported(graph, states, folder, {"keras": keras_runner, **export_graph(graph, folder)})


RUNTIMES = ("keras", "savedmodel", "tflite", "onnx")


def rows_for(exported: Exported, texts: Sequence[bytes]) -> list[dict[str, bytes]]:
    """Cells of every column, one text each and a different one in each column, as a client cuts them."""
    from mmkeras.modalities.text.cells import truncate

    return [
        {i.name: truncate(texts[(row + 5 * k) % len(texts)], i.max_bytes) for k, i in enumerate(exported.graph.inputs)}
        for row in range(len(texts))
    ]


def feed(rows: Sequence[dict[str, bytes]], reverse: bool = False) -> Arrays:
    """Padded arrays by name; `reverse`: in the other order, which must not matter."""
    from mmkeras.modalities.text.cells import pad

    names = list(rows[0])[:: -1 if reverse else 1]
    return {name: pad([row[name] for row in rows]) for name in names}


def expected_ids(exported: Exported, rows: Sequence[dict[str, bytes]]) -> dict[str, list[np.ndarray]]:
    """The reference tokenizer's ids of every row, by column."""
    return {name: [exported.expected_ids(name, row[name]) for row in rows] for name in exported.states}


def assert_ids(outputs: Arrays, expected: dict[str, list[np.ndarray]], what: str) -> None:
    """A runner's ids are the expected ones, with nothing but zeros behind."""
    for name, rows in expected.items():
        for k, (output, ids) in enumerate(zip(outputs[f"{name}_ids"], rows, strict=True)):
            n = ids.shape[1]
            same = np.array_equal(output[:, :n], ids) and not output[:, n:].any()
            assert same, f"{what}, {name}, row {k}: {output[:, :n].tolist()} for {ids.tolist()}"


def assert_alike(exported: Exported, rows: Sequence[dict[str, bytes]], batch: int) -> None:
    """All runtimes give the reference's ids and Keras' probabilities, in batches of a size."""
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    expected = [expected_ids(exported, cells) for cells in batches]
    probabilities = {}
    for runtime in RUNTIMES:
        answers = [exported.runners[runtime](feed(cells, reverse=bool(k % 2))) for k, cells in enumerate(batches)]
        for cells, ids, outputs in zip(batches, expected, answers, strict=True):  # when all is done: the next call
            assert_ids(outputs, ids, f"{runtime}: {cells}"[:1000])  # must not change an answer
            assert outputs["probabilities"].dtype == np.float32
            assert all(outputs[f"{name}_ids"].dtype == np.int32 for name in ids)
        probabilities[runtime] = np.concatenate([outputs["probabilities"] for outputs in answers])
    for runtime, values in probabilities.items():
        np.testing.assert_allclose(values, probabilities["keras"], rtol=0, atol=1e-5, err_msg=runtime)
        np.testing.assert_allclose(values.sum(axis=1), 1, rtol=0, atol=1e-5)


def assert_serves(exported: Exported, texts: Sequence[bytes]) -> None:
    """`serving_default` cuts and answers as a client of the other formats does."""
    import tensorflow as tf

    serve = tf.saved_model.load(str(exported.folder / "savedmodel" / "1")).signatures["serving_default"]
    names = [i.name for i in exported.graph.inputs]
    columns = {name: [texts[(row + 5 * k) % len(texts)] for row in range(len(texts))] for k, name in enumerate(names)}
    expected = exported.runners["keras"](feed(rows_for(exported, texts)))["probabilities"]
    for index in (range(len(texts)), range(0, len(texts), 3), [len(texts) - 1]):
        served = serve(**{name: tf.constant([column[i] for i in index]) for name, column in columns.items()})
        assert set(served) == {"probabilities", "prediction"}
        np.testing.assert_allclose(served["probabilities"], expected[list(index)], rtol=0, atol=1e-6)
        labels = [exported.graph.labels[k].encode() for k in served["probabilities"].numpy().argmax(1)]
        assert served["prediction"].numpy().tolist() == labels
