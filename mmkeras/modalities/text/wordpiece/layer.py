"""Raw UTF-8 bytes -> BERT's WordPiece ids, inside the graph: no strings, no hashing, no loop; exact in every runtime.

How it works, for B texts of N bytes. L is N + 2: slot 0 is empty, then come the characters, at least one slot behind
them is empty. All is int32, so that no quantiser touches tables or arithmetic: converters to float16 and int8 rewrite
floats. (exact.py computes in float32, which is faster in LiteRT, for graphs that are not quantised.)

    code_points      [B, N]   each byte that starts a character gets its code point, the others 0
    normalise        [B, N]   what BERT's BasicTokenizer makes of it: characters as numbers; see wordpiece_tables.py
    squeeze          twice: what vanishes is gone; white space is gone, after it has told where words start
    word_ends        [B, L]   where the word ends that a character belongs to
    longest_pieces   [B, L]   at every place the longest piece of the vocabulary: a walk in a trie (trie.py)
    last_pieces      [B, L]   from a word's start, piece by piece: does the greedy chain reach the word's end?
    token_places     [B, T]   from the text's start, token by token

BERT's tokenizer is greedy: from a word's start it takes the longest piece there is, then goes on behind it (Wu et al.
2016; Devlin et al. 2019). One after another these steps would be a loop. Here the longest piece is found at every place
at once, where a token will begin or not; its length says how far to jump. Jumps are then chased by *pointer doubling*
(Hillis and Steele 1986): after k rounds of "jump to where the place you jump to jumps", each is 2 ** k jumps long.
Memory is that of a few [B, L].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from mmkeras.errors import InputError
from mmkeras.modalities.text.exact import Tensor, behind, gather, places, scatter
from mmkeras.modalities.text.wordpiece.tables import GONE, PAGE, WordPieceTables, build_tables
from mmkeras.modalities.text.wordpiece.trie import Trie

FLAG = 2**24  # added to a character's number to carry one bit with it
# UTF-8 (RFC 3629): what leads a character of 2, 3 or 4 bytes, and the lowest and the highest code point of that length
LONGER = ((0xC0, 0x80, 0x7FF), (0xE0, 0x800, 0xFFFF), (0xF0, 0x10000, 0x10FFFF))


def code_points(b: Tensor) -> Tensor:
    """int32 [B, N] bytes -> int32 [B, N]: the code point of the character that starts here, 0 where none does.

    Strict: an ill-formed byte gets 0, which vanishes, just as U+FFFD does in BERT's cleaning. Only surrogates are let
    through; the rule makes each of them vanish.
    """
    b = ops.pad(b, [[0, 0], [0, 3]])
    bits = b[:, :-3]
    code, well_formed = ops.where(bits < 0x80, bits, 0), bits >= 0x80
    for k, (lead, low, high) in enumerate(LONGER, 1):
        follower = b[:, k : k - 3 or None]  # the byte k places on
        bits = bits * 64 + (follower - 0x80)
        well_formed = both(well_formed, both(follower >= 0x80, follower < 0xC0))
        longer = bits - lead * 64**k
        code = ops.where(both(well_formed, both(longer >= low, longer <= high)), longer, code)
    return code


def normalise(code: Tensor, tables: WordPieceTables) -> Tensor:
    """int32 [B, N] code points -> int32 [B, N], cells of `tables`: > 0, < 0, SPACE or GONE.

    The second and third character that one becomes stand on its second and third byte, where the code point is 0.
    """
    cell = tf.gather(tables.starts, code // PAGE) + 3 * code
    second = ops.where(code >= 0x80, cell + 1, 0)
    third = ops.where(code >= 0x800, cell + 2, 0)
    return tf.gather(tables.cells, cell + behind(second + behind(third)))


def squeeze(values: Tensor, stays: Tensor) -> Tensor:
    """int32 [B, K], what stays of it is 1, else 0 -> int32 [B, K + 1]: what stays, moved to slots 1, 2 … in order."""
    slot = ops.cumsum(stays, axis=1) * stays  # slot 0 gets zeros
    return scatter(slot, values * stays, tf.add(tf.shape(values), [0, 1]))


def words(cells: Tensor) -> tuple[Tensor, Tensor]:
    """int32 [B, N] cells -> int32 [B, L]: the characters of all words, 0 behind; and 1 where a word starts."""
    cells = squeeze(cells, ops.cast(ops.not_equal(cells, GONE), "int32"))  # [B, N + 1]
    character = ops.abs(cells)
    in_word, stays = ops.clip(cells, 0, 1), ops.minimum(character, 1)
    starts = stays - in_word * behind(in_word)  # a word by itself, or a character of a word behind none
    flagged = squeeze(character + FLAG * starts, stays)  # [B, L]
    starts = ops.cast(flagged >= FLAG, "int32")
    return flagged - FLAG * starts, starts


def word_ends(character: Tensor, starts: Tensor, place: Tensor) -> Tensor:
    """int32 [B, L], [B, L], [1, L] -> int32 [B, L]: the place behind the word that a character belongs to."""
    real = ops.minimum(character, 1)
    edges = starts + behind(real) * (1 - real)  # a word starts, or the text has ended
    number = ops.cumsum(edges, axis=1)  # of the word, from 1
    edge_of = scatter(number * edges, place * edges, tf.add(tf.shape(edges), [0, 1]))  # [B, L + 1]
    return gather(edge_of, number + 1)


def longest_pieces(character: Tensor, starts: Tensor, trie: Trie) -> tuple[Tensor, Tensor]:
    """int32 [B, L], [B, L] -> int32 [B, L] each: number and length of the longest piece that begins at a place.

    Where a word starts a piece that begins one, elsewhere one that goes on. No piece reaches into the next word, whose
    first character is hidden; 0, which stands for hidden ones and for none, leads nowhere.
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


