"""The parts of the multimodal model joined: columns of every kind, each fusion and task; what clients give and get."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_mixtures as mixtures
import small_runs
import soundfile
from conftest import make_state

import mmkeras.training.train
from mmkeras.config.config import Config
from mmkeras.config.unused_flags import FLAGS_OF, idle_flags
from mmkeras.data.columns import Column
from mmkeras.data.targets import Targets
from mmkeras.errors import InputError
from mmkeras.graph import input_names
from mmkeras.modalities.audio.decode import decode_audio
from mmkeras.modalities.audio.spec import audio_rule
from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.spec import ImageRule
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime import feeds as raw
from mmkeras.runtime.feeds import complete
from mmkeras.training.resolve import resolved
from mmkeras.verification.samples import Samples, load_samples, save_samples

RULE = audio_rule(mixtures.RATE, 0.3, mels=16)
FUSIONS = ("attention", "concat", "sum", "decision")
TARGETS = {
    "classify": Targets("classify", ("label",), ("a", "b", "c"), (), ()),
    "multilabel": Targets("multilabel", ("tags",), ("a", "b", "c", "d"), (), ()),
    "regress": Targets("regress", ("weight", "width"), (), (5.0, -300.0), (2.0, 40.0)),
}


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    """One adapted column of each kind."""
    from mmkeras.modalities.audio.column import AudioColumn
    from mmkeras.modalities.image.column import ImageColumn
    from mmkeras.modalities.tabular.category import CategoryColumn, adapt
    from mmkeras.modalities.tabular.number import NumberColumn, NumberState
    from mmkeras.modalities.text.column import TextColumn

    state = make_state([b"a high thing", b"a low thing"], max_bytes=96, weighting="tfidf")
    return {
        "note": TextColumn("note", state),
        "photo": ImageColumn("photo", ImageRule(16), (), 0),
        "clip": AudioColumn("clip", RULE, 0.0),
        "price": NumberColumn("price", NumberState(10.0, 4.0, 9.0)),
        "brand": CategoryColumn("brand", *adapt(["x", "x", "y"], 1)),
    }


def values(count: int = 4, seed: int = 0) -> dict[str, list[Any]]:
    """Raw values of some rows, all cells there; pictures of several sizes."""
    rng = np.random.default_rng(seed)
    return {
        "note": [f"a {'high' if k % 2 else 'low'} thing".encode() for k in range(count)],
        "photo": [rng.integers(0, 256, (12 + k, 20, 3), "uint8") for k in range(count)],
        "clip": [rng.normal(0, 0.1, 900 + k).astype("float32") for k in range(count)],
        "price": [float(k + seed) for k in range(count)],
        "brand": [(b"x", b"y", b"other")[k % 3] for k in range(count)],
    }


# models


def graph_of(columns: dict[str, Any], fusion: str, task: str) -> tuple[Any, Any]:
    """A core with random weights, shaken so that wrong answers are far from right ones; and its Graph."""
    import keras
    from three_formats import shaken

    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph

    keras.utils.set_random_seed(1)
    config = Config(model="multimodal", fusion=fusion, task=task, width=16, depth=1)  # type: ignore[arg-type]
    core = build_core(columns, TARGETS[task].outputs, config)
    shaken(core.model, 0.1)
    core.model.get_layer("temperature").inverse.assign(0.5)
    names = {name: f"the {name}" for name in columns}
    return core, predict_graph(core, columns, names, TARGETS[task], {})


def ask(graph: Any, rows: dict[str, list[Any]], hidden: Sequence[str] = ()) -> dict[str, np.ndarray]:
    inputs = graph.signature()["inputs"]
    outputs = graph.model(raw.feed(rows, inputs, range(4), hidden), training=False)
    return {name: np.asarray(value) for name, value in outputs.items()}


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_each_fusion_answers_each_task(fusion: str, task: str, columns: dict[str, Any]) -> None:
    """With all cells, and with some missing, whose content does not matter then."""
    some = {name: columns[name] for name in ("note", "photo", "price")}
    core, graph = graph_of(some, fusion, task)
    assert core.takes_presence
    assert {f"{name}_present" for name in some} <= set(core.model.input)
    assert list(core.parts) == (list(some) if fusion in ("sum", "decision") else [])
    rows, others = values(seed=0), values(seed=7)
    answers = {hidden: ask(graph, rows, hidden)[graph.answer] for hidden in ((), ("photo",), ("note", "price"))}
    for hidden, answer in answers.items():
        assert answer.shape == (4, TARGETS[task].outputs)
        assert answer.dtype == np.float32
        assert np.isfinite(answer).all()
        mixed = {name: others[name] if name in hidden else rows[name] for name in rows}
        np.testing.assert_array_equal(ask(graph, mixed, hidden)[graph.answer], answer)
        if task == "classify":
            np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)
        elif task == "multilabel":
            assert ((answer > 0) & (answer < 1)).all()
    assert np.abs(answers[()] - answers[("photo",)]).max() > 1e-3, "a missing picture is another answer"
    assert np.abs(answers[()] - ask(graph, others)[graph.answer]).max() > 1e-3


def logits_of(answer: np.ndarray, task: str) -> np.ndarray:
    """Of probabilities the logits, of classes but for what is added to all of them; of numbers the standardised ones."""
    if task == "regress":
        return (answer - TARGETS[task].mean) / TARGETS[task].deviation
    logits = np.log(answer) - (np.log1p(-answer) if task == "multilabel" else 0)
    return logits - logits.mean(axis=1, keepdims=True) if task == "classify" else logits


@pytest.mark.parametrize("task", TARGETS)
def test_what_each_column_adds_is_exactly_the_answer(task: str, columns: dict[str, Any]) -> None:
    """Fusion by sum: contributions are an output beside the answer, the temperature in them."""
    some = {name: columns[name] for name in ("note", "price", "brand")}
    _, graph = graph_of(some, "sum", task)
    assert [output["name"] for output in graph.outputs][:2] == [graph.answer, "contributions"]
    assert graph.outputs[1]["of"] == list(some)
    outputs = ask(graph, values())
    total = outputs["contributions"].sum(axis=1)  # [4, 3, outputs] -> [4, outputs]
    if task == "classify":
        total -= total.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(logits_of(outputs[graph.answer], task), total, rtol=1e-4, atol=1e-4)


def test_all_kinds_in_one_graph(columns: dict[str, Any]) -> None:
    _, graph = graph_of(columns, "attention", "classify")
    signature = graph.signature()
    shapes = {entry["name"]: entry["shape"][1:] for entry in raw.columns_of(signature["inputs"])}
    assert shapes == {
        "note": ["n_bytes"],
        "photo": ["height", "width", 3],
        "clip": [RULE.n_samples],
        "price": [1],
        "brand": ["n_bytes"],
    }
    outputs = ask(graph, values())
    assert set(outputs) == {"probabilities", "note_ids", "brand_ids"} == {o["name"] for o in graph.outputs}
    assert outputs["brand_ids"][:, 0, 0].tolist() == [2, 3, 1, 2], "x, y, what is not known, x"
    silent = {**values(), "clip": [np.zeros(0, "float32")] * 4, "note": [b""] * 4, "price": [None] * 4}
    assert np.isfinite(ask(graph, silent)["probabilities"]).all()


def test_training_bears_missing_cells(columns: dict[str, Any]) -> None:
    """A clip that is not there has no frame, which what training does to clips must not stumble over."""
    from mmkeras.modalities.audio.augment import Disturb

    log_mel = np.random.default_rng(0).normal(size=(3, RULE.n_frames, RULE.mels)).astype("float32")
    valid = np.ones((3, RULE.n_frames), "float32")
    valid[1] = 0
    disturbed, still = Disturb(1.0, seed=0)(log_mel, valid, training=True)
    assert np.isfinite(disturbed).all()
    assert not np.asarray(disturbed)[1].any()
    assert np.asarray(still).sum(axis=1)[1] == 0


def test_columns_named_like_the_fusions_layers(columns: dict[str, Any]) -> None:
    """Any name may be a column's: layers of the fusions and of the encoders do not meet."""
    names = ("fusion", "modality", "price", "head", "vote", "block")
    odd = [replace(columns["price"], name=name) for name in names]
    for fusion in FUSIONS:
        core, _ = graph_of({column.name: column for column in odd}, fusion, "classify")
        assert core.model.count_params()


