"""The benchmark of many rows, without its trainings: the rows are made, and a size that fails is told."""

from __future__ import annotations

from pathlib import Path

from benchmarks import many_rows
from benchmarks.harness.measure import Cost, StepFailed


def write_source(folder: Path) -> Path:
    """A file of two classes, one of capitals."""
    (folder / "tnews").mkdir()
    source = folder / "tnews" / "train.csv"
    words = ["alpha beta gamma delta", "epsilon zeta eta theta", "iota kappa lambda mu"]
    rows = [f"{word},small\n{word.upper()},capital\n" for word in words]
    source.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    return source


def test_any_number_of_rows_is_made_of_two_texts_of_a_class(tmp_path):
    rows = list(many_rows.made_rows(write_source(tmp_path), 12, 200, seed=0))
    assert len(rows) == 200
    assert all(text.isupper() == (label == "capital") for text, label in rows)
    assert max(len(text) for text, _ in rows) == 25
    assert len({text for text, _ in rows}) > 60
    assert rows == list(many_rows.made_rows(tmp_path / "tnews" / "train.csv", 12, 200, seed=0))


def test_costs_are_printed_a_row_a_size(tmp_path, monkeypatch, capsys):
    write_source(tmp_path)

    def run(command, log, root, variables):
        if "predict" in command and "mmkeras.cli.main" in command and rows_of(command) > 100:
            raise StepFailed("code 1: no memory")
        return Cost(wall_s=2.0, cpu_s=3.0, peak_mib=100.0)

    def rows_of(command):
        return len(next(word for word in command if str(word).endswith("new.csv")).read_text().splitlines()) - 1

    monkeypatch.setattr(many_rows, "run_process", run)
    assert many_rows.main(["--kinds", "headlines", "--rows", "100", "101", "--shared", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    (row,) = printed.out.splitlines()[2:]
    cells = row.strip("| ").split(" | ")
    assert len(cells) == len(many_rows.HEAD)
    assert (cells[1], cells[3], cells[-3], cells[-1]) == ("100", "3.0", "6.0", "1.00")
    assert "headlines, 101 rows: code 1: no memory" in printed.err


def test_training_alone_leaves_the_other_cells_empty(tmp_path, monkeypatch, capsys):
    write_source(tmp_path)
    commands = []

    def run(command, log, root, variables):
        commands.append([str(word) for word in command])
        return Cost(wall_s=2.0, cpu_s=3.0, peak_mib=100.0)

    monkeypatch.setattr(many_rows, "run_process", run)
    flags = ["--kinds", "headlines", "--rows", "50", "--train-only", "--shared", str(tmp_path)]
    assert many_rows.main(flags) == 0
    assert len(commands) == 1
    assert "train" in commands[0]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("| headlines | 50 | 0 | 3.0 | 2.0 | 100 | –")
    assert last.count("|") == len(many_rows.HEAD) + 1
