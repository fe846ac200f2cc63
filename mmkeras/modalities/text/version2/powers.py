"""The constants of keys, and the powers of BASE modulo 2**32, by which the places of characters count in a key."""

from __future__ import annotations

import numpy as np

BASE = 0x2C1B3C6D
MIX = 0x297A2D39
PAIR = 0x3C6EF35F
RUN = 0x1B873593
MASK = 2**32 - 1


def int32(number: int) -> int:
    """The number from -2**31 to 2**31 - 1 that is equal modulo 2**32."""
    return (number + 2**31 & MASK) - 2**31


def powers(first: int, step: int, count: int) -> np.ndarray:
    """Int32 [count]: first * BASE ** (step * k) modulo 2**32; a negative step divides."""
    factor = pow(BASE, step, 2**32)
    numbers = [first]
    for _ in range(count - 1):
        numbers.append(numbers[-1] * factor & MASK)
    return np.array([int32(number) for number in numbers[:count]], "int32")
