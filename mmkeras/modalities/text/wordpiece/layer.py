"""Raw UTF-8 bytes -> BERT's WordPiece ids, inside the graph: no strings, no hashing, no loop; exact in every runtime.

How it works, for B texts of N bytes. L is N + 2: slot 0 is empty, then come the characters, then at least one empty
slot. All is int32, so that no quantiser changes tables or arithmetic: converters to float16 and int8 rewrite floats.
(exact.py computes in float32, which is faster in LiteRT, for graphs that are not quantised.)

    code_points      [B, N]   each byte that starts a character gets its code point, the others 0
    normalise        [B, N]   the normalised characters of BERT's BasicTokenizer, as numbers; see tables.py
    squeeze          twice: remove vanishing characters; remove white space, once the starts of words are marked
    word_ends        [B, L]   for each character the end of its word
    longest_pieces   [B, L]   for each position the longest piece of the vocabulary: a walk in a trie (trie.py)
    last_pieces      [B, L]   from a word's start, piece by piece: does the greedy chain reach the word's end?
    token_places     [B, T]   from the text's start, token by token

BERT's tokenizer is greedy: from a word's start it takes the longest piece that matches, then continues after it (Wu et
al. 2016; Devlin et al. 2019). Step by step this would be a loop. Here the longest piece is computed for every position
at once, whether a token starts there or not; its length is the length of the jump to the next piece. *Pointer doubling*
(Hillis and Steele 1986) follows the jumps: each round replaces a jump by the jump from its target, so that after k
rounds each is 2 ** k jumps long. Memory is that of a few arrays [B, L].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from mmkeras.errors import InputError
from mmkeras.modalities.text.exact import Tensor, gather, positions, previous, scatter
from mmkeras.modalities.text.wordpiece.tables import (
    GONE,
    PAGE,
    WordPieceTables,
    build_tables,
    tables_from_json,
    tables_to_json,
)
from mmkeras.modalities.text.wordpiece.trie import Trie

FLAG = 2**24  # added to a character's number to store one more bit
# UTF-8 (RFC 3629): the lead byte of characters of 2, 3 and 4 bytes, their lowest and their highest code point
LONGER = ((0xC0, 0x80, 0x7FF), (0xE0, 0x800, 0xFFFF), (0xF0, 0x10000, 0x10FFFF))


def code_points(b: Tensor) -> Tensor:
    """int32 [B, N] bytes -> int32 [B, N]: the code point of the character that starts at each byte, 0 for none.

    Strict: an ill-formed byte gets 0, which is removed, as BERT's cleaning removes U+FFFD. Only surrogates are decoded;
    their class is GONE.
    """
    b = ops.pad(b, [[0, 0], [0, 3]])
    bits = b[:, :-3]
    code, well_formed = ops.where(bits < 0x80, bits, 0), bits >= 0x80
    for k, (lead, low, high) in enumerate(LONGER, 1):
        follower = b[:, k : k - 3 or None]  # the byte k positions on
        bits = bits * 64 + (follower - 0x80)
        well_formed = both(well_formed, both(follower >= 0x80, follower < 0xC0))
        longer = bits - lead * 64**k
        code = ops.where(both(well_formed, both(longer >= low, longer <= high)), longer, code)
    return code


def normalise(code: Tensor, tables: WordPieceTables) -> Tensor:
    """int32 [B, N] code points -> int32 [B, N], cells of `tables`: > 0, < 0, SPACE or GONE.

    If a code point becomes several characters, the second and third go to its second and third byte, whose own code
    points are 0.
    """
    cell = tf.gather(tables.starts, code // PAGE) + 3 * code
    second = ops.where(code >= 0x80, cell + 1, 0)
    third = ops.where(code >= 0x800, cell + 2, 0)
    return tf.gather(tables.cells, cell + previous(second + previous(third)))


def squeeze(values: Tensor, kept: Tensor) -> Tensor:
    """Values int32 [B, K], kept int32 [B, K] (1 or 0) -> int32 [B, K + 1]: the kept values in slots 1, 2 … in order."""
    slot = ops.cumsum(kept, axis=1) * kept  # slot 0 gets zeros
    return scatter(slot, values * kept, tf.add(tf.shape(values), [0, 1]))


def words(cells: Tensor) -> tuple[Tensor, Tensor]:
    """int32 [B, N] cells -> int32 [B, L]: the characters of all words, zero-padded; and 1 where a word starts."""
    cells = squeeze(cells, ops.cast(ops.not_equal(cells, GONE), "int32"))  # [B, N + 1]
    character = ops.abs(cells)
    in_word, kept = ops.clip(cells, 0, 1), ops.minimum(character, 1)
    starts = kept - in_word * previous(in_word)  # a word by itself, or the first character of a word
    flagged = squeeze(character + FLAG * starts, kept)  # [B, L]
    starts = ops.cast(flagged >= FLAG, "int32")
    return flagged - FLAG * starts, starts


def word_ends(character: Tensor, starts: Tensor, position: Tensor) -> Tensor:
    """int32 [B, L], [B, L], [1, L] -> int32 [B, L]: for each character the position after its word."""
    is_character = ops.minimum(character, 1)
    edges = starts + previous(is_character) * (1 - is_character)  # a word starts, or the text has ended
    number = ops.cumsum(edges, axis=1)  # of the word, from 1
    edge_positions = scatter(number * edges, position * edges, tf.add(tf.shape(edges), [0, 1]))  # [B, L + 1]
    return gather(edge_positions, number + 1)


def longest_pieces(character: Tensor, starts: Tensor, trie: Trie) -> tuple[Tensor, Tensor]:
    """int32 [B, L], [B, L] -> int32 [B, L] each: number and length of the longest piece that starts at each position.

    At a word's start a piece that begins words, elsewhere one that continues them (`##`). No piece extends into the
    next word, whose first character is replaced by 0, a symbol that no piece has.
    """
    begin, continue_text = trie.roots
    inner = ops.pad(character * (1 - starts), [[0, 0], [0, trie.depth]])
    base = continue_text + (begin - continue_text) * starts
    last = trie.dead + 0 * character
    for step in range(trie.depth):
        symbol = inner[:, step : step - trie.depth] if step else character
        slot = base + symbol
        alive = ops.equal(tf.gather(trie.check, slot), symbol)
        base = ops.where(alive, tf.gather(trie.base, slot), trie.dead)
        last = ops.where(alive, slot, last)
    return tf.gather(trie.piece, last), tf.gather(trie.length, last)


def last_pieces(jump: Tensor, max_jumps: int) -> Tensor:
    """Follow int32 [B, L] jumps at least `max_jumps` times -> int32 [B, L]: the position where each chain ends."""
    for _ in range((max_jumps - 1).bit_length()):
        jump = gather(jump, jump)
    return jump


def token_places(jump: Tensor, n_tokens: int) -> Tensor:
    """int32 [B, L] jumps from token to token -> int32 [B, T]: the positions of the tokens, from slot 1 on.

    T is `n_tokens`, rounded up to a power of two.
    """
    position = ops.ones_like(jump[:, :1])
    for k in range((n_tokens - 1).bit_length()):
        jump = gather(jump, jump) if k else jump  # 2 ** k tokens on
        position = ops.concatenate([position, gather(jump, position)], axis=1)
    return position


def both(x: Tensor, y: Tensor) -> Tensor:
    """True where both conditions hold."""
    return ops.logical_and(x, y)


@keras.saving.register_keras_serializable("mmkeras")
class WordPiece(keras.layers.Layer):
    """UTF-8 bytes -> WordPiece ids, equal to those of BERT's tokenizer.

    Call: uint8 [B, N], zero-padded -> int32 ids [B, W], `[CLS] … [SEP]` and padding, and int32 mask [B, W], 0 for
    padding, else 1. W is the smaller of `max_tokens` and N + 2; of a longer text the first W - 2 tokens are kept.

    vocabulary: the pieces in the order of their ids; those that continue a word begin with "##".
    lowercase: lower-case and strip accents, for uncased models.
    longest_word: a word of more characters is [UNK], as is a word that is no sequence of pieces.
    tables: those that a run has saved; default: built from the vocabulary, which takes some seconds.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        max_tokens: int = 128,
        lowercase: bool = True,
        longest_word: int = 100,
        tables: WordPieceTables | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        if max_tokens < 3:
            raise InputError(f"max_tokens is {max_tokens}; expected 3 or more: [CLS], one token, [SEP].")
        self.vocabulary, self.max_tokens = tuple(vocabulary), max_tokens
        self.lowercase, self.longest_word = lowercase, longest_word
        self.tables = tables or build_tables(self.vocabulary, lowercase)

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        cells = normalise(code_points(ops.cast(data, "int32")), self.tables)
        ids, after = self.tokens_at(*words(cells))
        n_bytes = data.shape[1]
        limit = self.max_tokens - 2 if n_bytes is None else min(self.max_tokens - 2, n_bytes)
        n_tokens = tf.minimum(tf.shape(data)[1], limit) if n_bytes is None else limit
        return self.framed(gather(ids, token_places(after, limit)[:, :n_tokens]))

    def compute_output_spec(self, data: Tensor) -> tuple[Tensor, Tensor]:
        batch, n_bytes = data.shape
        width = None if n_bytes is None else min(self.max_tokens, n_bytes + 2)
        return keras.KerasTensor((batch, width), "int32"), keras.KerasTensor((batch, width), "int32")

    def tokens_at(self, character: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """int32 [B, L] characters, starts -> int32 [B, L] each: the id of each position's token, and the token's end.

        The end is the position after the token. After the text the id is [PAD], and the end is the position itself.
        """
        position = positions(character)  # [1, L]
        word_end = word_ends(character, starts, position)
        ids, length = longest_pieces(character, starts, self.tables.trie)
        after = position + length
        # the last piece of a word jumps to itself, a position without a piece to slot 0, which is empty
        jump = ops.where(ops.equal(after, word_end), position, ops.where(length > 0, after, 0))
        is_stuck = ops.equal(last_pieces(jump, self.longest_word), 0)
        is_unknown = both(starts > 0, ops.logical_or(is_stuck, word_end - position > self.longest_word))
        return ops.where(is_unknown, self.tables.unk, ids), ops.where(is_unknown, word_end, after)

    def framed(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """int32 [B, T], padded with [PAD] -> ids [B, T + 2] with [CLS] and [SEP], and their mask."""
        cls, sep, pad = self.tables.cls, self.tables.sep, self.tables.pad
        one = ops.ones_like(tokens[:, :1])
        used = ops.cast(ops.not_equal(tokens, pad), "int32")
        mask = ops.concatenate([one, one, used], axis=1)  # two more than the tokens
        last = mask - ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
        return ops.concatenate([cls * one, tokens, pad * one], axis=1) + (sep - pad) * last, mask

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": list(self.vocabulary),
            "max_tokens": self.max_tokens,
            "lowercase": self.lowercase,
            "longest_word": self.longest_word,
            "tables": tables_to_json(self.tables),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WordPiece:
        return cls(**{**config, "tables": tables_from_json(config["tables"]) if config.get("tables") else None})
