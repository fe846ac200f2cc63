"""An artefact -> a Runner: dict of arrays in, dict of arrays out, by name, whatever the format.

Each Runner imports its own runtime alone and never Keras: `open_artefact` must start in a fraction of a second for a
`.tflite` or an `.onnx` file, and `verify` must run a deployed file as a client without Keras does.
"""

from __future__ import annotations

import bisect
import copy
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import graphs_inside, row_signature
from mmkeras.modalities import cells_of
from mmkeras.runtime.answering import failed_answer, first_line
from mmkeras.runtime.contract import check_graph, read_contract
from mmkeras.runtime.damage import CONTRACT, LABELS, read_zip
from mmkeras.runtime.feeds import Arrays, fill_missing_inputs, pad_bytes
from mmkeras.runtime.formats import format_of, in_words
from mmkeras.runtime.limits import Limits, answers_to_no_rows
from mmkeras.system.contained import check_plain
from mmkeras.system.json_files import read_object
from mmkeras.system.noise import LEVEL, muted_at_first, native_noise_muted
from mmkeras.system.packages import missing_named

ONLY_GRAPH = "tensors"  # the signature of a SavedModel's only graph, beside `serving_default`


class Runner(Protocol):
    """A graph, opened by some runtime. signature: the graph's contract, as JSON, checked.

    Those of artefacts have `labels_text`, the labels that stand beside the contract, a line each; None without them.
    """

    signature: dict[str, Any]

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Raw inputs by name, batch first -> outputs by name: those of `output_names`, or all.

        A column that is left out is missing in every row, if the model accepts missing cells (`fill_missing_inputs`).
        Texts may have any length, 0 too; a longer one than the model reads is cut (`Limits.fit`).
        """
        ...


class LiteRTRunner:
    """A .tflite file through ai-edge-litert.

    The file has a signature `predict` of any batch and size, and faster ones of one row: `predict_<n>` of n bytes of
    text, `predict_row` without texts. A row takes the shortest signature that holds it, and its pictures are resized to
    the model's size first, which changes no answer (`resize_pixels` equals the graph's resize, to the last bit).
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        contents, _ = read_zip(path)
        self.path, self.labels_text = path, contents[LABELS].decode()
        self.signature = read_contract(contents[CONTRACT], path, "litert_lengths")
        with muted_at_first("LiteRT"):
            self.interpreter = Interpreter(str(path), num_threads=threads)
        self.names = [i["name"] for i in self.signature["inputs"]]
        self.limits = Limits(self.signature)
        self.sized = {i["name"]: i for i in self.signature["inputs"] if "size" in i}
        self.tokens = {i["name"]: i["max_tokens"] for i in self.signature["inputs"] if "padding" in i}
        self.lengths = sorted(self.signature["litert_lengths"])
        self._rows: dict[int, Callable[..., dict[str, np.ndarray]]] = {}
        self._any: Any = None

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        inputs = self.limits.fit(inputs)
        if not len(inputs[self.names[0]]):
            return answers_to_no_rows(self.signature, output_names)
        try:
            with muted_at_first("XNNPACK"):  # LiteRT creates its delegate when it first plans memory
                return self._run(inputs, output_names)
        except Exception as error:
            raise failed_answer(self.path, error) from error

    def _run(self, inputs: Arrays, output_names: Sequence[str] | None) -> dict[str, np.ndarray]:
        n_bytes = max([inputs[name].shape[-1] for name in self.limits.max_bytes], default=0)
        n_rows = len(inputs[self.names[0]])
        if self.lengths and n_rows == 1 and all(inputs[name].shape[1] <= n for name, n in self.tokens.items()):
            inputs = self._resized(inputs)
            n_bytes = self.lengths[bisect.bisect_left(self.lengths, n_bytes)]
            if n_bytes not in self._rows:
                self._rows[n_bytes] = self._open_row(n_bytes)
            return self._rows[n_bytes](self._padded(inputs, n_bytes), output_names)
        # LiteRT plans its memory for one shape, so the texts of a batch have one length
        self._any = self._any or self.interpreter.get_signature_runner(self.signature["graph"])
        outputs = self._any(**self._padded(inputs, n_bytes))
        return {name: outputs[name] for name in output_names or outputs}

    def _resized(self, inputs: Arrays) -> Arrays:
        """One row with its pictures in the size of the model's input."""
        resized = {
            name: cells_of(input_spec["kind"]).resize(inputs[name][0], input_spec)[None]
            for name, input_spec in self.sized.items()
        }
        return {**inputs, **resized} if resized else inputs

    def _padded(self, inputs: Arrays, n_bytes: int) -> dict[str, np.ndarray]:
        """Inputs with texts padded to `n_bytes`, or to the column's limit where it is smaller."""
        padded = {name: inputs[name] for name in self.names}
        for name, limit in self.limits.max_bytes.items():
            padded[name] = pad_bytes(inputs[name], min(n_bytes, limit))
        for name, n_tokens in self.tokens.items():
            padded[name] = pad_bytes(inputs[name], n_tokens, -1)
        return padded

    def endpoint(self, name: str) -> Callable[[Arrays], dict[str, np.ndarray]]:
        """One of the file's signatures, as the interpreter itself calls it."""
        runner = self.interpreter.get_signature_runner(name)
        return lambda inputs: runner(**inputs)

    @property
    def uncut(self) -> Callable[[Arrays], dict[str, np.ndarray]]:
        """The signature of any length, without a cut before."""
        return self.endpoint(self.signature["graph"])

    def _open_row(self, n_bytes: int) -> Callable[..., dict[str, np.ndarray]]:
        """A function of one row of `n_bytes`.

        The interpreter's signature runner resizes, plans and reads every output on each call, a good part of the time
        of a headline. Its parts, which are private, are called here one by one; where they are absent, the signature
        runner is called whole.
        """
        runner: Any = self.interpreter.get_signature_runner(row_signature(self.signature["graph"], n_bytes))
        runner(**self._padded(fill_missing_inputs({}, self.signature), n_bytes))  # plans the memory
        try:
            parts, graph = runner._interpreter_wrapper, runner._subgraph_index
            places, results = runner._inputs, dict(runner._outputs)
            put, invoke, get = parts.SetTensor, parts.Invoke, parts.GetTensor
        except AttributeError:
            return lambda inputs, output_names: {
                name: v for name, v in runner(**inputs).items() if name in (output_names or (name,))
            }

        def call(inputs: Arrays, output_names: Sequence[str] | None) -> dict[str, np.ndarray]:
            for name, data in inputs.items():
                put(places[name], data, graph)
            invoke(graph)
            return {name: get(results[name], graph) for name in output_names or results}

        return call


