"""What a table decides of the Config: the task, and which model and fusion learn it."""

from __future__ import annotations

from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.table import Table
from mmkeras.errors import InputError


def resolved(config: Config, table: Table) -> Config:
    """The Config with what the table decides: task, model and fusion. Raises InputError where they clash."""
    kinds = {column.kind for column in table.inputs}
    texts_alone = kinds == {"text"}
    if table.task == "generate":
        return resolved_writer(config, table)
    plain = config.text.text_encoder == "average" and config.model.fusion is None and not config.model.naive_bayes
    model = config.model.model
    if model == "auto":
        model = "wide_deep" if texts_alone and plain and table.task == "classify" else "multimodal"
    if model != "multimodal" and not (texts_alone and table.task == "classify" and plain):
        raise InputError(
            f"--model {model} learns classes from text columns by itself; this is the task {table.task} from columns "
            f"of {', '.join(sorted(kinds))}{'' if plain else ', with an encoder or a fusion chosen, or naive Bayes'}. "
            "Leave --model out, give multimodal, or name the columns to use with --text."
        )
    if config.training.class_weight != "none" and table.task != "classify":
        raise InputError(f"--class-weight balanced: it is for classes, and the task is {table.task}. Leave it out.")
    if config.model.naive_bayes and (table.task != "classify" or config.text.text_encoder != "average"):
        raise InputError("--naive-bayes: it is for classes, and for --text-encoder average. Leave it out.")
    if config.text.word_vectors and not config.text.text_encoder == "average":
        raise InputError("--word-vectors: they are for --text-encoder average. Leave one of the flags out.")
    fusion = config.model.fusion
    if model == "multimodal" and fusion is None:
        fusion = "attention" if len(table.inputs) > 1 else "concat"
    decided: dict[str, Any] = {"task": table.task, "model": model, "fusion": fusion}
    return config.replace(**decided)


def resolved_writer(config: Config, table: Table) -> Config:
    """As `resolved`, for a text to write: tokens in their order, and a fusion that keeps them."""
    if config.model.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {config.model.model} answers with classes; --task generate writes. Leave --model out."
        )
    if config.model.fusion == "decision":
        raise InputError("--fusion decision: a text is written by one decoder. Give attention, concat or sum.")
    idle = {"--class-weight": config.training.class_weight != "none", "--word-vectors": config.text.word_vectors}
    for flag, value in {**idle, "--naive-bayes": config.model.naive_bayes}.items():
        if value:
            raise InputError(f"{flag}: --task generate has no use for it. Leave it out.")
    several = len(table.inputs) > 1
    decided: dict[str, Any] = {"task": table.task, "model": "multimodal"}
    decided["fusion"] = config.model.fusion or ("attention" if several else "concat")
    decided["text_encoder"] = "transformer" if config.text.text_encoder == "average" else config.text.text_encoder
    return config.replace(**decided)
