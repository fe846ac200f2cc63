"""Media before training: all are checked, become features once, and may lie in the allowed folders alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import small_mixtures as mixtures
import small_runs
import soundfile

import mmkeras.training.train


def train(folder: Path, *flags: str) -> small_runs.Done:
    return small_runs.main("train", folder / "mix.csv", *mixtures.FLAGS, "--target", "label", *flags)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted when the media are checked and the rows split."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "start_tensorflow", interrupted)


@pytest.mark.usefixtures("no_model")
def test_rows_whose_media_cannot_be_used_are_named_and_left(tmp_path: Path) -> None:
    mixtures.write(tmp_path, 60, missing=False)
    (tmp_path / "pictures/4.png").write_bytes((tmp_path / "pictures/4.png").read_bytes()[:60])
    (tmp_path / "clips/9.wav").write_bytes(b"")
    done = train(tmp_path, "--output", str(tmp_path / "r"))
    assert done.code == 130, done.err
    bad = small_runs.read_csv(tmp_path / "r/bad_rows.csv")
    assert [(row["line"], row["column"]) for row in bad] == [("6", "photo"), ("11", "clip")]
    assert "pictures/4.png: the image is damaged or cut short" in bad[0]["reason"]
    assert "clips/9.wav is empty (0 bytes)" in bad[1]["reason"]
    split = small_runs.read_csv(tmp_path / "r/split.csv")
    assert len(split) == 58
    assert not {"6", "11"} & {row["line"] for row in split}
    assert "2 rows have media that cannot be used, the first in line 6" in done.out
    assert "photo: 60 images checked" in done.out
    refused = train(tmp_path, "--output", str(tmp_path / "r2"), "--max-bad-rows", "0.01")
    assert refused.code == 2
    assert "2 of 60 rows" in refused.err
    assert not (tmp_path / "r2").exists(), "nothing to go on with"
    assert f"All of them: {tmp_path / 'r2-bad_rows.csv'}" in refused.err
    assert small_runs.read_csv(tmp_path / "r2-bad_rows.csv") == bad


@pytest.mark.usefixtures("no_model")
def test_bands_that_would_hear_nothing_are_refused_before_any_clip_is_read(tmp_path: Path) -> None:
    mixtures.write(tmp_path, 60, missing=False)
    done = train(tmp_path, "--output", str(tmp_path / "r"), "--mels", "128")
    assert (done.code, "128 mel bands are too many" in done.err) == (2, True), done.err
    assert "Ask for fewer (--mels)" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.usefixtures("no_model")
def test_features_are_made_once(tmp_path: Path) -> None:
    """A second training of the same table uses the features again; one of another size, or of changed files, computes its own."""
    mixtures.write(tmp_path, 20, missing=False)
    first = train(tmp_path, "--output", str(tmp_path / "a"))
    second = train(tmp_path, "--output", str(tmp_path / "b"))
    resumed = small_runs.main("train", "--resume", "--output", tmp_path / "a")
    for done in (second, resumed):
        assert "photo: features of 20 images were made before" in done.out
        assert "clip: features of 20 clips were made before" in done.out
    assert "made before" not in first.out
    files = [sorted(p.name for p in (tmp_path / name / "features").iterdir()) for name in "ab"]
    assert files[0] == files[1]
    mixtures.picture(1, "high").save(tmp_path / "pictures/0.png")
    third = train(tmp_path, "--output", str(tmp_path / "c"), "--mels", "20")
    assert "made before" not in third.out


@pytest.mark.usefixtures("no_model")
def test_a_run_is_resumed_on_the_media_it_began_with(tmp_path: Path) -> None:
    mixtures.write(tmp_path, 20, missing=False)
    first = (tmp_path / "clips/3.wav").read_bytes()
    features = tmp_path / "a/features"
    assert train(tmp_path, "--output", str(tmp_path / "a")).code == 130
    soundfile.write(tmp_path / "clips/3.wav", mixtures.clip(4, "high"), mixtures.RATE, subtype="PCM_16")
    made = sorted(place.name for place in features.iterdir())
    changed = small_runs.main("train", "--resume", "--output", tmp_path / "a")
    assert changed.code == 2
    assert sorted(place.name for place in features.iterdir()) == made, "they are still those of the old file"
    assert "clip: a file that a cell names" in changed.err
    assert "Put the old ones back, or start anew with --overwrite" in changed.err
    (tmp_path / "clips/3.wav").write_bytes(first)
    (tmp_path / "a/media.json").write_text("{", encoding="utf-8")
    damaged = small_runs.main("train", "--resume", "--output", tmp_path / "a")
    assert damaged.code == 2
    assert "The run is damaged" in damaged.err
    (tmp_path / "a/media.json").unlink()  # a run of an older version has none
    assert small_runs.main("train", "--resume", "--output", tmp_path / "a").code == 130


@pytest.mark.usefixtures("no_model")
def test_where_media_may_lie(tmp_path: Path) -> None:
    """Beside the CSV, below --media-root, and elsewhere with --allow-outside alone."""
    mixtures.write(tmp_path / "media", 20, missing=False)
    (tmp_path / "table").mkdir()
    (tmp_path / "media/mix.csv").rename(tmp_path / "table/mix.csv")
    run, root = ("--output", str(tmp_path / "r"), "--overwrite"), ("--media-root", str(tmp_path / "media"))
    lost = train(tmp_path / "table", *run)
    assert lost.code == 2
    assert "20 of 20 rows" in lost.err
    assert "--media-root" in lost.err
    assert not (tmp_path / "r").exists()
    assert train(tmp_path / "table", *run, *root).code == 130
    rows = small_runs.read_csv(tmp_path / "table/mix.csv")
    for row in rows:
        row["photo"], row["clip"] = f"../media/{row['photo']}", f"../media/{row['clip']}"
    small_runs.write_rows(tmp_path / "table/mix.csv", rows)
    outside = train(tmp_path / "table", *run)
    assert outside.code == 2
    assert "lies outside" in outside.err
    assert "--allow-outside" in outside.err
    assert train(tmp_path / "table", *run, "--allow-outside").code == 130
