"""MODEL_CARD.md of a table with names that mean something in Markdown or HTML."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.exporting.model_card import card_of_numbers, card_of_texts
from mmkeras.graph import Input
from mmkeras.metrics.predictions import classification_metrics

NAMES = ["<script>alert(1)</script>", "![x](http://x/y.png)", "a|b\n# c", "```\n[a](b)", "`", "x\u2028y", "早"]


def outside_of_code(card: str) -> str:
    """The card without its blocks and spans of code: what is read as Markdown."""
    blocks = re.sub(r"(?ms)^(```+)$.*?^\1$", "", card)
    return re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", blocks)


def test_names_are_shown_and_never_run() -> None:
    truth = np.arange(len(NAMES))
    metrics: dict[str, Any] = {
        "validation": {**classification_metrics(truth, truth, NAMES), "score_name": "accuracy"},
        "rows": {"train": 10, "validation": 7},
        "folded": False,
    }
    inputs = [
        Input(f"input_{k}", name, "text", "uint8", ("n_bytes",), {"max_bytes": 9}) for k, name in enumerate(NAMES)
    ]
    graphs: Any = {"predict": SimpleNamespace(inputs=inputs, labels=NAMES)}
    run: Any = SimpleNamespace(
        inputs=[],
        config=Config(),
        environment={},
        schema={"targets": {"names": NAMES}, "file": {"path": "<b>|`x`.csv"}},
    )
    signature: Any = SimpleNamespace(task="classify", metadata={}, target=NAMES[0])
    card = card_of_numbers(run, graphs, signature, metrics, "<i>title</i>")
    left = outside_of_code(card)
    for piece in ("<", "](", "|", "\u2028", "`"):
        assert piece not in left
    assert [line for line in left.splitlines() if line.startswith("#")] == ["# ", "## Inputs", "## Limits"]
    assert len([line for line in left.splitlines() if line.startswith("- ")]) == len(NAMES)
    for name in ("<script>alert(1)</script>", "早", r"a|b\n# c"):
        assert name in card

    figures: dict[str, Any] = {"validation": {"bleu": 1.0}}
    signature.metadata = {"pieces": {"kind": "word", "size": 9}}
    for name in NAMES:
        signature.target = name
        left = outside_of_code(card_of_texts(run, graphs, signature, figures, name))
        assert "<" not in left
        assert "](" not in left
