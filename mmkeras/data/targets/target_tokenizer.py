"""Target tokenizer: a text <-> token ids that a model generates. Words, bytes, or subwords of the training texts.

Two ids are special: EOS, which stands before a text and behind it, and UNK. Decoding uses a table, token id -> bytes,
that every artefact contains: `b"".join(table[i] for i in ids)`, without outer spaces.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.system.files import atomic_write, write_json
from mmkeras.system.json_files import Expected, check_shape, read_object, whole

EOS, UNK = 0, 1
EOS_WORD, UNKNOWN_WORD = "<eos>", "<unk>"
TABLE, MODEL = "pieces.json", "pieces.model"
KINDS = ("word", "subword", "byte")
SPACE = "▁"  # SentencePiece's sign for a space
UNKNOWN_PENALTY = 10.0  # SentencePiece's, unigram_model.cc
COVERAGE = 0.9995  # of the characters of the texts; rarer characters are encoded as bytes
MOST_SENTENCES = 1_000_000  # that subwords are trained on
LONGEST_SENTENCE = 2**24  # bytes; SentencePiece skips longer sentences, by default from 4 KiB on


BYTE = whole(0, 255)
SAVED = {  # pieces.json
    "kind": Expected(f"one of {', '.join(KINDS)}", lambda v: isinstance(v, str) and v in KINDS),
    "end": whole(0, 0),
    "unknown": whole(1, 1),
    "table": [(str, [BYTE])],
}


@dataclass(frozen=True)
class TargetTokenizer:
    """Text <-> token ids.

    kind: one of KINDS. table: token id -> bytes, with a space in front where a word begins; EOS and UNK first. model:
    the file of SentencePiece, for subwords (Kudo & Richardson 2018).
    """

    kind: str
    table: tuple[bytes, ...]
    model: bytes = field(default=b"", repr=False)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token.decode().strip(): k for k, token in enumerate(self.table)}

    @cached_property
    def _processor(self) -> Any:
        import sentencepiece

        try:
            processor = sentencepiece.SentencePieceProcessor(model_proto=self.model)
        except RuntimeError as error:
            raise InputError(f"{MODEL}: SentencePiece cannot read it ({error}). Export or train again.") from None
        if len(processor) != len(self):
            raise InputError(f"{MODEL}: it has {len(processor)} tokens, and {TABLE} {len(self)}. Train again.")
        return processor

    def encode(self, text: str) -> list[int]:
        """The token ids of a text, without EOS."""
        if self.kind == "word":
            return [self._ids.get(word, UNK) for word in text.split() if word != EOS_WORD]
        if self.kind == "byte":
            return [byte + 2 for byte in text.encode("utf-8", "replace")]
        return list(self._processor.encode(text.encode("utf-8", "replace").decode()))  # a terminal's broken characters

    def unigrams(self) -> tuple[list[tuple[str, int, float]], list[int], float]:
        """The unigram model, for encoding without SentencePiece: (name, token id, log P) of each subword; the token ids
        of the 256 bytes; and the log P of a character that is not a subword.
        """
        model = self._processor
        is_special = (model.is_control, model.is_unknown, model.is_byte, model.is_unused)
        normal = [k for k in range(len(self)) if not any(test(k) for test in is_special)]
        subwords = [(model.id_to_piece(k), k, model.get_score(k)) for k in normal]
        unknown = float(np.float32(min(log_p for *_, log_p in subwords)) - np.float32(UNKNOWN_PENALTY))
        return subwords, [model.piece_to_id(f"<0x{byte:02X}>") for byte in range(256)], unknown

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids, up to the first EOS."""
        return self.raw(ids).strip()

    def raw(self, ids: Iterable[int]) -> str:
        """As `decode`, with the space in front that the first token may have."""
        tokens = []
        for token_id in ids:
            if token_id == EOS:
                break
            tokens.append(self.table[token_id])
        return b"".join(tokens).decode("utf-8", "replace")

    def name(self, token_id: int) -> str:
        """A token as tables and plots show it."""
        return EOS_WORD if token_id == EOS else self.table[token_id].decode("utf-8", "replace")

    def save(self, folder: Path) -> None:
        """Write pieces.json, a table that any client can read, and for subwords pieces.model beside it."""
        table: list[Any] = []
        for token in self.table:
            try:
                table.append(token.decode())
            except UnicodeDecodeError:  # part of a character
                table.append(list(token))
        if self.model:
            with atomic_write(folder / MODEL) as partial:
                partial.write_bytes(self.model)
        write_json(folder / TABLE, {"kind": self.kind, "end": EOS, "unknown": UNK, "table": table})

    @classmethod
    def load(cls, folder: Path) -> TargetTokenizer:
        """Read the files of `save`. Raises InputError when they are damaged."""
        saved = read_object(folder / TABLE)
        check_shape(saved, SAVED, folder / TABLE, "Export or train again.")
        try:
            table = tuple(p.encode() if isinstance(p, str) else bytes(p) for p in saved["table"])
            model = (folder / MODEL).read_bytes() if saved["kind"] == "subword" else b""
        except (OSError, ValueError) as error:
            raise InputError(f"{folder / TABLE}: the tokens of the texts cannot be read ({error}).") from None
        if len(table) <= UNK:
            raise InputError(f"{folder / TABLE}: the tokens of the texts are incomplete. Export or train again.")
        return cls(saved["kind"], table, model)


