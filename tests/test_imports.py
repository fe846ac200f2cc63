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
    """mmkeras/data/table.py -> mmkeras.data.table, mmkeras/report/__init__.py -> mmkeras.report."""
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


BELOW_TABLE = ("mmkeras.config.config", "mmkeras.data.dates", "mmkeras.errors", "mmkeras.system.files")
TABLE = [
    *(
        "mmkeras.data.table",
        "mmkeras.data.columns",
        "mmkeras.data.cells",
        "mmkeras.data.reading",
        "mmkeras.data.csv_records",
        "mmkeras.data.charset",
    ),
    *(
        "mmkeras.data.task_guess",
        "mmkeras.data.targets",
        "mmkeras.data.split",
        "mmkeras.data.stratify",
        "mmkeras.data.describe",
    ),
    "mmkeras.training.resolve",
]
ALONE = [  # know nothing of ours
    *(
        "mmkeras.inputs",
        "mmkeras.modalities.encoded",
        "mmkeras.features.ragged",
        "mmkeras.metrics.predictions",
        "mmkeras.models.optimizers",
    ),
    *(
        "mmkeras.system.progress",
        "mmkeras.system.workers",
        "mmkeras.system.tensorflow",
        "mmkeras.system.files",
        "mmkeras.errors",
        "mmkeras.data.dates",
    ),
    "mmkeras.system.malloc",
]
MEDIA = ["mmkeras.modalities.media.work", "mmkeras.modalities.media.features"]
TASKS = ["mmkeras.tasks.prediction.classify", "mmkeras.tasks.prediction.multilabel", "mmkeras.tasks.prediction.regress"]


def test_the_modules_named_here_exist() -> None:
    named = (*BELOW_TABLE, *TABLE, *ALONE, *MEDIA, *TASKS, *RUN_WITHOUT_KERAS)
    assert not [name for name in named if name not in MODULES]
    assert len(MODULES) > 20


def test_what_knows_nothing_of_ours() -> None:
    for name in ALONE:
        check_only([name], ())
    check_only(["mmkeras.config.config", "mmkeras.errors"], ())


def test_table_knows_the_config_alone() -> None:
    check_only(TABLE, BELOW_TABLE)


def test_modalities_know_what_is_below_and_not_the_table() -> None:
    below = (
        "mmkeras.features.ragged",
        "mmkeras.modalities.encoded",
        "mmkeras.inputs",
        "mmkeras.features.column_features",
        "mmkeras.features.cache",
    )
    check_only(modules_of("mmkeras.modalities"), (*BELOW_TABLE, *below))
    check_only(["mmkeras.models.fusions"], ("mmkeras.modalities.encoded",))


def test_features_know_sides_alone() -> None:
    check_only(["mmkeras.features.batches"], ("mmkeras.features.dataset", "mmkeras.features.column_features"))
    check_only(["mmkeras.features.dataset"], ("mmkeras.system.malloc",))
    check_only(["mmkeras.features.column_features"], ("mmkeras.features.ragged",))
    check_only(["mmkeras.features.cache"], ("mmkeras.errors", "mmkeras.system.files"))


def test_media_are_checked_without_the_model() -> None:
    below = (
        "mmkeras.errors",
        "mmkeras.features.cache",
        "mmkeras.modalities",
        "mmkeras.system.progress",
        "mmkeras.system.workers",
    )
    check_only(MEDIA, below)
    check_only(["mmkeras.modalities.media.check"], (*BELOW_TABLE, *TABLE, *MEDIA, *below, "mmkeras.inputs"))


def test_models_know_modalities_and_not_the_table() -> None:
    allowed = (
        *BELOW_TABLE,
        "mmkeras.modalities",
        "mmkeras.modalities.encoded",
        "mmkeras.models.fusions",
        "mmkeras.models.optimizers",
    )
    check_only(
        modules_of("mmkeras.models"),
        (*allowed, "mmkeras.tasks", "mmkeras.features.stream_batches", "mmkeras.features.dataset"),
    )
    for name in modules_of("mmkeras.models"):  # of the tasks, by their names: the dict
        assert not [other for other in ours(name) if within(other, *TASKS, "mmkeras.tasks.prediction.graph")], name