class OnnxRunner:
    """An .onnx file through plain ONNX Runtime."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        with native_noise_muted():
            import onnxruntime

            options = onnxruntime.SessionOptions()
            if threads:
                options.intra_op_num_threads = options.inter_op_num_threads = threads
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.path, self.labels_text = path, metadata.get("labels", "") + "\n"
        self.signature = read_contract(metadata["signature"], path)
        self.limits = Limits(self.signature)
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        inputs = self.limits.fit(inputs)
        if not len(next(iter(inputs.values()))):
            return answers_to_no_rows(self.signature, output_names)
        names = output_names or self.outputs
        try:
            return dict(zip(names, self.session.run(names, inputs), strict=True))
        except Exception as error:
            raise failed_answer(self.path, error) from error

    @property
    def uncut(self) -> Callable[[Arrays], dict[str, np.ndarray]]:
        """The graph without a cut before, as the session itself calls it."""
        return lambda inputs: dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))


class SavedModelRunner:
    """A SavedModel through a `tf.compat.v1` Session, as TF Serving's loader opens it. Of several graphs the first."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        os.environ.setdefault(LEVEL, "2")
        with native_noise_muted():
            import tensorflow as tf

            options = tf.compat.v1.ConfigProto(
                intra_op_parallelism_threads=threads or 0, inter_op_parallelism_threads=threads or 0
            )
            self.session = tf.compat.v1.Session(graph=tf.Graph(), config=options)
        self.path, assets = path, path / "assets"
        value = read_object(assets / CONTRACT)
        self.graphs = graphs_inside(value)
        for graph in self.graphs.values():
            check_graph(graph, assets / CONTRACT)
        labels = assets / LABELS
        self.labels_text = labels.read_text(encoding="utf-8") if labels.exists() else None
        with native_noise_muted(), self.session.graph.as_default():
            meta = tf.compat.v1.saved_model.loader.load(self.session, ["serve"], str(path))
        self.endpoints = meta.signature_def
        self._use(next(iter(self.graphs)))

    def _use(self, name: str) -> None:
        self.signature = dict(self.graphs[name])
        self.limits = Limits(self.signature)
        self.uncut = self.endpoint(name if name in self.endpoints else ONLY_GRAPH)

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        inputs = self.limits.fit(inputs)
        if not len(next(iter(inputs.values()))):
            return answers_to_no_rows(self.signature, output_names)
        try:
            outputs = self.uncut(inputs)
        except Exception as error:
            raise failed_answer(self.path, error) from error
        return {name: outputs[name] for name in output_names or outputs}

    def graph(self, name: str) -> SavedModelRunner:
        """A Runner of one of the graphs; they share the session."""
        runner = copy.copy(self)
        runner._use(name)
        return runner

    def endpoint(self, name: str) -> Callable[[Arrays], dict[str, np.ndarray]]:
        """One of the model's signatures: `tensors`, or `serving_default`, which takes strings."""
        inputs, outputs = (
            {key: info.name for key, info in tensors.items()}
            for tensors in (self.endpoints[name].inputs, self.endpoints[name].outputs)
        )
        run = self.session.make_callable(list(outputs.values()), feed_list=list(inputs.values()))
        return lambda arrays: dict(zip(outputs, run(*(arrays[key] for key in inputs)), strict=True))


def open_artefact(path: str | Path, threads: int | None = None, trusted: bool = False) -> Runner:
    """Open a .tflite file, an .onnx file or a SavedModel folder: an artefact of any of FORMATS.

    threads: of one call; None leaves the choice to the runtime. trusted: open an artefact that has changed since it was
    exported, too, as `verify` does in a process of its own: a runtime may crash on it.
    Raises InputError when the path is absent, is no such file or folder, was not written by `mmkeras export`, or has
    changed since.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such artefact. `mmkeras export` writes them into exported/<name>/.")
    check_plain(path)
    file_format = format_of(path)
    if file_format is None:
        raise InputError(f"{path}: expected {in_words()}.")
    try:
        damage = "" if trusted else file_format.damage_of(path)
        with missing_named():
            runner: Runner | None = None if damage else file_format.open(path, threads)
    except (ImportError, InputError):
        raise
    except Exception as error:
        raise InputError(f"{path}: this artefact cannot be opened ({first_line(error)}).") from error
    if runner is None:
        raise InputError(f"{path}: {damage}")
    return runner
