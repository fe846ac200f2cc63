"""What is advised after an export works as it stands, where it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmkeras.cli.next_command import table_of
from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"csv": "a shop.csv"}, ["a shop.csv"]),
        ({"csv": "moved.csv"}, ["your.csv"]),
        ({"csv": "a shop.csv", "delimiter": ";"}, ["your.csv"]),
        (
            {"csv": "a shop.csv", "media_root": "p", "allow_outside": True},
            ["a shop.csv", "--media-root", "p", "--allow-outside"],
        ),
    ],
)
def test_the_table_is_the_run_s_where_it_can_be_read(
    flags: dict[str, str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a shop.csv").write_text("a,b\n")
    (tmp_path / "config.json").write_text(config_to_json(Config.of(**flags)))
    assert table_of(tmp_path) == expected
    assert table_of(tmp_path / "absent") == ["your.csv"]
