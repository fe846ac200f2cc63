"""A language model's prompts inside a SavedModel: strings -> pieces, by plain TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.data.target_tokenizer import EOS_WORD, SPACE, UNK, TargetTokenizer
from mmkeras.graph import WHITE_SPACE

Tensor = Any


def prompts_of(pieces: TargetTokenizer) -> Words | Bytes | Subwords:
    """What reads prompts. `read`: strings [b] -> pieces int32 [b, n], and how many of them count, int32 [b]."""
    if pieces.kind == "subword":
        return Subwords(pieces)
    return Words(pieces) if pieces.kind == "word" else Bytes()


class Words(tf.Module):
    """Words between white space, by a table."""

    def __init__(self, pieces: TargetTokenizer) -> None:
        super().__init__()
        words = [piece.strip() for piece in pieces.table]
        self.numbers = table_of(words[1:], range(1, len(words)), UNK)

    def read(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        found = tf.strings.split(tf.strings.regex_replace(prompt, WHITE_SPACE, " "))
        found = tf.ragged.boolean_mask(found, found != EOS_WORD)
        return self.numbers.lookup(found.to_tensor("")), tf.cast(found.row_lengths(), tf.int32)


class Bytes(tf.Module):
    """Each byte its number, behind END and UNKNOWN."""

    def read(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        lengths = tf.strings.length(prompt)
        raw = tf.io.decode_raw(prompt, tf.uint8, fixed_length=tf.maximum(tf.reduce_max(lengths), 1))
        return tf.cast(raw, tf.int32) + 2, lengths


class Subwords(tf.Module):
    """The most probable subwords by Viterbi's algorithm, as SentencePiece's unigram model finds them (Kudo 2018).

    The very ones: sums are made in its order, in float32, and of equal ones the same is kept. A character that no
    subword begins with is spelt in bytes.
    """

    def __init__(self, pieces: TargetTokenizer) -> None:
        super().__init__()
        scores, self.bytes, self.unknown = pieces.unigrams()
        self.numbers = table_of([name.encode() for name, _, _ in scores], [k for _, k, _ in scores], -1)
        by_number = {k: score for _, k, score in scores}
        self.scores = tf.constant([by_number.get(k, 0.0) for k in range(len(pieces))])
        self.longest = max(len(name) for name, _, _ in scores)  # characters

    def read(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        split = tf.strings.unicode_split(spaced(prompt), "UTF-8")  # ragged [b, (n)]
        characters, lengths = split.to_tensor(""), tf.cast(split.row_lengths(), tf.int32)
        numbers = self.beginning(characters, lengths)
        begins = self.best(numbers, lengths)  # [b, n]: the characters of the subword that begins here; 0: none does
        chosen = tf.gather(numbers, tf.maximum(begins - 1, 0), axis=2, batch_dims=2)  # [b, n]
        return spelt(characters, chosen, begins > 0, self.bytes)

    def beginning(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """Of each character int32 [b, n, longest]: the subwords that begin there, by their length; -1 where none is."""
        n, found, text = tf.shape(characters)[1], [], characters
        for size in range(self.longest):
            if size:
                text = tf.strings.join([text[:, :-1], characters[:, size:]])  # [b, n - size]
            inside = tf.range(tf.shape(text)[1])[None] + size < lengths[:, None]
            known = tf.where(inside, self.numbers.lookup(text), -1)
            found.append(tf.pad(known, [[0, 0], [0, n - tf.shape(known)[1]]], constant_values=-1))
        return tf.stack(found, axis=2)

    def best(self, numbers: Tensor, lengths: Tensor) -> Tensor:
        """Numbers [b, n, longest] -> the most probable way: the lengths of its subwords where they begin, [b, n]."""
        batch, n = tf.shape(numbers)[0], tf.shape(numbers)[1]
        alone = tf.range(self.longest) == 0  # a character can always stand alone
        score = tf.where(numbers >= 0, tf.gather(self.scores, tf.maximum(numbers, 0)), -float("inf"))
        score = tf.where(alone & (numbers < 0), self.unknown, score)

        def forward(s: Tensor, highest: Tensor, came: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            ends = slice(s + 1, s + 1 + self.longest)
            through = highest[:, s, None] + score[:, s]  # [b, longest]
            better = through > highest[:, ends]
            sizes = tf.range(1, self.longest + 1)
            highest, came = (
                tf.concat([old[:, : s + 1], tf.where(better, new, old[:, ends]), old[:, s + 1 + self.longest :]], 1)
                for old, new in ((highest, through), (came, sizes))
            )
            return s + 1, highest, came

        none = tf.fill([batch, n + self.longest], -float("inf"))
        begun = tf.concat([tf.zeros([batch, 1]), none], axis=1)  # [b, 1 + n + longest]: at 0 nothing is said yet
        nothing = (tf.constant(0), begun, tf.zeros_like(begun, tf.int32))
        _, _, came = tf.while_loop(lambda s, *_: s < n, forward, nothing)

        def backward(end: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
            size = tf.gather(came, end, axis=1, batch_dims=1)  # [b]; 0 where the beginning is reached
            here = (tf.range(n)[None] == (end - size)[:, None]) & (size > 0)[:, None]
            return end - size, tf.where(here, size[:, None], begins)

        shapes = (tf.TensorShape([None]), tf.TensorShape([None, None]))
        start = (lengths, tf.zeros([batch, n], tf.int32))
        return tf.while_loop(lambda end, _: tf.reduce_any(end > 0), backward, start, shapes)[1]


def spaced(text: Tensor) -> Tensor:
    """As SentencePiece reads a text: one sign for a run of spaces and in front, none behind."""
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(tf.strings.regex_replace(text, "^ +| +$", ""), " +", SPACE)
    text = tf.strings.regex_replace(text, f"(?:{SPACE})+$", "")  # one that the text had itself is taken for a space
    return tf.where(text == "", text, tf.strings.join([SPACE, text]))


def spelt(characters: Tensor, numbers: Tensor, begins: Tensor, of_bytes: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers int32 [b, n], where `begins`, -1 for a character of no subword: that one's bytes -> [b, m], lengths [b].

    of_bytes: int32 [256], the piece of each byte.
    """
    text, known = tf.boolean_mask(characters, begins), tf.boolean_mask(numbers, begins)  # [k]
    text = tf.where(known < 0, text, "-")  # a byte for each subword
    sizes = tf.strings.length(text)
    raw = tf.io.decode_raw(tf.strings.reduce_join(text), tf.uint8)  # [m], of all rows
    flat = tf.repeat(known, sizes)
    flat = tf.where(flat < 0, tf.gather(of_bytes, tf.cast(raw, tf.int32)), flat)
    rows = tf.repeat(tf.cast(tf.where(begins)[:, 0], tf.int32), sizes)
    lengths = tf.math.bincount(rows, minlength=tf.shape(begins)[0])
    return tf.RaggedTensor.from_row_lengths(flat, lengths).to_tensor(), lengths


def table_of(keys: Any, numbers: Any, unknown: int) -> Any:
    """Strings -> int32, and `unknown` for any other."""
    pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(list(keys)), tf.constant(list(numbers), tf.int32))
    return tf.lookup.StaticHashTable(pairs, unknown)
