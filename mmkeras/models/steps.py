"""How long the text classifier is trained, by the number of rows: decided before TensorFlow is loaded.

A small table needs many small steps: 33 steps of 128 rows, three epochs of 1,400, leave a model that has hardly moved.
A large one is learned as well by a few hundred large steps (docs/recipe.md).
"""

from __future__ import annotations

from typing import Final

STEPS: Final = ((2_000, 20, 32), (20_000, 10, 32), (40_000, 6, 64))
"""Tables with fewer rows than the first number are trained for so many epochs, in batches of so many rows."""
LARGE: Final = (3, 512)
"""Epochs and rows of a batch of larger tables, which also try one learning rate alone."""
GOING_ON: Final = (3, 128)
"""Of a training that goes on from a finished run, as measured in docs/continue_and_compare.md."""
SHORT: Final = 300
"""Mean number of characters of a text up to which features of one row alone are kept, of fewer rows than FEW_ROWS."""
FEW_ROWS: Final = 20_000


def rows_of_feature(rows: int, mean_length: float) -> int:
    """Rows that a feature must occur in: 1 or 2.

    A word of one row says something of its class where texts are short and few: the text has little else. A long text
    has hundreds of such words and pairs, which are noise.
    """
    return 1 if rows < FEW_ROWS and mean_length <= SHORT else 2


def is_large(rows: int) -> bool:
    """Is one learning rate tried, and are the held-out rows learned by themselves at the end?"""
    return rows >= STEPS[-1][0]


def steps_of(rows: int) -> tuple[int, int]:
    """Epochs and rows of a batch for a table of so many rows, the held-out ones included."""
    return next(((epochs, batch) for most, epochs, batch in STEPS if rows < most), LARGE)
