"""The result of an export and of a verification, and the error where an artefact is rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mmkeras.results.pages import html_lines, html_table

if TYPE_CHECKING:
    import pandas as pd

    from mmkeras.verification.verify import Proof

PROOF: Final = "verify.json"


@dataclass(frozen=True, repr=False)
class Verification:
    """Whether each artefact predicts as the trained model does: printed, a table; in a notebook, a table of HTML.

    passed: all do. artefacts: name -> its part of verify.json, with `passed` and `breaches`, a sentence for each
    difference. text: the lines that the command line prints. cells: those of the table, the head first.
    """

    passed: bool
    artefacts: Mapping[str, Mapping[str, Any]]
    text: str
    cells: Sequence[Sequence[str]] = field(default=())

    @classmethod
    def of(cls, proof: Proof) -> Verification:
        """The result of `verification.verify`."""
        return cls(proof.passed, proof.artefacts, "\n".join(proof.lines), proof.cells)

    def __repr__(self) -> str:  # a table in the terminal of Python, too
        return self.text

    def __bool__(self) -> bool:
        return self.passed

    @property
    def table(self) -> pd.DataFrame:
        """The table as a DataFrame: a row an artefact, by its name; figures as numbers, `verdict` ok or REJECTED."""
        import pandas as pd

        head, *rows = self.cells or [["artefact", ""]]
        frame = pd.DataFrame(rows, columns=[*head[:-1], "verdict"]).set_index("artefact")
        for name in frame:
            numbers = pd.to_numeric(frame[name], errors="coerce")
            if bool(numbers[frame[name] != "-"].notna().all()) and bool(numbers.notna().any()):
                frame[name] = numbers
        return frame

    def _repr_html_(self) -> str:
        if not self.cells:
            return html_lines(self.text.splitlines())
        head, *rows = self.cells
        below = self.text.splitlines()[len(self.cells) :]  # the table has a line a row
        return html_table(head, rows) + html_lines(below)


@dataclass(frozen=True, repr=False)
class Exported:
    """An exported folder and its verification."""

    folder: Path
    verification: Verification

    @property
    def passed(self) -> bool:
        """Do the predictions of every artefact agree with those of the trained model?"""
        return self.verification.passed

    def __repr__(self) -> str:
        return f"{self.folder}\n{self.verification}"

    def _repr_html_(self) -> str:
        return html_lines([f"{self.folder}"]) + self.verification._repr_html_()


class VerificationError(RuntimeError):
    """The predictions of an artefact differ from those of the trained model. exported: what was written, and why.

    The message has a sentence for each rejected artefact.
    """

    def __init__(self, exported: Exported) -> None:
        self.exported = exported
        super().__init__(exported)

    def __str__(self) -> str:
        reasons = "; ".join(map(_reason, *_rejected(self.exported)))
        return f"{self.exported.folder}: {reasons}. {_remedy(self.exported)}"


def _rejected(exported: Exported) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Names and results of the artefacts that did not pass."""
    failed = {name: result for name, result in exported.verification.artefacts.items() if not result["passed"]}
    return list(failed), list(failed.values())


def _reason(name: str, result: Mapping[str, Any]) -> str:
    breaches = list(result.get("breaches", ()))
    more = f" and {len(breaches) - 1} more" if len(breaches) > 1 else ""
    return f"rejected: {name}" + (f" ({str(breaches[0]).rstrip('.')}{more})" if breaches else "")


def _remedy(exported: Exported) -> str:
    return f"Do not deploy it. {exported.folder / PROOF} has all figures; strict=False returns them without this error."
