"""From a wheel, in a folder without the checkout: the examples, the commands that hints name, and a client's rows.

The clients are environments that `make test` makes: NumPy and one runtime, nothing else.
"""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import small_runs
from small_runs import Done

import mmkeras

pytestmark = pytest.mark.slow
CLIENTS = {"litert": "predict.tflite", "onnx": "predict.onnx"}
ROW = {"title": "wool coat", "price": 12.5, "brand": "acme", "sold": "2026-03-04"}
BESIDE = {  # what the two runtimes ask for, and what an environment begins with
    *("numpy", "pip", "setuptools", "wheel", "ai-edge-litert", "onnxruntime", "backports-strenum", "flatbuffers"),
    *("ml-dtypes", "packaging", "protobuf", "tqdm", "typing-extensions"),
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network from a copy, so that no build/ is left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(small_runs.ROOT / name, source)
    shutil.copytree(small_runs.ROOT / "mmkeras", source / "mmkeras", ignore=shutil.ignore_patterns("__pycache__"))
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *flags, str(source)], check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel is installed into."""
    folder = tmp_path_factory.mktemp("site")
    flags = ["--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *flags, str(wheel)], check=True, capture_output=True)
    return folder


def command(line: list[str] | str, site: Path, cwd: Path) -> Done:
    """A command, or a line as a shell reads it, where the package is the installed one."""
    environment = {**os.environ, "PYTHONPATH": str(site), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        line,
        cwd=cwd,
        env=environment,
        shell=isinstance(line, str),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def following(done: Done) -> str:
    """The command that a finished one advises."""
    assert done.code == 0, done.out + done.err
    assert done.lines[-1].startswith("next: "), done.out
    return done.lines[-1].removeprefix("next: ")


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    folder = small_runs.ROOT / "mmkeras"
    files = {f"mmkeras/{p.relative_to(folder).as_posix()}" for p in folder.rglob("*") if p.is_file()}
    expected = {name for name in files if "__pycache__" not in name}
    assert {"mmkeras/py.typed", "mmkeras/report/report.css", "mmkeras/examples/news.py"} <= expected
    names = set(zipfile.ZipFile(wheel).namelist())
    assert expected <= names, expected - names


def test_the_wheel_asks_for_numpy_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert [re.split(r"[<>=;\s]", line)[0] for line in required] == ["numpy"]
    assert {"litert", "onnx", "runtime", "train"} <= set(metadata.get_all("Provides-Extra", []))


def test_an_example_in_an_empty_folder_and_what_comes_next(site: Path, tmp_path: Path) -> None:
    """`train --example`, and then each command as it was advised, typed into a shell. The folder's name has a space."""
    folder = tmp_path / "my shop"
    folder.mkdir()
    train = [sys.executable, "-m", "mmkeras", "train", "--example", "multimodal", "--epochs", "1"]
    trained = command([*train, "--output", "runs/first try"], site, folder)
    export = following(trained)
    assert "mmkeras export 'runs/first try'" in export
    assert (folder / "data/multimodal/images").is_dir()
    predict = following(command(f"{export} --formats tflite", site, folder))
    answered = command(predict, site, folder)
    assert answered.code == 0, answered.err
    assert len(small_runs.read_csv(folder / "predictions.csv")) == 2000
    said = (trained.out + answered.out).replace(sys.executable, "python")  # which may be in the checkout's .venv
    assert str(small_runs.ROOT) not in said
    environment = json.loads((folder / "runs/first try/environment.json").read_text(encoding="utf-8"))
    assert environment["command"].startswith("mmkeras train data/multimodal/multimodal.csv --text note --image photo ")
    assert environment["command"].endswith(" --output 'runs/first try'")


# clients


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported folder of a model of a text, a number, a category and a date; beside it the table."""
    folder = tmp_path_factory.mktemp("shop")
    things = {"summer": ("light shirt", "swim shorts"), "winter": ("wool coat", "warm boots")}
    rows = []
    for k in range(64):
        season = ("summer", "winter")[k % 2]
        day = f"2026-{1 + k % 12:02}-{1 + k % 28:02}"
        cells = {"title": f"{things[season][k // 2 % 2]} {k % 7}", "price": f"{5 + k * 7 % 90}.5"}
        rows.append({**cells, "brand": ("acme", "zed", "kolo")[k % 3], "sold": day, "season": season})
    small_runs.write_rows(folder / "shop.csv", rows)
    kinds = ("--text", "title", "--number", "price", "--category", "brand", "--date", "sold", "--target", "season")
    with small_runs.working_folder(folder):
        trained = small_runs.main("train", "shop.csv", *kinds, "--epochs", "1", "--width", "32")
        assert trained.code == 0, trained.err
        exported = small_runs.main("export", "runs/shop", "--formats", "tflite", "onnx")
        assert exported.code == 0, exported.out + exported.err
    return folder / "exported/shop"


def client(name: str) -> Path:
    """The Python of a client's environment; the test is skipped where there is none."""
    python = small_runs.ROOT / f".venv-{name}/bin/python"
    if not python.exists():
        pytest.skip(f"there is no environment .venv-{name}: `make .venv-{name}/installed`, or `make test`, makes it")
    return python


