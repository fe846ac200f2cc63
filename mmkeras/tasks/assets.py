"""What is deployed beside the graphs of a model: labels, or the tokens that texts are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.data.target_tokenizer import TargetTokenizer
from mmkeras.graph import Answers
from mmkeras.system.files import write_atomically

LABELS = "labels.txt"


@dataclass(frozen=True)
class Assets:
    """labels: of a model that answers with numbers, in the order of its outputs; pieces: of one that writes texts."""

    answers: Answers
    labels: tuple[str, ...] = ()
    pieces: TargetTokenizer | None = None

    @property
    def texts(self) -> dict[str, str]:
        """Files that lie inside a SavedModel too: name -> content."""
        return {} if self.pieces else {LABELS: "\n".join(self.labels) + "\n"}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Their part of signature.json."""
        if self.pieces is None:
            return {}
        return {"pieces": {"kind": self.pieces.kind, "size": len(self.pieces), "file": "pieces.json"}}

    def save(self, folder: Path) -> None:
        """Write their files into an exported folder."""
        for name, text in self.texts.items():
            write_atomically(folder / name, text)
        if self.pieces:
            self.pieces.save(folder)