def last_pieces(hop: Tensor, most: int) -> Tensor:
    """Chase int32 [B, L] jumps up to `most` times: int32 [B, L], the place where each chain stands still."""
    for _ in range((most - 1).bit_length()):
        hop = gather(hop, hop)
    return hop


def token_places(hop: Tensor, most: int) -> Tensor:
    """int32 [B, L] jumps from token to token -> int32 [B, `most` or a bit more]: the tokens' places, from slot 1 on."""
    place = ops.ones_like(hop[:, :1])
    for k in range((most - 1).bit_length()):
        hop = gather(hop, hop) if k else hop  # 2 ** k tokens on
        place = ops.concatenate([place, gather(hop, place)], axis=1)
    return place


def both(x: Tensor, y: Tensor) -> Tensor:
    """Where two conditions hold."""
    return ops.logical_and(x, y)


class WordPiece(keras.layers.Layer):
    """UTF-8 bytes -> WordPiece ids, as BERT's own tokenizer gives them.

    Call: uint8 [B, N], zero-padded -> int32 ids [B, W], `[CLS] … [SEP]` and padding, and int32 mask [B, W], 1 where
    there is no padding. W is the smaller of `max_tokens` and N + 2; of a longer text the first W - 2 tokens are kept.

    vocabulary: the pieces in the order of their ids, those that go on with a word with "##" in front.
    lowercase: lower-case and strip accents, as uncased models want it.
    longest_word: a word of more characters is [UNK], as is one that no pieces make up.
    tables: what a run has saved; default: made from the vocabulary, which takes some seconds.
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
        most = self.max_tokens - 2 if n_bytes is None else min(self.max_tokens - 2, n_bytes)
        wanted = tf.minimum(tf.shape(data)[1], most) if n_bytes is None else most
        return self.framed(gather(ids, token_places(after, most)[:, :wanted]))

    def compute_output_spec(self, data: Tensor) -> tuple[Tensor, Tensor]:
        batch, n_bytes = data.shape
        width = None if n_bytes is None else min(self.max_tokens, n_bytes + 2)
        return keras.KerasTensor((batch, width), "int32"), keras.KerasTensor((batch, width), "int32")

    def tokens_at(self, character: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """int32 [B, L] characters, starts -> int32 [B, L] each: the id of a place's token, and the place behind it.

        Behind the text the id is [PAD], and the place behind it is the same again.
        """
        place = places(character)  # [1, L]
        word_end = word_ends(character, starts, place)
        ids, length = longest_pieces(character, starts, self.tables.trie)
        after = place + length
        # the last piece of a word jumps to itself, a place without a piece to slot 0, where nothing is
        hop = ops.where(ops.equal(after, word_end), place, ops.where(length > 0, after, 0))
        stuck = ops.equal(last_pieces(hop, self.longest_word), 0)
        unknown = both(starts > 0, ops.logical_or(stuck, word_end - place > self.longest_word))
        return ops.where(unknown, self.tables.unk, ids), ops.where(unknown, word_end, after)

    def framed(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """int32 [B, T], [PAD] behind the tokens -> ids [B, T + 2] with [CLS] and [SEP], and their mask."""
        cls, sep, pad = self.tables.cls, self.tables.sep, self.tables.pad
        one = ops.ones_like(tokens[:, :1])
        used = ops.cast(ops.not_equal(tokens, pad), "int32")
        mask = ops.concatenate([one, one, used], axis=1)  # as long as the tokens are, and two more
        last = mask - ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
        return ops.concatenate([cls * one, tokens, pad * one], axis=1) + (sep - pad) * last, mask

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary": list(self.vocabulary),
            "max_tokens": self.max_tokens,
            "lowercase": self.lowercase,
            "longest_word": self.longest_word,
        }
