"""A .tflite file as a Runner, through ai-edge-litert: one row by the shortest signature that holds it, or a batch."""

from __future__ import annotations

import bisect
import contextlib
import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.graph import row_signature
from mmkeras.modalities import cells_of
from mmkeras.runtime.answering import failed_answer
from mmkeras.runtime.contract import read_contract
from mmkeras.runtime.damage import CONTRACT, LABELS, read_zip
from mmkeras.runtime.feeds import Arrays, pad_bytes
from mmkeras.runtime.limits import Limits, answers_to_no_rows
from mmkeras.system.noise import muted_at_first

BYTE: Final = np.dtype("uint8")
PLANNING, FIRST_PLAN = threading.Lock(), threading.Event()  # one thread makes the first plan, and is muted


class LiteRTRunner:
    """A .tflite file through ai-edge-litert.

    The file has a signature `predict` of any batch and size, and faster ones of one row: `predict_<n>` of n bytes of
    text, `predict_row` without texts. A row takes the shortest signature that holds it, and its pictures are resized to
    the model's size first, which changes no answer (`resize_pixels` equals the graph's resize, to the last bit).
    """

    batch_bytes = 4096  # so that what the graph computes of a batch stays in the processor's cache

    def __init__(self, path: Path, threads: int | None = None) -> None:
        contents, _ = read_zip(path)
        self.path, self.threads, self.labels_text = path, threads, contents[LABELS].decode()
        self.signature = read_contract(contents[CONTRACT], path, "litert_lengths")
        self.names = [i["name"] for i in self.signature["inputs"]]
        self.limits = Limits(self.signature)
        self.sized = {i["name"]: i for i in self.signature["inputs"] if "size" in i}
        self.tokens = {i["name"]: i["max_tokens"] for i in self.signature["inputs"] if "padding" in i}
        self.lengths = sorted(self.signature["litert_lengths"])
        # the longest text that a function of one row answers
        self.longest = min(self.lengths[-1], self.limits.only_text) if self.lengths else 0
        self._open()

    def _open(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with muted_at_first("LiteRT"):
            self.interpreter = Interpreter(str(self.path), num_threads=self.threads)
        self._signatures: dict[str, _Signature] = {}
        self._texts: dict[int, _Text] = {}

    def again(self) -> LiteRTRunner:
        """A runner of the same file for another thread: an interpreter answers one call at a time."""
        runner = copy.copy(self)
        runner._open()
        return runner

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        data = inputs.get(self.names[0]) if self.longest and len(inputs) == 1 else None
        one_row = data is not None and data.dtype is BYTE and data.ndim == 2 and len(data) == 1
        if data is not None and one_row and 0 < data.shape[1] <= self.longest:
            try:
                return self._text(data.shape[1])(data.tobytes(), output_names)
            except Exception as error:
                raise failed_answer(self.path, error) from error
        inputs = self.limits.fit(inputs)
        if not len(inputs[self.names[0]]):
            return answers_to_no_rows(self.signature, output_names)
        try:
            return self._run(inputs, output_names)
        except Exception as error:
            raise failed_answer(self.path, error) from error

    def _run(self, inputs: Arrays, output_names: Sequence[str] | None) -> dict[str, np.ndarray]:
        n_bytes = max([inputs[name].shape[-1] for name in self.limits.max_bytes], default=0)
        n_rows = len(inputs[self.names[0]])
        name = self.signature["graph"]
        short = bool(self.lengths) and n_bytes <= self.lengths[-1]  # under a size budget there is none for long texts
        if short and n_rows == 1 and all(inputs[name].shape[1] <= n for name, n in self.tokens.items()):
            inputs = self._resized(inputs)
            n_bytes = self.lengths[bisect.bisect_left(self.lengths, n_bytes)]
            name = row_signature(name, n_bytes)
        # LiteRT plans its memory for one shape, so the texts of a batch have one length
        return self._signature(name)(self._padded(inputs, n_bytes), output_names)

    def of_text(self, raw: bytes, output: str) -> np.ndarray | None:
        """One output's row of one text, of a graph that reads nothing else; None where that takes the general call.

        raw: UTF-8. The most frequent call, where every microsecond counts.
        """
        if not 0 < len(raw) <= self.longest:
            return None
        try:
            return self._text(len(raw)).row(raw, output)
        except Exception as error:
            raise failed_answer(self.path, error) from error

    def _text(self, n_bytes: int) -> _Text:
        """The function of one row of the only text, by the shortest signature that holds it."""
        length = self.lengths[bisect.bisect_left(self.lengths, n_bytes)]
        text = self._texts.get(length)
        if text is None:
            signature = self._signature(row_signature(self.signature["graph"], length))
            text = self._texts[length] = _Text(self.interpreter, signature, self.names[0], length)
        return text

    def _signature(self, name: str) -> _Signature:
        if name not in self._signatures:
            self._signatures[name] = _Signature(self.interpreter, name)
        return self._signatures[name]

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

        def call(inputs: Arrays) -> dict[str, np.ndarray]:
            self._signatures.pop(name, None)  # its plan is none any more
            self._texts.clear()
            outputs: dict[str, np.ndarray] = runner(**inputs)
            return outputs

        return call

    @property
    def uncut(self) -> Callable[[Arrays], dict[str, np.ndarray]]:
        """The signature of any length, without a cut before."""
        return self.endpoint(self.signature["graph"])


class _Signature:
    """One signature of an interpreter, whose memory is planned when the shapes change, not on each call.

    The interpreter's signature runner resizes, plans and reads every output on each call, a good part of the time of a
    headline. Its parts, which are private, are called here one by one; where they are absent, it is called whole.
    """

    def __init__(self, interpreter: Any, name: str) -> None:
        self.whole: Any = interpreter.get_signature_runner(name)
        self.shapes: list[tuple[int, ...]] | None = None
        self.parts: Any = None
        with contextlib.suppress(AttributeError):
            parts = self.whole._interpreter_wrapper
            self.graph, self.places = self.whole._subgraph_index, self.whole._inputs
            self.results = dict(self.whole._outputs)
            self.put, self.invoke, self.get = parts.SetTensor, parts.Invoke, parts.GetTensor
            self.resize, self.allocate = parts.ResizeInputTensor, parts.AllocateTensors
            self.parts = parts

    def __call__(self, inputs: Mapping[str, np.ndarray], output_names: Sequence[str] | None) -> dict[str, np.ndarray]:
        if self.parts is None:
            with muted_at_first("XNNPACK"):
                outputs = self.whole(**inputs)
            return {name: outputs[name] for name in output_names or outputs}
        if [data.shape for data in inputs.values()] != self.shapes:
            self.plan(inputs)
        for name, data in inputs.items():
            self.put(self.places[name], data, self.graph)
        self.invoke(self.graph)
        return {name: self.get(self.results[name], self.graph) for name in output_names or self.results}

    def plan(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Give the inputs their shapes, and plan the memory."""
        self.shapes = None  # of a plan that fails nothing is left
        for name, data in inputs.items():
            self.resize(self.places[name], np.array(data.shape, "int32"), False, self.graph)
        if not FIRST_PLAN.is_set():
            with PLANNING, muted_at_first("XNNPACK"):  # LiteRT tells of its delegate when it first plans memory
                self.allocate(self.graph)
                FIRST_PLAN.set()
        else:
            self.allocate(self.graph)
        self.shapes = [data.shape for data in inputs.values()]


class _Text:
    """A signature of one row of one text: bytes are written to where the graph reads them, answers are read from there.

    The views are of the interpreter's memory, which stays in its place until the signature is planned anew.
    """

    def __init__(self, interpreter: Any, signature: _Signature, name: str, n_bytes: int) -> None:
        self.signature, self.name, self.n_bytes = signature, name, n_bytes
        self.memory: memoryview | None = None
        if signature.parts is not None and hasattr(signature.parts, "tensor"):
            signature.plan({name: np.zeros((1, n_bytes), BYTE)})
            view, graph = signature.parts.tensor, signature.graph
            self.invoke, self.graph = signature.invoke, graph
            self.answers = {key: view(interpreter, at, graph) for key, at in signature.results.items()}
            self.rows = {key: answer[0] for key, answer in self.answers.items()}
            self.memory = memoryview(view(interpreter, signature.places[name], graph)[0])

    def __call__(self, raw: bytes, output_names: Sequence[str] | None) -> dict[str, np.ndarray]:
        """Outputs of one row. raw: at most `n_bytes` bytes."""
        padded = raw.ljust(self.n_bytes, b"\0")
        if self.memory is None:
            return self.signature({self.name: np.frombuffer(padded, BYTE)[None]}, output_names)  # [1, n_bytes]
        self.memory[:] = padded
        self.invoke(self.graph)
        return {name: self.answers[name].copy() for name in output_names or self.answers}

    def row(self, raw: bytes, output: str) -> np.ndarray:
        """One output of one row, without the batch. raw: at most `n_bytes` bytes."""
        if self.memory is None:
            return self(raw, [output])[output][0]
        self.memory[:] = raw.ljust(self.n_bytes, b"\0")
        self.invoke(self.graph)
        return self.rows[output].copy()
