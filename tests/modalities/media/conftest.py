"""The folder of good and of damaged files that tests of media share."""

from __future__ import annotations

from pathlib import Path

import pytest
from damaged_media import write_media


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Good files, and files with every fault."""
    return write_media(tmp_path)
