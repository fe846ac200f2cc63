"""Training data, read and checked before TensorFlow is loaded: the rows of a table, or lines of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mmkeras.config.config import Config
from mmkeras.config.presets import is_preset
from mmkeras.config.tasks import LEARN_LINES
from mmkeras.config.unused_flags import unused_flags
from mmkeras.data.columns.signs import sign_notes
from mmkeras.data.columns.spelling import spelled_as
from mmkeras.data.describe import describe
from mmkeras.data.lines import read_texts, source_of
from mmkeras.data.splits.split import Split, proves_equal, split_table, write_split
from mmkeras.data.table import Table, read_rows, read_table, write_bad_rows
from mmkeras.modalities import MODALITIES, spec_of
from mmkeras.modalities.media.check import Media, check_media, has_media
from mmkeras.own_layers.given import OwnLayers, check_columns, config_with
from mmkeras.runs.folder import default_output
from mmkeras.runs.resume import check_same_kinds
from mmkeras.runs.row_digests import RowDigests, digests_of
from mmkeras.runs.run import Run
from mmkeras.system.progress import Log, not_silent
from mmkeras.training.known_columns import (
    earlier_rows,
    input_digests,
    media_specs,
    new_rows_held_out,
    read_known_table,
)
from mmkeras.training.resolve import preset_note, resolved
from mmkeras.training.resolve_steps import steps_resolved


@dataclass(frozen=True)
class SplitRows:
    """Rows whose media are checked, in two splits. tables: `table` and, if it is a separate file, `validation`.

    start: the finished run that the training goes on from. own: layers of the user.
    """

    tables: dict[str, Table]
    media: Media
    split: Split
    start: Run | None = None
    own: OwnLayers | None = None

    @property
    def table(self) -> Table:
        """The table of the training rows."""
        return self.tables["table"]


@dataclass(frozen=True)
class TableSource:
    """A table and, if it is a separate file, a table of held-out rows. start, own: as in SplitRows.

    drawn: the split that `resolve` has drawn to see that it can be, until `split` takes it.
    """

    tables: dict[str, Table]
    start: Run | None = None
    own: OwnLayers | None = None
    drawn: list[Split] = field(default_factory=list)

    def resolve(self, config: Config, log: Log) -> Config:
        """The Config with the settings that the table decides; flags that change nothing are logged.

        Raises InputError where table and flags contradict each other, or where the rows cannot be split: before
        anything is written.
        """
        kinds = {column.name: column.kind for column in self.tables["table"].inputs}
        if config.output.resume:
            check_same_kinds(default_output(config.data, config.output), kinds)
        elif not self.start:
            flags_of = {kind: spec_of(kind).FLAGS for kind in MODALITIES}
            for note in unused_flags(config, set(kinds.values()), flags_of):
                log(note)
        if self.own is not None:
            inputs = self.tables["table"].inputs
            check_columns(self.own, inputs)
            if config.model.model == "auto":
                log("model: multimodal, in which your layers take the place of ours")
            config = config_with(self.own, config, inputs)
        given = config
        config = resolved(config, self.tables["table"])
        if note := preset_note(given, config):
            log(note)
        if config.model.model == "wide_deep":
            config = steps_resolved(config, self.tables, log)
        if not has_media(self.tables["table"]):
            self.drawn[:] = [self.split_rows(self.tables, config)]
        return config

    def split_rows(self, tables: dict[str, Table], config: Config) -> Split:
        """Both splits; of a training that goes on from a run, no row is held out that the run was trained on."""
        split = split_table(tables["table"], config.data, tables.get("validation"))
        if self.start is None:
            return split
        name, separate = str(config.training.continue_from), bool(config.data.validation or config.data.split_column)
        return new_rows_held_out(split, tables["table"], self.start, name, separate)

    def split(self, config: Config, folder: Path, log: Log) -> SplitRows:
        """Check all pictures and clips, split the rows; write bad_rows.csv, split.csv and rows.npz."""
        known = media_specs(self.start) if self.start else None
        tables, media = check_media(config, self.tables, folder, log, known)
        write_bad_rows(tables["table"], folder / "bad_rows.csv", tables.get("validation"))
        split = self.drawn.pop() if self.drawn else self.split_rows(tables, config)
        for note in split.notes:
            log(note)
        log(f"{len(split.train)} rows to learn from, {len(split.validation)} held out")
        write_split(split, folder / "split.csv")
        names = [column.name for column in tables["table"].inputs]
        train, held_out = (input_digests(rows, names) for rows in (split.train, split.validation))
        RowDigests(train, held_out, earlier_rows(self.start), proves_equal(tables["table"])).save(folder)
        return SplitRows(tables, media, split, self.start, self.own)


@dataclass(frozen=True)
class Lines:
    """Lines of text in two splits. name: of their file. start: as in SplitRows."""

    name: str
    train: list[str]
    validation: list[str]
    start: Run | None = None

    def resolve(self, config: Config, log: Log) -> Config:
        """Lines decide nothing of the Config."""
        return config

    def split(self, config: Config, folder: Path, log: Log) -> Lines:
        """The same lines: they are split already. The held-out lines are the last ones, or a separate file."""
        train, held_out = (digests_of([line] for line in lines) for lines in (self.train, self.validation))
        RowDigests(train, held_out, earlier_rows(self.start)).save(folder)
        return self


def read_training_source(
    config: Config, log: Log, start: Run | None = None, own: OwnLayers | None = None
) -> TableSource | Lines:
    """Read the file or files of a training. Raises InputError, with the line, for a file that cannot be used.

    start: the finished run that the training goes on from. own: layers of the user.
    """
    if config.model.task in LEARN_LINES:
        lines, held_out = read_texts(config.data)
        log(f"{source_of(config.data)}: {len(lines):,} lines to learn from, {len(held_out):,} held out")
        return Lines(source_of(config.data), lines, held_out, start)
    return TableSource(read_tables(config, log, start), start, own)


def read_tables(config: Config, log: Log, start: Run | None = None) -> dict[str, Table]:
    """`table` and, if it is a separate file, `validation`: checked rows; their description is logged."""
    with not_silent(log, f"reading {config.data.csv}"):
        table = (
            read_known_table(config.data, start, str(config.training.continue_from))
            if start
            else read_table(config.data, config.model.task)
        )
    log(describe(table))
    if config.text.tokens != "byte" and not is_preset(config.text.text_encoder):
        for note in sign_notes(table):
            log(f"  {note}")
    data = config.data
    if not data.validation:
        return {"table": table}
    validation = read_rows(
        data.validation,
        table.columns,
        dialect=data,
        target_optional=False,
        keep_all=False,
        max_bad_rows=data.max_bad_rows,
    )
    validation = spelled_as(table, validation)
    log(f"{validation.path}: {len(validation.rows)} rows held out, {len(validation.bad_rows)} bad rows")
    for note in validation.notes:
        log(f"  {note}")
    return {"table": table, "validation": validation}
