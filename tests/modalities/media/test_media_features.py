"""Images and clips -> features on disk: computed, used again, and after crashes of processes."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
import strange_work
from damaged_media import BAD_CLIPS, BAD_IMAGES, CLIPS, IMAGES, encoded, picture

from mmkeras.errors import BadCell, InputError
from mmkeras.modalities.audio.cells import read_clip
from mmkeras.modalities.audio.files import longest_clip
from mmkeras.modalities.audio.spec import AudioSpec, audio_spec
from mmkeras.modalities.audio.spectrum import log_mel, valid_frames
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.spec import ImageSpec
from mmkeras.modalities.media import features as media_features
from mmkeras.modalities.media import work as media_work
from mmkeras.modalities.media.features import MediaFeatures, make_features
from mmkeras.modalities.media.paths import MediaRoot


def make(
    cells: Sequence[str],
    root: Path,
    spec: ImageSpec | AudioSpec = IMAGES,
    elsewhere: Sequence[Path] = (),
    folder: str = "features",
    name: str = "photo",
    log: Callable[[str], None] = lambda line: None,
    allow_outside: bool = False,
) -> MediaFeatures:
    kind = "image" if isinstance(spec, ImageSpec) else "audio"
    where = MediaRoot(str(root), allow_outside)
    return make_features(name, kind, cells, spec, where, root.parent / folder, elsewhere, log)


def pooled(monkeypatch: pytest.MonkeyPatch, chunk: int = 2) -> None:
    """Few cells are enough for processes."""
    monkeypatch.setattr(media_features, "FEW", 2)
    monkeypatch.setattr(media_features, "CHUNK", chunk)
    monkeypatch.setattr(media_features, "cpu_count", lambda: 2)


# ---- a column


@pytest.mark.parametrize("in_processes", [False, True])
def test_images(in_processes: bool, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_processes:
        pooled(monkeypatch)
    bad = list(BAD_IMAGES)
    cells = ["0.png", "", "1.png", " 0.png", *bad, "  ", "5.png", bad[0]]
    lines: list[str] = []
    features = make(cells, media, log=lines.append)
    assert features.index.dtype == "int32"
    assert features.index.tolist() == [0, -1, 1, 0, *[-1] * len(bad), -1, 2 + len(bad), -1]
    pixels = features.arrays["pixels"]
    assert isinstance(pixels, np.memmap)
    assert (pixels.dtype, pixels.shape) == (np.dtype("uint8"), (3 + len(bad), 16, 16, 3))
    for row, number in ((0, 0), (2, 1), (3, 0), (len(cells) - 2, 5)):
        np.testing.assert_array_equal(pixels[features.index[row]], resize_pixels(picture(number), 16))
    assert sorted(features.faults) == [*range(4, 4 + len(bad)), len(cells) - 1]
    for row, fault in features.faults.items():
        with pytest.raises(BadCell, match=BAD_IMAGES[cells[row]]):
            raise BadCell(fault)
    assert len(lines) == 1
    assert lines[0].startswith(f"photo: {3 + len(bad)} images checked in ")
    assert lines[0].endswith(f" s ({len(bad)} bad)")


@pytest.mark.parametrize("in_processes", [False, True])
def test_clips(in_processes: bool, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_processes:
        pooled(monkeypatch)
    cells = [*(f"{k}.wav" for k in range(6)), *BAD_CLIPS, ""]
    features = make(cells, media, CLIPS)
    assert features.index.tolist() == [*range(6), *[-1] * (len(BAD_CLIPS) + 1)]
    assert list(features.faults) == list(range(6, 6 + len(BAD_CLIPS)))
    for k in range(6):
        samples = read_clip(cells[k], MediaRoot(str(media)), CLIPS)
        # a process has one thread, which adds up in another order
        np.testing.assert_allclose(features.arrays["log_mel"][k], log_mel(samples, CLIPS), rtol=0, atol=1e-5)
        assert features.arrays["frames"][k] == valid_frames(samples, CLIPS)
    assert features.arrays["frames"].dtype == "int32"
    assert longest_clip(cells, MediaRoot(str(media))) == pytest.approx(0.35)


def test_a_column_without_one_good_cell(media: Path) -> None:
    for cells in ([], ["", " "]):
        features = make(cells, media)
        assert features.index.tolist() == [-1] * len(cells)
        assert not features.faults
        assert features.arrays["pixels"].shape == (0, 16, 16, 3)
    assert make(["absent.png"], media).index.tolist() == [-1]
    assert longest_clip(["", "absent.wav"], MediaRoot(str(media))) == 0.0


# ---- made once


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_ino for path in sorted(folder.rglob("*.npy"))}


def test_features_are_found_again(media: Path) -> None:
    cells = ["0.png", "text.png", "1.png"]
    first = make(cells, media)
    made = stamps(media.parent / "features")
    lines: list[str] = []
    again = make([*cells, "", "0.png"], media, log=lines.append)  # rows do not matter, distinct cells do
    assert stamps(media.parent / "features") == made
    assert lines == ["photo: features of 3 images were made before (1 bad)"]
    assert again.index.tolist() == [0, -1, 2, -1, 0]
    assert again.faults[1] == first.faults[1]
    np.testing.assert_array_equal(again.arrays["pixels"], first.arrays["pixels"])


@pytest.mark.parametrize(
    "change", ["bytes", "appears", "cells", "order", "size", "allowed", "damaged array", "damaged faults", "unfinished"]
)
def test_what_has_changed_is_made_again(change: str, media: Path) -> None:
    cells = ["0.png", "absent.png", "../secret.png"]
    make(cells, media)
    (folder,) = (media.parent / "features").iterdir()
    spec, allowed = IMAGES, False
    match change:
        case "bytes":
            (media / "0.png").write_bytes(encoded(picture(7)))
        case "appears":
            (media / "absent.png").write_bytes(encoded(picture(7)))
        case "cells":
            cells.append("2.png")
        case "order":
            cells.reverse()
        case "size":
            spec = ImageSpec(17)
        case "allowed":
            allowed = True
        case "damaged array":
            (folder / "pixels.npy").write_bytes((folder / "pixels.npy").read_bytes()[:-1])
        case "damaged faults":
            (folder / "faults.json").write_text("{", encoding="utf-8")
        case _:
            (folder / "done.json").unlink()
    lines: list[str] = []
    features = make(cells, media, spec, log=lines.append, allow_outside=allowed)
    assert "checked in" in lines[0]
    expected = picture(7 if change == "bytes" else 0)
    row = cells.index("0.png")
    np.testing.assert_array_equal(features.arrays["pixels"][features.index[row]], resize_pixels(expected, spec.size))
    assert (cells.index("absent.png") in features.faults) == (change != "appears")
    assert (cells.index("../secret.png") in features.faults) == (change != "allowed")
    assert len(list((media.parent / "features").iterdir())) == 1  # the old ones are gone


def test_mel_and_mfcc_share_their_features(media: Path) -> None:
    lines: list[str] = []
    for kind in ("mel", "mfcc"):
        make(["0.wav"], media, audio_spec(8000, 0.25, kind), log=lines.append)
    assert lines[1] == "photo: features of 1 clips were made before"


def test_only_the_column_s_own_folders_are_removed(media: Path) -> None:
    features = media.parent / "features"
    make(["0.png"], media, name="photo-2")
    make(["0.png"], media, name="photo")
    (features / f"photo-{'0' * 32}.partial").mkdir()  # of an older version
    (features / f".photo-{'0' * 32}.123-00000000.partial").mkdir()
    (features / "photo-of-mine").mkdir()
    make(["1.png"], media, name="photo")
    names = sorted(path.name.rpartition("-")[0] for path in features.iterdir())
    assert names == ["photo", "photo-2", "photo-of"]


@pytest.mark.parametrize("links", [True, False])
def test_another_run_s_features_are_taken(links: bool, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    first = make(["0.png", "text.png"], media, folder="first", name="table-0")
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    lines: list[str] = []
    places = [media.parent / "nowhere", media.parent / "first"]
    features = make(["0.png", "text.png"], media, elsewhere=places, folder="second", log=lines.append)
    assert lines == ["photo: features of 2 images were made before (1 bad)"]
    assert features.faults == first.faults
    (first_file,), (second_file,) = (list((media.parent / place).glob("*/pixels.npy")) for place in ("first", "second"))
    assert second_file.samefile(first_file) == links
    shutil.rmtree(media.parent / "first")
    np.testing.assert_array_equal(
        make(["0.png", "text.png"], media, folder="second").arrays["pixels"], first.arrays["pixels"]
    )


def test_no_room(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError, match="no room for features of 0.0 MB \\(No space left on device\\)"):
        make(["0.png"], media)
    assert not list((media.parent / "features").iterdir())


# ---- processes


def test_a_decoder_that_crashes_is_a_fault(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pooled(monkeypatch, chunk=4)
    monkeypatch.setattr(media_features, "fill_rows", strange_work.crash)
    features = make([f"{k}.png" for k in range(6)], media)
    assert features.faults == {2: "the decoder crashed on 2.png."}
    assert features.index.tolist() == [0, 1, -1, 3, 4, 5]
    for k in (0, 1, 3, 4, 5):
        np.testing.assert_array_equal(features.arrays["pixels"][k], resize_pixels(picture(k), 16))
    monkeypatch.setattr(media_features, "fill_rows", media_work.fill_rows)
    assert make([f"{k}.png" for k in range(6)], media).faults == features.faults  # it is not tried at every start


def exhaust(cell: str, kind: str, spec: Any, root: MediaRoot) -> dict[str, Any]:
    raise MemoryError


def test_too_little_memory_is_a_fault(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_work, "features_of", exhaust)
    assert make(["0.png"], media).faults == {0: "0.png: decoding it takes more memory than is available."}


SCRIPT = """
import sys
from pathlib import Path
from mmkeras.modalities.media import features as media_features
from mmkeras.modalities.image.spec import ImageSpec
from mmkeras.modalities.media.paths import MediaRoot
media_features.FEW = 2
print("once")
cells = [f"{k}.png" for k in range(6)]
rule, root = ImageSpec(16), MediaRoot("media")
features = media_features.make_features("photo", "image", cells, rule, root, Path("features"), [], print)
assert not features.faults and not {"tensorflow", "keras"} & set(sys.modules)
"""


def test_a_script_without_a_guard_is_not_run_again(media: Path) -> None:
    """And the path of the files is relative: processes start in the same folder."""
    (media.parent / "script.py").write_text(SCRIPT, encoding="utf-8")
    (media.parent / "pickle.py").write_text("raise SystemExit('not the real one')", encoding="utf-8")
    done = small_runs.process("-P", "script.py", cwd=media.parent)
    assert done.code == 0, done.err
    assert done.lines[0] == "once"
    assert done.lines[1].startswith("photo: 6 images checked in ")
    assert len(done.lines) == 2
