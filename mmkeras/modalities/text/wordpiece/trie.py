"""A double-array trie (Aoe 1989): the longest piece of a vocabulary that a text starts with, by gathers alone.

A trie is a tree of symbols: the path from the root to a node spells a prefix of pieces. In a double array each node but
the roots has a slot with two numbers:

    check[slot]   the symbol that leads to the node, FREE for an empty slot
    base[slot]    the child by symbol c, if it exists, has slot base + c

So one step of a walk is `slot = base + c`, and the child exists if `check[slot] == c`: no two nodes have the same base.
There is no hashing and no comparison of strings, and the result is exact. A walk that has left the tree continues at
base `dead`, after which all slots are free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

FREE = -1
REACH = 512  # free slots this far before the last node's are not used: a tenth of the memory for a fast layout
Symbols = tuple[int, ...]


@dataclass(frozen=True)
class Trie:
    """Several trees in one double array.

    base, check: int32 [slots]. piece, length: int32 [slots], the longest piece on the path to a slot and its number of
    symbols; the number of no piece and 0 if the path has none. roots: the base of each tree. depth: symbols of the
    longest piece. dead: the base of a walk that has left its tree.
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
    """A node of a tree. piece, length: the longest piece on the path to it. base: 0 until it is assigned."""

    piece: int
    length: int
    children: dict[int, Node] = field(default_factory=dict)
    base: int = 0


def build_trie(trees: Sequence[Mapping[Symbols, int]], n_symbols: int, none: int) -> Trie:
    """Lay out trees of pieces, each a tuple of symbols with its number; `none`: the number for no piece.

    Symbols are 1 … n_symbols - 1, including symbols of no piece, since a walk may meet them in a text.
    """
    roots = [_tree(pieces, none) for pieces in trees]
    nodes = [node for root in roots for node in _nodes(root)]
    dead = _assign_bases([node for node in nodes if node.children], n_symbols)
    size = dead + n_symbols
    base, check, piece, length = (np.full(size, value, "int32") for value in (dead, FREE, none, 0))
    for node in nodes:
        for c, child in node.children.items():
            slot = node.base + c
            base[slot], check[slot] = child.base or dead, c
            piece[slot], length[slot] = child.piece, child.length
    return Trie(base, check, piece, length, tuple(root.base or dead for root in roots), dead, int(length.max()))


def _tree(pieces: Mapping[Symbols, int], none: int) -> Node:
    """The tree of `pieces`. Shorter ones are added first, so that a new node can copy the longest piece before it."""
    root = Node(none, 0)
    for symbols in sorted(pieces, key=len):
        node = root
        for c in symbols:
            node = node.children.setdefault(c, Node(node.piece, node.length))
        node.piece, node.length = pieces[symbols], len(symbols)
    return root


def _nodes(root: Node) -> Iterator[Node]:
    """The root and all nodes below it."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children.values())


def _assign_bases(nodes: Sequence[Node], n_symbols: int) -> int:
    """Assign each node the first base that fits, nodes with many children first. Returns the slot after all others."""
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
    """The lowest base with the slots of all symbols free, searched in growing chunks: most nodes need a short one."""
    start, size = max(first, int(symbols[0]) + 1), 64
    while True:
        base = start + np.flatnonzero(free[start : start + size]) - symbols[0]
        base = base[~taken[base]]
        for c in symbols[1:]:
            base = base[free[base + c]]
        if len(base):
            return int(base[0])
        start, size = start + size, 2 * size
