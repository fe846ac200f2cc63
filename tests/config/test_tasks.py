"""Dicts with an entry for each task name every task."""

from __future__ import annotations

import pytest

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.config.tasks import TARGET_KINDS, has_target, line_of, task_names
from mmkeras.config.unused_flags import UNUSED_IN
from mmkeras.errors import InputError
from mmkeras.training.resolve import RESOLVERS

TASKS = ("auto", *task_names())


def test_every_task_has_its_line() -> None:
    assert sorted(UNUSED_IN) == sorted(TASKS)
    assert [*RESOLVERS] == [*TARGET_KINDS]
    assert [task for task in TASKS if not has_target(task)] == ["language_model"]


def test_a_task_without_a_line_has_that_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGET_KINDS, "quantile", "number")
    assert line_of({"classify": 1, "regress": 2}, "quantile") == 2
    assert line_of({"regress": 2, "quantile": 3}, "quantile") == 3
    for task in ("language_model", "quantile", "guess"):
        with pytest.raises(KeyError):
            line_of({"classify": 1}, task)


@pytest.mark.parametrize(("flag", "last"), [("task", "or language_model."), ("fusion", "sum or decision.")])
def test_a_task_or_fusion_that_is_none_is_refused(flag: str, last: str) -> None:
    with pytest.raises(InputError, match=f"--{flag} guess: expected .*{last}"):
        check_config(Config.of(**{flag: "guess"}))


@pytest.mark.parametrize("task", TASKS)
def test_a_text_file_is_for_language_models(task: str) -> None:
    config = Config().replace(task=task, text_file="lines.txt")
    if not has_target(task):
        return check_config(config)
    with pytest.raises(InputError, match=r"--text-file: it is for language models. Add --task language_model, or"):
        check_config(config)
    return check_config(config.replace(resume=True))  # then the flags are those of the run, whatever they are


@pytest.mark.parametrize("task", TASKS)
def test_a_width_is_shared_by_heads_where_there_are_any(task: str) -> None:
    config = Config().replace(task=task, width=40)
    if not has_target(task):
        return check_config(config)
    with pytest.raises(InputError, match="--width 40: expected a multiple of 16"):
        check_config(config)
    return None
