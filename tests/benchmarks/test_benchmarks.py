"""The benchmark's harness: scores, costs, turns; and (slow) a tiny real run of every peer installed."""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.harness import measure
from benchmarks.harness.client import summary
from benchmarks.harness.measure import Server, StepFailed, run_process, same_threads
from benchmarks.harness.scores import accuracy, macro_f1, read_predictions
from benchmarks.news import run as news
from benchmarks.news import sets
from benchmarks.news.phases import Bench, SetRun
from benchmarks.news.systems import IN_FASTTEXT, SYSTEMS, Place
from benchmarks.peers.command import read_rows, run
from benchmarks.peers.fasttext_news import characters, words

SHARED = news.ROOT.parent / "shared" / "data"
FASTTEXT = news.ROOT / ".venv-fasttext"
TOPICS = {"sport": "match goal team striker", "tech": "chip software phone code", "money": "bank shares profit market"}


def write_topics(path: Path, rows_a_class: int = 20) -> Path:
    """A CSV that any classifier can learn: eight words of a topic a row, with quotes, commas and line breaks."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for label, vocabulary in TOPICS.items():
            for number in range(rows_a_class):
                chosen = " ".join(draw.choices(vocabulary.split(), k=8))
                writer.writerow([f'No. {number}, "{chosen}"\nÜber {number * 7}', label])
    return path


def make_split(folder: Path, news_set: str = "bbc") -> sets.Split:
    """A prepared set of made-up topics."""
    return sets.prepare(news_set, folder, write_topics(folder / "topics.csv"), Path("nowhere"), False, 5)


def make_run(folder: Path, names: list[str], seeds: list[int], repeats: int) -> SetRun:
    """A SetRun over made-up topics, with figures kept under `folder`."""
    args = argparse.Namespace(
        seeds=seeds, repeats=repeats, quick=True, threads=1, results=folder, work=folder / "work", keep=False
    )
    rows = {name: {"title": SYSTEMS[name].title, "runs": [], "clients": {}} for name in names}
    bench = Bench(args, news.ROOT, {"left_out": {}})
    return SetRun(bench, Place(make_split(folder), None), {name: SYSTEMS[name] for name in names}, rows)


def test_scores_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    draw = random.Random(1)
    truth = draw.choices("abc", k=200)
    predicted = draw.choices("abcd", k=200)  # d is never right
    assert accuracy(truth, predicted) == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert macro_f1(truth, predicted) == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))


def test_scores_want_a_prediction_a_row():
    with pytest.raises(ValueError, match="each of 2 rows, received 1"):
        accuracy(["a", "b"], ["a"])


def test_read_predictions_takes_further_columns(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text(f'text,prediction,probability\n"{"x" * 200_000}",a,0.5\n', encoding="utf-8")
    assert read_predictions(path) == ["a"]
    path.write_text("text,label\nx,a\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected a column 'prediction'"):
        read_predictions(path)


def test_a_small_process_does_not_inherit_our_memory(tmp_path):
    ballast = bytearray(300 * 2**20)
    small = run_process([sys.executable, "-c", "pass"], tmp_path / "small.log", tmp_path, same_threads(1))
    large = run_process(
        [sys.executable, "-c", f"x = bytearray({len(ballast)})"], tmp_path / "large.log", tmp_path, same_threads(1)
    )
    assert small.peak_mib < 100 < 300 < large.peak_mib
    assert 0 < small.cpu_s <= small.wall_s * 2


def test_every_process_has_the_same_threads(tmp_path):
    show = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['TF_NUM_INTRAOP_THREADS'])"
    run_process([sys.executable, "-c", show], tmp_path / "log", tmp_path, same_threads(3))
    assert (tmp_path / "log").read_text(encoding="utf-8").split() == ["3", "3"]


def test_a_failing_process_is_named_with_the_end_of_its_log(tmp_path):
    with pytest.raises(StepFailed, match="code 3: it broke"):
        run_process(
            [sys.executable, "-c", "print('it broke'); raise SystemExit(3)"],
            tmp_path / "log",
            tmp_path,
            same_threads(1),
        )
    with pytest.raises(StepFailed, match="could not be started"):
        run_process([tmp_path / "absent"], tmp_path / "log", tmp_path, same_threads(1))


CLIENT = """
import sys
from dataclasses import replace
from benchmarks.harness.client import serve
print("a library says hello")
serve(lambda text: sys.exit("cannot answer that") if text == "bad" else text, ["good"] * 70 + ["bad"])
"""


def test_a_client_stays_loaded_and_takes_turns(tmp_path):
    server = Server([sys.executable, "-c", CLIENT], tmp_path / "log", news.ROOT, same_threads(1))
    assert [len(server.ask(first, first + 50)) for first in (0, 20)] == [50, 50]
    assert all(spent > 0 for spent in server.ask(0, 10))
    with pytest.raises(StepFailed, match="code 1: cannot answer that"):
        server.ask(60, 110)
    with pytest.raises(StepFailed, match="code 1: no such model"):
        Server([sys.executable, "-c", "raise SystemExit('no such model')"], tmp_path / "log", tmp_path, same_threads(1))


def test_a_client_ends_with_its_input(tmp_path):
    server = Server([sys.executable, "-c", CLIENT], tmp_path / "log", news.ROOT, same_threads(1))
    server.close()
    assert server.process.returncode == 0


def test_summary_of_times():
    figures = summary([float(i) for i in range(100, 0, -1)])
    assert figures == {"documents": 100, "p50_us": 50.5, "p95_us": 95.0, "mean_us": 50.5}


def test_bbc_is_split_by_class(tmp_path):
    split = make_split(tmp_path)
    assert (split.train_rows, len(split.labels), all(split.unseen)) == (48, 12, True)
    assert {label: split.labels.count(label) for label in TOPICS} == dict.fromkeys(TOPICS, 4)
    texts, labels = read_rows(split.test)
    assert labels == split.labels
    assert all("\n" in text and '"' in text for text in texts)
    assert len(read_rows(split.documents)[0]) == 5
    assert split.document.read_text(encoding="utf-8") in texts


def test_rows_seen_in_training_are_known(tmp_path, monkeypatch):
    rows = sets.read_csv(write_topics(tmp_path / "topics.csv"))
    again = rows.copy()
    again.loc[0, "text"] = "new"
    again["text"] = again["text"].str.upper() + " "  # case and white space do not make a text new
    monkeypatch.setattr(sets, "read_set", lambda *_: (rows, again))
    split = sets.prepare("tnews", tmp_path, tmp_path, tmp_path, False, 5)
    assert [i for i, new in enumerate(split.unseen) if new] == [0]


@pytest.mark.parametrize("name", sets.SETS)
def test_a_missing_set_says_where_to_look(tmp_path, name):
    with pytest.raises(sets.SetMissing, match=r"is not there.*--(shared|bbc)"):
        sets.prepare(name, tmp_path, tmp_path / "news.csv", tmp_path, False, 5)


def test_systems_take_turns(tmp_path, monkeypatch):
    turns = make_run(tmp_path, ["ours", "svm", "logistic", "keras_mlp"], seeds=[5, 6], repeats=3)
    trained: list[tuple[str, int, int]] = []
    monkeypatch.setattr(SetRun, "train", lambda self, name, turn, seed: trained.append((name, turn, seed)))
    turns.trainings()
    assert trained == [
        *[("ours", 0, 5), ("svm", 0, 0), ("logistic", 0, 0), ("keras_mlp", 0, 5)],
        *[("ours", 1, 6), ("svm", 1, 0), ("keras_mlp", 1, 6)],
        *[("ours", 2, 5), ("svm", 2, 0)],
    ]


def test_a_failing_system_leaves_and_the_others_go_on(tmp_path, monkeypatch):
    turns = make_run(tmp_path, ["ours", "svm"], seeds=[0], repeats=2)

    def train(self: SetRun, name: str, turn: int, seed: int) -> None:
        if name == "ours":
            raise StepFailed("code 1: it broke")

    monkeypatch.setattr(SetRun, "train", train)
    turns.trainings()
    assert list(turns.systems) == ["svm"]
    assert turns.bench.figures["left_out"] == {"bbc ours": "code 1: it broke"}
    assert json.loads((tmp_path / "news.json").read_text(encoding="utf-8")) == turns.bench.figures


def test_fasttext_is_given_words_or_characters():
    assert words("Hello, World!\n(Again)") == "hello , world ! ( again )"
    assert characters("上课时 ABC") == "上 课 时 a b c"


def test_an_unknown_system_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        news.main(["--systems", "nonsense"])
    assert stop.value.code == 2
    assert "svm_tuned" in capsys.readouterr().err


PACKAGES = {
    "svm": "sklearn",
    "svm_tuned": "sklearn",
    "logistic": "sklearn",
    "keras_mlp": "keras",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["svm", "logistic", "fasttext", "fasttext_1mb", "keras_mlp"])
def test_a_peer_learns_a_tiny_set(tmp_path, name):
    if name in PACKAGES and importlib.util.find_spec(PACKAGES[name]) is None:
        pytest.skip(f"{PACKAGES[name]} is not installed: pip install 'mmkeras[bench]'")
    if name in IN_FASTTEXT and not (FASTTEXT / "bin" / "python").exists():
        pytest.skip(f"{FASTTEXT} is not there: a run of the benchmark makes it")
    topics = write_topics(tmp_path / "topics.csv", rows_a_class=50)
    results = tmp_path / "results"
    flags = [
        "--sets",
        "bbc",
        "--systems",
        name,
        "--bbc",
        str(topics),
        "--results",
        str(results),
        "--quick",
        "--autotune-seconds",
        "5",
    ]
    assert news.main(flags) == 0
    figures = json.loads((results / "news.json").read_text(encoding="utf-8"))
    row = figures["sets"]["bbc"]["systems"][name]
    assert row["runs"][0]["accuracy"] > 60
    assert row["runs"][0]["train"]["wall_s"] > 0
    for client in row["clients"].values():
        assert client["size_mb"] > 0
        assert client["latency"]["p50_us"] > 0
        assert client["one_document"][0]["peak_mib"] > 10
    assert SYSTEMS[name].title in (results / "news.md").read_text(encoding="utf-8")
    assert not (results / "work" / "bbc").exists()


@pytest.mark.slow
def test_a_peer_trains_and_tunes_without_the_test_rows(tmp_path):
    pytest.importorskip("sklearn", reason="pip install 'mmkeras[bench]'")
    from benchmarks.peers import sklearn_tfidf

    train, absent = str(write_topics(tmp_path / "topics.csv")), str(tmp_path / "absent.csv")
    flags = [train, absent, "--output", str(tmp_path), "--step", "train", "--tune"]
    run("sklearn_tfidf", sklearn_tfidf.PEER, flags)
    settings = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert settings["C"] in sklearn_tfidf.GRID
    assert sklearn_tfidf.load(tmp_path).answer("a goal in the last match of the team") == "sport"


@pytest.mark.slow
def test_chinese_is_read_as_characters(tmp_path):
    if not (SHARED / "tnews").exists():
        pytest.skip(f"{SHARED / 'tnews'} is not there: the shared data is not on this machine")
    pytest.importorskip("sklearn", reason="pip install 'mmkeras[bench]'")
    assert news.main(["--sets", "tnews", "--systems", "svm", "--results", str(tmp_path), "--quick"]) == 0
    run = json.loads((tmp_path / "news.json").read_text(encoding="utf-8"))["sets"]["tnews"]["systems"]["svm"]["runs"][0]
    assert run["accuracy"] > 20  # chance is 7


def test_a_system_that_this_checkout_lacks_says_why(tmp_path, monkeypatch):
    bench = make_run(tmp_path, [], seeds=[0], repeats=1).bench
    bench.figures["sets"] = {}
    bench.args.systems, bench.args.autotune_seconds = ["ours_1mb", "svm"], 1
    monkeypatch.setitem(news.SYSTEMS, "ours_1mb", replace(SYSTEMS["ours_1mb"], missing=lambda: "no such flag"))
    monkeypatch.setattr(SetRun, "all_phases", lambda self: None)
    news.measure_set(bench, make_split(tmp_path))
    assert bench.figures["left_out"] == {"bbc ours_1mb": "no such flag"}
    assert list(bench.figures["sets"]["bbc"]["systems"]) == ["svm"]


def test_a_measured_process_keeps_its_compiled_modules_as_installed_packages_do(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = measure.environment({"OMP_NUM_THREADS": "1"})
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert found["OMP_NUM_THREADS"] == "1"
    assert found["PATH"] == os.environ["PATH"]
