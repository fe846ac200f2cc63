"""What `mmkeras ablate` is asked for: the flags of its trainings, and which fusions, subsets and seeds."""

from __future__ import annotations

from dataclasses import dataclass, field

from mmkeras.config.config import Config
from mmkeras.config.fusions import FUSIONS, with_memory, without_memory
from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.errors import InputError

# task -> why it cannot be compared
NOT_COMPARED = {"language_model": "ablate compares columns, and a language model has none."}


@dataclass(frozen=True)
class Ablation:
    """The trainings that `ablate` compares."""

    seeds: int = 3
    """Number of seeds of each training, from `--seed` on."""
    fusions: tuple[str, ...] = tuple(FUSIONS)
    """Fusions to compare."""
    subsets: tuple[str, ...] = ()
    """Subsets of the modalities to compare, such as text+image. Default: all subsets."""


@dataclass(frozen=True)
class Ablate(Config):
    """Train every fusion on every subset of the modalities, with several seeds; one table and one plot."""

    ablation: Ablation = field(default_factory=Ablation)


def check_fusions(options: Ablate) -> None:
    """Raise InputError for a fusion that is none, no seed, or a flag that could change nothing."""
    wrong = [name for name in options.ablation.fusions if name not in FUSIONS]
    if wrong or not options.ablation.fusions:
        raise InputError(f"--fusions: unknown {', '.join(wrong) or '(none given)'}. Expected: {', '.join(FUSIONS)}.")
    task = options.model.task
    if reason := NOT_COMPARED.get(task):
        raise InputError(f"--task {task}: {reason}")
    if TARGET_KINDS.get(task) == "text" and set(options.ablation.fusions) & set(without_memory()):
        raise InputError(f"--fusions: a text is written by one decoder. Give --fusions {' '.join(with_memory())}")
    if options.ablation.seeds < 1:
        raise InputError(f"--seeds {options.ablation.seeds}: expected 1 or more.")
    if options.model.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {options.model.model}: ablate trains the multimodal model, which has fusions. Leave it out."
        )
    if options.model.fusion or options.output.resume:
        flag = "--fusion" if options.model.fusion else "--resume"
        raise InputError(f"{flag}: leave it out; ablate compares fusions (--fusions) and goes on by itself.")