def unknown_share(tokenizer: TargetTokenizer, texts: Iterable[str]) -> float:
    """The share of the texts' tokens that are unknown; 0.0 for subwords and bytes."""
    if tokenizer.kind != "word":
        return 0.0
    counts = Counter(token for text in texts for token in tokenizer.encode(text))
    return counts[UNK] / max(1, counts.total())


def train_tokenizer(kind: str, texts: Sequence[str], size: int) -> TargetTokenizer:
    """Train a tokenizer: its vocabulary holds the most frequent words, all bytes, or subwords that cover the texts.

    kind: one of KINDS. texts: of the training rows. size: largest number of tokens, for words and subwords.
    Raises InputError where every text is empty, or `size` is too small for subwords.
    """
    if not any(text.strip() for text in texts):
        raise InputError("There is no text to train the tokenizer on: every text is empty.")
    special = (b"", f" {UNKNOWN_WORD}".encode())
    if kind == "byte":
        return TargetTokenizer(kind, (b"", b"", *(bytes([k]) for k in range(256))))
    if kind == "word":
        counts = Counter(word for text in texts for word in text.split())
        del counts[UNKNOWN_WORD], counts[EOS_WORD]  # a corpus that spells them out means the special tokens
        frequent = sorted(counts, key=lambda word: (-counts[word], word))[: max(0, size - len(special))]
        return TargetTokenizer(kind, (*special, *(f" {word}".encode() for word in frequent)))
    return _train_subwords(texts, size)


def _train_subwords(texts: Sequence[str], size: int) -> TargetTokenizer:
    """SentencePiece's unigram subwords (Kudo 2018); a rare character is encoded as bytes, so nothing is unknown."""
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([text for text in texts if text]),
            model_writer=model,
            model_type="unigram",
            vocab_size=size,
            hard_vocab_limit=False,  # fewer tokens where the texts have fewer
            byte_fallback=True,
            character_coverage=COVERAGE,
            normalization_rule_name="identity",
            eos_id=EOS,
            unk_id=UNK,
            bos_id=-1,
            pad_id=-1,
            input_sentence_size=MOST_SENTENCES,
            max_sentence_length=LONGEST_SENTENCE,
            minloglevel=2,
            num_threads=1,  # the same tokens every time
        )
    except RuntimeError as error:
        raise InputError(
            f"--vocabulary {size}: no subwords can be learned from these texts ({error}). Bytes and single characters "
            "alone take 256 and more: give a larger number, or --pieces word or byte."
        ) from None
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    names = [processor.id_to_piece(k) for k in range(len(processor))]
    return TargetTokenizer("subword", tuple(_bytes_of(k, name) for k, name in enumerate(names)), model.getvalue())


def _bytes_of(token_id: int, name: str) -> bytes:
    """The bytes of a SentencePiece token: `▁` is a space, <0x0A> the byte 10."""
    if token_id in (EOS, UNK):
        return b"" if token_id == EOS else f" {UNKNOWN_WORD}".encode()
    if byte := re.fullmatch(r"<0x([0-9A-F]{2})>", name):
        return bytes([int(byte[1], 16)])
    return name.replace(SPACE, " ").encode()
