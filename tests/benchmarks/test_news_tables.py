"""The news benchmark's tables: runs merged, all sets in one table, the bars, the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.harness.measure import same_threads
from benchmarks.news import run as news
from benchmarks.news import table
from benchmarks.news.bars import Bar
from benchmarks.news.merge import merge
from benchmarks.news.table import markdown


def example_figures() -> dict[str, Any]:
    """Results as the harness writes them, with two seeds of ours."""

    def run(seconds: float, right: float, seed: int = 0) -> dict[str, object]:
        cost = {"wall_s": seconds, "cpu_s": seconds / 2, "peak_mib": 100 * seconds}
        scores = {"accuracy": right, "macro_f1": right, "unseen": {"accuracy": right - 5}}
        return {"seed": seed, "train": cost, "predict": cost, **scores}

    alone = [{"wall_s": 0.1, "cpu_s": 0.1, "peak_mib": 57.0}]
    client = {"size_mb": 5.0, "latency": {"p50_us": 33.0}, "one_document": alone}
    slow = {**client, "latency": {"p50_us": 132.0}}
    systems = {
        "ours": {
            "title": "mmkeras",
            "runs": [run(6.0, 98.0, 0), run(8.0, 99.0, 1)],
            "clients": {"mmkeras, LiteRT": client, "mmkeras, ONNX Runtime": slow},
        },
        "svm": {"title": "SVM", "runs": [run(2.0, 97.0)], "clients": {"SVM": client}},
        "svm_tuned": {"title": "SVM tuned", "runs": [run(3.0, 98.75)], "clients": {}},
        "fasttext": {"title": "fastText", "runs": [run(2.0, 96.0)], "clients": {"fastText": client}},
        "broken": {"title": "broken", "runs": [], "clients": {}},
    }
    one = {"title": "BBC News", "train_rows": 50_000, "test_rows": 20, "unseen_rows": 15, "systems": systems}
    return {
        "machine": {**news.describe(news.ROOT, same_threads(1)), "load_before": 9.0, "commit": "abc"},
        "command": "python -m benchmarks.news --quick",
        "quick": True,
        "sets": {"bbc": one},
        "left_out": {"bbc broken": "code 1: it broke\n    in its log", "trec": "it is not there"},
    }


def cells_of(lines: list[str], first: str) -> list[str]:
    """The cells of the row that begins with `first`, without it."""
    row = next(line for line in lines if line.startswith(f"| {first} |"))
    return row.strip("| ").split(" | ")[1:]


def test_the_table_has_a_row_a_system_and_a_row_an_artefact():
    text = markdown(merge([example_figures()]))
    lines = text[text.index("### BBC News") :].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1
    titles = [line.split(" | ")[0].removeprefix("| ") for line in rows]
    assert titles[2:] == ["mmkeras, LiteRT", "mmkeras, ONNX Runtime", "SVM", "SVM tuned", "fastText"]
    ours = cells_of(lines, "mmkeras, LiteRT")
    assert ours[:3] == ["98.50 (98.00–99.00)", "98.50 (98.00–99.00)", "93.50 (93.00–94.00)"]
    assert ours[3:7] == ["3.5", "3.5", "3.50", "800"]  # median seconds, their ratio to 2 s, the largest memory
    assert ours[7:] == ["5.00", "33", "1.00", "0.10", "57"]
    assert cells_of(lines, "mmkeras, ONNX Runtime")[-3] == "4.00"
    assert cells_of(lines, "SVM tuned")[7:] == ["–"] * 5
    assert "- bbc broken: code 1: it broke" in lines
    assert "--quick" in text
    assert "busy" in text


def test_all_sets_stand_in_one_table_with_the_bars():
    lines = markdown(merge([example_figures()])).splitlines()
    assert cells_of(lines, "mmkeras") == ["98.50", "98.50"]
    assert cells_of(lines, "*mmkeras − TF-IDF + LinearSVC, C tuned*") == ["-0.25", "-0.25"]
    assert cells_of(lines, "BBC: accuracy") == ["≥ 98.6", "98.50", "**missed by 0.10**"]
    assert cells_of(lines, "lowest accuracy beside the tuned SVM")[1:] == ["-0.25", "reached, BBC"]
    assert cells_of(lines, "mean accuracy beside the tuned SVM")[2].startswith("**missed by 0.25**")
    assert cells_of(lines, "BBC: CPU seconds of training and predictions, × LinearSVC")[2] == "**missed by 2.50**"


def test_a_bar_is_held_against_the_figure_and_not_its_rounded_digits():
    assert not Bar("at 0.7 MB", -0.4, -0.44).reached
    assert not Bar("BBC", 98.6, 98.588).reached
    assert not Bar("ratio", 1.0, 1.004, least=False).reached
    assert Bar("ratio", 1.0, 1.0, least=False).reached


def test_runs_are_merged_and_a_ratio_stays_in_its_run():
    first, later = example_figures(), example_figures()
    row = later["sets"]["bbc"]["systems"]["svm_tuned"]
    later["sets"]["bbc"]["systems"] = {"broken": row, "svm_tuned": {**row, "runs": [{**row["runs"][0], "seed": 1}]}}
    later["left_out"] = {}
    merged = merge([first, later])
    assert list(merged["left_out"]) == ["trec"]
    tuned = merged["sets"]["bbc"]["systems"]["svm_tuned"]
    assert [(run["seed"], run["yardstick_cpu_s"]) for run in tuned["runs"]] == [(0, 2.0), (1, None)]
    other = {**example_figures(), "machine": {**first["machine"], "commit": "def"}}
    del other["sets"]["bbc"]["systems"]["ours"]["runs"][0]
    assert len(merge([first, other])["sets"]["bbc"]["systems"]["ours"]["runs"]) == 1  # the code has changed
    with pytest.raises(ValueError, match="tiny sets"):
        merge([first, {**later, "quick": False}])


def test_the_tables_are_written_into_the_page(tmp_path, capsys):
    results, page = tmp_path / "news.json", tmp_path / "RESULTS.md"
    results.write_text(json.dumps(example_figures()), encoding="utf-8")
    page.write_text(f"# Results\n{table.START}\nold\n{table.END}\nthe end\n", encoding="utf-8")
    assert table.main([str(results), "--page", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Results\n")
    assert text.endswith("\nthe end\n")
    assert "### BBC News" in text
    assert "old" not in text
    page.write_text("# Results\n", encoding="utf-8")
    assert table.main([str(results), "--page", str(page)]) == 2
    assert "between which the tables are written" in capsys.readouterr().err
    assert table.START in table.PAGE.read_text(encoding="utf-8")


def test_the_command_is_noted_without_places():
    flags = ["--sets", "bbc", "--results", "/somewhere", "--quick"]
    assert news.command(flags) == "python -m benchmarks.news --sets bbc --quick"
