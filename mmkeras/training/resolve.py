"""Settings that the table decides: the task, the model and the fusion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import Config, Model, Text
from mmkeras.config.fusions import with_memory, without_memory
from mmkeras.config.presets import is_preset, preset_of
from mmkeras.config.tasks import generates_text, line_of
from mmkeras.data.table import Table
from mmkeras.errors import InputError

WORDPIECE_FILES: Final = ("vocab.txt", "assets/tokenizer/vocabulary.txt")
"""Of a Hugging Face folder, and of one of keras-hub."""
WORDPIECE_NAMES: Final = ("bert_", "distil_bert_", "electra_", "all_minilm_", "paraphrase_minilm_")
"""How the names of keras-hub's presets with WordPiece begin."""


def resolved(config: Config, table: Table) -> Config:
    """The Config with task, model and fusion set. Raises InputError for flags that contradict the table."""
    return line_of(RESOLVERS, table.task)(config, table)


def resolve_classes(config: Config, table: Table) -> Config:
    """Classes: a text classifier for text columns alone, the multimodal model for any other columns."""
    average, preset = config.text.text_encoder == "average", is_preset(config.text.text_encoder)
    plain = config.model.fusion is None and not config.model.naive_bayes
    text_alone = plain and {column.kind for column in table.inputs} == {"text"}
    model = config.model.model
    if model == "auto":
        beside = preset and not config.model.fine_tune and runs_in_graph(config.text.text_encoder)
        model = "wide_deep" if text_alone and (average or beside) else "multimodal"
    reads = average or (preset and model == "wide_deep")
    if model != "multimodal" and not (text_alone and reads):
        raise _no_text_classifier(config.model, table, plain and reads)
    if model != "multimodal" and config.model.fine_tune and preset:
        raise InputError(
            "--fine-tune: beside n-grams, in wide_deep, the preset is frozen. Leave it out, or give --model multimodal."
        )
    if model == "multimodal":
        _check_char_ngrams(config.text)
    if config.model.naive_bayes and not average:
        raise InputError("--naive-bayes: it is for classes, and for --text-encoder average. Leave it out.")
    _check_word_vectors(config.text)
    _check_size_budget(config.model, table.task, model)
    if model != "multimodal":
        if config.model.size_budget and preset:
            raise InputError(
                f"--size-budget {config.model.size_budget}: a preset has many megabytes by itself. Leave out "
                "--text-encoder or --size-budget."
            )
        return config.replace(task=table.task, model=model)
    return config.replace(task=table.task, model=model, fusion=_fusion(config.model, table))


def runs_in_graph(encoder: str) -> bool:
    """Has a preset a WordPiece tokenizer, which reads bytes inside the graph? Told without keras-hub: by the file of a
    folder's vocabulary, or the family of a name.
    """
    preset = preset_of(encoder)
    if Path(preset).is_dir():
        return any((Path(preset) / file).is_file() for file in WORDPIECE_FILES)
    return preset.startswith(WORDPIECE_NAMES)


def preset_note(before: Config, after: Config) -> str:
    """The line that says which model reads a preset where the flags left that open; '' otherwise."""
    if before.model.model != "auto" or not is_preset(after.text.text_encoder) or generates_text(after.model.task):
        return ""
    if after.model.model == "wide_deep":
        return "model: wide_deep, with the preset's vector beside the n-grams (--model multimodal: the preset alone)"
    return "model: multimodal, which reads texts by the preset alone"


def resolve_multimodal(config: Config, table: Table) -> Config:
    """Labels and numbers: the multimodal model. Flags that are for classes alone raise InputError."""
    if config.model.model not in ("auto", "multimodal"):
        default_model = config.text.text_encoder == "average" and not (config.model.fusion or config.model.naive_bayes)
        raise _no_text_classifier(config.model, table, default_model)
    if config.training.class_weight != "none":
        raise InputError(f"--class-weight balanced: it is for classes, and the task is {table.task}. Leave it out.")
    if config.model.naive_bayes:
        raise InputError("--naive-bayes: it is for classes, and for --text-encoder average. Leave it out.")
    _check_size_budget(config.model, table.task, "multimodal")
    _check_word_vectors(config.text)
    _check_char_ngrams(config.text)
    return config.replace(task=table.task, model="multimodal", fusion=_fusion(config.model, table))


def resolve_text(config: Config, table: Table) -> Config:
    """A generated text: an encoder that keeps the order of the tokens, and a fusion with a memory of tokens."""
    if config.model.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {config.model.model} predicts classes; --task generate needs a decoder. Leave --model out."
        )
    if config.model.fusion in without_memory():
        *names, last = with_memory()
        raise InputError(
            f"--fusion {config.model.fusion}: a text is generated by one decoder. Give {', '.join(names)} or {last}."
        )
    unused = {"--class-weight": config.training.class_weight != "none", "--word-vectors": config.text.word_vectors}
    unused |= {"--naive-bayes": config.model.naive_bayes, "--baseline svm": config.training.baseline == "svm"}
    for flag, value in unused.items():
        if value:
            raise InputError(f"{flag}: --task generate has no use for it. Leave it out.")
    flags: dict[str, Any] = {"task": table.task, "model": "multimodal", "fusion": _fusion(config.model, table)}
    flags["text_encoder"] = "transformer" if config.text.text_encoder == "average" else config.text.text_encoder
    return config.replace(**flags)


def _fusion(model: Model, table: Table) -> str:
    return model.fusion or ("attention" if len(table.inputs) > 1 else "concat")


def _check_word_vectors(text: Text) -> None:
    if text.word_vectors and text.text_encoder != "average":
        raise InputError("--word-vectors: they are for --text-encoder average. Leave one of the flags out.")


def _check_char_ngrams(text: Text) -> None:
    """Of the multimodal model; `config.check` has looked at the other encoders."""
    if text.char_ngrams and is_preset(text.text_encoder):
        raise InputError("--char-ngrams: the multimodal model reads the preset's tokens alone. Leave it out.")


def _check_size_budget(model: Model, task: str, name: str) -> None:
    """Raise InputError for a size budget of a model without a table of n-grams' weights. name: of the model."""
    if model.size_budget and name != "wide_deep":
        raise InputError(
            f"--size-budget {model.size_budget}: it is for the model wide_deep, which learns classes from text columns "
            f"alone; this is the task {task} with the model {name}. Leave it out; such a model gets smaller with a "
            "smaller --width and --max-features."
        )


def _no_text_classifier(model: Model, table: Table, default_model: bool) -> InputError:
    """The error for a text classifier where the table or the flags need the multimodal model.

    default_model: no flag needs it: the average encoder, no fusion, no naive Bayes.
    """
    kinds = ", ".join(sorted({column.kind for column in table.inputs}))
    chosen = "" if default_model else ", with an encoder or a fusion chosen, or naive Bayes"
    return InputError(
        f"--model {model.model} learns classes from text columns alone; this is the task {table.task} from "
        f"columns of {kinds}{chosen}. Leave --model out, give multimodal, or name the columns to use with --text."
    )


RESOLVERS: Final[dict[str, Callable[[Config, Table], Config]]] = {
    "classify": resolve_classes,
    "multilabel": resolve_multimodal,
    "regress": resolve_multimodal,
    "generate": resolve_text,
}
"""Task of a table -> the function that sets the flags that are not given."""
