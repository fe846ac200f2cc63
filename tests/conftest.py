"""Settings before TensorFlow is loaded, and the artefacts that several tests share: each is exported once a session."""

from __future__ import annotations

import os
import signal

import pytest
import reference_tokenizer as reference
import small_runs
from parity import Exported, export_all, make_state

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:  # nohup, a job in the background: the processes of tests inherit it
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """One column as the default model reads it, short texts."""
    state = make_state([text[:96] for text in reference.HOSTILE_TEXTS], max_bytes=96)
    return export_all({"body": state}, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """One column at its full length, whose vocabulary is all tokens and pairs of the golden and the hostile texts."""
    texts = [text.encode() for text, _ in reference.golden()]
    state = make_state([*texts, *reference.HOSTILE_TEXTS], tokens_only=reference.bmp_texts())
    return export_all({"text": state}, tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="session")
def modes(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A column for each mode but the default one, two of them as the plain MLP reads them; one in runs of characters."""
    texts = [text[:192] for text in reference.HOSTILE_TEXTS]
    states = {
        "word": make_state(texts, mode="word", weighting="mean", max_bytes=64, unknown_buckets=256),
        "character": make_state(texts, mode="character", max_bytes=64),
        "runs": make_state(texts, char_ngrams=5, max_bytes=48),
        "byte": make_state(texts[::4], mode="byte", orders=1, weighting="mean", max_bytes=50, unknown_buckets=64),
    }
    return export_all(states, tmp_path_factory.mktemp("modes"))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> small_runs.SmallRun:
    """The default model of made-up news, trained and exported."""
    return small_runs.exported_run(tmp_path_factory.getbasetemp())
