"""mmkeras and its peers on six sets of texts. `make bench` runs it; benchmarks/README.md explains each figure.

python -m benchmarks.news [--sets trec bbc …] [--systems ours svm …] [--seeds 0 1 2] [--repeats 3] [--quick]
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from benchmarks import RESULTS, ROOT
from benchmarks.harness.machine import describe
from benchmarks.harness.measure import same_threads
from benchmarks.news.fasttext_env import NoFastText, fasttext_python
from benchmarks.news.merge import merge
from benchmarks.news.phases import Bench, SetRun
from benchmarks.news.sets import SETS, SetMissing, Split, prepare
from benchmarks.news.systems import DEFAULT, IN_FASTTEXT, SYSTEMS, Place
from benchmarks.news.table import markdown

PLACES = ("--results", "--shared", "--bbc", "--fasttext-env")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table and write both results. Returns 1 if a set or a system could not be measured."""
    args = parse(arguments)
    args.results.mkdir(parents=True, exist_ok=True)
    machine = describe(ROOT, same_threads(args.threads))
    figures = {
        "machine": machine,
        "command": command(sys.argv[1:] if arguments is None else arguments),
        "quick": args.quick,
        "sets": {},
        "left_out": {},
    }
    bench = Bench(args, ROOT, figures)
    for name in args.sets:
        try:
            split = prepare(name, args.work / name, args.bbc, args.shared, args.quick, args.documents)
        except SetMissing as reason:
            bench.leave_out(name, reason)
            continue
        measure_set(bench, split)
        if not args.keep:
            shutil.rmtree(args.work / name)
    bench.save()
    table = markdown(merge([figures]))
    (args.results / "news.md").write_text(table, encoding="utf-8")
    print(f"\n{table}\nWritten to {args.results}/news.json and news.md.")
    return 1 if figures["left_out"] else 0


def command(arguments: list[str]) -> str:
    """The command for the page, without the flags that say where something lies on this machine."""
    words = ["python", "-m", "benchmarks.news"]
    for index, word in enumerate(arguments):
        if word not in PLACES and (index == 0 or arguments[index - 1] not in PLACES):
            words.append(word)
    return shlex.join(words)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.news", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=list(SETS))
    parser.add_argument("--systems", nargs="+", choices=tuple(SYSTEMS), default=list(DEFAULT))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--repeats", type=int, default=3, help="times a ratio or a latency is measured")
    parser.add_argument("--threads", type=int, default=1, help="of every training; a document always has one")
    parser.add_argument("--documents", type=int, default=1000, help="test documents whose latency is measured")
    parser.add_argument("--autotune-seconds", type=int, default=60, help="of fastText's search for each model")
    parser.add_argument("--no-latency", action="store_true", help="leave out the time of one document")
    parser.add_argument("--no-one-document", action="store_true", help="leave out the processes of one document")
    parser.add_argument("--quick", action="store_true", help="tiny sets, one seed, one repeat: tries the harness")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds trec/, tnews/ …")
    parser.add_argument("--bbc", type=Path, default=ROOT / "data" / "news.csv", help="made when absent")
    parser.add_argument("--fasttext-env", type=Path, default=ROOT / ".venv-fasttext", help="made when absent")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of news.json and news.md")
    parser.add_argument("--keep", action="store_true", help="keep models, predictions and logs in RESULTS/work")
    args = parser.parse_args(arguments)
    if args.quick:
        args.seeds, args.repeats, args.documents = args.seeds[:1], 1, 40
    args.results = args.results.resolve()
    args.work = args.results / "work"
    return args


def measure_set(bench: Bench, split: Split) -> None:
    """Measure all systems that suit one set."""
    news = split.news
    systems = {name: SYSTEMS[name] for name in bench.args.systems if SYSTEMS[name].suits(news)}
    for name, reason in [(name, system.missing()) for name, system in systems.items()]:
        if reason:
            del systems[name]
            bench.leave_out(f"{news.name} {name}", reason)
    python = None
    if IN_FASTTEXT & systems.keys():
        try:
            python = fasttext_python(bench.args.fasttext_env)
        except NoFastText as reason:
            for name in IN_FASTTEXT & systems.keys():
                del systems[name]
                bench.leave_out(f"{news.name} {name}", reason)
    rows = {name: {"title": system.title, "runs": [], "clients": {}} for name, system in systems.items()}
    bench.figures["sets"][news.name] = {
        "title": news.title,
        "train_rows": split.train_rows,
        "test_rows": len(split.labels),
        "unseen_rows": sum(split.unseen),
        "systems": rows,
    }
    SetRun(bench, Place(split, python, bench.args.autotune_seconds), systems, rows).all_phases()