def test_tasks_know_the_config_and_predicting_the_graph() -> None:
    check_only(TASKS, ("mmkeras.config.config",))
    joined = ("mmkeras.graph", "mmkeras.modalities", "mmkeras.models.core", "mmkeras.data.targets", "mmkeras.tasks")
    check_only(["mmkeras.tasks.prediction.graph"], joined)
    writing = (
        "mmkeras.graph",
        "mmkeras.modalities",
        "mmkeras.models",
        "mmkeras.data.target_tokenizer",
        "mmkeras.tasks",
    )
    check_only(["mmkeras.tasks.text_generation.graphs", "mmkeras.tasks.text_generation.recurrent_graphs"], writing)


def test_fitting_and_measuring_know_no_export() -> None:
    below = (
        "mmkeras.modalities",
        "mmkeras.models",
        "mmkeras.tasks",
        "mmkeras.data.targets",
        "mmkeras.features.batches",
    )
    check_only(
        ["mmkeras.training.loop"],
        (*BELOW_TABLE, *below, "mmkeras.training.callbacks", "mmkeras.features.column_features"),
    )
    check_only(
        ["mmkeras.tasks.prediction.evaluate"],
        (
            *below,
            "mmkeras.training.loop",
            "mmkeras.metrics.predictions",
            "mmkeras.runtime.feeds",
            "mmkeras.features.column_features",
        ),
    )


def test_exporters_know_graphs_not_tasks() -> None:
    check_only(
        modules_of("mmkeras.export.formats"),
        ("mmkeras.errors", "mmkeras.graph", "mmkeras.inputs", "mmkeras.data.target_tokenizer"),
    )
    check_only(["mmkeras.graph"], ("mmkeras.inputs",))
    below = (
        "mmkeras.system.files",
        "mmkeras.graph",
        "mmkeras.inputs",
        "mmkeras.metrics.predictions",
        "mmkeras.runs.run",
    )
    check_only(["mmkeras.export.model_card"], below)


def test_what_answers_knows_arrays_and_signatures() -> None:
    """Neither columns of a table nor layers: what a signature says is enough."""
    check_only(
        ["mmkeras.runtime.feeds"], ("mmkeras.data.dates", "mmkeras.errors", "mmkeras.inputs", "mmkeras.modalities")
    )
    check_only(["mmkeras.runtime.runners"], ("mmkeras.errors", "mmkeras.inputs", "mmkeras.modalities.image.resize"))
    check_only(["mmkeras.verification.samples"], ("mmkeras.errors", "mmkeras.features.ragged"))
    check_only(["mmkeras.metrics.agreement"], ("mmkeras.metrics.predictions",))
    answering = [
        "mmkeras.verification.clean_process.predictions",
        "mmkeras.verification.clean_process.signatures",
        "mmkeras.verification.clean_process.client_inputs",
    ]
    below = (
        "mmkeras.runtime.feeds",
        "mmkeras.runtime.runners",
        "mmkeras.verification.samples",
        "mmkeras.metrics.agreement",
        "mmkeras.inputs",
    )
    check_only(answering, (*below, "mmkeras.modalities"))
    below = ("mmkeras.errors", "mmkeras.system.files", "mmkeras.verification.samples", "mmkeras.metrics.agreement")
    check_only(["mmkeras.verification.verify"], (*below, "mmkeras.verification.texts"))


def test_what_writes_knows_runners_and_pieces() -> None:
    """The loop over pieces knows no runtime, and what opens an exported folder no layers."""
    check_only(
        ["mmkeras.generation.options", "mmkeras.generation.decoding"],
        ("mmkeras.errors", "mmkeras.data.target_tokenizer"),
    )
    check_only(
        ["mmkeras.data.target_tokenizer", "mmkeras.features.stream_batches"],
        ("mmkeras.errors", "mmkeras.system.files", "mmkeras.data.target_tokenizer"),
    )
    check_only(
        ["mmkeras.generation.generator"],
        (
            *(
                "mmkeras.generation.options",
                "mmkeras.generation.decoding",
                "mmkeras.errors",
                "mmkeras.data.target_tokenizer",
                "mmkeras.runtime.feeds",
            ),
            *("mmkeras.runtime.runners", "mmkeras.verification.samples"),
        ),
    )
    for name in (
        "mmkeras.generation.decoding",
        "mmkeras.data.target_tokenizer",
        "mmkeras.generation.generator",
        "mmkeras.verification.texts",
    ):
        assert not {"tensorflow", "keras"} & reached(name).keys(), name


