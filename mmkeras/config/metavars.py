"""Types of flags, with the word that stands for a value in `--help`.

tyro parses the flags; its marks have stand-ins here, since a client opens a model without it (`cli.dispatch` hands
them over).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

AnyType = TypeVar("AnyType")


@dataclass(frozen=True)
class arg:
    """What `tyro.conf.arg` is told of a flag."""

    metavar: str | None = None
    help_behavior_hint: str | None = None
    aliases: tuple[str, ...] | None = None

    def given(self) -> dict[str, Any]:
        """The arguments that are given."""
        return {name: value for name, value in vars(self).items() if value is not None}


POSITIONAL: Final = "positional"
Positional = Annotated[AnyType, POSITIONAL]
"""A flag that is typed without its name."""

Columns = Annotated[tuple[str, ...], arg(metavar="COLUMN [COLUMN ...]", help_behavior_hint="")]
File = Annotated[str | None, arg(metavar="FILE", help_behavior_hint="")]
Folder = Annotated[str | None, arg(metavar="FOLDER", help_behavior_hint="")]
Word = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]
Size = Annotated[str | None, arg(metavar="SIZE", help_behavior_hint="")]
Whole = Annotated[int | None, arg(metavar="N", help_behavior_hint="")]
Number = Annotated[float | None, arg(metavar="X", help_behavior_hint="")]
