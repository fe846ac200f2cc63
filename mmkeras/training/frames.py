"""A training on DataFrames: their rows are kept in files beside the run folder, which the training then reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from mmkeras.config.tasks import LEARN_LINES
from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import InputError
from mmkeras.system.progress import Log

FILES: Final = {"csv": ".parquet", "validation": "-validation.parquet"}
"""Flag that may be a frame -> the end of its file's name, behind the run folder's."""
DEFAULT_OUTPUT: Final = "runs/table"


@contextlib.contextmanager
def with_files(flags: Mapping[str, Any], log: Log) -> Iterator[dict[str, Any]]:
    """The flags with paths in place of frames, whose files are there during the block and afterwards.

    Raises InputError for a frame that cannot be used, and for a table that is neither a path nor a frame.
    """
    files = dict(flags)
    for name in FILES:
        files[name] = None if name not in files else as_path_or_frame(files[name], name)
    frames = {name: files[name] for name in FILES if not isinstance(files[name], str | None)}
    files = {name: value for name, value in files.items() if name in flags}
    if not frames:
        yield files
        return
    from mmkeras.data.files.frame_file import recorded
    from mmkeras.data.files.frames import frame_source, index_note, names_paths
    from mmkeras.modalities.media.objects import data_uri

    if "csv" in frames:
        files.setdefault("output", DEFAULT_OUTPUT)
        if files.get("task") not in LEARN_LINES:
            files.setdefault("media_root", ".")
    table = files.get("text_file") or ("" if "csv" in frames else files.get("csv") or "")
    by_name = f"runs/{Path(str(table)).name.split('.')[0]}" if table else DEFAULT_OUTPUT
    output = Path(str(files.get("output") or by_name))
    with contextlib.ExitStack() as stack:
        for name, frame in frames.items():
            path = output.with_name(output.name + FILES[name])
            source = frame_source(frame, str(path), data_uri)
            for note in [*index_note(frame), *source.notes]:
                log(note)
            if "allow_outside" not in files and names_paths(frame, log):
                files["allow_outside"] = True
            stack.enter_context(recorded(source, bool(files.get("overwrite"))))
            files[name] = str(path)
        yield files


def as_path_or_frame(table: Any, name: str) -> Any:
    """A path as text, or a DataFrame. Raises InputError for anything else."""
    if table is None or isinstance(table, str):
        return table
    if hasattr(table, "__fspath__"):
        return str(Path(table))
    if type(table).__name__ == "DataFrame" and hasattr(table, "iloc"):
        return table
    what = "table" if name == "csv" else name
    hint = " frame.to_frame() makes one." if type(table).__name__ == "Series" else ""
    hint = " pandas.DataFrame(rows) makes one." if isinstance(table, list | dict) else hint
    raise InputError(
        f"mmkeras.train: {what}: expected a path or a pandas DataFrame, received {type_in_words(table)}.{hint}"
    )
