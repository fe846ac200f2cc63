"""The assets that are deployed beside the graphs of a model: labels, or the tokenizer of its texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.graph import Answers
from mmkeras.system.files import write_atomically

LABELS = "labels.txt"


@dataclass(frozen=True)
class Assets:
    """labels: of a model that answers with numbers, in the order of its outputs.

    tokenizer: of a model that generates text.
    """

    answers: Answers
    labels: tuple[str, ...] = ()
    tokenizer: TargetTokenizer | None = None

    @property
    def texts(self) -> dict[str, str]:
        """Files that lie inside a SavedModel too: name -> content."""
        return {} if self.tokenizer else {LABELS: "\n".join(self.labels) + "\n"}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The assets' entry in signature.json."""
        if self.tokenizer is None:
            return {}
        return {"pieces": {"kind": self.tokenizer.kind, "size": len(self.tokenizer), "file": "pieces.json"}}

    def save(self, folder: Path) -> None:
        """Write the files of the assets into an exported folder."""
        for name, text in self.texts.items():
            write_atomically(folder / name, text)
        if self.tokenizer:
            self.tokenizer.save(folder)
