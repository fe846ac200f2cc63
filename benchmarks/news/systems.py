"""The systems that are compared: the commands of each, step by step, and the clients of its saved models.

The literal dict SYSTEMS lists them. A step is a name and a command; each is one whole measured process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.news import ours
from benchmarks.news.sets import NewsSet, Split

Command = list[str | Path]


@dataclass(frozen=True)
class Place:
    """The set that a system is trained on, the interpreter of fastText's environment, the seconds of its search."""

    split: Split
    fasttext_python: Path | None
    autotune_seconds: int = 60


@dataclass(frozen=True)
class Client:
    """One saved model and the processes that use it.

    title: of its row in the table. files: folder of the training -> the files that a deployment needs.
    serve, answer: (place, folder) -> the command that times documents in turns; the command that answers one document.
    """

    title: str
    files: Callable[[Path], list[Path]]
    serve: Callable[[Place, Path], Command]
    answer: Callable[[Place, Path], Command]


@dataclass(frozen=True)
class System:
    """One row of the table.

    steps: (place, folder, seed) -> the commands from CSV to predictions.csv; the first is the training.
    clients: the saved models whose size, latency and one-document process are measured.
    seeded: another seed gives another model. timed: it is trained several times, because a ratio depends on its time.
    suits: is it measured on a set? missing: why it cannot be measured with this checkout, if so.
    """

    title: str
    steps: Callable[[Place, Path, int], list[tuple[str, Command]]]
    clients: tuple[Client, ...] = ()
    seeded: bool = False
    timed: bool = False
    suits: Callable[[NewsSet], bool] = lambda news: True
    missing: Callable[[], str | None] = lambda: None


def ours_system(
    title: str, budget: Callable[[NewsSet], str | None] = lambda news: None, artefacts: tuple[str, ...] = ("LiteRT",)
) -> System:
    """mmkeras with default flags, or with a size budget of the set. artefacts: of FORMATS, LOADED."""

    def steps(place: Place, folder: Path, seed: int) -> list[tuple[str, Command]]:
        return [
            ("train", ours.train_command(place.split.train, folder, seed, budget(place.split.news))),
            ("export", ours.export_command(folder)),
            ("predict", ours.predict_command(place.split.test, folder)),
        ]

    clients = tuple(ours_client(f"{title}, {name}", name) for name in artefacts)
    return System(title, steps, clients, seeded=True, timed=True)


def ours_client(title: str, name: str) -> Client:
    """A client of one artefact of mmkeras. name: of FORMATS, or LOADED."""
    load = name == ours.LOADED
    artefact = ours.FORMATS["LiteRT" if load else name]

    def command(step: str, source: Callable[[Split], Path]) -> Callable[[Place, Path], Command]:
        return lambda place, folder: ours.client_command(
            folder / "exported" / artefact, source(place.split), step, load
        )

    return Client(
        title=title,
        files=lambda folder: [folder / "exported" / artefact],
        serve=command("serve", lambda split: split.documents),
        answer=command("answer", lambda split: split.document),
    )


def peer_command(module: str, flags: tuple[str, ...], place: Place, folder: Path, step: str, seed: int = 0) -> Command:
    """The command of one step of a peer's script, in the environment of the peer."""
    split = place.split
    python = place.fasttext_python if module in FASTTEXT else Path(sys.executable)
    if python is None:
        raise ValueError("fastText has no environment, so its commands cannot be built.")
    test = {"serve": split.documents, "answer": split.document}.get(step, split.test)
    shared: Command = ["--output", folder, "--step", step, "--seed", str(seed)]
    language = ["--characters"] if split.news.characters else []
    if module == "fasttext_autotune":
        flags = (*flags, "--seconds", str(place.autotune_seconds))
    return [python, "-m", f"benchmarks.peers.{module}", split.train, test, *shared, *language, *flags]


def peer(
    title: str,
    module: str,
    files: tuple[str, ...],
    *flags: str,
    seeded: bool = False,
    timed: bool = False,
    client: bool = True,
    suits: Callable[[NewsSet], bool] = lambda news: True,
) -> System:
    """A peer's row. client: its model has a latency and a size too (a tuned C changes neither)."""
    saved_model = Client(
        title=title,
        files=lambda folder: [folder / name for name in files],
        serve=lambda place, folder: peer_command(module, flags, place, folder, "serve"),
        answer=lambda place, folder: peer_command(module, flags, place, folder, "answer"),
    )
    return System(
        title=title,
        steps=lambda place, folder, seed: [
            (step, peer_command(module, flags, place, folder, step, seed)) for step in ("train", "predict")
        ],
        clients=(saved_model,) if client else (),
        seeded=seeded,
        timed=timed,
        suits=suits,
    )


FASTTEXT = ("fasttext_news", "fasttext_autotune")
"""The peers that run in fastText's environment."""

JOBLIB = ("model.joblib",)
YARDSTICK = "svm"  # of processor seconds
TUNED = "svm_tuned"  # of accuracy
SPEED_YARDSTICK = "fasttext"  # of one document

SYSTEMS = {
    "ours": ours_system("mmkeras", artefacts=("LiteRT", ours.LOADED, "ONNX Runtime")),
    "ours_1mb": replace(ours_system("mmkeras, 1 MB", lambda news: "1MB"), missing=ours.no_budget),
    "ours_small": replace(
        ours_system("mmkeras, smaller budget", lambda news: news.budget),
        missing=ours.no_budget,
        suits=lambda news: news.budget is not None,
    ),
    YARDSTICK: peer("TF-IDF + LinearSVC", "sklearn_tfidf", JOBLIB, timed=True),
    TUNED: peer("TF-IDF + LinearSVC, C tuned", "sklearn_tfidf", JOBLIB, "--tune", client=False),
    "logistic": peer("TF-IDF + LogisticRegression", "sklearn_tfidf", JOBLIB, "--classifier", "logistic"),
    "logistic_tuned": peer(
        "TF-IDF + LogisticRegression, C tuned",
        "sklearn_tfidf",
        JOBLIB,
        "--classifier",
        "logistic",
        "--tune",
        client=False,
    ),
    SPEED_YARDSTICK: peer("fastText, word pairs", "fasttext_news", ("model.bin", "labels.json"), seeded=True),
    "fasttext_1mb": peer("fastText, autotune, 1 MB", "fasttext_autotune", ("model.ftz", "labels.json"), seeded=True),
    "keras_mlp": peer("plain Keras MLP", "keras_mlp", ("model.keras", "labels.json"), seeded=True),
}

IN_FASTTEXT = {"fasttext", "fasttext_1mb"}
"""The systems whose environment may be missing."""

DEFAULT = tuple(name for name in SYSTEMS if name != "logistic_tuned")  # it takes long, for a small difference
