"""The figures of predictions that come in parts, in a memory that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mmkeras.metrics.agreement import decisions, evaluate, score_name
from mmkeras.metrics.predictions import confusion_matrix, confusion_metrics

EXACT: Final = 2**21
"""Outputs (rows times classes) up to which the figures are those of `evaluate`, to the last bit. Of more rows, sums are
added up part by part, and the average precision of labels is that of the first rows, as many as these: it ranks them.
"""


class Tally:
    """Adds up the figures of `evaluate`. names: the classes, the labels or the target columns."""

    def __init__(self, task: str, names: Sequence[str]) -> None:
        self.task, self.names, self.score, self.rows = task, list(names), score_name(task), 0
        self.kept: list[tuple[np.ndarray, np.ndarray]] = []  # truth, predictions
        self.sums: dict[str, Any] = {}

    def add(self, truth: np.ndarray, predictions: np.ndarray) -> None:
        """Add rows. truth, predictions: as of `evaluate`."""
        self.rows += len(truth)
        if self.is_exact:
            self.kept.append((truth, predictions))
            return
        for part in () if self.sums else self.kept:
            self._sum(*part)
        self._sum(truth, predictions)
        if self.score != "micro_f1":
            self.kept.clear()
        elif not self.kept:
            self.kept.append((truth, predictions))

    @property
    def is_exact(self) -> bool:
        """Are there so few rows that all of them are kept?"""
        return self.rows * len(self.names) <= EXACT

    def figures(self) -> dict[str, Any]:
        """The figures of all rows. At least one is there."""
        if self.is_exact:
            truth, predictions = (np.concatenate(arrays) for arrays in zip(*self.kept, strict=True))
            return evaluate(self.task, truth, predictions, self.names)
        ways = {"accuracy": self._of_classes, "micro_f1": self._of_labels, "r2": self._of_numbers}
        figures = ways[self.score]()
        return {**figures, "score": figures[self.score], "score_name": self.score}

    def _sum(self, truth: np.ndarray, predictions: np.ndarray) -> None:
        decided = decisions(self.task, predictions)
        if self.score == "accuracy":
            self._plus(confusion=confusion_matrix(truth, decided, len(self.names)))
        elif self.score == "micro_f1":
            positive = truth == 1
            self._plus(
                hits=(positive & decided).sum(0),
                support=positive.sum(0),
                predicted=decided.sum(0),
                right=int((positive == decided).all(1).sum()),
                wrong=int((positive != decided).sum()),
            )
        else:
            truth, error = truth.astype("float64"), predictions.astype("float64") - truth
            first = self.sums.setdefault("first", truth[0])  # numbers far from 0 lose no digits
            shifted = truth - first
            self._plus(absolute=np.abs(error).sum(0), squares=(error**2).sum(0))
            self._plus(total=shifted.sum(0), total_squares=(shifted**2).sum(0))

    def _plus(self, **sums: Any) -> None:
        for name, value in sums.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value

    def _of_classes(self) -> dict[str, Any]:
        return confusion_metrics(self.sums["confusion"], self.names)

    def _of_labels(self) -> dict[str, Any]:
        truth, predictions = (np.concatenate(arrays) for arrays in zip(*self.kept, strict=True))
        figures = evaluate(self.task, truth, predictions, self.names)  # for its average precision
        hits, support, predicted = self.sums["hits"], self.sums["support"], self.sums["predicted"]
        f1, occurs = 2 * hits / np.maximum(support + predicted, 1), support + predicted > 0
        by_label = zip(figures["per_label"], hits, support, predicted, f1, strict=True)
        per_label = [
            {
                **figure,
                "precision": float(hit / max(p, 1)),
                "recall": float(hit / max(n, 1)),
                "f1": float(f),
                "rows": int(n),
            }
            for figure, hit, n, p, f in by_label
        ]
        return {
            **figures,
            "rows": self.rows,
            "micro_f1": float(2 * hits.sum() / max((support + predicted).sum(), 1)),
            "macro_f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
            "subset_accuracy": self.sums["right"] / self.rows,
            "hamming_loss": self.sums["wrong"] / (self.rows * len(self.names)),
            "per_label": per_label,
        }

    def _of_numbers(self) -> dict[str, Any]:
        rows, squares = self.rows, self.sums["squares"]
        mae, rmse = self.sums["absolute"] / rows, np.sqrt(squares / rows)
        around_mean = np.maximum(self.sums["total_squares"] - self.sums["total"] ** 2 / rows, 0.0)
        varies = self.sums["total_squares"] > 0
        r2 = np.where(varies, 1 - squares / np.where(varies, around_mean, 1), squares == 0)
        return {
            "rows": rows,
            "mae": float(mae.mean()),
            "rmse": float(rmse.mean()),
            "r2": float(r2.mean()),
            "per_target": [
                {"target": name, "mae": float(a), "rmse": float(b), "r2": float(c)}
                for name, a, b, c in zip(self.names, mae, rmse, r2, strict=True)
            ],
        }
