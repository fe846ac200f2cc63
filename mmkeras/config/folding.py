"""Are the held-out rows learned too in the end?"""

from __future__ import annotations

from mmkeras.config.config import Config


def folds(config: Config) -> bool:
    """By `--fold`; never rows that the user holds out: they are a fixed benchmark for several trainings."""
    return config.training.fold and not config.data.validation and not config.data.split_column
