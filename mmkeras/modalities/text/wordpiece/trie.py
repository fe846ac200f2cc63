"""A double-array trie (Aoe 1989): the longest piece of a vocabulary that a text goes on with, by gathers alone.

A trie is a tree of symbols: the way from the root to a node spells the beginning of a piece. In a double array each
node but the roots has a slot, and two numbers in it:

    check[slot]   the symbol that leads to the node, FREE where there is none
    base[slot]    the child by symbol c, if there is one, lies in slot base + c

So one step of a walk is `slot = base + c`, and it is right if `check[slot] == c`: no two nodes have the same base. No
hashing, no comparison of strings, no doubt. A walk that has left the tree goes on at base `dead`, behind which all
slots are free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

FREE = -1
REACH = 512  # free slots this far behind the last one taken are given up: a tenth of the memory for a fast layout
Symbols = tuple[int, ...]


@dataclass(frozen=True)
class Trie:
    """Several trees in one double array.

    base, check: int32 [slots]. piece, length: int32 [slots], the longest piece on the way to a slot and how many
    symbols it has; `none` and 0 if there is none. roots: the base of each tree. depth: of the longest piece.
    """

    base: np.ndarray
    check: np.ndarray
    piece: np.ndarray
    length: np.ndarray
    roots: tuple[int, ...]
    dead: int
    depth: int


@dataclass
class Node:
    """A node of the tree that is laid out. base: 0 as long as it has none."""

    piece: int
    length: int
    children: dict[int, Node] = field(default_factory=dict)
    base: int = 0


def build_trie(trees: Sequence[Mapping[Symbols, int]], n_symbols: int, none: int) -> Trie:
    """Lay out trees of pieces, each a tuple of symbols with its number; `none`: the number of no piece.

    Symbols are 1 … n_symbols - 1, those that no piece has too: a walk may ask for them.
    """
    roots = [_tree(pieces, none) for pieces in trees]
    nodes = [node for root in roots for node in _nodes(root)]
    dead = _place([node for node in nodes if node.children], n_symbols)
    size = dead + n_symbols
    base, check, piece, length = (np.full(size, value, "int32") for value in (dead, FREE, none, 0))
    for node in nodes:
        for c, child in node.children.items():
            slot = node.base + c
            base[slot], check[slot] = child.base or dead, c
            piece[slot], length[slot] = child.piece, child.length
    return Trie(base, check, piece, length, tuple(root.base or dead for root in roots), dead, int(length.max()))


def _tree(pieces: Mapping[Symbols, int], none: int) -> Node:
    """The tree of some pieces. Shorter ones come first, so that a new node knows the longest piece before it."""
    root = Node(none, 0)
    for symbols in sorted(pieces, key=len):
        node = root
        for c in symbols:
            node = node.children.setdefault(c, Node(node.piece, node.length))
        node.piece, node.length = pieces[symbols], len(symbols)
    return root


def _nodes(root: Node) -> Iterator[Node]:
    """The node and all below it."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children.values())


def _place(nodes: Sequence[Node], n_symbols: int) -> int:
    """Give each node a base, the first that suits, those with most children first. Returns the slot behind all."""
    n_slots = sum(len(node.children) for node in nodes)
    free = np.ones(2 * n_slots + 2 * n_symbols, bool)
    taken = np.zeros(len(free), bool)  # bases
    taken[0] = True
    first = 1  # where the search begins
    for node in sorted(nodes, key=lambda node: -len(node.children)):
        symbols = np.array(sorted(node.children))
        node.base = _first_base(free, taken, symbols, first)
        taken[node.base] = True
        free[node.base + symbols] = False
        first = max(first + int(free[first:].argmax()), node.base + int(symbols[0]) - REACH)
    return int(np.flatnonzero(~free).max(initial=0)) + 1


def _first_base(free: np.ndarray, taken: np.ndarray, symbols: np.ndarray, first: int) -> int:
    """The lowest base with all these symbols' slots free, tried in growing stretches: most need a short one."""
    start, stretch = max(first, int(symbols[0]) + 1), 64
    while True:
        base = start + np.flatnonzero(free[start : start + stretch]) - symbols[0]
        base = base[~taken[base]]
        for c in symbols[1:]:
            base = base[free[base + c]]
        if len(base):
            return int(base[0])
        start, stretch = start + stretch, 2 * stretch
