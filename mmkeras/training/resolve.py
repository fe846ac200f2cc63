"""What a table decides of the Config: the task, and which model and fusion learn it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mmkeras.config.config import Config
from mmkeras.config.fusions import with_memory, without_memory
from mmkeras.config.tasks import line_of
from mmkeras.data.table import Table
from mmkeras.errors import InputError


def resolved(config: Config, table: Table) -> Config:
    """The Config with what the table decides: task, model and fusion. Raises InputError where they clash."""
    return line_of(RESOLVERS, table.task)(config, table)


def resolve_classes(config: Config, table: Table) -> Config:
    """Classes of texts alone are learned by a text classifier; all else by the multimodal model."""
    average = config.text.text_encoder == "average"
    plain = average and config.model.fusion is None and not config.model.naive_bayes
    by_itself = plain and {column.kind for column in table.inputs} == {"text"}
    model = config.model.model
    if model == "auto":
        model = "wide_deep" if by_itself else "multimodal"
    if model != "multimodal" and not by_itself:
        raise _no_text_classifier(config, table, plain)
    if config.model.naive_bayes and not average:
        raise InputError("--naive-bayes: it is for classes, and for --text-encoder average. Leave it out.")
    _check_word_vectors(config)
    if model != "multimodal":
        return config.replace(task=table.task, model=model)
    return config.replace(task=table.task, model=model, fusion=_fusion(config, table))


def resolve_multimodal(config: Config, table: Table) -> Config:
    """Labels and numbers are learned by the multimodal model, without what is for classes."""
    if config.model.model not in ("auto", "multimodal"):
        plain = config.text.text_encoder == "average" and not (config.model.fusion or config.model.naive_bayes)
        raise _no_text_classifier(config, table, plain)
    if config.training.class_weight != "none":
        raise InputError(f"--class-weight balanced: it is for classes, and the task is {table.task}. Leave it out.")
    if config.model.naive_bayes:
        raise InputError("--naive-bayes: it is for classes, and for --text-encoder average. Leave it out.")
    _check_word_vectors(config)
    return config.replace(task=table.task, model="multimodal", fusion=_fusion(config, table))


def resolve_text(config: Config, table: Table) -> Config:
    """A text is generated from tokens in their order, and by a fusion that keeps them."""
    if config.model.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {config.model.model} answers with classes; --task generate writes. Leave --model out."
        )
    if config.model.fusion in without_memory():
        *names, last = with_memory()
        raise InputError(
            f"--fusion {config.model.fusion}: a text is written by one decoder. Give {', '.join(names)} or {last}."
        )
    unused = {"--class-weight": config.training.class_weight != "none", "--word-vectors": config.text.word_vectors}
    for flag, value in {**unused, "--naive-bayes": config.model.naive_bayes}.items():
        if value:
            raise InputError(f"{flag}: --task generate has no use for it. Leave it out.")
    decided: dict[str, Any] = {"task": table.task, "model": "multimodal", "fusion": _fusion(config, table)}
    decided["text_encoder"] = "transformer" if config.text.text_encoder == "average" else config.text.text_encoder
    return config.replace(**decided)


def _fusion(config: Config, table: Table) -> str:
    return config.model.fusion or ("attention" if len(table.inputs) > 1 else "concat")


def _check_word_vectors(config: Config) -> None:
    if config.text.word_vectors and not config.text.text_encoder == "average":
        raise InputError("--word-vectors: they are for --text-encoder average. Leave one of the flags out.")


def _no_text_classifier(config: Config, table: Table, plain: bool) -> InputError:
    """The error for a text classifier where the table or the flags ask for more."""
    kinds = ", ".join(sorted({column.kind for column in table.inputs}))
    return InputError(
        f"--model {config.model.model} learns classes from text columns by itself; this is the task {table.task} from "
        f"columns of {kinds}{'' if plain else ', with an encoder or a fusion chosen, or naive Bayes'}. Leave --model "
        "out, give multimodal, or name the columns to use with --text."
    )


RESOLVERS: Final[dict[str, Callable[[Config, Table], Config]]] = {
    "classify": resolve_classes,
    "multilabel": resolve_multimodal,
    "regress": resolve_multimodal,
    "generate": resolve_text,
}
"""Task of a table -> what it makes of the flags that are open."""
