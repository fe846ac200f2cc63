"""Who may import whom: the rule of dependence as one table, no circles of files, and what never loads TensorFlow."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import small_runs
from broken_inputs import BROKEN_INPUTS, GOOD

ROOT = small_runs.ROOT
HEAVY = ("tensorflow", "keras", "tf2onnx", "matplotlib", "sklearn", "ai_edge_litert", "onnxruntime", "onnx")

# The rule of dependence. A package, or a module at the root, may import those behind it and nothing else of mmkeras.
# Data flow down the list; what trains or exports stands above `tasks`; what only answers (runtime, generation,
# verification) knows neither models, tasks, training nor export. `cli` may import everything, and nothing imports it.
MAY_IMPORT = {
    "errors": "",
    "graph": "",
    "system": "errors",
    "config": "errors system",
    "metrics": "config",
    "runs": "config errors system",
    "data": "config errors system",
    "examples": "config data errors system",
    "features": "data errors system",
    "modalities": "config data errors features graph system",
    "own_layers": "config data errors modalities system",
    "models": "config modalities",
    "runtime": "data errors graph metrics modalities system",
    "report": "config data errors metrics modalities runs system",
    "generation": "data errors features graph metrics modalities runtime system",
    "verification": "data errors features generation graph metrics modalities runtime system",
    "tasks": "config data errors features generation graph metrics modalities models own_layers runs runtime system verification",
    "comparing": "config data errors generation graph metrics modalities runs runtime system tasks",
    "results": "errors verification",
    "exporting": "config data errors graph metrics modalities runs runtime system tasks verification",
    "training": "config data errors exporting features graph metrics modalities models own_layers report runs system tasks",
    "experiments": "config data errors modalities report runs system training",
    "api": "comparing config errors examples exporting generation graph own_layers results runs runtime system tasks training verification",
    "cli": "api comparing config data errors examples experiments exporting generation graph report runtime system tasks training verification",
}
AT_THE_ROOT = {"__init__", "__main__", "api", "errors", "graph"}  # the public face, the errors, the contract


@dataclass(frozen=True)
class Import:
    """One import. late: inside a function, so that it happens when that is called."""

    module: str
    late: bool
    line: int
    place: str


def module_name(path: Path) -> str:
    """mmkeras/data/table.py -> mmkeras.data.table, mmkeras/report/__init__.py -> mmkeras.report."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of a file: module level, inside functions, under TYPE_CHECKING.

    `from a import b` counts as a.b where that is a module.
    """

    def visit(node: ast.AST, place: str, late: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, late, child.lineno, place)
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"{path}:{child.lineno}: a relative import; name the module in full"
                for alias in child.names:
                    whole = f"{child.module}.{alias.name}"
                    yield Import(whole if whole in MODULES else child.module or "", late, child.lineno, place)
            else:
                name = getattr(child, "name", "") if isinstance(child, ast.ClassDef | ast.FunctionDef) else ""
                deeper = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                    deeper = True  # never executed: as little loaded as what a function imports
                yield from visit(child, f"{place}.{name}".strip(".") if name else place, deeper)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), "", False)


PATHS = sorted((ROOT / "mmkeras").rglob("*.py"))
MODULES = {module_name(path): path for path in PATHS}
IMPORTS = {name: list(imports_of(path)) for name, path in MODULES.items()}


def within(module: str, *packages: str) -> bool:
    """Is a module one of the packages, or in it?"""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def room(module: str) -> str:
    """mmkeras.data.table -> data; the package itself, for mmkeras."""
    return module.split(".")[1] if "." in module else module


def reached(module: str) -> dict[str, tuple[str, ...]]:
    """Everything that importing a module loads, packages' __init__ included -> the way there."""
    ways: dict[str, tuple[str, ...]] = {}
    waiting = [(module, (module,))]
    while waiting:
        name, way = waiting.pop()
        parts = name.split(".")
        for part in [".".join(parts[: k + 1]) for k in range(len(parts))]:
            if part in ways:
                continue
            ways[part] = way
            for found in IMPORTS.get(part, []):
                if not found.late:
                    waiting.append((found.module, (*way, found.module)))
    return ways


def test_every_room_is_in_the_table() -> None:
    rooms = {room(name) for name in MODULES} - {"mmkeras", "__main__"}
    assert rooms == MAY_IMPORT.keys()


def test_nothing_lies_at_the_root_but_the_public_face_the_errors_and_the_contract() -> None:
    assert {path.stem for path in (ROOT / "mmkeras").glob("*.py")} <= AT_THE_ROOT


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_room_imports_what_the_table_says(name: str) -> None:
    """Late imports and those for type checkers count too."""
    allowed = {name, "mmkeras", *MAY_IMPORT[name].split()}
    odd = [
        f"{module}:{found.line} imports {found.module}"
        for module in MODULES
        if room(module) == name
        for found in IMPORTS[module]
        if within(found.module, "mmkeras") and room(found.module) not in allowed
    ]
    assert not odd


