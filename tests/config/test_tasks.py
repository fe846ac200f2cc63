"""What is said by task stands in literal dicts that name every task."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from mmkeras.config.check import check_config
from mmkeras.config.config import Config, Model
from mmkeras.config.tasks import TARGET_KINDS, has_target
from mmkeras.config.unused_flags import IDLE_IN
from mmkeras.errors import InputError
from mmkeras.training.resolve import RESOLVERS

TASKS = get_args(get_type_hints(Model)["task"])


def test_every_task_has_its_line() -> None:
    assert sorted(IDLE_IN) == sorted(TASKS)
    assert [*RESOLVERS] == [*TARGET_KINDS]
    assert [task for task in TASKS if not has_target(task)] == ["language_model"]


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
