"""An artefact -> a Runner: dict of arrays in, dict of arrays out, by name, whatever the format.

Each Runner imports its own runtime alone and never Keras: `open_artefact` must start in a fraction of a second for a
`.tflite` or an `.onnx` file, and `verify` must run a deployed file as a client without Keras does.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import graphs_inside
from mmkeras.runtime.answering import failed_answer, first_line
from mmkeras.runtime.contract import check_graph, read_contract
from mmkeras.runtime.damage import CONTRACT, LABELS
from mmkeras.runtime.feeds import Arrays
from mmkeras.runtime.formats import format_of, in_words
from mmkeras.runtime.limits import Limits, answers_to_no_rows
from mmkeras.system.contained import check_plain
from mmkeras.system.json_files import read_object
from mmkeras.system.noise import LEVEL, native_noise_muted
from mmkeras.system.packages import missing_named

ONLY_GRAPH = "tensors"  # the signature of a SavedModel's only graph, beside `serving_default`


class Runner(Protocol):
    """A graph, opened by some runtime. signature: the graph's contract, as JSON, checked.

    Those of artefacts have `labels_text`, the labels that stand beside the contract, a line each; None without them.
    A Runner may have `again`, a function that returns a Runner for another thread; `batch_bytes`, how large a batch
    of texts is answered fastest (`batches.BYTES`); and `of_text`, a shorter way for one text (`only_text`).
    """

    signature: dict[str, Any]

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Raw inputs by name, batch first -> outputs by name: those of `output_names`, or all.

        A column that is left out is missing in every row, if the model accepts missing cells (`fill_missing_inputs`).
        Texts may have any length, 0 too; a longer one than the model reads is cut (`Limits.fit`).
        """
        ...


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
        self.name = self.signature["inputs"][0]["name"]

    def again(self) -> OnnxRunner:
        """A session answers several threads."""
        return self

    def of_text(self, raw: bytes, output: str) -> np.ndarray | None:
        """As `LiteRTRunner.of_text`."""
        if not 0 < len(raw) <= self.limits.only_text:
            return None
        try:
            row: np.ndarray = self.session.run([output], {self.name: np.frombuffer(raw, "uint8")[None]})[0][0]
        except Exception as error:
            raise failed_answer(self.path, error) from error
        return row

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

            # with one thread the caller's own, so that several callers are not answered one after another
            between = -1 if threads == 1 else threads or 0
            options = tf.compat.v1.ConfigProto(
                intra_op_parallelism_threads=threads or 0, inter_op_parallelism_threads=between
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

    def again(self) -> SavedModelRunner:
        """A session answers several threads."""
        return self

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
