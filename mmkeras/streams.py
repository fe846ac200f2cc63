"""A text file -> one long stream of pieces, cut into rows that go on from batch to batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mmkeras.errors import InputError
from mmkeras.pieces import END, Pieces

LONGEST_FILE = 2**31  # bytes


def read_lines(path: str | Path) -> list[str]:
    """The lines of a UTF-8 text file; blank ones are '': an END alone in a stream, as published counts of words are.

    Raises InputError for a file that is absent, empty, too large or not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such text file. Give the path of one, in UTF-8.")
    if path.stat().st_size > LONGEST_FILE:
        raise InputError(f"{path}: expected at most 2 GiB of text; split the file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: expected UTF-8, found the byte {error.object[error.start]:#x}. Save it as UTF-8."
        ) from None
    lines = [line if line.strip() else "" for line in text.removesuffix("\n").split("\n")]
    if not any(lines):
        raise InputError(f"{path}: expected lines of text, found none. Give a file with some.")
    return lines


def as_stream(lines: Sequence[str], pieces: Pieces) -> np.ndarray:
    """int32 [n]: every line's pieces, END behind each."""
    return np.array([number for line in lines for number in (*pieces.encode(line), END)], "int32")


def enough(stream: np.ndarray, batch: int) -> np.ndarray:
    """A stream to measure by; of one that is too short for so many rows, each row reads the whole."""
    return np.tile(stream, batch) if 2 <= len(stream) < 2 * batch else stream


class StreamBatches:
    """Batches of a stream, for `model.fit`: row b of one goes on where row b of the one before ended.

    Each is (pieces int32 [batch, steps], the pieces behind them int32 [batch, steps]); the last has fewer steps, and
    up to `batch` pieces at the stream's end belong to no row. An END stands before the first.
    """

    def __init__(self, stream: np.ndarray, batch: int, steps: int, name: str = "the text") -> None:
        """stream: int32 [n]; name: of its text. Raises InputError where it is shorter than two pieces a row."""
        if len(stream) < 2 * batch:
            fewer = f", or --batch-size {len(stream) // 2} at most" if len(stream) > 1 else ""
            raise InputError(
                f"{name}: {len(stream)} pieces are too few for {batch} rows that are read side by side, of two at "
                f"least. Give more text{fewer}."
            )
        length = len(stream) // batch
        used = np.concatenate([[END], stream[: length * batch]]).astype("int32")
        self.given = used[:-1].reshape(batch, length)  # [batch * length] -> [batch, length]
        self.wanted = used[1:].reshape(batch, length)
        self.starts = range(0, length, steps)
        self.batch, self.steps = batch, steps

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in self.starts:
            cut = slice(start, start + self.steps)
            yield self.given[:, cut], self.wanted[:, cut]
