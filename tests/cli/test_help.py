"""`--help` of every command: a headed box a group of flags, the most used first; docs/flags.md is made of the same."""

from __future__ import annotations

import dataclasses

import pytest
import small_runs

from mmkeras.cli.dispatch import COMMANDS
from mmkeras.cli.help import FIRST, MOST_USED, as_markdown, groups_of, render
from mmkeras.config.config import DEFAULTS, Config

GROUPS = ["data", "model", "text", "image", "audio", "generation", "training", "output"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_has_a_text(command: str) -> None:
    flags = [flag for group in groups_of(command) for flag in group.flags]
    assert flags
    for flag in flags:
        assert flag.text.endswith("."), f"{flag.name}: {flag.text!r}"
        assert "None" not in flag.text
        assert "(default:" not in flag.text


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [60, 110])
def test_boxes_fit_their_width(command: str, width: int) -> None:
    for line in render(command, width).splitlines():
        if line and line[0] in "╭│╰":
            assert len(line) == width or "{" in line, line


def test_train_has_a_box_a_group_and_the_ten_most_used_flags_first() -> None:
    assert [group.title for group in groups_of("train")] == [MOST_USED, *GROUPS]
    assert [field.name for field in dataclasses.fields(Config)] == GROUPS
    first = groups_of("train")[0].flags
    assert [flag.name for flag in first] == ["csv", *FIRST["train"], "config"]
    assert len(FIRST["train"]) == 10
    assert {flag.name for group in groups_of("train")[1:] for flag in group.flags} == {*DEFAULTS, "quiet"}


def test_help_names_the_config_file_and_no_nothing() -> None:
    done = small_runs.main("train", "--help")
    assert done.code == 0
    assert "--config FILE" in done.out
    assert "(default: None)" not in done.out
    assert "╭─ training ─" in done.out


def test_the_page_of_flags_is_made_of_the_help() -> None:
    page = small_runs.ROOT / "docs" / "flags.md"
    assert page.read_text(encoding="utf-8") == as_markdown(), "run: python -m mmkeras.cli.help > docs/flags.md"