def test_the_report_is_made_of_the_run_folder_s_files() -> None:
    """And of the pictures and clips that its rows name, which it reads as training does, without TensorFlow."""
    check_only(
        modules_of("mmkeras.report"), (*BELOW_TABLE, "mmkeras.runs.run", "mmkeras.modalities", "mmkeras.metrics.texts")
    )
    for name in modules_of("mmkeras.report"):
        late = [i.module for i in IMPORTS[name] if i.late and within(i.module, "mmkeras")]
        for module in (name, *late):
            assert not {"tensorflow", "keras"} & reached(module).keys(), module


def test_nothing_imports_the_command_line() -> None:
    for name in MODULES:
        assert not [other for other in ours(name) if within(other, "mmkeras.cli.main")], (
            f"{name} imports the command line"
        )


@pytest.mark.parametrize("script", ["train.py", "export.py"])
def test_the_scripts_import_the_command_line_alone(script: str) -> None:
    assert {i.module for i in imports_of(ROOT / script)} == {"sys", "mmkeras.cli.main"}


def test_no_circles() -> None:
    """Among imports at module level, a circle works or fails by the order of imports."""
    for name in MODULES:
        for found in IMPORTS[name]:
            back = not found.late and found.module in MODULES and found.module != name and name in reached(found.module)
            # importing mmkeras.a.b runs mmkeras.a's __init__: that is no circle
            assert not back or within(found.module, name), f"{name} and {found.module} import each other"


# what runs where Keras is not: a client's process, verify's, and the workers that read pictures and clips
ANSWERING = (
    *(
        "mmkeras.runtime.runners",
        "mmkeras.verification.verify",
        "mmkeras.verification.clean_process.predictions",
        "mmkeras.verification.clean_process.signatures",
        "mmkeras.verification.clean_process.client_inputs",
    ),
    *("mmkeras.runtime.feeds", "mmkeras.verification.samples", "mmkeras.metrics.agreement", "mmkeras.inputs"),
)
READING = ("mmkeras.modalities.media.work", "mmkeras.modalities.media.features", "mmkeras.modalities.media.check")
RUN_WITHOUT_KERAS = ("mmkeras", *ANSWERING, *READING, "mmkeras.runtime.predict", "mmkeras.cli.main")
# of them, those of a client or of verify, which must start at once: NumPy is all that they load
LIGHT = (
    "mmkeras.runtime.runners",
    "mmkeras.verification.verify",
    "mmkeras.verification.clean_process.predictions",
    "mmkeras.runtime.feeds",
)


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


def test_reading_a_cell_asks_for_no_tensorflow() -> None:
    """Late imports count too: pictures and clips are read where the graph runs, by Pillow and soundfile.

    But for byte pairs and SentencePiece, whose tokenizers are keras-hub's.
    """
    for found in IMPORTS["mmkeras.runtime.feeds"]:
        if found.place == "read_ids":
            continue
        heavy = set(HEAVY) & {name.split(".")[0] for name in reached(found.module)}
        assert not heavy, f"{found.place} imports {heavy}"


def test_predict_asks_for_keras_for_a_run_alone() -> None:
    """Late imports count too here: those of open_model, whose branch for a run needs Keras, and no others."""
    for found in IMPORTS["mmkeras.runtime.predict"]:
        if found.late:
            assert found.place == "open_model"
        assert not within(found.module, "keras", "tensorflow")


def loaded(code: str, cwd: Path, *arguments: str | Path) -> set[str]:
    """The top-level packages in memory after some code has run in a process of its own."""
    tail = "\nimport json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = small_runs.process("-c", code + tail, *arguments, cwd=cwd)
    assert done.code == 0, done.err
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
        "import a, b.c\nfrom mmkeras import table\nfrom mmkeras.data.table import Table\nif True:\n    import d\n"
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
