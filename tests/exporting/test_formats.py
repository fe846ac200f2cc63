"""One Graph in Keras, SavedModel, LiteRT and ONNX Runtime: the same ids and probabilities from the same raw bytes."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import reference_tokenizer as reference
import tensorflow as tf
from hostile_texts import fuzz, fuzzed_texts
from hypothesis import given, settings
from parity import Arrays, Exported, assert_alike, assert_ids, assert_serves, expected_ids, feed, rows_for

from mmkeras.errors import InputError
from mmkeras.exporting.formats.tflite import lengths_for
from mmkeras.graph import Graph, Input
from mmkeras.modalities.text.cells import encode_cell
from mmkeras.runtime.only_text import answer_of_text
from mmkeras.runtime.runners import open_artefact

# ---------------------------------------------------------------- ids and probabilities


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_hostile_texts(small: Exported, batch: int) -> None:
    assert_alike(small, rows_for(small, reference.HOSTILE_TEXTS), batch)


def test_the_graph_tells_texts_apart(small: Exported) -> None:
    """That the comparisons above can fail: most texts have ids, and probabilities of their own."""
    outputs = small.runners["keras"](feed(rows_for(small, reference.HOSTILE_TEXTS)))
    assert (outputs["body_ids"] > 0).any(axis=(1, 2)).mean() > 0.8
    assert len(np.unique(outputs["probabilities"].round(4), axis=0)) > 0.6 * len(reference.HOSTILE_TEXTS)
    assert (outputs["probabilities"].std(axis=0) > 0.01).all()


def test_texts_cut_in_the_middle_of_a_character(small: Exported) -> None:
    """What a client that cuts by bytes alone would send."""
    raw = [text.encode()[:n] for text in ("中文中文", "😀a😀", "é中😀") for n in range(13)]
    assert_alike(small, [{"body": text} for text in raw], 20)


def test_texts_as_long_as_a_fixed_length_and_a_byte_more_or_less(small: Exported) -> None:
    text = (b"a Z 7 don't stop " * 9).replace(b" ", " 中 ".encode())
    assert_alike(small, [{"body": text[:n]} for n in (1, 63, 64, 65, 95, 96)], 1)


def test_padding_changes_nothing(small: Exported) -> None:
    rows = rows_for(small, reference.HOSTILE_TEXTS[:40])
    inputs = feed(rows)
    for runtime, runner in small.runners.items():
        expected = runner(inputs)
        for n_bytes in (97, 200):
            longer = {name: np.pad(data, [(0, 0), (0, n_bytes - data.shape[1])]) for name, data in inputs.items()}
            outputs = runner(longer)
            assert_ids(outputs, expected_ids(small, rows), runtime)
            np.testing.assert_allclose(outputs["probabilities"], expected["probabilities"], rtol=0, atol=1e-6)


def test_rows_of_a_batch_do_not_touch_each_other(small: Exported) -> None:
    rows = rows_for(small, reference.HOSTILE_TEXTS)
    order = np.random.default_rng(0).permutation(len(rows))
    for runner in small.runners.values():
        expected = runner(feed(rows))["probabilities"]
        shuffled = runner(feed([rows[i] for i in order]))["probabilities"]
        np.testing.assert_allclose(shuffled, expected[order], rtol=0, atol=1e-6)


def test_keras_itself_gives_what_its_traced_function_does(small: Exported) -> None:
    rows = rows_for(small, reference.HOSTILE_TEXTS[:30])
    inputs = feed(rows)
    outputs = {name: np.asarray(value) for name, value in small.graph.model(inputs, training=False).items()}
    assert_ids(outputs, expected_ids(small, rows), "eager")
    expected = small.runners["keras"](inputs)["probabilities"]
    np.testing.assert_allclose(outputs["probabilities"], expected, rtol=0, atol=1e-6)


# ---------------------------------------------------------------- strings for TF Serving


def test_serving_strings(small: Exported) -> None:
    assert_serves(
        small, [*reference.HOSTILE_TEXTS, *(b"x" * k + "a中é😀".encode() * 30 for k in range(4)), b"\x80" * 300]
    )


# ---------------------------------------------------------------- what the files say of themselves


def test_the_contract_is_in_every_file(small: Exported) -> None:
    signature = small.graph.signature()
    assert [i["name"] for i in signature["inputs"]] == ["body"]
    assert [i["max_bytes"] for i in signature["inputs"]] == [96]
    for runtime in ("savedmodel", "tflite", "onnx"):
        found = dict(small.runners[runtime].signature)  # type: ignore[attr-defined]
        assert found.pop("litert_lengths", None) == ([64, 80, 96] if runtime == "tflite" else None)
        assert found == json.loads(json.dumps(signature))
    labels = ["business", "politics", "体育"]
    proto = onnx.load(small.folder / "predict.onnx")
    assert {p.key: p.value for p in proto.metadata_props}["labels"].split("\n") == labels
    with zipfile.ZipFile(small.folder / "predict.tflite") as archive:
        assert archive.read("labels.txt").decode().splitlines() == labels
    assets = small.folder / "savedmodel" / "1" / "assets"
    assert (assets / "labels.txt").read_text(encoding="utf-8").splitlines() == labels


def test_every_runner_names_its_outputs_alike(small: Exported) -> None:
    inputs = feed(rows_for(small, [b"one"]))
    for runner in small.runners.values():
        outputs = runner(inputs)
        assert set(outputs) == {"body_ids", "probabilities"}
        assert outputs["probabilities"].shape == (1, 3)
        assert outputs["body_ids"].shape[:2] == (1, 2)


def test_onnx_is_standard_and_adds_where_values_meet(small: Exported) -> None:
    proto = onnx.load(small.folder / "predict.onnx")
    assert {node.domain for node in proto.graph.node} == {""}
    assert [o.domain for o in proto.opset_import if o.version >= 17] == [""]
    scatters = [node for node in proto.graph.node if node.op_type.startswith("Scatter")]
    assert len(scatters) == 3
    for node in scatters:
        assert {a.name: a.s for a in node.attribute if a.name == "reduction"} == {"reduction": b"add"}
    names = [value.name for value in (*proto.graph.input, *proto.graph.output)]
    assert sorted(names) == ["body", "body_ids", "probabilities"]


def test_onnx_has_few_nodes(small: Exported) -> None:
    """tf2onnx writes a hundred more: rows laid end to end for each scatter, casts around all that has to do with shapes."""
    proto = onnx.load(small.folder / "predict.onnx")
    ops = Counter(node.op_type for node in proto.graph.node)
    assert ops["ScatterElements"] == 3
    assert ops["GatherElements"] == 2
    assert not ops.keys() & {"ScatterND", "GatherND", "Identity", "Range"}
    assert 100 < len(proto.graph.node) < 230


def test_a_runner_gives_what_is_wanted(small: Exported) -> None:
    for rows in (rows_for(small, [b"one"]), rows_for(small, [b"one two", b"three"])):
        inputs = feed(rows)
        for runner in small.runners.values():
            everything = runner(inputs)
            for name, value in everything.items():
                alone = runner(inputs, [name])
                assert list(alone) == [name]
                np.testing.assert_array_equal(alone[name], value)


def test_litert_without_private_parts(small: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another release may name the interpreter's parts differently; the answers must not change."""
    runner: Any = open_artefact(small.folder / "predict.tflite", threads=1)
    get = runner.interpreter.get_signature_runner
    monkeypatch.setattr(runner.interpreter, "get_signature_runner", lambda key: Plain(get(key)))
    for text in (b"one two", b"three " * 14):
        inputs = feed(rows_for(small, [text]))
        expected = small.runners["tflite"](inputs)
        for found in (runner(inputs), runner(inputs, ["probabilities"])):
            for name, value in found.items():
                np.testing.assert_array_equal(value, expected[name])
        assert list(found) == ["probabilities"]


