"""A Config as a command: what it gives is the Config."""

from __future__ import annotations

import shlex

import pytest
from every_flag import OTHER

from mmkeras.cli.dispatch import parse
from mmkeras.config.command_line import STARTS, command_of
from mmkeras.config.config import Config


@pytest.mark.parametrize("name", sorted({*OTHER} - STARTS))
def test_the_command_gives_the_config(name: str) -> None:
    config = Config.of(csv="my shop.csv", **{name: OTHER[name][0]})
    program, command, *arguments = shlex.split(command_of(config))
    assert (program, command) == ("mmkeras", "train")
    parsed = parse(command, arguments)
    assert parsed == (config.replace(csv="data/news.csv") if name == "text_file" else config)


def test_how_a_training_was_started_is_left_out() -> None:
    assert command_of(Config.of(csv="my shop.csv", resume=True, debug=True)) == "mmkeras train 'my shop.csv'"
