"""What `mmkeras ablate` is asked for: the flags of its trainings, and which fusions, subsets and seeds."""

from __future__ import annotations

from dataclasses import dataclass

from mmkeras.config.config import Config
from mmkeras.errors import InputError

FUSIONS = ("attention", "concat", "sum", "decision")


@dataclass(frozen=True)
class Ablate(Config):
    """Train every fusion on every subset of the modalities, with several seeds; one table and one plot."""

    seeds: int = 3
    """Seeds of each training, counted from `seed`."""
    fusions: tuple[str, ...] = FUSIONS
    """Fusions to compare."""
    subsets: tuple[str, ...] = ()
    """Subsets to compare, such as text+image. Default: all of them."""


def check_fusions(options: Ablate) -> None:
    """Raise InputError for a fusion that is none, no seed, or a flag that could change nothing."""
    wrong = [name for name in options.fusions if name not in FUSIONS]
    if wrong or not options.fusions:
        raise InputError(f"--fusions: unknown {', '.join(wrong) or '(none given)'}. Expected: {', '.join(FUSIONS)}.")
    if options.task == "language_model":
        raise InputError("--task language_model: ablate compares columns, and a language model has none.")
    if options.task == "generate" and "decision" in options.fusions:
        raise InputError("--fusions: a text is written by one decoder. Give --fusions attention concat sum")
    if options.seeds < 1:
        raise InputError(f"--seeds {options.seeds}: expected 1 or more.")
    if options.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {options.model}: ablate trains the multimodal model, which has fusions. Leave it out."
        )
    if options.fusion or options.resume:
        flag = "--fusion" if options.fusion else "--resume"
        raise InputError(f"{flag}: leave it out; ablate compares fusions (--fusions) and goes on by itself.")
