"""Image cells -> pixels. Pillow and NumPy alone: processes that read files in parallel start fast."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from mmkeras.errors import BadCell
from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.media import MediaRoot, read_media, shorten

MAX_BYTES: Final = 2**27
"""134 MB; a file is in memory while it is decoded. A photograph of MAX_PIXELS has a tenth of that."""


def read_image(cell: str, root: MediaRoot) -> np.ndarray:
    """The picture that a cell names, at its own size: uint8 [height, width, 3].

    Raises BadCell: a sentence that names the path and says what is wrong.
    """
    data = read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES)
    try:
        return decode_image(data)
    except BadCell as error:
        raise BadCell(f"{shorten(cell.strip())}: {error}") from None
