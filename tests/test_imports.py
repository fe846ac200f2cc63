"""Who may import whom, by DESIGN.md's rule of dependence, and what a process that only answers never loads."""

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


@dataclass(frozen=True)
class Import:
    """One import. late: inside a function, so that it happens when that is called."""

    module: str
    late: bool
    line: int
    place: str


def module_name(path: Path) -> str:
    """mmkeras/table.py -> mmkeras.table, mmkeras/report/__init__.py -> mmkeras.report."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of a file but those for type checkers; `from a import b` counts as a.b where that is a module."""

    def visit(node: ast.AST, place: str, late: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
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
                yield from visit(child, f"{place}.{name}".strip(".") if name else place, deeper)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), "", False)


PATHS = sorted((ROOT / "mmkeras").rglob("*.py"))
MODULES = {module_name(path): path for path in PATHS}
IMPORTS = {name: list(imports_of(path)) for name, path in MODULES.items()}


def within(module: str, *packages: str) -> bool:
    """Is a module one of the packages, or in it?"""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def ours(module: str) -> list[str]:
    """The modules of ours that a module imports, at once or late."""
    return [i.module for i in IMPORTS[module] if within(i.module, "mmkeras")]


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


def check_only(modules: list[str], allowed: tuple[str, ...]) -> None:
    """The modules import none of ours but the allowed ones and each other."""
    for name in modules:
        odd = [other for other in ours(name) if not within(other, *allowed, *modules) and other != "mmkeras"]
        assert not odd, f"{name} imports {odd}"


def modules_of(package: str) -> list[str]:
    return [name for name in MODULES if within(name, package)]


BELOW_TABLE = ("mmkeras.config", "mmkeras.errors", "mmkeras.files")
TABLE = [
    *("mmkeras.table", "mmkeras.columns", "mmkeras.cells", "mmkeras.reading", "mmkeras.records", "mmkeras.encoding"),
    *("mmkeras.task_choice", "mmkeras.targets", "mmkeras.split", "mmkeras.strata"),
]


def test_the_modules_named_here_exist() -> None:
    assert not [name for name in (*BELOW_TABLE, *TABLE, *RUN_WITHOUT_KERAS) if name not in MODULES]
    assert len(MODULES) > 20


def test_config_knows_nothing_of_ours() -> None:
    check_only(["mmkeras.config", "mmkeras.errors"], ())


def test_files_know_nothing_of_ours() -> None:
    check_only(["mmkeras.files"], ())


def test_table_knows_the_config_alone() -> None:
    check_only(TABLE, BELOW_TABLE)


def test_modalities_know_the_table_and_what_is_below() -> None:
    check_only(modules_of("mmkeras.modalities"), (*BELOW_TABLE, *TABLE, "mmkeras.ragged", "mmkeras.encoded"))
    check_only(["mmkeras.encoded"], BELOW_TABLE)
    check_only(["mmkeras.fusions"], (*BELOW_TABLE, "mmkeras.encoded"))


def test_features_know_modalities() -> None:
    check_only(["mmkeras.features"], (*BELOW_TABLE, *TABLE, "mmkeras.modalities", "mmkeras.ragged"))


def test_models_and_tasks_know_modalities_and_graphs() -> None:
    allowed = (*BELOW_TABLE, "mmkeras.modalities", "mmkeras.graph", "mmkeras.optimizers", "mmkeras.models")
    check_only([*modules_of("mmkeras.models"), *modules_of("mmkeras.tasks")], allowed)


def test_exporters_know_graphs_not_tasks() -> None:
    check_only(modules_of("mmkeras.exporters"), ("mmkeras.errors", "mmkeras.graph"))


def test_the_report_is_made_of_the_run_folder_s_files() -> None:
    check_only(modules_of("mmkeras.report"), (*BELOW_TABLE, "mmkeras.run"))


def test_nothing_imports_the_command_line() -> None:
    for name in MODULES:
        assert not [other for other in ours(name) if within(other, "mmkeras.cli")], f"{name} imports the command line"


