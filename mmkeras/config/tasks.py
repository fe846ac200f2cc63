"""What a task is given to learn: said once, for the flags and for the table."""

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
"""Task -> what its target's cells hold: one class, labels with `|` between them, a number, a text. A language model has
no target. What follows from each kind stands in `data.target_kinds`."""
LEARN_LINES: Final = ("language_model",)
"""Tasks that learn lines of text; all others learn the rows of a table."""


def task_names() -> list[str]:
    """Every task that --task may name."""
    return [*TARGET_KINDS, *LEARN_LINES]


def has_target(task: str) -> bool:
    """Does a task predict columns of a table? One that the table decides, `auto`, does; a language model does not."""
    return task in {"auto", *TARGET_KINDS}


def generates_text(task: str) -> bool:
    """Is a text what a task answers with? Known before the task's module is loaded."""
    return task in LEARN_LINES or TARGET_KINDS.get(task) == "text"


def line_of(lines: Mapping[str, Line], task: str) -> Line:
    """A task's line of a literal dict; a task without a line has that of the first task with the same kind of target.

    So a new task needs no line in a dict that says nothing else of it. Raises KeyError for a task that is none.
    """
    like = (name for name in lines if TARGET_KINDS.get(name) == TARGET_KINDS[task])
    return lines[task] if task in lines else lines[next(like, task)]
