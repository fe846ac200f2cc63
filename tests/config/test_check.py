"""Values and flags that a Config may not have: out of range, contradictory, of no use for its task."""

from __future__ import annotations

import re
from typing import Any

import pytest
import small_runs
from every_flag import OTHER

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.errors import InputError


@pytest.mark.parametrize("flag", ["--target", "--text"])
def test_a_file_behind_a_flag_of_many_columns_is_told(flag: str) -> None:
    done = small_runs.main("train", flag, "topic", "news.csv.gz")
    assert done.code == 2
    assert done.err.startswith(f"error: {flag} news.csv.gz: expected names of columns, and this looks like a file.")
    assert f"mmkeras train news.csv.gz {flag} …" in done.err
    check_config(Config.of(csv="a.csv", target=("odd.csv",)))


@pytest.mark.parametrize(
    "flags",
    [
        {"epochs": 1},
        {"batch_size": 1},
        {"max_bytes": 16},
        {"max_bytes": 4096},
        {"max_features": 230_000},
        {"label_smoothing": 0.99},
        {"seed": 2**31 - 1},
        {"random_state": 2**32 - 1},
        {"ngrams": 1},
        {"patience": 1},
        {"test_size": 0.001},
        {"max_bad_rows": 0},
        {"max_bad_rows": 1},
    ],
)
def test_the_ends_of_the_ranges_are_allowed(flags: dict[str, Any]) -> None:
    check_config(Config.of(**flags))


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        ({"char_ngrams": 1}, "--char-ngrams 1: expected 0, or 2 to 8"),
        ({"char_ngrams": 9}, "--char-ngrams 9: expected a whole number between 0 and 8"),
        ({"char_ngrams": 3, "model": "mlp"}, "--char-ngrams: --model mlp reads words alone"),
        ({"char_ngrams": 3, "text_encoder": "gru"}, "--char-ngrams: --text-encoder gru reads tokens in their order"),
        ({"char_ngrams": 3, "task": "generate"}, "--char-ngrams: --task generate reads tokens in their order"),
    ],
)
def test_runs_of_characters_that_would_not_be_read_are_told(flags: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as error:
        check_config(Config.of(**flags))
    assert str(error.value).startswith(what)


# what each task that writes makes use of, beside what names the run and what every training has
EVERY = {"example", "text", "validation", "encoding", "delimiter", "test_size", "width", "depth", "dropout", "pieces"}
EVERY |= {"vocabulary", "max_target", "tie", "epochs", "batch_size", "learning_rate", "patience", "xla", "seed", "csv"}
EVERY |= {"baseline", "escape", "comment", "skip_lines", "no_header", "with_header"}
EVERY |= {
    "output",
    "overwrite",
    "resume",
    "continue_from",
    "debug",
    "fold",
}  # neither ever folds: --no-fold gets what it asks for
COLUMNS = {
    "image",
    "audio",
    "number",
    "category",
    "date",
    "kind",
    "target",
    "media_root",
    "allow_outside",
    "max_bad_rows",
    "keep",
    "ignore",
    "notation",
    "missing",
    "not_missing",
    "split_column",
    "group_column",
    "time_column",
}
MEDIA = {"image_encoder", "image_size", "image_augment", "audio_features", "audio_rate", "seconds", "mels", "disturb"}
TAKES = {
    "language_model": EVERY | {"text_file", "cell", "steps", "optimizer", "decay"},
    "generate": EVERY
    | COLUMNS
    | MEDIA
    | {"fusion", "modality_dropout", "text_encoder", "max_tokens", "tokens", "punctuation"}
    | {"max_bytes", "max_features", "min_rows"}
    | {"coefficients", "fine_tune", "random_state", "label_smoothing"},
}
LATER = {"model"}  # refused by `resolved`, when the table is known
ELSEWHERE = {"task", "tensorboard"}


@pytest.mark.parametrize("task", TAKES)
@pytest.mark.parametrize("name", [name for name in OTHER if name not in ELSEWHERE])
def test_a_flag_that_a_task_has_no_use_for_is_refused(task: str, name: str) -> None:
    config = Config.of(**{"task": task, name: OTHER[name][0]})  # type: ignore[arg-type]
    if name in TAKES[task] or (task == "generate" and name in LATER):
        check_config(config)
        return
    with pytest.raises(InputError) as error:
        check_config(config)
    assert str(error.value).startswith(f"--{name.replace('_', '-')}")
    assert re.search(r"[Ll]eave it out|none to freeze", str(error.value))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"csv": "other.csv"}, "other.csv: a language model is trained on one text, here that of --text-file"),
        ({"text": ("body",)}, "--text: a language model is trained on one text"),
        ({"encoding": "gb18030"}, "--encoding: a --text-file is read as lines of UTF-8"),
        ({"example": "news"}, "--example: it brings a table"),
    ],
)
def test_beside_a_text_file_there_is_no_table(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        check_config(Config.of(task="language_model", text_file="lines.txt", **flags))
    assert str(error.value).startswith(message)


def test_a_run_to_resume_keeps_the_flags_that_it_began_with() -> None:
    """Of an earlier version it may have some that are refused now; those of another value `resumed_config` refuses."""
    check_config(Config.of(task="language_model", max_tokens=64, resume=True))


def test_what_a_table_decides_is_no_flag_that_is_refused() -> None:
    """A run of `generate` has this in its config.json, which starts the same training again."""
    check_config(Config.of(task="generate", model="multimodal", fusion="concat", text_encoder="transformer"))


def test_tensorboard_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install tensorboard"):
        check_config(Config.of(tensorboard=True))