def test_the_rate_rises_and_falls_to_nothing() -> None:
    from mmkeras.models.optimizers import WARM_UP, WarmUpCosine

    schedule = WarmUpCosine(0.01, 100)
    rates = np.array([float(schedule(step)) for step in range(101)])
    top = int(WARM_UP * 100)
    np.testing.assert_allclose(rates[:top], 0.01 * (np.arange(top) + 1) / top, rtol=1e-6)
    expected = 0.01 * 0.5 * (1 + np.cos(np.pi * np.arange(100 - top + 1) / (100 - top)))
    np.testing.assert_allclose(rates[top:], expected, rtol=1e-4, atol=1e-8)
    assert rates.max() == pytest.approx(0.01)
    assert float(WarmUpCosine(0.01, 1)(0)) == pytest.approx(0.01), "a training of one step learns something"
    assert WarmUpCosine(**schedule.get_config())(7) == schedule(7)


# what the table decides


@pytest.mark.parametrize(
    ("kinds", "task", "flags", "expected"),
    [
        (["text"], "classify", {}, ("wide_deep", None)),
        (["text", "text"], "classify", {"model": "mlp"}, ("mlp", None)),
        (["text"], "classify", {"model": "multimodal"}, ("multimodal", "concat")),
        (["text"], "classify", {"text_encoder": "gru"}, ("multimodal", "concat")),
        (["text", "text"], "classify", {"fusion": "sum"}, ("multimodal", "sum")),
        (["text"], "regress", {}, ("multimodal", "concat")),
        (["text", "text"], "multilabel", {}, ("multimodal", "attention")),
        (["image"], "classify", {}, ("multimodal", "concat")),
        (["text", "image"], "classify", {}, ("multimodal", "attention")),
        (["number", "category"], "regress", {"fusion": "decision"}, ("multimodal", "decision")),
    ],
)
def test_the_table_decides_what_the_flags_leave_open(
    kinds: list[str], task: str, flags: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    table: Any = SimpleNamespace(inputs=[Column(f"c{k}", kind, "input") for k, kind in enumerate(kinds)], task=task)
    config = resolved(Config(**flags), table)
    assert (config.model.model, config.model.fusion) == expected
    assert config.model.task == task
    assert resolved(config, table) == config, "a resumed training decides alike"


# names


def test_names_never_meet() -> None:
    """Neither each other nor what is made of them: presences, files, ids."""
    columns = [
        "photo",
        "photo_present",
        "photo!",
        "photo_bytes",
        "Photo",
        "photo_ids",
        "probabilities",
        "标题",
        "1st",
        "",
    ]
    names = input_names(columns)
    assert names[0] == "photo"
    made = [made for name in names for made in (name, f"{name}_present", f"{name}_bytes", f"{name}_ids")]
    assert len(set(made)) == len(made)
    assert all(name.isascii() and name.isidentifier() and name[0].isalpha() for name in names)
    assert names == input_names(columns)
    assert not {"probabilities", "prediction", "values", "contributions"} & set(made)


# raw values


@pytest.fixture(scope="module")
def inputs(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """The signature's part on the inputs of all kinds."""
    from mmkeras.graph import presence

    entries = []
    for name, column in columns.items():
        entries += [column.input(name).entry(), presence(name, name).entry()]
    return json.loads(json.dumps(entries))  # as a client reads it


def test_cells_become_arrays(inputs: list[dict[str, Any]], tmp_path: Path) -> None:
    mixtures.write(tmp_path, 6, missing=False)
    rows = small_runs.read_csv(tmp_path / "mix.csv")
    rows[1]["note"], rows[2]["price"], rows[3]["photo"], rows[4]["clip"] = " \u3000", "", "", " "
    rows[5]["photo"] = "pictures/none.png"
    read, faults = {}, {}
    for entry in raw.columns_of(inputs):
        cells = [row[entry["column"]] for row in rows]
        read[entry["name"]], faults[entry["name"]] = raw.read_values(cells, entry, MediaRoot(str(tmp_path)))
    assert list(faults.pop("photo")) == [5]
    assert not any(faults.values())
    arrays = raw.feed(read, inputs, range(6))
    assert list(arrays) == [entry["name"] for entry in inputs]
    assert {name: (a.dtype.name, a.shape[0]) for name, a in arrays.items()} == {
        e["name"]: (e["dtype"], 6) for e in inputs
    }
    there = {name: arrays[f"{name}_present"].ravel().tolist() for name in mixtures.INPUTS}
    assert there == {
        "note": [1, 0, 1, 1, 1, 1],
        "photo": [1, 1, 1, 0, 1, 0],
        "clip": [1, 1, 1, 1, 0, 1],
        "price": [1, 1, 0, 1, 1, 1],
        "brand": [1] * 6,
    }
    assert arrays["photo"].shape == (6, mixtures.SIDE, mixtures.SIDE, 3)
    np.testing.assert_array_equal(arrays["photo"][0], np.asarray(mixtures.picture(0, "high")))
    assert not arrays["photo"][[3, 5]].any()
    assert not arrays["clip"][4].any()
    assert arrays["price"][2] == 0
    hidden = raw.feed(read, inputs, [0, 3], ["note", "price"])
    assert [hidden[f"{name}_present"].ravel().tolist() for name in ("note", "price", "photo")] == [
        [0, 0],
        [0, 0],
        [1, 0],
    ]
    assert not hidden["note"].any()
    assert not hidden["price"].any()


def test_pictures_of_several_sizes_or_too_large_are_resized_as_the_graph_does(
    inputs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = next(e for e in inputs if e["name"] == "photo")
    pictures = values()["photo"]
    stacked = raw.stack_pictures([*pictures, None], entry)
    for found, picture in zip(stacked, pictures, strict=False):
        np.testing.assert_array_equal(found, resize_pixels(picture, 16))
    assert not stacked[4].any()
    alike = [pictures[0], pictures[0][::-1]]
    np.testing.assert_array_equal(raw.stack_pictures(alike, entry), alike)
    monkeypatch.setattr(raw, "LARGEST_BATCH", alike[0].size)
    np.testing.assert_array_equal(raw.stack_pictures(alike, entry)[1], resize_pixels(alike[1], 16))


def test_what_a_client_leaves_out_is_missing(inputs: list[dict[str, Any]]) -> None:
    signature = {"inputs": inputs}
    whole = raw.feed(values(), inputs, range(4))
    for hidden in (["photo"], ["note", "clip"], ["price", "brand", "photo", "clip"]):
        given = {n: a for n, a in whole.items() if n not in hidden and n.removesuffix("_present") not in hidden}
        completed = complete(given, signature)
        assert set(completed) == set(whole)
        for entry in inputs:
            name, array = entry["name"], completed[entry["name"]]
            assert array.dtype == entry["dtype"]
            assert len(array) == 4
            if name in hidden or entry.get("of") in hidden:
                assert not array.any()
            else:
                np.testing.assert_array_equal(array, whole[name])
    alone = complete({"price": whole["price"]}, signature)
    assert alone["price_present"].tolist() == [[1]] * 4, "a column that is given is there, also where none says so"
    assert alone["photo"].shape == (4, 16, 16, 3)
    assert alone["clip"].shape == (4, RULE.n_samples)
    plain = [entry for entry in inputs if "of" not in entry]
    with pytest.raises(InputError, match=r"'photo' is not given; expected all of note, photo, clip"):
        complete({"note": whole["note"]}, {"inputs": plain})


def test_modalities_are_kinds_or_columns_of_one_kind(inputs: list[dict[str, Any]]) -> None:
    groups = raw.modalities_of(inputs)
    assert groups == {
        "text": ["note"],
        "image": ["photo"],
        "audio": ["clip"],
        "number": ["price"],
        "category": ["brand"],
    }
    named = {subset.name: subset.hidden for subset in raw.subsets(groups)}
    assert len(named) == 2**5 - 1
    assert list(named)[:2] == ["text", "image"], "the smallest first"
    assert list(named)[-1] == "text+image+audio+number+category"
    assert named["text+audio"] == ("photo", "price", "brand")
    assert named[list(named)[-1]] == ()
    two = [{**e, "name": e["name"].replace("note", "title"), "of": "title", "column": "a title"} for e in inputs[:2]]
    del two[0]["of"]
    assert raw.modalities_of([*inputs[:2], *two]) == {"note": ["note"], "a title": ["title"]}
    assert raw.subsets(raw.modalities_of(inputs[:2])) == [], "of a single one there is nothing to compare"
    assert raw.modalities_of([e for e in inputs if "of" not in e]) == {}, "a model that knows no missing cells"


def test_samples_of_all_kinds_survive_their_file(tmp_path: Path) -> None:
    photo = mixtures.file_of(mixtures.picture(3, "low"), "PNG")
    before = Samples(
        {
            "note": [b"a text", b"", "茶".encode()],
            "photo": [photo, None, photo],
            "clip": [None, np.arange(5, dtype="float32"), np.zeros(0, "float32")],
            "price": [1.0 / 3.0, None, -0.0],
            "nothing": [None, None, None],
        },
        np.array([[1.5, np.nan], [0, 1], [2, 2]]),
        np.arange(6, dtype="float32").reshape(3, 2),
        {"note_ids": [np.array([[1, 2]], "int32"), np.zeros((1, 0), "int32"), np.array([[7]], "int32")]},
        {"text": np.ones((2, 2), "float32"), "image+text": np.zeros((2, 2), "float32")},
    )
    save_samples(before, tmp_path / "s.npz")
    after = load_samples(tmp_path / "s.npz")
    for name in ("note", "photo", "price", "nothing"):
        assert after.inputs[name] == before.inputs[name]
    assert after.inputs["clip"][0] is None
    for found, clip in zip(after.inputs["clip"][1:], before.inputs["clip"][1:], strict=True):
        assert found.tobytes() == clip.tobytes()
        assert found.dtype == np.float32
    np.testing.assert_array_equal(after.truth, before.truth)
    assert after.answers.tobytes() == before.answers.tobytes()
    assert [row.tolist() for row in after.ids["note_ids"]] == [[[1, 2]], [[]], [[7]]]
    assert list(after.subsets) == ["text", "image+text"]
    np.testing.assert_array_equal(after.subsets["text"], np.ones((2, 2)))


# what clients of TF Serving send


def test_pictures_are_read_as_training_reads_them() -> None:
    from PIL import Image

    from mmkeras.modalities.image.serving import read_pictures

    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (23, 17, 4), "uint8"), "RGBA")
    smooth = noise.convert("RGB").resize((64, 48))
    alpha = {f"{mode} PNG": mixtures.file_of(noise.convert(mode), "PNG") for mode in ("RGBA", "LA", "RGB", "L", "1")}
    palettes = {f"PNG of {n} colours": mixtures.file_of(smooth.quantize(n), "PNG") for n in (2, 4, 16, 256)}
    clear = mixtures.file_of(smooth.quantize(4), "PNG", transparency=2)
    others = {
        "PNG of 4 colours, one transparent": clear,
        "JPEG": mixtures.file_of(smooth, "JPEG", quality=80),
        "grey JPEG": mixtures.file_of(smooth.convert("L"), "JPEG"),
        "BMP": mixtures.file_of(smooth, "BMP"),
        "GIF": mixtures.file_of(smooth.quantize(64), "GIF"),
    }
    files = alpha | palettes | others
    pixels, present = read_pictures(np.array([*files.values(), b""], object), 16)
    assert present.numpy().ravel().tolist() == [1] * len(files) + [0]
    for found, (name, file) in zip(pixels.numpy(), files.items(), strict=False):
        np.testing.assert_array_equal(found, resize_pixels(decode_image(file), 16), err_msg=name)
    assert not pixels[-1].numpy().any()


def test_clips_are_read_as_training_reads_them() -> None:
    import tensorflow as tf

    from mmkeras.modalities.audio.serving import read_waves

    def wav(samples: np.ndarray, rate: int = mixtures.RATE) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
        return file.getvalue()

    clip = mixtures.clip(2, "high")
    stereo = np.stack([clip, 0.25 * clip], axis=1)
    files = [wav(clip), wav(stereo), wav(np.tile(clip, 3)), b""]
    waves, present = read_waves(np.array(files, object), RULE)
    assert waves.shape == (4, RULE.n_samples)
    assert present.numpy().tolist() == [[1], [1], [1], [0]]
    for wave, file in zip(waves.numpy(), files[:-1], strict=False):
        expected = decode_audio(file, RULE.rate, RULE.seconds)
        np.testing.assert_allclose(wave[: len(expected)], expected, atol=1e-7)
        assert not wave[len(expected) :].any()
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a wav of 4000 Hz, received one of 8000 Hz"):
        read_waves(np.array([wav(clip, 8000)], object), RULE)


def test_numbers_and_texts_that_are_not_there() -> None:
    from mmkeras.modalities.tabular.number import read_served
    from mmkeras.modalities.text.serving import read_texts

    numbers, present = read_served(np.array([3.5, np.nan, 0.0], "float32"))
    assert numbers.numpy().tolist() == [[3.5], [0.0], [0.0]]
    assert present.numpy().tolist() == [[1], [0], [1]]
    data, there = read_texts(np.array([b"tea", b"", b" \n"], object), 96)
    assert data.shape[0] == 3
    assert there.numpy().tolist() == [[1], [0], [0]]
    _, there = read_texts(np.array(["\u00a0", "\u3000a\x1c", "\x85"], object), 96)
    assert there.numpy().tolist() == [[0], [1], [0]]


@pytest.mark.parametrize("space", ["", " ", "\n", "\u00a0", "\u3000", "\x1c", "\u2028 "])
def test_a_category_is_served_as_it_is_read(space: str) -> None:
    from mmkeras.modalities.text.serving import stripped

    cell = f"{space}Nike Air\u3000中{space}"
    assert stripped(np.array([cell], object)).numpy()[0].decode() == cell.strip()


# media before training


def train(folder: Path, *flags: str) -> small_runs.Done:
    return small_runs.main("train", folder / "mix.csv", *mixtures.FLAGS, "--target", "label", *flags)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted when the media are checked and the rows split."""

    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "start_tensorflow", interrupted)


@pytest.mark.usefixtures("no_model")
def test_rows_whose_media_cannot_be_used_are_named_and_left(tmp_path: Path) -> None:
    mixtures.write(tmp_path, 60, missing=False)
    (tmp_path / "pictures/4.png").write_bytes((tmp_path / "pictures/4.png").read_bytes()[:60])
    (tmp_path / "clips/9.wav").write_bytes(b"")
    done = train(tmp_path, "--output", str(tmp_path / "r"))
    assert done.code == 130, done.err
    bad = small_runs.read_csv(tmp_path / "r/bad_rows.csv")
    assert [(row["line"], row["column"]) for row in bad] == [("6", "photo"), ("11", "clip")]
    assert "pictures/4.png: the image is damaged or cut short" in bad[0]["reason"]
    assert "clips/9.wav is empty (0 bytes)" in bad[1]["reason"]
    split = small_runs.read_csv(tmp_path / "r/split.csv")
    assert len(split) == 58
    assert not {"6", "11"} & {row["line"] for row in split}
    assert "2 rows have media that cannot be used, the first in line 6" in done.out
    assert "photo: 60 images checked" in done.out
    refused = train(tmp_path, "--output", str(tmp_path / "r2"), "--max-bad-rows", "0.01")
    assert refused.code == 2
    assert "2 of 60 rows" in refused.err
    assert not (tmp_path / "r2").exists(), "nothing to go on with"
    assert f"All of them: {tmp_path / 'r2-bad_rows.csv'}" in refused.err
    assert small_runs.read_csv(tmp_path / "r2-bad_rows.csv") == bad


@pytest.mark.usefixtures("no_model")
def test_bands_that_would_hear_nothing_are_refused_before_any_clip_is_read(tmp_path: Path) -> None:
    mixtures.write(tmp_path, 60, missing=False)
    done = train(tmp_path, "--output", str(tmp_path / "r"), "--mels", "128")
    assert (done.code, "128 mel bands are too many" in done.err) == (2, True), done.err
    assert "Ask for fewer (--mels)" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.usefixtures("no_model")
def test_features_are_made_once(tmp_path: Path) -> None:
    """A second training of the same table begins at once; one of another size, or of changed files, makes its own."""
    mixtures.write(tmp_path, 20, missing=False)
    first = train(tmp_path, "--output", str(tmp_path / "a"))
    second = train(tmp_path, "--output", str(tmp_path / "b"))
    resumed = small_runs.main("train", "--resume", "--output", tmp_path / "a")
    for done in (second, resumed):
        assert "photo: features of 20 images were made before" in done.out
        assert "clip: features of 20 clips were made before" in done.out
    assert "made before" not in first.out
    files = [sorted(p.name for p in (tmp_path / name / "features").iterdir()) for name in "ab"]
    assert files[0] == files[1]
    mixtures.picture(1, "high").save(tmp_path / "pictures/0.png")
    third = train(tmp_path, "--output", str(tmp_path / "c"), "--mels", "20")
    assert "made before" not in third.out


@pytest.mark.usefixtures("no_model")
def test_a_run_is_resumed_on_the_media_it_began_with(tmp_path: Path) -> None:
    mixtures.write(tmp_path, 20, missing=False)
    first = (tmp_path / "clips/3.wav").read_bytes()
    features = tmp_path / "a/features"
    assert train(tmp_path, "--output", str(tmp_path / "a")).code == 130
    soundfile.write(tmp_path / "clips/3.wav", mixtures.clip(4, "high"), mixtures.RATE, subtype="PCM_16")
    made = sorted(place.name for place in features.iterdir())
    changed = small_runs.main("train", "--resume", "--output", tmp_path / "a")
    assert changed.code == 2
    assert sorted(place.name for place in features.iterdir()) == made, "they are still those of the old file"
    assert "clip: a file that a cell names" in changed.err
    assert "Put the old ones back, or start anew with --overwrite" in changed.err
    (tmp_path / "clips/3.wav").write_bytes(first)
    (tmp_path / "a/media.json").write_text("{", encoding="utf-8")
    damaged = small_runs.main("train", "--resume", "--output", tmp_path / "a")
    assert damaged.code == 2
    assert "the run is damaged" in damaged.err
    (tmp_path / "a/media.json").unlink()  # a run of an older version has none
    assert small_runs.main("train", "--resume", "--output", tmp_path / "a").code == 130


@pytest.mark.usefixtures("no_model")
def test_where_media_may_lie(tmp_path: Path) -> None:
    """Beside the CSV, below --media-root, and elsewhere with --allow-outside alone."""
    mixtures.write(tmp_path / "media", 20, missing=False)
    (tmp_path / "table").mkdir()
    (tmp_path / "media/mix.csv").rename(tmp_path / "table/mix.csv")
    run, root = ("--output", str(tmp_path / "r"), "--overwrite"), ("--media-root", str(tmp_path / "media"))
    lost = train(tmp_path / "table", *run)
    assert lost.code == 2
    assert "20 of 20 rows" in lost.err
    assert "--media-root" in lost.err
    assert not (tmp_path / "r").exists()
    assert train(tmp_path / "table", *run, *root).code == 130
    rows = small_runs.read_csv(tmp_path / "table/mix.csv")
    for row in rows:
        row["photo"], row["clip"] = f"../media/{row['photo']}", f"../media/{row['clip']}"
    small_runs.write_rows(tmp_path / "table/mix.csv", rows)
    outside = train(tmp_path / "table", *run)
    assert outside.code == 2
    assert "lies outside" in outside.err
    assert "--allow-outside" in outside.err
    assert train(tmp_path / "table", *run, "--allow-outside").code == 130


# flags without their kind


def test_a_flag_that_changes_nothing_is_said() -> None:
    notes = list(idle_flags(Config(char_ngrams=5, image_size=64, mels=20), {"image", "number"}))
    assert [note.split(" changes")[0] for note in notes] == ["note: --char-ngrams", "note: --mels"]
    assert "there is no text column" in notes[0]
    assert not list(idle_flags(Config(char_ngrams=5), {"text"}))
    assert not list(idle_flags(Config(min_rows=5), {"category"})), "categories have it, too"
    assert not list(idle_flags(Config(), {"number"})), "what was not given is not said"


def test_every_idle_flag_is_a_choice_of_the_config() -> None:
    known = {field.name for field in dataclasses.fields(Config)}
    assert {flag for flags in FLAGS_OF.values() for flag in flags} <= known
