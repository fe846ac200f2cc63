"""The bundled example `multimodal`, made from nothing."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmkeras.examples import multimodal
from mmkeras.modalities.audio.decode import decode_audio
from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.media.paths import read_media

INPUTS = ("note", "photo", "clip", "price")
N_ROWS = 160


def run(folder: Path, *flags: str, rows: int = N_ROWS) -> int:
    return int(multimodal.main(["--output", str(folder), "--rows", str(rows), *flags]))


def read(folder: Path) -> list[dict[str, str]]:
    with (folder / "multimodal.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "shop"
    assert run(folder) == 0
    return folder


def test_the_labels_are_balanced_and_their_words_independent(shop: Path) -> None:
    rows = read(shop)
    assert tuple(rows[0]) == (*INPUTS, "label", "reply")
    counts = Counter(row["label"] for row in rows)
    assert len(counts) == 16
    assert set(counts.values()) == {N_ROWS // 16}
    assert [len({label.split("-")[k] for label in counts}) for k in range(4)] == [2, 2, 2, 2]
    first = [row["label"] for row in rows[:16]]
    assert first != sorted(first), "the order says nothing"


def test_every_file_is_there_and_decodes(shop: Path) -> None:
    rows = read(shop)
    for i, row in enumerate(rows):
        assert (row["photo"], row["clip"]) == (f"images/{i:05}.png", f"audio/{i:05}.wav")
        pixels = decode_image(read_media(row["photo"], shop, False, 10**6))
        assert pixels.shape == (48, 48, 3)
        assert pixels.std() > 10
        samples = decode_audio(read_media(row["clip"], shop, False, 10**6), 8000, 2.0)
        assert 4000 <= len(samples) <= 8000
        assert 0.01 < np.abs(samples).max() <= 1.0
    assert len(contents(shop)) == 1 + 2 * len(rows)


def test_each_input_tells_its_word(shop: Path) -> None:
    replies = set()
    for row in read(shop):
        shape, glide, mood, cost = row["label"].split("-")
        price = float(row["price"])
        assert (price < 15, price > 27) == (cost == "cheap", cost == "costly")
        assert any(word in row["note"] for word in multimodal.VERDICTS[mood])
        assert not any(word in row["note"] for word in multimodal.VERDICTS["happy" if mood == "unhappy" else "unhappy"])
        assert not set(row["note"].lower().split()) & {shape, glide, cost, *multimodal.COLOURS}
        samples = decode_audio(shop / row["clip"], 8000, 2.0)
        middles = [np.abs(np.fft.rfft(part * np.hanning(len(part)), 8000)).argmax() for part in halves(samples)]
        assert (middles[1] > middles[0]) == (glide == "rising")
        assert f"{shape} " in row["reply"]
        assert f"the {glide} sound" in row["reply"]
        assert row["reply"].startswith("Glad" if mood == "happy" else "Sorry")
        replies.add(row["reply"])
    assert len(replies) > N_ROWS / 2


def halves(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last quarter of a clip, where a glide has left its middle."""
    quarter = len(samples) // 4
    return samples[:quarter], samples[-quarter:]


def test_nothing_else_tells_a_word(shop: Path) -> None:
    rows = read(shop)
    assert len({(shop / row["photo"]).stat().st_size for row in rows}) == 1
    words = np.array([row["label"].split("-") for row in rows])  # [rows, 4]
    bits = words == words[0]
    seconds = np.array([(shop / row["clip"]).stat().st_size for row in rows], "float64")
    bright = np.array([decode_image((shop / row["photo"]).read_bytes()).mean() for row in rows])
    loud = np.array([decode_audio(shop / row["clip"], 8000, 2.0).std() for row in rows])
    for fact in (seconds, bright, loud):
        for bit in bits.T:
            assert abs(np.corrcoef(fact, bit)[0, 1]) < 4 / np.sqrt(N_ROWS)  # four standard errors


def test_a_seed_fixes_every_byte(shop: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "again") == 0
    assert contents(tmp_path / "again") == contents(shop)
    assert run(tmp_path / "other", "--seed", "1", rows=16) == 0
    assert contents(tmp_path / "other")["images/00000.png"] != contents(shop)["images/00000.png"]


def test_missing_cells(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gaps"
    assert run(folder, "--missing", "0.6") == 0
    rows, whole = read(folder), read(shop)
    filled = np.array([[row[name] != "" for name in INPUTS] for row in rows])  # [rows, 4]
    assert 0.33 < filled.mean() < 0.5  # 0.4, and a cell of each row that would have lost all
    assert filled.any(axis=1).all()
    assert filled.any(axis=0).all()
    for row, full in zip(rows, whole, strict=True):
        assert all(row[name] in ("", full[name]) for name in INPUTS)
        assert (row["label"], row["reply"]) == (full["label"], full["reply"])
    named = {row[name] for row in rows for name in ("photo", "clip")} - {""}
    assert set(contents(folder)) == named | {"multimodal.csv"}


def test_nothing_is_overwritten_without_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "shop"
    assert run(folder, rows=16) == 0
    assert "16 rows, 16 labels" in capsys.readouterr().out
    made, before = folder.stat(), contents(folder)
    assert run(folder, rows=16) == 0  # the same content: nothing to do
    assert folder.stat().st_ino == made.st_ino
    assert run(folder, "--seed", "1", rows=16) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert contents(folder) == before
    assert run(folder, "--seed", "1", "--overwrite", rows=17) == 0
    assert len(read(folder)) == 17
    assert contents(folder) != before
    assert [p.name for p in tmp_path.iterdir()] == ["shop"], "temporary folders are gone"


def test_what_was_not_made_here_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("notes.txt", "images/holiday.jpg"):
        folder = tmp_path / name.replace("/", "-")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("mine")
        assert run(folder, "--overwrite", rows=16) == 2
        assert f"{name} is there" in capsys.readouterr().err
        assert contents(folder) == {name: b"mine"}
    file = tmp_path / "file"
    file.write_text("mine")
    assert run(file, "--overwrite", rows=16) == 2
    assert file.read_text() == "mine"


@pytest.mark.parametrize("flags", [("--rows", "15"), ("--missing", "1"), ("--missing", "nan"), ("--seed", "-1")])
def test_flags_that_make_no_sense(tmp_path: Path, flags: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        multimodal.main(["--output", str(tmp_path / "shop"), *flags])
    assert f"{flags[0]} {flags[1]}: expected" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
