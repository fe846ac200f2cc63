"""The value of each column: the matrix of missing modalities, and the contributions to the predictions."""

from __future__ import annotations

import shlex
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

SENTENCES: Final = 3
"""Largest number of columns without which the score is better that the page names, the largest gain first."""
NAMED: Final = 20
"""Largest number of columns that a sentence names."""
IGNORED: Final = 8
"""Largest number of columns in a flag that leaves them out."""


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


def score_range(interval: list[float] | None, name: str) -> str:
    """An interval of a score to print: 90.1–93.4%; nothing for None."""
    if interval is None:
        return ""
    low, high = (score(value, name) for value in interval)
    return f"{low.removesuffix('%')} to {high}"


def change_range(interval: list[float] | None, name: str) -> str:
    """An interval of a difference to print: −0.4 to +2.0 points; nothing for None."""
    if interval is None:
        return ""
    low, high = (score_change(value, name) for value in interval)
    return f"{low.removesuffix(' points')} to {high}"


def missing_matrix(run: RunFiles) -> dict[str, Any] | None:
    """What columns are worth: the score with each subset present, and of each column alone and without it.

    `rows`: the matrix, the largest subset first, then by score; [] where only columns one by one were evaluated.
    `summary`: `alone`, `without`, and the `change` without; of the columns one by one, if they were evaluated, else of
    the matrix. `better`: those without which the score is higher. None if nothing was evaluated.
    """
    matrix, columns = (run.metrics.get(name) or [] for name in ("missing", "missing_columns"))
    if not matrix and not columns:
        return None
    results = columns or matrix
    key = next(name for name in SCORE_WORDS if name in results[0])
    everything = max(results, key=lambda row: len(row["present"]))
    summary = one_by_one(results, key, everything)
    comparable = [s for s in summary if s["change"] is not None]
    dearest = min(comparable, key=lambda s: s["change"], default=None)
    better = sorted((s for s in comparable if float(f"{s['change']:.3f}") > 0), key=lambda s: -s["change"])
    return {
        "score_name": key,
        "rows": matrix_rows(matrix, key),
        "names": list(max((row["present"] for row in matrix), key=len, default=[])),
        "by_wilson": key in ("accuracy", "exact"),
        "held_out": results[0]["rows"],
        "noun": noun(matrix, columns, run),
        "everything": everything[key],
        "interval": everything.get("interval"),
        "summary": summary,
        "left_out": left_out(run, columns, summary),
        "better": [advice(s, run) for s in better[:SENTENCES]],
        "n_better": len(better),
        "dearest": dearest if dearest and dearest["change"] < 0 else None,
    }


def matrix_rows(results: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The rows of the matrix. `shade`: the score scaled to 0 … 1 between the best and the worst, from 0 if positive."""
    values = [row[key] for row in results]
    low, high = min(values, default=0.0), max(values, default=0.0)
    if high > 0:
        low = max(0.0, low)  # the size of a negative R² means little
    everything = max((row for row in results), key=lambda row: len(row["present"]), default={key: 0.0})[key]
    rows = [
        {
            **{name: row.get(name) for name in ("present", "interval", "change_interval")},
            "score": row[key],
            "change": row[key] - everything,
            "shade": min(1.0, max(0.0, (row[key] - low) / ((high - low) or 1.0))),
        }
        for row in results
    ]
    return sorted(rows, key=lambda row: (-len(row["present"]), -row["score"]))


def one_by_one(results: list[dict[str, Any]], key: str, everything: dict[str, Any]) -> list[dict[str, Any]]:
    """Each name with its score `alone`, and the score `without` it and the `change` by that, None if not evaluated."""
    of = {frozenset(row["present"]): row for row in results}
    summary = []
    for name in everything["present"]:
        rest, alone = of.get(frozenset(everything["present"]) - {name}, {}), of.get(frozenset([name]), {})
        change = rest[key] - everything[key] if rest else None
        entry = {"name": name, "alone": alone.get(key), "without": rest.get(key), "change": change}
        summary.append({**entry, "alone_interval": alone.get("interval"), "interval": rest.get("change_interval")})
    return summary


def noun(matrix: list[dict[str, Any]], columns: list[dict[str, Any]], run: RunFiles) -> str:
    """What the names are: columns, or kinds of columns."""
    names = {name for row in columns or matrix for name in row["present"]}
    return "column" if names <= {input_spec["column"] for input_spec in run.inputs} else "modality"


def left_out(run: RunFiles, columns: list[dict[str, Any]], summary: list[dict[str, Any]]) -> str:
    """A sentence on the subsets that were not evaluated; nothing where all were."""
    if not columns:
        return ""
    missing = [s["name"] for s in summary if s["without"] is None]
    alone = any(s["alone"] is not None for s in summary)
    evaluated = "one column, of all but one and of all" if alone else "all columns but one and of all"
    parts = [f"Of the subsets of {len(summary)} columns, those of {evaluated} are evaluated; the others are left out."]
    if missing:
        parts.append(
            f"Columns that were not left out one by one: {', '.join(missing[:20])}{' …' * (len(missing) > 20)}."
        )
    return " ".join(parts)


def advice(entry: dict[str, Any], run: RunFiles) -> dict[str, Any]:
    """A column without which the score is higher: with `sure`, and the flag that leaves it out when training again."""
    of_name = [i for i in run.inputs if entry["name"] in (i["column"], i["kind"])]
    columns = [c["column"] for i in of_name for c in i.get("columns", [i])]
    flag = f"--ignore {' '.join(map(shlex.quote, columns))}" if 0 < len(columns) <= IGNORED else ""
    return {**entry, "sure": bool(entry["interval"]) and entry["interval"][0] > 0, "flag": flag}


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
