"""Target pieces: a text <-> numbers that a model writes. Words, bytes, or subwords learned on the training texts.

Two numbers have a meaning of their own: END, which stands before a text and behind it, and UNKNOWN. Back to text is a
table, piece -> bytes, that travels in every artefact: `b"".join(table[i] for i in ids)`, without outer spaces.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.system.files import write_json, written_whole

EOS, UNK = 0, 1
EOS_WORD, UNKNOWN_WORD = "<eos>", "<unk>"
TABLE, MODEL = "pieces.json", "pieces.model"
KINDS = ("word", "subword", "byte")
SPACE = "▁"  # as SentencePiece writes it
UNKNOWN_PENALTY = 10.0  # SentencePiece's, unigram_model.cc
COVERAGE = 0.9995  # of the characters of the texts; rarer ones are spelt in bytes
MOST_SENTENCES = 1_000_000  # that subwords are learned from
LONGEST_SENTENCE = 2**24  # bytes; SentencePiece skips longer ones, from 4 KiB on where nothing is said


@dataclass(frozen=True)
class TargetTokenizer:
    """kind: of KINDS. table: the bytes of each piece, a space in front where a word begins; END and UNKNOWN first.

    model: SentencePiece's own file, for subwords (Kudo & Richardson 2018).
    """

    kind: str
    table: tuple[bytes, ...]
    model: bytes = field(default=b"", repr=False)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {piece.decode().strip(): k for k, piece in enumerate(self.table)}

    @cached_property
    def _processor(self) -> Any:
        import sentencepiece

        return sentencepiece.SentencePieceProcessor(model_proto=self.model)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's pieces, without END."""
        if self.kind == "word":
            return [self._numbers.get(word, UNK) for word in text.split() if word != EOS_WORD]
        if self.kind == "byte":
            return [byte + 2 for byte in text.encode("utf-8", "replace")]
        return list(self._processor.encode(text.encode("utf-8", "replace").decode()))  # a terminal's broken characters

    def unigrams(self) -> tuple[list[tuple[str, int, float]], list[int], float]:
        """What finding subwords without SentencePiece takes: of each its name, number and log P; the pieces of the 256
        bytes; and the log P of a character that no subword is.
        """
        own = self._processor
        special = (own.is_control, own.is_unknown, own.is_byte, own.is_unused)
        normal = [k for k in range(len(self)) if not any(one(k) for one in special)]
        found = [(own.id_to_piece(k), k, own.get_score(k)) for k in normal]
        unknown = float(np.float32(min(score for *_, score in found)) - np.float32(UNKNOWN_PENALTY))
        return found, [own.piece_to_id(f"<0x{byte:02X}>") for byte in range(256)], unknown

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some pieces, up to END if it is among them."""
        return self.raw(ids).strip()

    def raw(self, ids: Iterable[int]) -> str:
        """The same with the space in front that the first piece may have."""
        found = []
        for number in ids:
            if number == EOS:
                break
            found.append(self.table[number])
        return b"".join(found).decode("utf-8", "replace")

    def name(self, number: int) -> str:
        """A piece as tables and plots show it."""
        return EOS_WORD if number == EOS else self.table[number].decode("utf-8", "replace")

    def save(self, folder: Path) -> None:
        """Write pieces.json, the table as any client can read it, and for subwords pieces.model beside it."""
        table: list[Any] = []
        for piece in self.table:
            try:
                table.append(piece.decode())
            except UnicodeDecodeError:  # part of a character, spelt in bytes
                table.append(list(piece))
        if self.model:
            with written_whole(folder / MODEL) as partial:
                partial.write_bytes(self.model)
        write_json(folder / TABLE, {"kind": self.kind, "end": EOS, "unknown": UNK, "table": table})

    @classmethod
    def load(cls, folder: Path) -> TargetTokenizer:
        """What `save` wrote. Raises InputError when it is damaged."""
        try:
            found = json.loads((folder / TABLE).read_text(encoding="utf-8"))
            table = tuple(p.encode() if isinstance(p, str) else bytes(p) for p in found["table"])
            model = (folder / MODEL).read_bytes() if found["kind"] == "subword" else b""
            return cls(found["kind"], table, model)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder / TABLE}: the pieces of the texts cannot be read ({error}).") from None


def train_tokenizer(kind: str, texts: Sequence[str], size: int) -> TargetTokenizer:
    """The pieces of the training texts, at most `size`; the most frequent words, or subwords that cover all.

    Raises InputError where there is no text to learn from.
    """
    if not any(text.strip() for text in texts):
        raise InputError("There is no text to learn pieces from: every one is empty.")
    special = (b"", f" {UNKNOWN_WORD}".encode())
    if kind == "byte":
        return TargetTokenizer(kind, (b"", b"", *(bytes([k]) for k in range(256))))
    if kind == "word":
        counts = Counter(word for text in texts for word in text.split())
        del counts[UNKNOWN_WORD], counts[EOS_WORD]  # a corpus that marks them means the same by them
        frequent = sorted(counts, key=lambda word: (-counts[word], word))[: max(0, size - len(special))]
        return TargetTokenizer(kind, (*special, *(f" {word}".encode() for word in frequent)))
    return _learn_subwords(texts, size)


def _learn_subwords(texts: Sequence[str], size: int) -> TargetTokenizer:
    """SentencePiece's unigram pieces (Kudo 2018); a rare character is spelt in bytes, so nothing is unknown."""
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([text for text in texts if text]),
            model_writer=model,
            model_type="unigram",
            vocab_size=size,
            hard_vocab_limit=False,  # fewer where the texts do not have so many
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
            num_threads=1,  # the same pieces every time
        )
    except RuntimeError as error:
        raise InputError(
            f"--vocabulary {size}: no subwords can be learned from these texts ({error}). Bytes and single characters "
            "alone take 256 and more: give a larger number, or --pieces word or byte."
        ) from None
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    names = [processor.id_to_piece(k) for k in range(len(processor))]
    return TargetTokenizer("subword", tuple(_bytes_of(k, name) for k, name in enumerate(names)), model.getvalue())


def _bytes_of(number: int, name: str) -> bytes:
    """A SentencePiece piece's bytes: `▁` is a space, <0x0A> the byte 10."""
    if number in (EOS, UNK):
        return b"" if number == EOS else f" {UNKNOWN_WORD}".encode()
    if byte := re.fullmatch(r"<0x([0-9A-F]{2})>", name):
        return bytes([int(byte[1], 16)])
    return name.replace(SPACE, " ").encode()
