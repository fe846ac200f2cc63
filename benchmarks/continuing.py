"""At which learning rate a training goes on from a finished run: docs/continue_and_compare.md, "The learning rate".

    python -m benchmarks.continuing                                # all parts: an hour on two cores
    python -m benchmarks.continuing --parts wide_deep --shares 0.25 0.5

wide_deep, multimodal, mlp: TREC's training questions. The old rows do not begin with "What" (and 5 % of those that do),
the new ones do; accuracy on 400 fresh rows of either kind, of the old model, of models that went on at shares of a new
model's learning rate, and of a model trained anew on all rows. skew: the new rows are of two of the six classes;
accuracy on 400 fresh rows of all classes. news20: 70 % of the training rows, then 20 %, tested on the last 10 %.
language_model: an LSTM of WikiText-2 that goes on with the Penn Treebank; perplexity on fresh lines of both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks import ROOT

if TYPE_CHECKING:
    import pandas as pd

FRESH, NEW = 400, 1000  # rows that are tested of either kind, and new rows, at most
Split = Callable[["pd.DataFrame"], tuple["pd.DataFrame", "pd.DataFrame"]]
SHARES: Final = {
    "wide_deep": (0.1, 0.25, 0.5, 1.0),
    "multimodal": (0.1, 0.3, 1.0),
    "mlp": (0.1, 0.3, 1.0),
    "language_model": (0.03, 0.1, 1.0),
}


def quiet(line: str) -> None:
    """A log that keeps nothing: the tables alone are printed."""


def questions(shared: Path) -> pd.DataFrame:
    """TREC's training rows in random order, each text once."""
    import pandas as pd

    rows = pd.read_csv(shared / "trec" / "train.csv", keep_default_na=False).drop_duplicates("text")
    return rows.sample(frac=1, random_state=0).reset_index(drop=True)


