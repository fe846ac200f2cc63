"""Flags that change nothing for the columns of a table."""

from __future__ import annotations

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.unused_flags import unused_flags
from mmkeras.modalities import MODALITIES, spec_of

FLAGS_OF = {kind: spec_of(kind).FLAGS for kind in MODALITIES}


def test_a_flag_that_changes_nothing_is_said() -> None:
    notes = list(unused_flags(Config.of(char_ngrams=5, image_size=64, mels=20), {"image", "number"}, FLAGS_OF))
    assert [note.split(" changes")[0] for note in notes] == ["note: --char-ngrams", "note: --mels"]
    assert "there is no text column" in notes[0]
    assert not list(unused_flags(Config.of(char_ngrams=5), {"text"}, FLAGS_OF))
    assert not list(unused_flags(Config.of(min_rows=5), {"category"}, FLAGS_OF)), "categories have it, too"
    assert not list(unused_flags(Config(), {"number"}, FLAGS_OF)), "no note on a flag that is not set"


def test_every_idle_flag_is_a_choice_of_the_config() -> None:
    all_flags = set(DEFAULTS)
    assert {flag for flags in FLAGS_OF.values() for flag in flags} <= all_flags