def test_the_table_itself_has_no_circle() -> None:
    """A room may import what stands above it in the table alone."""
    order = list(MAY_IMPORT)
    for name, allowed in MAY_IMPORT.items():
        assert all(order.index(other) < order.index(name) for other in allowed.split()), name


def test_no_circles_of_files() -> None:
    """Through every import, late ones included: a late import hides a circle, it does not open it."""
    after = {name: {i.module for i in IMPORTS[name] if i.module in MODULES} - {name} for name in MODULES}
    while leaves := {name for name, others in after.items() if not others & after.keys()}:
        after = {name: others - leaves for name, others in after.items() if name not in leaves}
    assert not after, f"in a circle, or above one: {after}"


@pytest.mark.parametrize("package", sorted({path.parent for path in PATHS if path.name == "__init__.py"}))
def test_a_package_says_in_its_first_line_what_lives_there(package: Path) -> None:
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    assert text, f"{package}/__init__.py has no docstring"
    assert text.splitlines()[0].endswith((".", "?"))


def test_every_room_has_its_tests() -> None:
    rooms = {path.parent.name for path in (ROOT / "mmkeras").glob("*/__init__.py")}
    assert not {name for name in rooms if not any((ROOT / "tests" / name).rglob("test_*.py"))}


@pytest.mark.parametrize("script", ["train.py", "export.py"])
def test_the_scripts_import_the_command_line_alone(script: str) -> None:
    assert {i.module for i in imports_of(ROOT / script)} == {"sys", "mmkeras.cli.main"}


# what runs where Keras is not: a client's process, verify's, and the workers that read pictures and clips
ANSWERING = (
    *("mmkeras.runtime.runners", "mmkeras.runtime.feeds", "mmkeras.runtime.exported", "mmkeras.graph"),
    *("mmkeras.verification.verify", "mmkeras.verification.samples", "mmkeras.metrics.agreement"),
    *(name for name in MODULES if within(name, "mmkeras.verification.clean_process")),
)
READING = ("mmkeras.modalities.media.work", "mmkeras.modalities.media.features", "mmkeras.modalities.media.check")
WITHOUT_KERAS = ("data", "metrics", "runs", "runtime", "generation", "verification", "config")  # whole rooms
RUN_WITHOUT_KERAS = (
    *("mmkeras", "mmkeras.api", "mmkeras.cli.main", "mmkeras.training.train", *READING),
    *(name for name in MODULES if room(name) in WITHOUT_KERAS),
)
# of them, those of a client or of verify, which must start at once: NumPy is all that they load
LIGHT = (
    *("mmkeras.runtime.runners", "mmkeras.verification.verify", "mmkeras.runtime.feeds"),
    "mmkeras.verification.clean_process.predictions",
)


# what a client with NumPy and one runtime loads to answer a row or a text, by Python; tables are read with pandas
ANSWER_A_ROW = ("mmkeras.api", "mmkeras.tasks.opening", "mmkeras.runtime.predictor", "mmkeras.generation.text_model")
NOT_OF_A_CLIENT = (
    *HEAVY,
    "pandas",
    "pyarrow",
    "scipy",
    "PIL",
    "soundfile",
    "tyro",
    "sacrebleu",
    "sentencepiece",
    "jinja2",
)


@pytest.mark.parametrize(
    "module", [*ANSWER_A_ROW, "mmkeras.cli.main", "mmkeras.cli.options", "mmkeras.generation.score"]
)
def test_a_client_needs_numpy_alone(module: str) -> None:
    """Imports on the way to an answer; cells of pictures and clips ask for theirs when one is read."""
    odd = {name: " -> ".join(way) for name, way in reached(module).items() if name.split(".")[0] in NOT_OF_A_CLIENT}
    assert not odd


@pytest.mark.parametrize("module", RUN_WITHOUT_KERAS)
def test_what_runs_without_keras_loads_nothing_heavy(module: str) -> None:
    ways = reached(module)
    heavy = {name: " -> ".join(way) for name, way in ways.items() if name.split(".")[0] in HEAVY}
    assert not heavy


def test_only_the_saved_model_runner_asks_for_tensorflow() -> None:
    for name in ANSWERING:
        for found in IMPORTS[name]:
            assert not within(found.module, "keras", "tf_keras"), f"{name}:{found.line} imports Keras"
            if within(found.module, "tensorflow"):
                assert (name, found.place.split(".")[0]) == ("mmkeras.runtime.runners", "SavedModelRunner")