@pytest.mark.parametrize("sealed", [False, True])
def test_one_text_takes_a_short_way(small: Exported, sealed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of all lengths, in any order and with other calls between: the same numbers, in arrays of their own."""
    texts = ["", "a", "one two", "three " * 11, "four " * 15, "Müller 中文 " * 7, "five " * 99, "one", "\ud800 \0 two"]
    for name in ("predict.tflite", "predict.onnx", "savedmodel/1"):
        runner: Any = open_artefact(small.folder / name, threads=1)
        if sealed and name == "predict.tflite":  # another release may have no such parts
            get = runner.interpreter.get_signature_runner
            monkeypatch.setattr(runner.interpreter, "get_signature_runner", lambda key, get=get: Plain(get(key)))
        answer = answer_of_text(runner, "probabilities")
        whole = {text: runner(feed(rows_for(small, [encode_cell(text, 96)])))["probabilities"][0] for text in texts}
        kept = {text: answer(text) for text in texts}
        if name == "predict.tflite":
            runner.endpoint("predict_80")({"body": np.ones((1, 80), "uint8")})  # plans its memory anew
        runner(feed(rows_for(small, [b"one", b"three"])))
        for text in [*texts, *reversed(texts)]:
            np.testing.assert_array_equal(answer(text), whole[text])
            np.testing.assert_array_equal(kept[text], whole[text])


class Plain:
    """A signature's runner without private parts."""

    def __init__(self, runner: Any) -> None:
        self.call = runner

    def __call__(self, **inputs: np.ndarray) -> Arrays:
        answer: Arrays = self.call(**inputs)
        return answer


def test_the_saved_model_needs_no_python(small: Exported) -> None:
    proto = tf.saved_model.load(str(small.folder / "savedmodel" / "1")).signatures["tensors"].graph.as_graph_def()
    ops = {node.op for f in proto.library.function for node in f.node_def} | {node.op for node in proto.node}
    assert len(ops) > 10
    assert not [op for op in ops if "Py" in op or "String" in op]


def test_lengths_for() -> None:
    def graph(*max_bytes: int) -> Graph:
        inputs = tuple(
            Input(f"i{k}", "c", "text", "uint8", ("n_bytes",), {"max_bytes": n}) for k, n in enumerate(max_bytes)
        )
        return Graph("predict", None, inputs, (), (), {})

    assert lengths_for(graph(4096))[0] == 64
    assert lengths_for(graph(4096))[-1] == 4096
    assert lengths_for(graph(20)) == [20]
    assert lengths_for(graph(64)) == [64]
    assert lengths_for(graph(81, 10)) == [64, 80, 81]


# ---------------------------------------------------------------- what cannot be exported or opened


def test_what_is_no_artefact(small: Exported, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such artefact"):
        open_artefact(tmp_path / "absent.onnx")
    (tmp_path / "text.txt").write_text("hello")
    for path in (tmp_path / "text.txt", tmp_path):
        with pytest.raises(InputError, match=r"expected a \.tflite file"):
            open_artefact(path)
    for name in ("predict.tflite", "predict.onnx"):
        whole = (small.folder / name).read_bytes()
        for content in (b"", b"not a model", whole[: len(whole) // 2]):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(InputError, match="cannot be opened"):
                open_artefact(tmp_path / name)


def test_a_tflite_file_without_a_contract(small: Exported, tmp_path: Path) -> None:
    with zipfile.ZipFile(small.folder / "predict.tflite") as archive:
        start = min(info.header_offset for info in archive.infolist())
    (tmp_path / "predict.tflite").write_bytes((small.folder / "predict.tflite").read_bytes()[:start])
    with pytest.raises(InputError, match="cannot be opened"):
        open_artefact(tmp_path / "predict.tflite")


# ---------------------------------------------------------------- the long ones


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 50])
def test_hostile_texts_in_other_modes(modes: Exported, batch: int) -> None:
    assert_alike(modes, rows_for(modes, reference.HOSTILE_TEXTS), batch)


@pytest.mark.slow
def test_columns_that_come_before_and_after_the_probabilities_in_the_alphabet(modes: Exported) -> None:
    assert "character_ids" < "probabilities" < "word_ids"
    outputs = modes.runners["onnx"].session.get_outputs()  # type: ignore[attr-defined]
    assert {output.name: output.type for output in outputs} == {
        "probabilities": "tensor(float)",
        **{f"{name}_ids": "tensor(int32)" for name in modes.states},
    }
    answer = modes.runners["keras"](feed(rows_for(modes, reference.HOSTILE_TEXTS)))
    known = (answer["word_ids"] > 256).any(axis=(1, 2)).mean()
    unknown = ((answer["byte_ids"] > 0) & (answer["byte_ids"] <= 64)).any(axis=(1, 2)).mean()
    assert min(known, unknown) > 0.2  # that the comparisons with the reference can fail


@pytest.mark.slow
def test_serving_strings_in_other_modes(modes: Exported) -> None:
    assert_serves(modes, [*reference.HOSTILE_TEXTS, b"\x80" * 300, "中é😀".encode() * 40])


@pytest.mark.slow
def test_ten_thousand_fuzzed_texts(small: Exported, modes: Exported) -> None:
    read = 0

    @settings(fuzz, max_examples=250)
    @given(fuzzed_texts())
    def check(texts: list[bytes]) -> None:
        nonlocal read
        read += len(texts)
        assert_alike(small, rows_for(small, texts), len(texts))
        assert_alike(small, rows_for(small, texts)[:1], 1)
        if read % 4 == 0:
            assert_alike(modes, rows_for(modes, texts), len(texts))

    check()
    assert read >= 10_000
