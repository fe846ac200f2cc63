"""Names of a Graph's inputs, and names derived from them."""

from __future__ import annotations

import keyword

from mmkeras.graph import input_names


def test_names_never_meet() -> None:
    """Neither each other nor derived names: of presence, files, ids."""
    columns = [
        "photo",
        "photo_present",
        "photo!",
        "photo_bytes",
        "Photo",
        "photo_ids",
        "probabilities",
        "标题",
        "1st",
        "",
    ]
    names = input_names(columns)
    assert names[0] == "photo"
    derived = [derived for name in names for derived in (name, f"{name}_present", f"{name}_bytes", f"{name}_ids")]
    assert len(set(derived)) == len(derived)
    assert all(name.isascii() and name.isidentifier() and name[0].isalpha() for name in names)
    assert names == input_names(columns)
    assert not {"probabilities", "prediction", "values", "contributions"} & set(derived)


def test_words_of_python_are_no_names() -> None:
    names = input_names(["class", "from", "None", "self", "Class", "class_"])
    assert names == ["class_", "from_", "None_", "self_", "Class", "class__"]
    assert not any(map(keyword.iskeyword, names))
