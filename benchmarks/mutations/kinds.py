"""The kinds of files of an exported folder and of a run, each with the opening that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.mutations.mutate import (
    of_arrays,
    of_bomb,
    of_bytes,
    of_contract,
    of_json,
    of_old_contract,
    of_old_onnx,
    without_seal,
)
from benchmarks.mutations.outcomes import Kind

ROWS = 4  # sample rows that are answered


def kinds_of_numbers(folder: Path) -> list[Kind]:
    """Of an exported folder of a model that predicts rows."""
    from mmkeras.verification.belonging import check_belonging
    from mmkeras.verification.samples import SAMPLES, load_samples
    from mmkeras.verification.verify import check_folder, log_results

    samples = load_samples(folder / SAMPLES)

    def opened() -> Any:
        from mmkeras.runtime.exported import read_signature

        signature = read_signature(folder)
        check_folder(folder, signature)
        log_results({}, signature, "held-out rows", log=lambda _: None)
        rows = load_samples(folder / SAMPLES)
        check_belonging(rows, signature, folder / SAMPLES)
        words = rows.words
        return signature.labels, words, artefact("predict.tflite")() if (folder / "predict.tflite").exists() else None

    def artefact(name: str) -> Callable[[], Any]:
        def answer() -> Any:
            from mmkeras.runtime.answering import finite
            from mmkeras.runtime.contract import decided
            from mmkeras.runtime.feeds import to_arrays
            from mmkeras.runtime.runners import open_artefact

            runner = open_artefact(folder / name, threads=1)
            spec = runner.signature["outputs"][0]["name"]
            inputs = runner.signature["inputs"]
            values = {spec["name"]: samples.inputs.get(spec["name"], [b"a text"] * ROWS) for spec in inputs}
            arrays = to_arrays(values, inputs, range(ROWS))
            return decided(runner.signature, finite(runner(arrays, [spec])[spec], name))[0]

        return answer

    def proof() -> Any:
        from mmkeras.results.verification import PROOF
        from mmkeras.system.json_files import check_shape, read_object

        value = read_object(folder / PROOF)
        check_shape(value, {"passed": bool, "artefacts": {"*": {"passed": bool}}}, folder / PROOF, "Verify it again.")
        return value["passed"]

    def rows() -> Any:
        return len(load_samples(folder / SAMPLES))

    tflite, saved_model = folder / "predict.tflite", folder / "savedmodel" / "1"
    variables, assets = saved_model / "variables", saved_model / "assets"
    kinds = [
        Kind("signature.json", folder / "signature.json", of_json, opened),
        Kind("signature.json, old", folder / "signature.json", without_seal(of_json), opened, old=True),
        Kind("labels.txt", folder / "labels.txt", of_bytes, opened),
        Kind("sample_inputs.npz", folder / SAMPLES, of_arrays, opened),
        Kind("sample_inputs.npz, old", folder / SAMPLES, of_arrays, rows, old=True),
        Kind("sample_inputs.npz, bomb", folder / SAMPLES, of_bomb, rows, old=True, cost=200),
        Kind("verify.json", folder / "verify.json", of_json, proof, old=True),
        Kind(".tflite, bytes", tflite, of_bytes, artefact("predict.tflite")),
        Kind(".tflite, contract", tflite, of_contract, artefact("predict.tflite")),
        Kind(".tflite, contract, old", tflite, of_old_contract, artefact("predict.tflite"), old=True),
        Kind(".onnx", folder / "predict.onnx", of_bytes, artefact("predict.onnx")),
        Kind(".onnx, contract, old", folder / "predict.onnx", of_old_onnx, artefact("predict.onnx"), old=True),
        Kind("saved_model.pb", saved_model / "saved_model.pb", of_bytes, artefact("savedmodel/1")),
        Kind("variables", variables / "variables.data-00000-of-00001", of_bytes, artefact("savedmodel/1")),
        Kind("variables.index", variables / "variables.index", of_bytes, artefact("savedmodel/1")),
        Kind("assets/signature.json", assets / "signature.json", of_json, artefact("savedmodel/1")),
    ]
    return [kind for kind in kinds if kind.path.exists()]


def kinds_of_texts(folder: Path) -> list[Kind]:
    """Of an exported folder of a model that generates text from a text column."""
    from mmkeras.verification.samples import SAMPLES, load_text_samples

    samples = load_text_samples(folder / SAMPLES)

    def answer() -> Any:
        from mmkeras.generation.generator import open_generator
        from mmkeras.generation.options import GenerationOptions

        generator = open_generator(folder, "tflite", threads=1)
        decoded = generator.decode_rows(samples.inputs, 2, GenerationOptions())
        return [generator.tokenizer.decode(text.ids) for text in decoded]

    def rows() -> Any:
        return len(load_text_samples(folder / SAMPLES))

    return [
        Kind("pieces.json", folder / "pieces.json", of_json, answer),
        Kind("signature.json of texts", folder / "signature.json", of_json, answer),
        Kind("signature.json of texts, old", folder / "signature.json", without_seal(of_json), answer, old=True),
        Kind("samples of texts, old", folder / SAMPLES, of_arrays, rows, old=True),
        Kind("decode_step.tflite", folder / "decode_step.tflite", of_bytes, answer),
    ]


def kinds_of_run(folder: Path, old: bool = False) -> list[Kind]:
    """Of a run. The weights are loaded where all else is sound. old: without sha256.json, so all but the weights."""

    def answer() -> Any:
        from mmkeras.modalities.adapt import load_columns
        from mmkeras.runs.integrity import read_metrics
        from mmkeras.runs.run import open_run

        run = open_run(folder)
        columns = load_columns(run.inputs, folder)
        score = read_metrics(folder)["validation"]["score"]
        return run.labels, sorted(columns), json.dumps(run.environment["seed"]), score

    state = sorted((folder / "state").glob("*.npz"))[0]
    end = ", old" if old else ""
    kinds = [
        Kind(f"schema.json{end}", folder / "schema.json", of_json, answer, old),
        Kind(f"config.json{end}", folder / "config.json", of_json, answer, old),
        Kind(f"metrics.json{end}", folder / "metrics.json", of_json, answer, old),
        Kind(f"environment.json{end}", folder / "environment.json", of_json, answer, old),
        Kind(f"state .npz{end}", state, of_arrays, answer, old),
    ]
    weights = [
        Kind("model.keras", folder / "model.keras", of_bytes, answer),
        Kind("sha256.json", folder / "sha256.json", of_json, answer),
    ]
    return kinds if old else kinds + weights
