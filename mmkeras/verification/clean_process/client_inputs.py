"""Probes for graphs that take more than texts: what TF Serving's clients send, and LiteRT's fast row.

The right answers are those of the signature that the held-out rows have proven, given the same rows as arrays.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmkeras.modalities.image.cells import pixels_of
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.text.cells import pad_texts
from mmkeras.runtime.feeds import columns_of, feed
from mmkeras.verification.samples import Samples

Call = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
Row = dict[str, Any]


def png(pixels: np.ndarray) -> bytes:
    """Pixels -> a file that holds just them."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def wav(samples: np.ndarray, rate: int) -> tuple[bytes, np.ndarray]:
    """Samples -> a wav of 16 bits, and the samples that are in it."""
    import soundfile

    kept = np.clip(np.round(samples * 32768.0), -32768, 32767).astype("int16")
    buffer = io.BytesIO()
    soundfile.write(buffer, kept, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue(), kept.astype("float32") / np.float32(32768.0)


def served(value: Any, entry: Mapping[str, Any]) -> tuple[Any, Any]:
    """One value as a client of TF Serving sends it, and as the arrays must hold it then.

    A picture's own file where the graph is to read it as training did: its decoders and orientation are proven so.
    """
    kind = entry["kind"]
    if kind == "number":
        return np.float32(np.nan if value is None else value), value
    if "padding" in entry:
        return value, value
    if value is None:
        return b"", None
    if kind == "image":
        from mmkeras.modalities.image.same_pixels import read_alike

        pixels = pixels_of(value)
        return value if isinstance(value, bytes) and read_alike(value) else png(pixels), pixels
    return wav(value, entry["rate"]) if kind == "audio" else (value, value)


def served_name(entry: Mapping[str, Any]) -> str:
    """What serving_default calls an input: files end in `_bytes`, so that {"b64": …} works."""
    return f"{entry['name']}_bytes" if entry["kind"] in ("image", "audio") else str(entry["name"])


def served_rows(samples: Samples, index: np.ndarray, inputs: list[Any]) -> tuple[dict[str, np.ndarray], list[Row]]:
    """Some rows as a client sends them, and as values; behind them rows where all cells but one are missing."""
    columns = columns_of(inputs)
    values = [{e["name"]: samples.inputs[e["name"]][i] for e in columns} for i in index]
    values += [
        {**dict.fromkeys(row), kept["name"]: row[kept["name"]]} for kept, row in zip(columns, values, strict=False)
    ]
    sent: dict[str, list[Any]] = {served_name(e): [] for e in columns}
    rows: list[Row] = []
    for row in values:
        rows.append({})
        for e in columns:
            out, rows[-1][e["name"]] = served(row[e["name"]], e)
            sent[served_name(e)].append(out)
    return {served_name(e): as_sent(sent[served_name(e)], e) for e in columns}, rows


def as_sent(values: list[Any], entry: Mapping[str, Any]) -> np.ndarray:
    """What a client sends of one column: numbers, ids, or strings and files."""
    if "padding" in entry:
        return pad_texts(values, entry)
    return np.array(values, "float32" if entry["kind"] == "number" else object)


def as_arrays(rows: list[Row], inputs: list[Any]) -> dict[str, np.ndarray]:
    """Values of some rows -> arrays."""
    return feed({name: [row[name] for row in rows] for name in rows[0]}, inputs, range(len(rows)))


def answers_served(
    proven: Call, samples: Samples, signature: Mapping[str, Any], serve: Call, index: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What `serve` answers, one by one and all at once, and what it should: {answer, prediction}, float32 [2 n, …]."""
    inputs, answer = signature["inputs"], signature["outputs"][0]["name"]
    sent, rows = served_rows(samples, index, inputs)
    expected = np.concatenate([proven(as_arrays([row], inputs))[answer] for row in rows])
    single = [serve({name: column[k : k + 1] for name, column in sent.items()}) for k in range(len(rows))]
    outputs = [*single, serve(sent)]
    return {name: np.concatenate([o[name] for o in outputs]) for name in outputs[0]}, np.concatenate([expected] * 2)


def answers_of_a_row(
    proven: Call, samples: Samples, signature: Mapping[str, Any], n_bytes: int, call: Call, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """What a signature of one row answers, pictures of the model's size and texts padded; and what it should."""
    from mmkeras.runtime.feeds import pad_bytes

    columns, answer = columns_of(signature["inputs"]), signature["outputs"][0]["name"]
    got, expected = [], []
    for i in range(len(samples)):
        row = {e["name"]: samples.inputs[e["name"]][i] for e in columns}
        for e in columns:
            if e["kind"] == "image" and row[e["name"]] is not None:
                row[e["name"]] = resize_pixels(pixels_of(row[e["name"]]), e["size"])
            elif "max_bytes" in e and len(row[e["name"]] or b"") > n_bytes:
                break
        else:
            arrays = as_arrays([row], signature["inputs"])
            expected.append(proven(arrays)[answer])
            fixed = {e["name"]: min(n_bytes, e["max_bytes"]) for e in columns if "max_bytes" in e}
            padded = {n: pad_bytes(a, fixed[n]) if n in fixed else a for n, a in arrays.items()}
            for e in columns:
                if "padding" in e:
                    padded[e["name"]] = pad_bytes(arrays[e["name"]], e["max_tokens"], e["padding"])
            got.append(call(padded)[answer])
        if len(got) == count:
            break
    empty = np.zeros((0, samples.answers.shape[1]), "float32")
    return np.concatenate([empty, *got]), np.concatenate([empty, *expected])
