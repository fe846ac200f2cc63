"""docs/quickstart.ipynb runs in any folder, and then the examples of docs/api.md."""

from __future__ import annotations

import ast
import doctest
import json
import re
from pathlib import Path
from typing import Any

import pytest
import small_runs

import mmkeras

NOTEBOOK = small_runs.ROOT / "docs/quickstart.ipynb"
API = (small_runs.ROOT / "docs/api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", API, re.MULTILINE | re.DOTALL)
TEXTS = ("exported/pairs", "exported/lm")  # their examples run in end_to_end/test_text_generation.py


def cells() -> list[dict[str, Any]]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["kernelspec"]["name"]) == (4, "python3")
    return list(notebook["cells"])


def run_cell(code: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does. Returns the value of its last line, if that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "quickstart.ipynb", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "quickstart.ipynb", "eval"), names)  # type: ignore[attr-defined]


def test_every_public_name_is_on_the_page() -> None:
    assert [name for name in mmkeras.__all__ if not re.search(rf"`(mmkeras\.)?{name}\b|^## {name}", API, re.M)] == []


@pytest.mark.parametrize("name", ["train", "load_run", "export", "verify", "load"])
def test_the_examples_of_docstrings_are_on_the_page_and_so_run(name: str) -> None:
    found = doctest.DocTestParser().get_examples(getattr(mmkeras, name).__doc__)
    assert found
    assert [example.source for example in found if example.source.strip() not in "".join(EXAMPLES)] == []


def test_the_notebook_is_small_and_whole() -> None:
    assert NOTEBOOK.stat().st_size < 30_000
    assert "/tmp" not in NOTEBOOK.read_text(encoding="utf-8")
    numbers = [cell["execution_count"] for cell in cells() if cell["cell_type"] == "code"]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.slow
def test_the_notebook_and_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in (cell for cell in cells() if cell["cell_type"] == "code"):
        value = run_cell("".join(cell["source"]), names)
        shown = [output["data"] for output in cell["outputs"] if output["output_type"] == "execute_result"]
        assert (value is not None) == bool(shown), cell["source"]
        assert [hasattr(value, "_repr_html_")] * len(shown) == ["text/html" in data for data in shown]
    assert names["exported"].passed
    assert names["run"].metrics["validation"]["accuracy"] > 0.9, "the page says that it learns"
    names = {}
    for code in EXAMPLES:
        if not any(place in code for place in TEXTS):
            exec(compile(code, "api.md", "exec"), names)
    assert names["by_path"].label == "winter"
    assert names["model"].predict("new.csv")["prediction"].tolist() == ["winter", "summer"]
