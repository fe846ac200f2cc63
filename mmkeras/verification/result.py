"""What becomes of an artefact: its verdict, and the name under which a rejected one is kept."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def reject(path: Path) -> None:
    """Keep a failed artefact under a name that nothing deploys."""
    rejected = path.with_name(path.name + ".rejected")
    if rejected.is_dir():
        shutil.rmtree(rejected)
    path.replace(rejected)


def verdict(result: dict[str, Any]) -> str:
    """The word for an artefact's result."""
    return "ok" if result["passed"] else "ABSENT" if result.get("absent") else "REJECTED"
