"""What a light installation lacks is told in a sentence with the command that installs it, never as an ImportError."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
import small_runs

import mmkeras
from mmkeras.errors import InputError
from mmkeras.system import packages


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def test_a_module_that_is_absent_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    @packages.missing_named()
    def read() -> None:
        import PIL.Image  # noqa: F401

    without(monkeypatch, "PIL", "PIL.Image")
    with pytest.raises(InputError, match=r"pictures needs Pillow.* pip install 'mmkeras\[runtime\]'$"):
        read()


def test_a_defect_stays_one() -> None:
    """A package's own broken import, or one of ours, is not told as a missing package."""
    for code in ("import mmkeras.nothing", "import json.nothing"):
        with pytest.raises(ModuleNotFoundError), packages.missing_named():
            exec(code)


@pytest.mark.parametrize("command", ["train", "export", "ablate"])
def test_training_asks_for_what_it_needs_before_all_else(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "tensorflow", "keras", "tyro", "pandas")
    done = small_runs.main(command, "absent.csv")
    assert done.code == 2
    assert f"`mmkeras {command}` needs TensorFlow" in done.err
    assert done.err.endswith("pip install 'mmkeras[train]'\n")
    assert small_runs.main(command, "--help").code == 0


def test_python_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "tensorflow")
    for work in (lambda: mmkeras.train("a.csv"), lambda: mmkeras.export("runs/a")):
        with pytest.raises(InputError, match="needs TensorFlow, which is not installed"):
            work()
    monkeypatch.undo()
    without(monkeypatch, "sklearn")
    with pytest.raises(InputError, match=r"Training needs scikit-learn, not installed here\. Run: .*mmkeras\[train\]"):
        mmkeras.train("a.csv")


def test_a_python_without_tensorflow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "tensorflow")
    monkeypatch.setattr(packages, "NEWEST_FOR_TRAINING", (3, 10))
    with pytest.raises(InputError, match=r"releases end at Python 3\.10; this is 3\.\d+\. Install mmkeras\[train\]"):
        mmkeras.train("a.csv")


def test_every_extra_that_is_advised_exists() -> None:
    project = tomllib.loads(Path(small_runs.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert {extra for _, extra in packages.NEEDED.values()} <= extras.keys()
    assert [package.split(">")[0] for package in project["dependencies"]] == ["numpy"]
