"""What each column gives: the matrix of missing modalities, and how much a column adds to the answers."""

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

FORMS: Final = {"r2": ".3f", "bleu": ".1f", "chrf": ".1f"}
"""Of scores that are no shares."""

NOTED: Final = 0.005
"""A score that rises by less when a modality is left out is not worth a word; with few rows it has to rise by more."""


def score(value: float | None, name: str) -> str:
    """A score as it is read: shares in percent, R² and BLEU as they are; – for None."""
    if value is None:
        return "–"
    text = f"{value:z{FORMS[name]}}" if name in FORMS else f"{value:z.1%}"
    return text.replace("-", "−")


def score_change(change: float | None, name: str) -> str:
    """A difference of scores, with its sign: +1.2 points, −0.040; – for None."""
    if change is None:
        return "–"
    words = f"{abs(change):{FORMS[name]}}" if name in FORMS else f"{abs(change) * 100:.1f} points"
    zero = float(words.split()[0]) == 0
    return f"{'±' if zero else '+' if change > 0 else '−'}{words}"


def missing_matrix(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """The score with each subset of the modalities, the fullest first and then the best. None where it is not measured.

    `shade` is the place of a score between 0, or the worst if that is better, and the best: 0 to 1.
    alone, without: modality -> the score of it by itself, of all but it.
    """
    measured = metrics.get("missing")
    if not measured:
        return None
    key = next(name for name in SCORE_WORDS if name in measured[0])
    modalities = max((row["present"] for row in measured), key=len)
    everything = next(row[key] for row in measured if row["present"] == modalities)
    values = [row[key] for row in measured]
    low, high = min(values), max(values)
    if high > 0:
        low = max(0.0, low)  # how far below 0 an R² is says little
    rows = [
        {
            "present": row["present"],
            "score": row[key],
            "change": row[key] - everything,
            "shade": min(1.0, max(0.0, (row[key] - low) / ((high - low) or 1.0))),
        }
        for row in measured
    ]
    rows.sort(key=lambda row: (-len(row["present"]), -row["score"]))
    by_set = {frozenset(row["present"]): row["score"] for row in rows}
    summary = []
    for name in modalities:
        rest = by_set.get(frozenset(modalities) - {name})
        loss = None if rest is None else rest - everything
        summary.append({"name": name, "alone": by_set.get(frozenset([name])), "without": rest, "change": loss})
    known = [s for s in summary if s["change"] is not None]
    dearest = min(known, key=lambda s: s["change"], default=None)
    noted = max(NOTED, 0.5 / measured[0]["rows"] ** 0.5) * (100 if key in ("bleu", "chrf") else 1)
    return {
        "score_name": key,
        "rows": rows,
        "held_out": measured[0]["rows"],
        "modalities": modalities,
        "everything": everything,
        "summary": summary,
        "harmful": [s for s in known if s["change"] > noted],
        "dearest": dearest if dearest and dearest["change"] < 0 else None,
    }


def contributions(run: RunFiles) -> list[dict[str, Any]]:
    """How much each column adds to the answers, the most first; [] where the fusion cannot tell."""
    shares = run.metrics.get("contributions") or []
    columns = {entry["name"]: entry["column"] for entry in run.inputs}
    total = sum(share["mean_size"] for share in shares) or 1.0
    largest = max((share["mean_size"] for share in shares), default=0.0) or 1.0
    found = [
        {
            **share,
            "column": columns.get(share["column"], share["column"]),
            "share": share["mean_size"] / total,
            "width": share["mean_size"] / largest,
        }
        for share in shares
    ]
    return sorted(found, key=lambda share: -share["mean_size"])