CELLS = [name for name in MODULES if within(name, "mmkeras.modalities") and name.endswith(".cells")]


@pytest.mark.parametrize("name", ["mmkeras.runtime.feeds", *CELLS])
def test_reading_a_cell_asks_for_no_tensorflow(name: str) -> None:
    """Late imports count too: pictures and clips are read where the graph runs, by Pillow and soundfile.

    But for byte pairs and SentencePiece, whose tokenizers are keras-hub's.
    """
    for found in IMPORTS[name]:
        if found.place == "read_ids":
            continue
        heavy = set(HEAVY) & {name.split(".")[0] for name in reached(found.module)}
        assert not heavy, f"{found.place} imports {heavy}"


def test_predict_asks_for_no_keras() -> None:
    """Late imports count too: whoever opens a run loads Keras, and hands a Runner down."""
    for found in IMPORTS["mmkeras.runtime.predict"]:
        assert not found.late
        assert not within(found.module, "keras", "tensorflow")


def loaded(code: str, cwd: Path, *arguments: str | Path) -> set[str]:
    """The top-level packages in memory after some code has run in a process of its own."""
    tail = "\nimport json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = small_runs.process("-c", code + tail, *arguments, cwd=cwd)
    assert done.code == 0, done.err
    strange = [line for line in done.err.splitlines() if not line.startswith("error: ")]
    assert not strange, "no library's messages reach the screen"
    return set(json.loads(done.lines[-1]))


def test_importing_loads_no_tensorflow(tmp_path: Path) -> None:
    """All of them in one process: what none loads, no one does."""
    assert not loaded(f"import {', '.join(RUN_WITHOUT_KERAS)}", tmp_path) & set(HEAVY)


def test_answering_starts_with_numpy_alone(tmp_path: Path) -> None:
    packages = loaded(f"import {', '.join(LIGHT)}", tmp_path)
    assert "numpy" in packages
    assert not packages & {"pandas", "pyarrow", "scipy", "PIL", "soundfile", "tyro"}


def test_importing_the_package_loads_next_to_nothing(tmp_path: Path) -> None:
    assert not loaded("import mmkeras", tmp_path) & {"numpy", "pandas", "tyro"}


def test_a_broken_csv_is_refused_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    """All of them, one after another, in one process."""
    places = []
    for k, broken in enumerate(BROKEN_INPUTS):
        (tmp_path / f"{k}").mkdir()
        places.append(str(broken.place(tmp_path / f"{k}")["csv"]))
    (tmp_path / "good.csv").write_bytes(GOOD)
    code = (
        "import sys\nfrom mmkeras.cli.main import main\n"
        "for path in sys.argv[2:]: main(['train', path, '--validation', path, '--output', sys.argv[1], '--text', 'zebra'])\n"
        "assert main(['train', 'good.csv', '--epochs', '0']) == 2"
    )
    assert not loaded(code, tmp_path, tmp_path / "run", *places) & {"tensorflow", "keras"}


PREDICT = (
    "import sys\nfrom mmkeras.cli.main import main\nassert main(['predict', *sys.argv[1:], '--output', 'p.csv']) == 0"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("artefact", "runtime", "absent"),
    [
        ("predict.tflite", "ai_edge_litert", {"tensorflow", "keras", "onnxruntime", "sklearn", "matplotlib"}),
        ("predict.onnx", "onnxruntime", {"tensorflow", "keras", "ai_edge_litert", "sklearn", "matplotlib"}),
        # TensorFlow itself imports Keras, and that scikit-learn and Matplotlib; verification/test_process.py blocks it
        ("savedmodel/1", "tensorflow", {"ai_edge_litert", "onnxruntime"}),
    ],
)
def test_a_whole_prediction_loads_its_own_runtime_alone(
    artefact: str, runtime: str, absent: set[str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = small_runs.exported_run(tmp_path_factory.getbasetemp())
    packages = loaded(PREDICT, tmp_path, run.exported / artefact, run.csv)
    assert runtime in packages
    assert not packages & absent


def test_this_file_s_own_parser(tmp_path: Path) -> None:
    """It must see every import, or the rule is not enforced."""
    path = tmp_path / "m.py"
    path.write_text(
        "import a, b.c\nfrom mmkeras.data import table\nfrom mmkeras.data.table import Table\nif True:\n    import d\n"
        "class K:\n    import e\n    def f(self):\n        with x: import g\n",
        encoding="utf-8",
    )
    found = [(i.module, i.late, i.place) for i in imports_of(path)]
    assert found == [
        ("a", False, ""),
        ("b.c", False, ""),
        ("mmkeras.data.table", False, ""),
        ("mmkeras.data.table", False, ""),
        ("d", False, ""),
        ("e", False, "K"),
        ("g", True, "K.f"),
    ]
