"""The figures of each epoch: a list of epochs, and by name as the `history` of Keras."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from mmkeras.errors import InputError
from mmkeras.results.pages import html_table

if TYPE_CHECKING:
    import pandas as pd

Epoch = dict[str, float]


class History(list[Epoch]):
    """history.csv: `history[-1]["val_accuracy"]` is the last epoch's; `history["val_accuracy"]` that of all epochs.

    A figure that an epoch has not is NaN.
    """

    def __init__(self, epochs: Iterable[Epoch] = ()) -> None:
        super().__init__(epochs)

    @classmethod
    def read(cls, path: Path) -> History:
        """Read history.csv. Raises InputError for an absent or damaged file."""
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return cls({name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file))
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise InputError(f"{path}: the run is damaged ({error}). Train again.") from None

    @overload
    def __getitem__(self, place: str) -> list[float]: ...
    @overload
    def __getitem__(self, place: SupportsIndex) -> Epoch: ...
    @overload
    def __getitem__(self, place: slice) -> list[Epoch]: ...
    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, str):
            return super().__getitem__(place)
        if place not in self.keys():
            raise KeyError(f"{place!r}: no figure of the epochs. Figures: {', '.join(self.keys())}.")
        return [epoch[place] for epoch in self]

    def keys(self) -> list[str]:
        """The names of the figures: epoch, loss, val_loss, …"""
        return list(super().__getitem__(0)) if self else []

    def to_frame(self) -> pd.DataFrame:
        """A DataFrame with a row an epoch."""
        import pandas as pd

        return pd.DataFrame(list(self), columns=self.keys())

    def _repr_html_(self) -> str:
        names = self.keys()
        return html_table(names, ([f"{epoch[name]:.4g}" for name in names] for epoch in self))
