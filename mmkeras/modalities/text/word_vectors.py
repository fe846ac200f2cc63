"""Word vectors from GloVe and word2vec files: streamed, so that only the vocabulary's vectors are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from mmkeras.data.files.packed import DAMAGED
from mmkeras.data.files.unpack import open_unpacked
from mmkeras.errors import InputError
from mmkeras.modalities.text.features import TextState, hash_texts, text_hasher

CHUNK = 20_000  # words that are tokenised at once
LONGEST_LINE = 2**22  # bytes: of a packed file, a line without an end could fill the memory
LONGEST_WORD = 2**12  # bytes
MOST_DIMENSIONS = 2**16


def read_text_vectors(file: IO[bytes], path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The words and vectors of GloVe's text format, or of word2vec's, whose first line is "<words> <dimensions>"."""
    dim = 0
    for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
        if len(line) == LONGEST_LINE:
            raise InputError(f"{path}, line {number}: expected a word and numbers, received {LONGEST_LINE:,} bytes.")
        parts = line.rstrip(b"\r\n ").split(b" ")
        if number == 1 and len(parts) == 2:
            dim = int(parts[1]) if parts[1].isdigit() else 0
            continue
        dim = dim or len(parts) - 1
        if len(parts) <= dim or not dim:
            raise InputError(f"{path}, line {number}: {len(parts) - 1} numbers, where the lines before have {dim}.")
        try:
            vector = np.array(parts[-dim:], "float32")
        except ValueError:
            raise InputError(f"{path}, line {number}: expected a word and numbers, received {line[:60]!r}.") from None
        if not np.isfinite(vector).all():
            raise InputError(f"{path}, line {number}: some numbers are not finite, in {line[:60]!r}.")
        # some words of GloVe contain spaces ("at name@domain.com"), so the numbers are counted from the line's end
        yield b" ".join(parts[:-dim]).decode("utf-8", "replace"), vector


def read_binary_vectors(file: IO[bytes], path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The words and vectors of word2vec's binary format.

    The format is "<words> <dimensions>", then each word, a space, and float32 little-endian numbers.
    """
    try:
        count, dim = map(int, file.readline(100).split())
        if count < 1 or not 1 <= dim <= MOST_DIMENSIONS:
            raise ValueError
    except ValueError:
        raise InputError(f'{path}: expected word2vec binary, whose first line is "<words> <dimensions>".') from None
    for number in range(count):
        word = b""
        while (char := file.read(1)) not in (b" ", b""):
            word += char.lstrip(b"\n")
            if len(word) > LONGEST_WORD:
                raise InputError(f"{path}: word {number + 1} of {count} has no end; the file is damaged or cut short.")
        data = file.read(4 * dim)
        if len(data) < 4 * dim:
            raise InputError(f"{path}: the file ends at word {number + 1} of {count}. Get it again; it is cut short.")
        yield word.decode("utf-8", "replace"), np.frombuffer(data, "<f4")


def load_word_vectors(path: str | Path, state: TextState) -> tuple[np.ndarray, int]:
    """An embedding table for a column: the file's vectors for the words that it has, zeros for all other features.

    A word of the file belongs to a row if it is one token and that token has the row's hash; of several such words
    ("The", "the") the first one counts, since these files are ordered by frequency.
    Returns float32 [state.n_rows, dimensions] and the number of rows with a vector. (Pairs of words have none: random
    vectors for them would be noise to a model with frozen vectors.)
    Raises InputError for a file that is absent, malformed or truncated.
    """
    path = Path(path)
    try:
        return _load(path, state)
    except InputError:
        raise
    except DAMAGED as error:
        if isinstance(error, OSError) and error.strerror:
            reason = f"the word vectors cannot be read ({error.strerror}). Check --word-vectors."
            raise InputError(f"{path}: {reason}") from None
        raise InputError(
            f"{path}: the word vectors cannot be read; the file is damaged or cut short ({error})."
        ) from None


def _load(path: Path, state: TextState) -> tuple[np.ndarray, int]:
    row_of = {int(key): row for row, key in enumerate(state.vocabulary.keys, 1 + state.spec.unknown_buckets)}
    spec = replace(state.spec, orders=1, char_ngrams=0)  # tokens alone
    hasher = text_hasher(spec, state.table)
    vectors: dict[int, np.ndarray] = {}
    dim = 0
    with open_unpacked(path) as (file, name):
        read_vectors = read_binary_vectors if name.lower().endswith(".bin") else read_text_vectors
        entries = read_vectors(file, path)
        while chunk := list(islice(entries, CHUNK)):
            dim = len(chunk[0][1])
            keys = hash_texts([word for word, _ in chunk], spec, state.table, hasher).keys
            for i in np.flatnonzero(keys.lengths == 1):
                row = row_of.get(int(keys.columns[0][keys.starts[i]]))
                if row is not None:
                    vectors.setdefault(row, chunk[i][1])
    if not vectors:
        raise InputError(f"{path}: none of its words is in the vocabulary. Are the vectors of another language?")
    table = np.zeros((state.n_rows, dim), "float32")
    for row, vector in vectors.items():
        table[row] = vector
    return table, len(vectors)
