"""What a task is given to learn: said once, for the flags and for the table."""

from __future__ import annotations

from typing import Final

TARGET_KINDS: Final = {"classify": "category", "multilabel": "labels", "regress": "number", "generate": "text"}
"""Task -> what its target's cells hold: one class, labels with `|` between them, a number, a text. A language model has
no target. What follows from each kind stands in `data.target_kinds`."""


def has_target(task: str) -> bool:
    """Does a task predict columns of a table? One that the table decides, `auto`, does; a language model does not."""
    return task in {"auto", *TARGET_KINDS}
