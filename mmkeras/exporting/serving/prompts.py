"""A language model's prompts inside a SavedModel: strings -> token ids, by plain TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.data.targets.target_tokenizer import EOS_WORD, SPACE, UNK, TargetTokenizer
from mmkeras.graph import WHITE_SPACE

Tensor = Any


def prompt_encoder(tokenizer: TargetTokenizer) -> Words | Bytes | Subwords:
    """The tokenizer as TensorFlow ops. `encode`: strings [b] -> token ids int32 [b, n], and their lengths int32 [b]."""
    if tokenizer.kind == "subword":
        return Subwords(tokenizer)
    return Words(tokenizer) if tokenizer.kind == "word" else Bytes()


class Words(tf.Module):
    """Words between white space, by a table."""

    def __init__(self, tokenizer: TargetTokenizer) -> None:
        super().__init__()
        words = [token.strip() for token in tokenizer.table]
        self.numbers = table_of(words[1:], range(1, len(words)), UNK)

    def encode(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        words = tf.strings.split(tf.strings.regex_replace(prompt, WHITE_SPACE, " "))  # ragged [b, (n)]
        words = tf.ragged.boolean_mask(words, words != EOS_WORD)
        return self.numbers.lookup(words.to_tensor("")), tf.cast(words.row_lengths(), tf.int32)


class Bytes(tf.Module):
    """Bytes as token ids, after those of EOS and UNK."""

    def encode(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        lengths = tf.strings.length(prompt)
        raw = tf.io.decode_raw(prompt, tf.uint8, fixed_length=tf.maximum(tf.reduce_max(lengths), 1))
        return tf.cast(raw, tf.int32) + 2, lengths


class Subwords(tf.Module):
    """The most probable subwords by Viterbi's algorithm, as in SentencePiece's unigram model (Kudo 2018).

    The same subwords as SentencePiece's: sums are computed in its order, in float32, and ties are broken as it breaks
    them. A character that begins no subword becomes a token for each of its bytes.
    """

    def __init__(self, tokenizer: TargetTokenizer) -> None:
        super().__init__()
        scores, self.bytes, self.unknown = tokenizer.unigrams()
        self.numbers = table_of([name.encode() for name, _, _ in scores], [k for _, k, _ in scores], -1)
        by_number = {k: score for _, k, score in scores}
        self.scores = tf.constant([by_number.get(k, 0.0) for k in range(len(tokenizer))])
        self.longest = max(len(name) for name, _, _ in scores)  # characters

    def encode(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        split = tf.strings.unicode_split(mark_spaces(prompt), "UTF-8")  # ragged [b, (n)]
        characters, lengths = split.to_tensor(""), tf.cast(split.row_lengths(), tf.int32)
        candidates = self.candidates(characters, lengths)
        sizes = self.best_sizes(candidates, lengths)  # [b, n]: characters of the subword that begins here, or 0
        tokens = tf.gather(candidates, tf.maximum(sizes - 1, 0), axis=2, batch_dims=2)  # [b, n]
        return with_byte_tokens(characters, tokens, sizes > 0, self.bytes)

    def candidates(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """The subwords that begin at each character, int32 [b, n, longest] by their size - 1; -1 for no subword."""
        n, by_size, text = tf.shape(characters)[1], [], characters
        for size in range(self.longest):
            if size:
                text = tf.strings.join([text[:, :-1], characters[:, size:]])  # [b, n - size]
            inside = tf.range(tf.shape(text)[1])[None] + size < lengths[:, None]
            tokens = tf.where(inside, self.numbers.lookup(text), -1)
            by_size.append(tf.pad(tokens, [[0, 0], [0, n - tf.shape(tokens)[1]]], constant_values=-1))
        return tf.stack(by_size, axis=2)

    def best_sizes(self, candidates: Tensor, lengths: Tensor) -> Tensor:
        """Candidates [b, n, longest] -> sizes of the most probable subwords, each where it begins; else 0, [b, n]."""
        batch, n = tf.shape(candidates)[0], tf.shape(candidates)[1]
        alone = tf.range(self.longest) == 0  # a character can always stand alone
        score = tf.where(candidates >= 0, tf.gather(self.scores, tf.maximum(candidates, 0)), -float("inf"))
        score = tf.where(alone & (candidates < 0), self.unknown, score)

        def forward(s: Tensor, highest: Tensor, last_sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            ends = slice(s + 1, s + 1 + self.longest)
            through = highest[:, s, None] + score[:, s]  # [b, longest]
            better = through > highest[:, ends]
            sizes = tf.range(1, self.longest + 1)
            highest, last_sizes = (
                tf.concat([old[:, : s + 1], tf.where(better, new, old[:, ends]), old[:, s + 1 + self.longest :]], 1)
                for old, new in ((highest, through), (last_sizes, sizes))
            )
            return s + 1, highest, last_sizes

        unreached = tf.fill([batch, n + self.longest], -float("inf"))
        highest = tf.concat([tf.zeros([batch, 1]), unreached], axis=1)  # [b, 1 + n + longest]: the best sum up to here
        initial = (tf.constant(0), highest, tf.zeros_like(highest, tf.int32))
        _, _, last_sizes = tf.while_loop(lambda s, *_: s < n, forward, initial)

        def backward(end: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
            size = tf.gather(last_sizes, end, axis=1, batch_dims=1)  # [b]; 0 where the beginning is reached
            here = (tf.range(n)[None] == (end - size)[:, None]) & (size > 0)[:, None]
            return end - size, tf.where(here, size[:, None], sizes)

        shapes = (tf.TensorShape([None]), tf.TensorShape([None, None]))
        start = (lengths, tf.zeros([batch, n], tf.int32))
        return tf.while_loop(lambda end, _: tf.reduce_any(end > 0), backward, start, shapes)[1]


def mark_spaces(text: Tensor) -> Tensor:
    """A text as SentencePiece normalises it: one SPACE sign for a run of spaces and at the start, none at the end."""
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(tf.strings.regex_replace(text, "^ +| +$", ""), " +", SPACE)
    text = tf.strings.regex_replace(text, f"(?:{SPACE})+$", "")  # a SPACE sign of the text itself counts as a space
    return tf.where(text == "", text, tf.strings.join([SPACE, text]))


def with_byte_tokens(characters: Tensor, tokens: Tensor, begins: Tensor, byte_tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Token ids int32 [b, m] and their lengths int32 [b]: the tokens where `begins`, byte tokens in place of a -1.

    characters: string [b, n]. tokens: int32 [b, n], -1 for a character of no subword. begins: bool [b, n].
    byte_tokens: int32 [256], the token of each byte.
    """
    text, subwords = tf.boolean_mask(characters, begins), tf.boolean_mask(tokens, begins)  # [k]
    text = tf.where(subwords < 0, text, "-")  # a byte for each subword
    sizes = tf.strings.length(text)
    raw = tf.io.decode_raw(tf.strings.reduce_join(text), tf.uint8)  # [m], of all rows
    flat = tf.repeat(subwords, sizes)
    flat = tf.where(flat < 0, tf.gather(byte_tokens, tf.cast(raw, tf.int32)), flat)
    rows = tf.repeat(tf.cast(tf.where(begins)[:, 0], tf.int32), sizes)
    lengths = tf.math.bincount(rows, minlength=tf.shape(begins)[0])
    return tf.RaggedTensor.from_row_lengths(flat, lengths).to_tensor(), lengths


def table_of(keys: Any, numbers: Any, unknown: int) -> Any:
    """A table of strings -> int32, and `unknown` for any other string."""
    pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(list(keys)), tf.constant(list(numbers), tf.int32))
    return tf.lookup.StaticHashTable(pairs, unknown)
