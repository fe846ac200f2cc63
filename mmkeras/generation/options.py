"""How the next token is chosen: greedy decoding, beam search or sampling. Imports nothing heavy: the flags need it."""

from __future__ import annotations

from dataclasses import dataclass

from mmkeras.errors import InputError


@dataclass(frozen=True)
class GenerationOptions:
    """How tokens are chosen: greedily, by beam search or by sampling."""

    beam: int = 1
    """Beam width; 1 for greedy decoding."""
    length_penalty: float = 1.0
    """Length penalty of beam search, alpha of Wu et al. 2016 (arXiv:1609.08144), eq. 14: larger values favour longer
    texts."""
    temperature: float = 0.0
    """Sampling temperature; 0 for greedy decoding or beam search. Higher values sample more evenly."""
    top_k: int = 0
    """Sample from the k most probable tokens; 0 for all."""
    top_p: float = 1.0
    """Sample from the smallest set of tokens whose probabilities sum to p (Holtzman et al. 2020)."""
    seed: int = 0
    """Seed of sampling."""
    no_repeat: int = 0
    """Do not generate an n-gram of this many tokens twice; a prompt counts. 0 to allow repeats."""
    longest: int | None = None
    """Largest number of generated tokens. Default: the model's own limit."""
    unknown: bool = False
    """Allow the unknown token in generated texts."""

    def check(self) -> None:
        """Raise InputError for numbers outside their range, and for options that contradict each other."""
        for name, low, high in (
            ("beam", 1, 64),
            ("length_penalty", 0.0, 10.0),
            ("temperature", 0.0, 10.0),
            ("top_k", 0, 10**6),
            ("top_p", 1e-6, 1.0),
            ("no_repeat", 0, 100),
            ("longest", 1, 100_000),
            ("seed", 0, 2**62),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"--{name.replace('_', '-')} {value}: expected a number between {low} and {high}.")
        if self.beam > 1 and self.temperature:
            raise InputError("--beam and --temperature contradict each other: beam search does not sample.")
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise InputError("--top-k and --top-p are for sampling: give a --temperature, such as 0.8.")
