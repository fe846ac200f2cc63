"""What the table decides of the Config."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.errors import InputError
from mmkeras.training.resolve import resolved


@pytest.mark.parametrize(
    ("kinds", "task", "flags", "expected"),
    [
        (["text"], "classify", {}, ("wide_deep", None)),
        (["text", "text"], "classify", {"model": "mlp"}, ("mlp", None)),
        (["text"], "classify", {"model": "multimodal"}, ("multimodal", "concat")),
        (["text"], "classify", {"text_encoder": "gru"}, ("multimodal", "concat")),
        (["text", "text"], "classify", {"fusion": "sum"}, ("multimodal", "sum")),
        (["text"], "regress", {}, ("multimodal", "concat")),
        (["text", "text"], "multilabel", {}, ("multimodal", "attention")),
        (["image"], "classify", {}, ("multimodal", "concat")),
        (["text", "image"], "classify", {}, ("multimodal", "attention")),
        (["number", "category"], "regress", {"fusion": "decision"}, ("multimodal", "decision")),
    ],
)
def test_the_table_decides_what_the_flags_leave_open(
    kinds: list[str], task: str, flags: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    table: Any = SimpleNamespace(inputs=[Column(f"c{k}", kind, "input") for k, kind in enumerate(kinds)], task=task)
    config = resolved(Config.of(**flags), table)
    assert (config.model.model, config.model.fusion) == expected
    assert config.model.task == task
    assert resolved(config, table) == config, "a resumed training decides alike"


@pytest.mark.parametrize(
    ("kinds", "task", "flags"),
    [
        (["text"], "regress", {}),
        (["text", "image"], "multilabel", {}),
        (["text"], "generate", {}),
        (["text"], "classify", {"text_encoder": "gru"}),
        (["text"], "classify", {"model": "wide_deep"}),
    ],
)
def test_naive_bayes_is_refused_where_it_does_not_apply(kinds: list[str], task: str, flags: dict[str, Any]) -> None:
    table: Any = SimpleNamespace(inputs=[Column(f"c{k}", kind, "input") for k, kind in enumerate(kinds)], task=task)
    with pytest.raises(InputError, match=r"aive.[Bb]ayes"):
        resolved(Config.of(naive_bayes=True, **flags), table)


def test_a_text_alone_is_read_by_the_multimodal_model() -> None:
    table: Any = SimpleNamespace(inputs=[Column("note", "text", "input")], task="classify")
    assert resolved(Config.of(naive_bayes=True), table).model.model == "multimodal"