def by_first_word(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Old rows, new rows: those that begin with "What" are new, but for 5 % of them."""
    what = rows["text"].str.startswith("What").to_numpy()
    few = what & (np.random.default_rng(1).random(len(rows)) < 0.05)
    return rows[~what | few].sample(frac=1, random_state=2), rows[what & ~few].sample(frac=1, random_state=2)


def by_class(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Old rows, new rows: a fifth of the rows of two classes are new, the other rows are old."""
    drawn = np.random.default_rng(1).random(len(rows)) >= 0.8
    new = rows["label"].isin(["NUM", "LOC"]).to_numpy() & drawn
    return rows[~new].sample(frac=1, random_state=2), rows[new].sample(frac=1, random_state=2)


def accuracy(run: Any, tests: dict[str, Path]) -> str:
    """Per cent of the rows of each table, as cells."""
    import pandas as pd

    import mmkeras

    model = mmkeras.load(run)
    cells = []
    for table in tests.values():
        answers = model.predict(table, log=quiet)["prediction"].astype(str).to_numpy()
        truth = pd.read_csv(table, dtype=str, keep_default_na=False)["label"].to_numpy()
        cells.append(f"{100 * (answers == truth).mean():.1f}")
    return " | ".join(cells)


def trec(args: argparse.Namespace, folder: Path, model: str, split: Split, names: tuple[str, ...], anew: bool) -> None:
    """A table of shares for one model and one way to part old rows from new ones."""
    import pandas as pd

    import mmkeras

    old, new = split(questions(args.shared))
    fresh_new = new[:FRESH] if len(names) > 1 else new[:0]
    parts = {"old": old[FRESH:], "new": new[len(fresh_new) : len(fresh_new) + NEW]}
    parts["all"] = pd.concat([parts["old"], parts["new"]])
    parts |= dict(zip(names, (old[:FRESH], fresh_new), strict=False))
    paths = {name: folder / f"{name}.csv" for name in parts}
    for name, rows in parts.items():
        rows.to_csv(paths[name], index=False)
    tests = {name: paths[name] for name in names}
    flags: dict[str, Any] = {"model": model, "text": "text", "target": "label", "log": quiet}
    first = mmkeras.train(paths["old"], output=str(folder / "first"), **flags)
    print(
        f"| {model} | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n| the old model | {accuracy(first, tests)} |"
    )
    rate = first_rate(first)
    for share in args.shares or SHARES[model]:
        run = mmkeras.train(
            paths["new"],
            continue_from=first,
            output=str(folder / f"share-{share}"),
            learning_rate=share * rate,
            log=quiet,
        )
        print(f"| × {share:g} | {accuracy(run, tests)} |", flush=True)
    if anew:
        run = mmkeras.train(paths["all"], output=str(folder / "anew"), **flags)
        print(f"| trained anew on all rows | {accuracy(run, tests)} |", flush=True)


def first_rate(run: Any) -> float:
    """The learning rate of a new model of this run's Config."""
    from mmkeras.config.json_file import read_config
    from mmkeras.training.continuing import default_rate

    return default_rate(read_config(Path(run.folder) / "config.json"))


def news20(args: argparse.Namespace, folder: Path) -> None:
    """The default model and the default share on 20 Newsgroups, compared on the last tenth of its training rows."""
    import pandas as pd

    import mmkeras

    rows = pd.read_csv(args.shared / "news20" / "train.csv.gz", keep_default_na=False).drop_duplicates("text")
    rows = rows.sample(frac=1, random_state=0)
    seven, nine = int(0.7 * len(rows)), int(0.9 * len(rows))
    for name, part in (("old", rows[:seven]), ("new", rows[seven:nine]), ("test", rows[nine:])):
        part.to_csv(folder / f"{name}.csv", index=False)
    first = mmkeras.train(folder / "old.csv", text="text", target="label", output=str(folder / "first"), log=quiet)
    second = mmkeras.train(folder / "new.csv", continue_from=first, output=str(folder / "second"), log=quiet)
    print(mmkeras.compare([first, second], csv=folder / "test.csv", log=quiet), flush=True)


def language_model(args: argparse.Namespace, folder: Path) -> None:
    """Perplexity of both kinds of lines, before and after."""
    import mmkeras

    wiki = lines_of(next(path for path in sorted((args.shared / "wikitext2_valid_test").glob("*.txt"))))
    penn = lines_of(args.shared / "ptb" / "valid.txt")
    parts = {"old": wiki[:1400], "WikiText-2": wiki[1400:1600], "new": penn[:1500], "Penn Treebank": penn[1500:1800]}
    for name, lines in parts.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    flags: dict[str, Any] = {"task": "language_model", "width": 64, "cell": "lstm", "log": quiet}
    first = mmkeras.train(text_file=str(folder / "old.txt"), output=str(folder / "first"), epochs=6, **flags)
    rate, runs, shares = first_rate(first), [first], args.shares or SHARES["language_model"]
    for share in shares:
        run = mmkeras.train(
            text_file=str(folder / "new.txt"),
            continue_from=first,
            output=str(folder / f"share-{share}"),
            epochs=4,
            learning_rate=share * rate,
            log=quiet,
        )
        runs.append(run)
    tests = ("WikiText-2", "Penn Treebank")
    columns = [mmkeras.compare(runs, csv=folder / f"{name}.txt", log=quiet).frame["perplexity"] for name in tests]
    print(f"| language model | {' | '.join(tests)} |\n|---|---|---|")
    for title, *figures in zip(["the old model", *(f"× {share:g}" for share in shares)], *columns, strict=True):
        print(f"| {title} | {' | '.join(f'{figure:.0f}' for figure in figures)} |", flush=True)


def lines_of(path: Path) -> list[str]:
    """The lines that are not empty."""
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def skew(args: argparse.Namespace, folder: Path) -> None:
    """New rows of two classes alone, for both models."""
    for model in ("multimodal", "wide_deep"):
        (folder / model).mkdir()
        trec(args, folder / model, model, by_class, ("all classes",), False)


PARTS: Final[dict[str, Callable[[argparse.Namespace, Path], None]]] = {
    **{
        model: partial(trec, model=model, split=by_first_word, names=("old kind", "new kind"), anew=True)
        for model in ("wide_deep", "multimodal", "mlp")
    },
    "skew": skew,
    "news20": news20,
    "language_model": language_model,
}


def main(arguments: list[str] | None = None) -> int:
    """Print a Markdown table a part, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument(
        "--shares", nargs="+", type=float, help="of a new model's learning rate, in place of the part's"
    )
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds trec/, news20/ …")
    args = parser.parse_args(arguments)
    for part in args.parts:
        with tempfile.TemporaryDirectory() as work:
            PARTS[part](args, Path(work))
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
