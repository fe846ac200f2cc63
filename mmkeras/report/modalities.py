"""The value of each column: the matrix of missing modalities, and the contributions to the predictions."""

from __future__ import annotations

from typing import Any, Final

from mmkeras.report.files import RunFiles

SCORE_WORDS: Final = {
    "accuracy": "accuracy",
    "micro_f1": "micro-F1",
    "r2": "R²",
    "exact": "exact texts",
    "bleu": "BLEU",
    "chrf": "chrF",
}

FORMATS: Final = {"r2": ".3f", "bleu": ".1f", "chrf": ".1f"}
"""Number formats of scores that are not shares."""

NOTED: Final = 0.005
"""Smallest rise of the score without a modality that the page mentions; with few rows the limit is larger."""


def score(value: float | None, name: str) -> str:
    """A score to print: shares in percent, R² and BLEU as they are; – for None."""
    if value is None:
        return "–"
    text = f"{value:z{FORMATS[name]}}" if name in FORMATS else f"{value:z.1%}"
    return text.replace("-", "−")


def score_change(change: float | None, name: str) -> str:
    """A difference of scores, with its sign: +1.2 points, −0.040; – for None."""
    if change is None:
        return "–"
    words = f"{abs(change):{FORMATS[name]}}" if name in FORMATS else f"{abs(change) * 100:.1f} points"
    zero = float(words.split()[0]) == 0
    return f"{'±' if zero else '+' if change > 0 else '−'}{words}"


def missing_matrix(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """The score with each subset of the modalities, the largest subset first, then by score; None if not evaluated.

    `shade`: the score scaled to 0 … 1 between the best and the worst, or 0 if the worst is below 0.
    `alone`, `without`: the score with one modality alone, and with all others.
    """
    results = metrics.get("missing")
    if not results:
        return None
    key = next(name for name in SCORE_WORDS if name in results[0])
    modalities = max((row["present"] for row in results), key=len)
    everything = next(row[key] for row in results if row["present"] == modalities)
    values = [row[key] for row in results]
    low, high = min(values), max(values)
    if high > 0:
        low = max(0.0, low)  # the size of a negative R² means little
    rows = [
        {
            "present": row["present"],
            "score": row[key],
            "change": row[key] - everything,
            "shade": min(1.0, max(0.0, (row[key] - low) / ((high - low) or 1.0))),
        }
        for row in results
    ]
    rows.sort(key=lambda row: (-len(row["present"]), -row["score"]))
    score_of = {frozenset(row["present"]): row["score"] for row in rows}
    summary = []
    for name in modalities:
        rest = score_of.get(frozenset(modalities) - {name})
        loss = None if rest is None else rest - everything
        summary.append({"name": name, "alone": score_of.get(frozenset([name])), "without": rest, "change": loss})
    comparable = [s for s in summary if s["change"] is not None]
    dearest = min(comparable, key=lambda s: s["change"], default=None)
    noted = max(NOTED, 0.5 / results[0]["rows"] ** 0.5) * (100 if key in ("bleu", "chrf") else 1)
    return {
        "score_name": key,
        "rows": rows,
        "held_out": results[0]["rows"],
        "modalities": modalities,
        "everything": everything,
        "summary": summary,
        "harmful": [s for s in comparable if s["change"] > noted],
        "dearest": dearest if dearest and dearest["change"] < 0 else None,
    }


def contributions(run: RunFiles) -> list[dict[str, Any]]:
    """The mean contribution of each column to the predictions, the largest first; [] for a fusion without them."""
    shares = run.metrics.get("contributions") or []
    columns = {input_spec["name"]: input_spec["column"] for input_spec in run.inputs}
    total = sum(share["mean_size"] for share in shares) or 1.0
    largest = max((share["mean_size"] for share in shares), default=0.0) or 1.0
    rows = [
        {
            **share,
            "column": columns.get(share["column"], share["column"]),
            "share": share["mean_size"] / total,
            "width": share["mean_size"] / largest,
        }
        for share in shares
    ]
    return sorted(rows, key=lambda share: -share["mean_size"])


def block_columns(run: RunFiles) -> list[dict[str, Any]]:
    """For each block of many columns its title, and the columns that the answers depend on most."""
    titles = {input_spec["name"]: input_spec["column"] for input_spec in run.inputs}
    blocks = []
    for block in run.metrics.get("columns") or []:
        largest = max((share["effect"] for share in block["effects"]), default=0.0) or 1.0
        rows = [{**share, "width": share["effect"] / largest} for share in block["effects"]]
        blocks.append({**block, "title": titles.get(block["input"], block["input"]), "effects": rows})
    return blocks
