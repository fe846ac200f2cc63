"""Figures as lines to print."""

from __future__ import annotations

from typing import Any


def table_of(figures: dict[str, Any]) -> str:
    """The figures of `evaluate` as lines to print: one line for each class, label or target."""
    if "per_class" in figures:
        return per_class_table(figures)
    return per_label_table(figures) if "per_label" in figures else per_target_table(figures)


def summary(figures: dict[str, Any]) -> str:
    """The figures of `evaluate` in one line: `accuracy 0.9840  macro-F1 0.9838  rows 444`."""
    columns = {
        "accuracy": (("accuracy", "accuracy"), ("macro-F1", "macro_f1")),
        "micro_f1": (("micro-F1", "micro_f1"), ("macro-F1", "macro_f1"), ("all labels right", "subset_accuracy")),
        "r2": (("R²", "r2"), ("MAE", "mae"), ("RMSE", "rmse")),
    }[figures["score_name"]]
    parts = (
        f"{name} {_size(figures[key]) if key in ('mae', 'rmse') else f'{figures[key]:.4f}'}" for name, key in columns
    )
    return "  ".join([*parts, f"rows {figures['rows']}"])


def _size(number: float) -> str:
    """A quantity in the unit of the target, which may have any magnitude."""
    return f"{number:.4g}" if abs(number) < 1e4 else f"{number:,.0f}"


def per_class_table(metrics: dict[str, Any]) -> str:
    """The figures of each class as lines to print."""
    width = max(5, *(len(row["label"]) for row in metrics["per_class"]))
    lines = [f"{'class':<{width}}  precision  recall      f1    rows"]
    for row in metrics["per_class"]:
        numbers = f"{row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:6.3f}  {row['rows']:6d}"
        lines.append(f"{row['label']:<{width}}  {numbers}")
    return "\n".join(lines)


def per_label_table(metrics: dict[str, Any]) -> str:
    """The figures of each label as lines to print."""
    width = max(5, *(len(row["label"]) for row in metrics["per_label"]))
    lines = [f"{'label':<{width}}  precision  recall      f1  average precision    rows"]
    for row in metrics["per_label"]:
        numbers = f"{row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:6.3f}  {row['average_precision']:17.3f}"
        lines.append(f"{row['label']:<{width}}  {numbers}  {row['rows']:6d}")
    return "\n".join(lines)


def per_target_table(metrics: dict[str, Any]) -> str:
    """The figures of each target as lines to print; errors in the unit of the target."""
    width = max(6, *(len(row["target"]) for row in metrics["per_target"]))
    lines = [f"{'target':<{width}}  {'MAE':>10}  {'RMSE':>10}  {'R²':>7}"]
    for row in metrics["per_target"]:
        lines.append(f"{row['target']:<{width}}  {_size(row['mae']):>10}  {_size(row['rmse']):>10}  {row['r2']:7.3f}")
    return "\n".join(lines)