ANSWER = """
import json, sys
import mmkeras
model, row = mmkeras.load(sys.argv[1]), json.loads(sys.argv[2])
answers = [model(row), model({**row, "price": "12.50", "sold": None})]
assert mmkeras.load(sys.argv[3])(row) == answers[0]  # the folder answers with the artefact whose runtime is there
print(json.dumps([answer.probabilities for answer in answers]))
"""


@pytest.mark.parametrize(("name", "artefact"), CLIENTS.items())
def test_a_client_with_numpy_and_one_runtime_answers(
    name: str, artefact: str, shop: Path, site: Path, tmp_path: Path
) -> None:
    python = client(name)
    listed = command([str(python), "-m", "pip", "list", "--format", "json"], site, tmp_path)
    installed = {package["name"].lower().replace("_", "-").replace(".", "-") for package in json.loads(listed.out)}
    assert installed - {"mmkeras"} <= BESIDE
    done = command([str(python), "-c", ANSWER, str(shop / artefact), json.dumps(ROW), str(shop)], site, tmp_path)
    assert done.code == 0, done.err
    model = mmkeras.load(shop / artefact)
    for answer, row in zip(json.loads(done.lines[-1]), (ROW, {**ROW, "sold": None}), strict=True):
        assert answer == pytest.approx(model(row).probabilities, abs=1e-6)


@pytest.mark.parametrize(("name", "artefact"), CLIENTS.items())
def test_a_client_answers_texts_alone(
    name: str, artefact: str, run: small_runs.SmallRun, site: Path, tmp_path: Path
) -> None:
    cells = dict.fromkeys(small_runs.COLUMNS, "the team, a goal")
    code = "import json, sys, mmkeras; print(mmkeras.load(sys.argv[1])(json.loads(sys.argv[2])).label)"
    done = command([str(client(name)), "-c", code, str(run.exported / artefact), json.dumps(cells)], site, tmp_path)
    assert done.code == 0, done.err
    assert done.lines[-1] == mmkeras.load(run.exported / artefact)(cells).label


@pytest.mark.parametrize(("name", "artefact"), CLIENTS.items())
def test_what_a_client_lacks_is_a_sentence(name: str, artefact: str, shop: Path, site: Path, tmp_path: Path) -> None:
    """No "No module named …": neither on the command line nor in Python."""
    python, other = str(client(name)), next(file for file in CLIENTS.values() if file != artefact)
    lines = {
        "train a.csv": "`mmkeras train` needs TensorFlow",
        "export runs/a": "`mmkeras export` needs TensorFlow",
        f"predict {shop / artefact} a.csv": "The command line needs tyro",
    }
    for line, expected in lines.items():
        done = command([python, "-m", "mmkeras", *line.split()], site, tmp_path)
        assert done.code == 2
        assert expected in done.err
        assert "pip install 'mmkeras[" in done.err
        assert "No module named" not in done.err
    for line in ("help", "help train", "--version"):
        assert command([python, "-m", "mmkeras", *line.split()], site, tmp_path).code == 0
    calls = {
        f"mmkeras.load({str(shop / other)!r})": "pip install 'mmkeras[",
        f"mmkeras.load({str(shop / artefact)!r}).predict({str(shop.parents[1] / 'shop.csv')!r})": "needs pandas",
        "mmkeras.train('a.csv')": "Training needs TensorFlow",
        f"mmkeras.verify({str(shop)!r})": "leave it out with --formats",
    }
    code = (
        "import mmkeras\nfor call in {!r}:\n    try: eval(call)\n    except mmkeras.InputError as error: print(error)"
    )
    done = command([python, "-c", code.format(list(calls))], site, tmp_path)
    assert done.code == 0, done.err
    for line, expected in zip(done.lines, calls.values(), strict=True):
        assert expected in line
    assert (shop / other).exists(), "an artefact without its runtime is not rejected"
