"""The typed flags of `mmkeras.train` are those of the Config."""

from __future__ import annotations

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.json_file import flag_types
from mmkeras.config.train_flags import TrainFlags


def test_every_flag_has_its_type() -> None:
    """A new flag of the Config needs a line in config/train_flags.py."""
    typed = TrainFlags.__annotations__
    assert typed.keys() == DEFAULTS.keys() - {"fusion"}, "which may be a function, and is a parameter of its own"
    wider = {"csv": "Table", "validation": "Table | None", "kind": "Names | dict[str, str]"}
    wider["notation"] = wider["kind"]
    for name, kind in flag_types(Config).items():
        if name in ("fusion", "continue_from"):
            continue
        written = typed[name].__forward_arg__
        if name in wider:
            assert written == wider[name]
        elif isinstance(DEFAULTS[name], tuple):
            assert written == "Names", name
        elif written != "File | None":
            assert eval(written, vars(__import__("typing"))) == kind, name
