"""Keys -> a vocabulary of `vocabulary.py`: each bucket's odd number, by which its keys fall into slots of their own."""

from __future__ import annotations

import numpy as np

from mmkeras.modalities.text.version2.vocabulary import PRINT_BITS, Displaced, place, prints_of

IN_BUCKET = 4
FACTORS = np.arange(1, 2**16, 2).astype("uint16").view("int16")
AT_ONCE = 2**17  # pairs of a bucket and a factor between two looks at which slots are taken
STEP = 2**14  # of them, those that are tried at once: in most buckets one of the first factors fits


def build_vocabulary(keys: np.ndarray, print_bits: int = PRINT_BITS) -> Displaced:
    """Lay out the features' keys, 32-bit numbers without repeats and without 0, the most important first.

    A few keys of hundreds of thousands find no slot and are left out: `Displaced.keys` has the others.
    """
    numbers = np.asarray(keys, "int64").astype("uint32").view("int32")
    n_rows, n_buckets = len(numbers) + 2, max(1, -(-len(numbers) // IN_BUCKET))
    bucket = place(numbers, n_buckets)
    order = np.argsort(bucket, kind="stable")  # of a bucket, the most important first
    starts = np.searchsorted(bucket[order], np.arange(n_buckets + 2))
    sizes = np.diff(starts)
    factors, owner = np.ones(n_buckets + 1, "int16"), np.full(n_rows + 1, -1, "int64")
    taken = np.zeros(n_rows + 1, bool)
    taken[[0, n_rows, place(np.zeros(1, "int32"), n_rows)[0]]] = True  # no feature; beyond; where key 0 is looked up
    shortened = np.empty(0, "int64")
    for size in range(int(sizes.max(initial=0)), 0, -1):  # the largest first, while there is room
        group = np.r_[np.flatnonzero(sizes == size), shortened]
        members = order[starts[group][:, None] + np.arange(size)]  # [buckets, size]
        factor, slots = displace(numbers[members], n_rows, taken)
        placed_ = factor >= 0
        factors[group[placed_]] = FACTORS[factor[placed_]]
        owner[slots[placed_]] = members[placed_]
        shortened = group[~placed_]  # tried again without their least important key
    is_row = owner >= 0
    prints, of_rows = prints_of(np.ones(n_rows + 1, "int32"), print_bits), np.zeros(n_rows + 1, "int64")
    prints[is_row] = prints_of(numbers[owner[is_row]], print_bits)
    of_rows[is_row] = numbers[owner[is_row]].view("uint32")
    return Displaced(factors, prints, of_rows[1:n_rows], print_bits)


def displace(keys: np.ndarray, n_rows: int, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Buckets of a size, int32 [n, size] -> the index of each one's factor, -1 for none, and its slots [n, size].

    taken: bool, the slots that are in use; those of these buckets are added. Factors are tried for many buckets at
    once; of two buckets that want the same slot at the same time the first has it, and the other tries on.
    """
    n, size = keys.shape
    found, slots, next_try = np.full(n, -1), np.zeros((n, size), "int64"), np.zeros(n, "int64")
    pending = np.arange(n)
    while len(pending):
        width = max(1, AT_ONCE // len(pending))
        fits, factor, chosen = first_fits(keys[pending], next_try[pending], width, n_rows, taken)
        bucket = pending[fits]
        next_try[pending] += width
        _, index, where = np.unique(chosen, return_index=True, return_inverse=True)
        is_first = (index[where.reshape(chosen.shape)] // size == np.arange(len(chosen))[:, None]).all(axis=1)
        next_try[bucket] = factor  # again, where another bucket was first
        accepted = bucket[is_first]
        found[accepted], slots[accepted] = factor[is_first], chosen[is_first]
        taken[chosen[is_first]] = True
        pending = pending[(found[pending] < 0) & (next_try[pending] < len(FACTORS))]
    return found, slots


def first_fits(
    keys: np.ndarray, tries: np.ndarray, width: int, n_rows: int, taken: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first of `width` factors with which the keys of a bucket have free slots, each its own.

    keys: int32 [n, size]; tries: the index of each bucket's first factor. Returns the buckets that have such a factor,
    sorted, its index, and the slots int64 [found, size].
    """
    factor = np.full(len(keys), -1)
    slots = np.zeros(keys.shape, "int64")
    rest, done = np.arange(len(keys)), 0
    while done < width and len(rest):
        step = min(max(1, STEP // len(rest)), width - done)
        bucket = np.repeat(rest, step)
        tried = (tries[rest][:, None] + np.arange(done, done + step)).ravel()
        is_factor = tried < len(FACTORS)
        bucket, tried = bucket[is_factor], tried[is_factor]
        chosen: list[np.ndarray] = []
        for k in range(keys.shape[1]):
            slot = place(keys[bucket, k] * FACTORS[tried].astype("int32"), n_rows)
            is_free = ~taken[slot]
            for other in chosen:
                is_free &= other != slot
            bucket, tried = bucket[is_free], tried[is_free]
            chosen = [other[is_free] for other in (*chosen, slot)]
        fits, first = np.unique(bucket, return_index=True)
        factor[fits], slots[fits] = tried[first], np.stack([slot[first] for slot in chosen], axis=1)
        rest, done = rest[factor[rest] < 0], done + step
    fits = np.flatnonzero(factor >= 0)
    return fits, factor[fits], slots[fits]
