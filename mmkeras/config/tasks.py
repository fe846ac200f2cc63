"""The tasks and the kind of target that each one is trained on; shared by the flags and the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

Line = TypeVar("Line")

TARGET_KINDS: Final[dict[str, str]] = {
    "classify": "category",
    "multilabel": "labels",
    "regress": "number",
    "generate": "text",
}
"""Task -> the kind of its target: one class, labels joined with `|`, a number, a text. A language model has no target.
`data.targets.target_kinds` defines the kinds."""
LEARN_LINES: Final = ("language_model",)
"""Tasks that are trained on lines of text; all others are trained on the rows of a table."""


def task_names() -> list[str]:
    """The tasks that --task accepts, without `auto`."""
    return [*TARGET_KINDS, *LEARN_LINES]


def has_target(task: str) -> bool:
    """Does a task predict columns of a table? `auto`, which the table decides, does; a language model does not."""
    return task in {"auto", *TARGET_KINDS}


def generates_text(task: str) -> bool:
    """Does a task generate text? Decided here, before the module of the task is loaded."""
    return task in LEARN_LINES or TARGET_KINDS.get(task) == "text"


def line_of(lines: Mapping[str, Line], task: str) -> Line:
    """The entry of a task in a dict; without one, the entry of the first task with the same kind of target.

    So a new task needs an entry only where it differs. Raises KeyError for an unknown task.
    """
    similar = (name for name in lines if TARGET_KINDS.get(name) == TARGET_KINDS[task])
    return lines[task] if task in lines else lines[next(similar, task)]
