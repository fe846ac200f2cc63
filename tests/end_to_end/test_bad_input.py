"""What users get wrong, through the command line: a sentence, exit code 2, and nothing half-written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import small_runs
from broken_inputs import BROKEN_INPUTS, GOOD, NUMBERS, BrokenInput
from made_up_samples import GRAPH

import mmkeras.training.train
from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json
from mmkeras.errors import InputError


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below `folder`, to see that nothing has changed."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def plain(text: str) -> str:
    """Text without tyro's frames and line breaks."""
    return " ".join(text.translate(str.maketrans("╭╮╰╯│─", "      ")).split())


def check_refused(done: small_runs.Done, expected: tuple[str, ...]) -> None:
    """Exit code 2, one line that starts with `error:` and says what is expected, no traceback."""
    assert done.code == 2, done.out + done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1, "one sentence is one line"
    assert "Traceback" not in done.err
    for part in expected:
        assert part.lower() in done.err.lower()


def as_arguments(flags: dict[str, Any]) -> list[str]:
    """Config fields -> the command line that gives them."""
    arguments = [flags["csv"]]
    for name, value in flags.items():
        if name != "csv":
            values = () if value is True else value if isinstance(value, tuple) else (str(value),)
            arguments += [f"--{name.replace('_', '-')}", *values]
    return arguments


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong here is found before TensorFlow is needed."""

    def fit(*_: Any) -> None:
        raise AssertionError("the training was reached")

    monkeypatch.setattr(mmkeras.training.train, "fit_and_evaluate", fit)


@pytest.mark.parametrize("broken", BROKEN_INPUTS, ids=lambda broken: broken.name)
def test_broken_files_and_flags(broken: BrokenInput, tmp_path: Path) -> None:
    flags = broken.place(tmp_path)
    before = contents(tmp_path)
    done = small_runs.main("train", *as_arguments(flags), "--output", tmp_path / "run")
    check_refused(done, broken.expected)
    assert contents(tmp_path) == before


SIGNATURE = json.dumps(
    {
        **{"answers": "numbers", "task": "classify", "target": "topic", "labels": ["x", "y", "z"]},
        "held_out": {"accuracy": 0.9, "learned_since": False},
        "graphs": {"predict": GRAPH},
        "artefacts": {
            "tflite": {"format": "tflite", "precision": "float32", "paths": {"predict": "m.tflite"}, "callables": {}}
        },
    }
)


@dataclass(frozen=True)
class Invocation:
    """A command that cannot work. `a.csv` (good) is always there; a name that ends in '/' is an empty folder."""

    arguments: str
    """Separated by blanks."""
    expected: tuple[str, ...]
    files: dict[str, bytes | str] = field(default_factory=dict)

    def place(self, folder: Path) -> None:
        for name, content in {"a.csv": GOOD, **self.files}.items():
            path = folder / name
            if name.endswith("/"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())


CONFIG = config_to_json(Config.of(csv="a.csv", output="r"))
INTERRUPTED = {"r/config.json": CONFIG, "r/split.csv": "file,line,side\n"}
ENDED = {**INTERRUPTED, "r/metrics.json": "{}"}
TARGETS = {"task": "classify", "names": ["label"], "labels": ["a", "b"], "mean": [], "deviation": []}
ABOUT_TARGETS = {"task": "classify", "target": "label", "targets": TARGETS, "labels": ["a", "b"]}
SCHEMA = json.dumps({**ABOUT_TARGETS, "inputs": [], "columns": [], "file": {"path": "a.csv"}})
WITH_SCHEMA = {**ENDED, "r/schema.json": SCHEMA}
TFLITE = b"\x1c\0\0\0TFL3" + bytes(200)

REFUSED = [
    # numbers and contradictions
    Invocation("train a.csv --epochs 0", ("--epochs 0", "1", "100000")),
    Invocation("train a.csv --batch-size 0", ("--batch-size 0",)),
    Invocation("train a.csv --batch-size -3", ("--batch-size -3",)),
    Invocation("train a.csv --ngrams 3", ("--ngrams 3", "1", "2")),
    Invocation("train a.csv --max-bytes 5000", ("--max-bytes 5000", "16", "4096")),
    Invocation("train a.csv --max-features 0", ("--max-features 0",)),
    Invocation("train a.csv --min-rows 0", ("--min-rows 0",)),
    Invocation("train a.csv --patience 0", ("--patience 0",)),
    Invocation("train a.csv --label-smoothing 1", ("--label-smoothing 1.0", "0.99")),
    Invocation("train a.csv --label-smoothing nan", ("--label-smoothing nan",)),
    Invocation("train a.csv --learning-rate 0", ("--learning-rate 0.0", "above 0")),
    Invocation("train a.csv --learning-rate nan", ("--learning-rate nan", "above 0")),
    Invocation("train a.csv --learning-rate inf", ("--learning-rate inf",)),
    Invocation("train a.csv --seed -1", ("--seed -1",)),
    Invocation("train a.csv --max-bad-rows nan", ("--max-bad-rows nan",)),
    Invocation("train a.csv --overwrite --resume", ("--overwrite and --resume contradict",)),
    Invocation("train a.csv --output r --overwrite --resume", ("--overwrite and --resume contradict",), INTERRUPTED),
    Invocation("train a.csv --freeze-word-vectors", ("--freeze-word-vectors", "name a file", "--word-vectors")),
    Invocation("train a.csv --tokens byte --word-vectors v.txt", ("--word-vectors", "--tokens byte")),
    Invocation("train a.csv --word-vectors v.txt", ("--word-vectors v.txt", "no such file")),
    Invocation("train a.csv --word-vectors v/", ("--word-vectors v/", "folder"), {"v/": b""}),
    # encoders, fusions and what they do not go with
    Invocation("train a.csv --text-encoder lstm", ("--text-encoder lstm", "average, transformer, gru", "preset:")),
    Invocation("train a.csv --text-encoder preset:", ("--text-encoder preset:", "name or folder")),
    Invocation("train a.csv --image-encoder resnet", ("--image-encoder resnet", "cnn", "preset:")),
    Invocation("train a.csv --image-augment flip rotate", ("--image-augment rotate", "flip, crop, colour, or none")),
    Invocation("train a.csv --width 40", ("--width 40", "multiple of 16")),
    Invocation("train a.csv --image-size 1000", ("--image-size 1000", "16", "512")),
    Invocation("train a.csv --seconds 0.01", ("--seconds 0.01", "0.03", "120.0")),
    Invocation("train a.csv --modality-dropout nan", ("--modality-dropout nan",)),
    Invocation("train a.csv --model mlp --fusion sum", ("--model mlp", "a fusion chosen", "multimodal")),
    Invocation("train n.csv --model mlp --number x", ("--model mlp", "number", "multimodal"), {"n.csv": NUMBERS}),
    Invocation(
        "train n.csv --target y --class-weight balanced",
        ("--class-weight balanced", "regress"),
        {"n.csv": "text,y\n" + "".join(f"text number {k},{k}.5\n" for k in range(60))},
    ),
    Invocation(
        "train a.csv --text-encoder gru --word-vectors v.txt",
        ("--word-vectors", "--text-encoder average"),
        {"v.txt": "word 0.1 0.2\n"},
    ),
    # the config file
    Invocation("train --config c.json", ("c.json", "no such config file")),
    Invocation("train --config", ("--config", "path of a JSON file")),
    Invocation("train --config c.json", ("c.json", "cannot be read"), {"c.json": "epochs = 3"}),
    Invocation("train --config c.json", ("c.json", "cannot be read"), {"c.json": b"\xff\xfe\0"}),
    Invocation("train --config c.json", ("c.json", "cannot be read", "directory"), {"c.json/": b""}),
    Invocation("train --config c.json", ("c.json", "JSON object", "received a list"), {"c.json": "[1]"}),
    Invocation(
        "train --config c.json",
        ("c.json", "'epoch'", "did you mean 'epochs'", "batch_size"),
        {"c.json": '{"epoch": 3}'},
    ),
    Invocation("train --config c.json", ("'epochs' is \"3\"", "int or null"), {"c.json": '{"epochs": "3"}'}),
    Invocation("train --config c.json", ("'seed' is true", "expected int"), {"c.json": '{"seed": true}'}),
    Invocation("train --config c.json", ("'text' is \"a\"", "a list of strings"), {"c.json": '{"text": "a"}'}),
    Invocation("train --config c.json", ("'model' is \"svm\"", "'wide_deep'"), {"c.json": '{"model": "svm"}'}),
    Invocation("train --config c.json", ("--epochs 0",), {"c.json": '{"csv": "a.csv", "epochs": 0}'}),
    # the run folder
    Invocation("train", ("data/news.csv", "mmkeras train your.csv", "mmkeras train --example news")),
    Invocation("train a.csv --output a.csv", ("a.csv", "received a file", "--output")),
    Invocation("train a.csv --output a.csv/r", ("a.csv/r", "cannot be made", "--output")),
    Invocation("train a.csv --output r", ("r:", "not empty", "not a run"), {"r/notes.txt": "mine"}),
    Invocation("train a.csv --output r --overwrite", ("r:", "not a run"), {"r/notes.txt": "mine"}),
    Invocation("train a.csv --output r --overwrite", ("r:", "not a run"), {"r/config.json": '{"model_type": "bert"}'}),
    Invocation("train r/b.csv --output r --overwrite", ("r:", "r/b.csv", "lies in"), {**ENDED, "r/b.csv": GOOD}),
    Invocation("train a.csv --output r", ("already holds a run", "--overwrite"), ENDED),
    Invocation("train a.csv --output r", ("interrupted run", "--resume", "--overwrite"), INTERRUPTED),
    Invocation("train a.csv --resume", ("runs/a", "no run to resume")),
    Invocation(f"train {'n' * 300}.csv", ("file system", "too long")),
    Invocation("train a.csv --output r --resume", ("r:", "has ended", "export"), ENDED),
    Invocation("train a.csv --output r --resume --epochs 9", ("--epochs 9", "began with"), INTERRUPTED),
    Invocation("train b.csv --output r --resume", ("b.csv", "began with", "a.csv"), {**INTERRUPTED, "b.csv": GOOD}),
    # export
    Invocation("export", ("runs/news", "expected a run folder", "mmkeras train")),
    Invocation("export nowhere", ("nowhere", "expected a run folder")),
    Invocation("export a.csv", ("a.csv", "expected a run folder")),
    Invocation("export r", ("r:", "interrupted", "--resume"), INTERRUPTED),
    Invocation("export r", ("r/config.json", "'colour'"), {**ENDED, "r/config.json": '{"colour": 1}'}),
    Invocation("export r", ("r/schema.json", "damaged"), ENDED),
    Invocation("export r", ("r/schema.json", "damaged", "labels"), {**ENDED, "r/schema.json": "{}"}),
    Invocation("export r --output a.csv/e", ("a.csv", "a file stands above it"), WITH_SCHEMA),
    Invocation("export r", ("r/schema.json", "damaged"), {**ENDED, "r/schema.json": '{"labels'}),
    Invocation("export r --formats tfjs", ("--formats", "tfjs", "tflite, onnx"), WITH_SCHEMA),
    Invocation("export r --output a.csv", ("a.csv", "exists"), WITH_SCHEMA),
    Invocation("export r --output e", ("e:", "exists", "--overwrite"), {**WITH_SCHEMA, "e/": b""}),
    Invocation(
        "export r --output e --overwrite",
        ("e:", "not an exported folder"),
        {**WITH_SCHEMA, "e/notes.txt": "mine"},
    ),
    # predict
    Invocation("predict no.tflite a.csv", ("no.tflite", "no such artefact", "mmkeras export")),
    Invocation("predict a.csv a.csv", ("a.csv", "expected a .tflite file", "saved_model.pb")),
    Invocation("predict e a.csv", ("e:", "name one", "e/predict.tflite"), {"e/savedmodel/1/saved_model.pb": b""}),
    Invocation("predict m.tflite a.csv", ("m.tflite", "cannot be opened"), {"m.tflite": b"not a model"}),
    Invocation("predict m.tflite a.csv", ("m.tflite", "cannot be opened"), {"m.tflite": b""}),
    Invocation("predict m.tflite a.csv", ("m.tflite", "cannot be opened"), {"m.tflite": TFLITE}),
    Invocation("predict m.onnx a.csv", ("m.onnx", "cannot be opened"), {"m.onnx": b"not a model"}),
    Invocation("predict m.tflite a.csv", ("m.tflite", "is a directory"), {"m.tflite/": b""}),
    Invocation("predict r a.csv", ("r:", "interrupted"), INTERRUPTED),
    Invocation("predict no.tflite a.csv --output a.csv", ("a.csv", "exists", "--overwrite")),
    Invocation("predict no.tflite a.csv --output no/p.csv", ("no/p.csv", "the folder no is not there")),
    Invocation("predict no.tflite a.csv --output o --overwrite", ("o:", "folder", "--output"), {"o/": b""}),
    # verify
    Invocation("verify", ("exported/news", "mmkeras export")),
    Invocation("verify a.csv", ("a.csv", "expected a folder")),
    Invocation("verify e", ("e:", "sample_inputs.npz"), {"e/predict.tflite": TFLITE}),
    Invocation(
        "verify e",
        ("e/sample_inputs.npz", "damaged"),
        {"e/sample_inputs.npz": b"PK", "e/m.tflite": TFLITE, "e/signature.json": SIGNATURE},
    ),
    # commands
    Invocation("trian a.csv", ("no command 'trian'", "did you mean 'train'")),
]


def name_of(invocation: Invocation) -> str:
    return invocation.arguments + "".join(f" [{name}]" for name in invocation.files)


@pytest.mark.parametrize("invocation", REFUSED, ids=name_of)
def test_commands_that_cannot_work(invocation: Invocation, tmp_path: Path) -> None:
    invocation.place(tmp_path)
    before = contents(tmp_path)
    with small_runs.working_folder(tmp_path):
        done = small_runs.main(*invocation.arguments.split(" "))
    check_refused(done, invocation.expected)
    assert contents(tmp_path) == before


UNPARSED = [
    Invocation("train a.csv --epohcs 3", ("--epohcs", "Perhaps you meant", "--epochs")),
    Invocation("train a.csv --epochs three", ("--epochs", "three")),
    Invocation("train a.csv --epochs 2.5", ("--epochs", "2.5")),
    Invocation("train a.csv --seed", ("--seed",)),
    Invocation("train a.csv --learning-rate fast", ("--learning-rate", "fast")),
    Invocation("train a.csv --model svm", ("--model", "'svm'", "wide_deep", "mlp")),
    Invocation("train a.csv --tokens words", ("--tokens", "'words'", "mixed")),
    Invocation("train a.csv b.csv", ("Unrecognized", "b.csv")),
    Invocation("export r --format onnx", ("--format", "--formats")),
    Invocation("predict", ("Missing", "ARTEFACT")),
    Invocation("predict m.onnx a.csv --probability", ("--probability", "--probabilities")),
    Invocation("verify e --overwrite", ("--overwrite",)),
]


@pytest.mark.parametrize("invocation", UNPARSED, ids=name_of)
def test_flags_that_cannot_be_read(invocation: Invocation, tmp_path: Path) -> None:
    invocation.place(tmp_path)
    with small_runs.working_folder(tmp_path):
        done = small_runs.main(*invocation.arguments.split(" "))
    assert done.code == 2
    assert "Traceback" not in done.err
    for piece in invocation.expected:
        assert piece in plain(done.err)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


def test_config_equals_form_is_the_same_flag(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"csv": "no.csv"}))
    with small_runs.working_folder(tmp_path):
        assert small_runs.main("train", "--config=c.json") == small_runs.main("train", "--config", "c.json")


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        small_runs.main("train", tmp_path / "no.csv", "--debug")