@pytest.mark.parametrize("script", ["train.py", "export.py"])
def test_the_scripts_import_the_command_line_alone(script: str) -> None:
    assert {i.module for i in imports_of(ROOT / script)} == {"sys", "mmkeras.cli"}


def test_no_circles() -> None:
    """Among imports at module level, a circle works or fails by the order of imports."""
    for name in MODULES:
        for found in IMPORTS[name]:
            back = not found.late and found.module in MODULES and found.module != name and name in reached(found.module)
            # importing mmkeras.a.b runs mmkeras.a's __init__: that is no circle
            assert not back or within(found.module, name), f"{name} and {found.module} import each other"


# what runs where Keras is not: a client's process, and verify's
RUN_WITHOUT_KERAS = (
    *("mmkeras", "mmkeras.runners", "mmkeras.verify", "mmkeras.answer", "mmkeras.probes", "mmkeras.predict"),
    "mmkeras.cli",
)


@pytest.mark.parametrize("module", RUN_WITHOUT_KERAS)
def test_what_runs_without_keras_loads_nothing_heavy(module: str) -> None:
    ways = reached(module)
    heavy = {name: " -> ".join(way) for name, way in ways.items() if name.split(".")[0] in HEAVY}
    assert not heavy


def test_only_the_saved_model_runner_asks_for_tensorflow() -> None:
    for name in ("mmkeras.runners", "mmkeras.verify", "mmkeras.answer", "mmkeras.probes", "mmkeras.samples"):
        for found in IMPORTS[name]:
            assert not within(found.module, "keras", "tf_keras"), f"{name}:{found.line} imports Keras"
            if within(found.module, "tensorflow"):
                assert (name, found.place.split(".")[0]) == ("mmkeras.runners", "SavedModelRunner")


def test_predict_asks_for_keras_for_a_run_alone() -> None:
    """Late imports count too here: those of open_model, whose branch for a run needs Keras, and no others."""
    for found in IMPORTS["mmkeras.predict"]:
        if found.late:
            assert found.place == "open_model"
        assert not within(found.module, "keras", "tensorflow")


def loaded(code: str, cwd: Path, *arguments: str | Path) -> set[str]:
    """The top-level packages in memory after some code has run in a process of its own."""
    tail = "\nimport json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = small_runs.process("-c", code + tail, *arguments, cwd=cwd)
    assert done.code == 0, done.err
    return set(json.loads(done.lines[-1]))


@pytest.mark.parametrize("module", RUN_WITHOUT_KERAS)
def test_importing_loads_no_tensorflow(module: str, tmp_path: Path) -> None:
    assert not loaded(f"import {module}", tmp_path) & set(HEAVY)


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
        "import sys\nfrom mmkeras.cli import main\n"
        "for path in sys.argv[2:]: main(['train', path, '--validation', path, '--output', sys.argv[1], '--text', 'zebra'])\n"
        "assert main(['train', 'good.csv', '--epochs', '0']) == 2"
    )
    assert not loaded(code, tmp_path, tmp_path / "run", *places) & {"tensorflow", "keras"}


PREDICT = "import sys\nfrom mmkeras.cli import main\nassert main(['predict', *sys.argv[1:], '--output', 'p.csv']) == 0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("artefact", "runtime", "absent"),
    [
        ("predict.tflite", "ai_edge_litert", {"tensorflow", "keras", "onnxruntime", "sklearn", "matplotlib"}),
        ("predict.onnx", "onnxruntime", {"tensorflow", "keras", "ai_edge_litert", "sklearn", "matplotlib"}),
        # TensorFlow itself imports Keras, and that scikit-learn and Matplotlib; test_verify.py blocks it
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
        "import a, b.c\nfrom mmkeras import table\nfrom mmkeras.table import Table\nif True:\n    import d\n"
        "class K:\n    import e\n    def f(self):\n        with x: import g\n",
        encoding="utf-8",
    )
    found = [(i.module, i.late, i.place) for i in imports_of(path)]
    assert found == [
        ("a", False, ""),
        ("b.c", False, ""),
        ("mmkeras.table", False, ""),
        ("mmkeras.table", False, ""),
        ("d", False, ""),
        ("e", False, "K"),
        ("g", True, "K.f"),
    ]
