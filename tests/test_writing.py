"""Models that write, as a user makes and uses them: train, export, verify, generate, score."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import small_runs
from small_texts import translation, write_lines, write_pairs

from mmkeras.data.target_tokenizer import Pieces

pytestmark = pytest.mark.slow
FORMATS = ("savedmodel", "tflite", "onnx")
SMALL = ("--width", "32", "--depth", "1", "--max-target", "16", "--max-tokens", "16")
ASKED = "the old dog likes a tree"


@dataclass(frozen=True)
class Made:
    """A run, its exported folder, and what both commands printed."""

    run: Path
    exported: Path
    said: str


def make(base: Path, name: str, *flags: str | Path) -> Made:
    run, exported = base / name, base / f"{name}-exported"
    trained = small_runs.main("train", *flags, "--output", run)
    assert trained.code == 0, trained.err
    done = small_runs.main("export", run, "--output", exported)
    assert done.code == 0, done.out + done.err
    return Made(run, exported, trained.out + done.out)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.csv")


@pytest.fixture(scope="module")
def translator(pairs: Path) -> Made:
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--pieces", "word", "--epochs", "40")
    return make(
        pairs.parent, "mt", pairs, *flags, *SMALL, "--dropout", "0", "--learning-rate", "0.005", "--batch-size", "16"
    )


@pytest.fixture(scope="module", params=["rnn", "lstm", "gru", "transformer"])
def language_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    base = tmp_path_factory.mktemp(request.param)
    flags = ("--task", "language_model", "--text-file", write_lines(base / "text.txt"), "--cell", request.param)
    rate = {"rnn": ("--learning-rate", "0.01"), "transformer": ("--learning-rate", "0.01")}.get(request.param, ())
    return make(
        base, "lm", *flags, *SMALL[:2], "--depth", "2", "--steps", "20", "--epochs", "4", "--batch-size", "4", *rate
    )


def proof(made: Made) -> dict[str, dict[str, object]]:
    return dict(json.loads((made.exported / "verify.json").read_text(encoding="utf-8"))["artefacts"])


# translation


def test_it_learns_to_translate(translator: Made) -> None:
    figures = json.loads((translator.run / "metrics.json").read_text(encoding="utf-8"))["validation"]
    assert figures["exact"] > 0.9
    assert figures["bleu"] > 90
    assert "nrefs:1|case:mixed" in figures["bleu_signature"]


def test_every_format_writes_the_same_texts(translator: Made) -> None:
    for form in FORMATS:
        found = proof(translator)[form]
        assert found["passed"]
        assert found["texts_identical"]
        assert found["largest_difference"] <= 1e-4
    assert proof(translator)["savedmodel"]["served"]["texts_identical"]  # type: ignore[index]


@pytest.mark.parametrize("form", FORMATS)
def test_generate_by_each_format(translator: Made, form: str) -> None:
    done = small_runs.main("generate", translator.exported, ASKED, "the dog finds the man", "--format", form)
    assert done.code == 0
    assert done.lines == [translation(ASKED), translation("the dog finds the man")]


def test_generate_with_a_beam_by_chance_and_from_the_run(translator: Made) -> None:
    for flags in (("--beam", "4"), ("--temperature", "0.01", "--seed", "3")):
        assert small_runs.main("generate", translator.exported, ASKED, *flags).lines == [translation(ASKED)]
    assert small_runs.main("generate", translator.run, ASKED).lines == [translation(ASKED)]


def test_generate_for_a_file(translator: Made, pairs: Path, tmp_path: Path) -> None:
    output = tmp_path / "texts.csv"
    done = small_runs.main("generate", translator.exported, "--csv", pairs, "--output", output)
    assert "BLEU" in done.out
    assert "word error rate" in done.out
    written, rows = small_runs.read_csv(output), small_runs.read_csv(pairs)
    assert len(written) == len(rows)
    same = [a["text"] == b["de"] for a, b in zip(written, rows, strict=True)]
    assert np.mean(same) > 0.9
    again = small_runs.main("generate", translator.exported, "--csv", pairs, "--output", output)
    assert again.code == 2
    assert "--overwrite" in again.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "columns: en"),
        ((" ",), "every cell is empty"),
        (("a", ""), "Text 2 is empty"),
        (("--input", "fr=x"), "expected column=value; columns: en"),
        (("x", "--beam", "3", "--temperature", "1"), "contradict"),
        (("x", "--format", "onnx", "--csv", "y.csv"), "--csv holds all cells"),
    ],
)
def test_questions_that_cannot_be_answered(translator: Made, arguments: tuple[str, ...], said: str) -> None:
    done = small_runs.main("generate", translator.exported, *arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("text", ["qqq zzz", "?", "a\x01\x02b", "the dog " * 500, "中文 🦓"])
def test_any_text_gets_some_text(translator: Made, text: str) -> None:
    done = small_runs.main("generate", translator.exported, text)
    assert done.code == 0
    assert len([line for line in done.lines if not line.startswith("note: ")]) == 1


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_not_known_or_not_read_is_said_once_a_file(translator: Made, form: str, tmp_path: Path) -> None:
    texts = ["qqq zzz", "?", "", "the dog", "the dog " * 8, "the dog " * 8 + "sees", "the dog," * 9]
    path = small_runs.write_rows(tmp_path / "rows.csv", [{"en": text, "n": str(k)} for k, text in enumerate(texts)])
    flags = ("--csv", path, "--output", tmp_path / "o.csv", "--format", form, "--longest", "99")
    done = small_runs.main("generate", translator.exported, *flags)
    assert done.code == 0, done.err
    assert [line for line in done.lines if line.startswith("note: ")] == [
        "note: at most 16 pieces are written; the model was trained with --max-target 16",
        "note: no word of 2 of 6 texts in 'en' is known to the model",
        "note: 2 of 6 texts in 'en' are longer than the model reads: 16 tokens (--max-tokens)",
    ]
    assert len(small_runs.read_csv(tmp_path / "o.csv")) == len(texts)


def test_the_same_is_said_of_a_text_and_by_a_run(translator: Made) -> None:
    for folder in (translator.exported, translator.run):
        assert small_runs.main("generate", folder, "the dog " * 9).lines[0].startswith("note: the text in 'en' is long")
        assert small_runs.main("generate", folder, "qqq").lines[0] == (
            "note: no word of the text in 'en' is known to the model"
        )
    said = small_runs.main("generate", translator.exported, "the dog " * 600).out
    assert "longer than the model reads: 16 tokens" in said, "and of bytes, but tokens end first"


def test_ids_of_unknown_words_are_those_that_a_client_takes_for_them() -> None:
    from mmkeras.generation.notes import UNKNOWN_IDS
    from mmkeras.models.multimodal import UNKNOWN_BUCKETS

    assert UNKNOWN_IDS == UNKNOWN_BUCKETS


@pytest.mark.parametrize("form", FORMATS)
def test_a_text_without_a_word_is_answered_alike_in_any_batch(translator: Made, form: str) -> None:
    from mmkeras.generation.generator import open_writer
    from mmkeras.generation.options import Choice

    writer = open_writer(translator.exported, form, threads=1)
    values = {writer.inputs[0]["name"]: [b"?", b"the dog finds the man " * 3, b"!!! ..."]}
    texts = [[w.ids for w in writer.write_rows(values, 3, Choice(), batch)] for batch in (1, 3)]
    assert texts[0] == texts[1]
    assert texts[0][0] == texts[0][2], "nothing is read of either"


def test_the_saved_model_writes_by_the_name_of_what_it_does(translator: Made) -> None:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(translator.exported / "savedmodel" / "1"))
    given = {name: tf.constant([ASKED]) for name in loaded.signatures["generate"].structured_input_signature[1]}
    assert [text.decode() for text in loaded.signatures["generate"](**given)["text"].numpy()] == [translation(ASKED)]


def test_an_artefact_that_was_changed_is_rejected(translator: Made, tmp_path: Path) -> None:
    folder = tmp_path / "mt"
    shutil.copytree(translator.exported, folder)
    path = folder / "decode_step.onnx"
    import onnx
    from onnx import numpy_helper

    proto = onnx.load(path)
    largest = max(proto.graph.initializer, key=lambda i: int(np.prod(i.dims)))
    largest.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(largest) * np.float32(1.5), largest.name))
    onnx.save(proto, path)
    done = small_runs.main("verify", folder)
    assert done.code == 1
    assert "REJECTED onnx" in done.out
    assert (folder / "decode_step.onnx.rejected").exists()
    assert not path.exists()
    found = json.loads((folder / "verify.json").read_text(encoding="utf-8"))
    assert found["artefacts"]["tflite"]["passed"]
    assert not found["passed"]


def test_an_absent_artefact_fails(translator: Made, tmp_path: Path) -> None:
    folder = tmp_path / "mt"
    shutil.copytree(translator.exported, folder)
    (folder / "encode.tflite").unlink()
    done = small_runs.main("verify", folder, "--formats", "tflite")
    assert done.code == 1
    assert "encode.tflite" in done.out


def test_the_report_shows_texts_and_attention(translator: Made) -> None:
    page = (translator.run / "report.html").read_text(encoding="utf-8")
    assert "The worst, by chrF" in page
    assert 'class="attention"' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--fusion", "decision"), "Give attention, concat or sum"),
        (("--model", "mlp"), "--task generate writes"),
        (("--mixed-precision",), "trained in float32"),
        (("--cell", "gru"), "--cell: --task generate trains a Transformer"),
    ],
)
def test_flags_that_do_not_suit_a_writer(pairs: Path, flags: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = small_runs.main(
        "train", pairs, "--task", "generate", "--text", "en", "--target", "de", *flags, "--output", tmp_path / "r"
    )
    assert done.code == 2
    assert said in done.err


def test_too_few_different_inputs_are_said(tmp_path: Path) -> None:
    rows = [{"en": f"text {k % 2}", "de": f"x{k}"} for k in range(20)]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--test-size", "0.6")
    done = small_runs.main("train", path, *flags, "--output", tmp_path / "run")
    assert done.code == 2
    assert "2 different inputs" in done.err


def test_empty_targets_are_bad_rows_and_short_ones_are_learned(tmp_path: Path) -> None:
    rows = [{"en": f"word{k} here", "de": "" if k == 7 else f"x{k % 3}"} for k in range(40)]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--pieces", "word", "--epochs", "1", *SMALL)
    done = small_runs.main("train", path, *flags, "--output", tmp_path / "run")
    assert done.code == 0, done.err
    (bad,) = small_runs.read_csv(tmp_path / "run" / "bad_rows.csv")
    assert bad["reason"] == "the target is empty"


def test_the_report_says_what_each_column_is_worth(tmp_path: Path) -> None:
    # the mood comes from the text, the thing from the category: neither is enough
    moods, things = ("good", "bad"), ("lamp", "tent", "clock")
    rows = [
        {"note": f"it is {m} {k}", "thing": t, "reply": f"{m} {t}"} for k in range(30) for m in moods for t in things
    ]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    columns = ("--task", "generate", "--text", "note", "--category", "thing", "--target", "reply", "--pieces", "word")
    flags = (*columns, "--epochs", "15", "--learning-rate", "0.005", "--tensorboard", *SMALL)
    done = small_runs.main("train", path, *flags, "--output", tmp_path / "run")
    assert done.code == 0, done.err
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    exact = {"+".join(row["present"]): row["exact"] for row in figures["missing"]}
    assert set(exact) == {"text", "category", "text+category"}
    assert exact["text+category"] > 0.9
    assert exact["text"] < 0.7
    assert exact["category"] < 0.8
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "The dearest to lose is" in page
    assert "exact texts" in page
    assert list((tmp_path / "run" / "tensorboard").iterdir())


# language models


def test_every_format_of_a_language_model_agrees(language_model: Made) -> None:
    for form in FORMATS:
        found = proof(language_model)[form]
        assert found["passed"], found
        assert found["rows"] == 60
    held_out = [found["perplexity"] for found in proof(language_model).values()]
    assert max(held_out) - min(held_out) < 1e-2  # type: ignore[operator]


def test_it_has_learned_the_language(language_model: Made) -> None:
    figures = json.loads((language_model.run / "metrics.json").read_text(encoding="utf-8"))
    assert figures["validation"]["perplexity"] < 8, "of 13 pieces"
    assert figures["pieces"] == {"kind": "word", "vocabulary": 13, "train": figures["pieces"]["train"]}


@pytest.mark.parametrize("form", FORMATS)
def test_score_is_the_chain_rule(language_model: Made, form: str) -> None:
    """log P(S) = sum of log P(w | all before): the score of a text is the sum of what `decode_step` says of each."""
    from mmkeras.generation.decoding import States
    from mmkeras.generation.generator import open_writer

    writer = open_writer(language_model.exported, form, threads=1)
    ids, terms = writer.score(ASKED)
    states, before = States(writer.step.signature, {}, 1), 0
    for position, (number, term) in enumerate(zip(ids, terms, strict=True)):
        said = states.advance(writer.step, np.array([before]), position)
        assert said[0, number] == pytest.approx(term, abs=1e-4)
        assert np.exp(said[0]).sum() == pytest.approx(1, abs=1e-4)
        before = number
    done = small_runs.main("score", language_model.exported, ASKED, "--format", form)
    total = float(re.findall(r"log P = (-[\d.]+)", done.out)[0])
    assert total == pytest.approx(float(terms.sum()), abs=2e-4)


def test_the_perplexity_of_a_file_is_that_of_the_training(language_model: Made) -> None:
    held_out = language_model.run / "validation.txt"
    figures = json.loads((language_model.run / "metrics.json").read_text(encoding="utf-8"))["validation"]
    done = small_runs.main("score", language_model.exported, "--file", held_out)
    found = float(re.findall(r"perplexity ([\d.]+)", done.out)[0])
    windowed = "window" in json.loads((language_model.exported / "signature.json").read_text())["graphs"]["score"]
    # in the middle of a text, `score` has an END where the training's figure has the piece before
    assert found == pytest.approx(figures["perplexity"], rel=0.05 if windowed else 0.003)


def test_prompts_of_every_kind(language_model: Made) -> None:
    for prompt in ("", "the old", "qqq", "the " * 100):
        done = small_runs.main("generate", language_model.exported, prompt, "--longest", "5")
        assert done.code == 0, done.err
    assert "note: no word of 'qqq' is known" in small_runs.main("generate", language_model.exported, "qqq").out


def test_the_seed_decides_what_is_drawn(language_model: Made) -> None:
    flags = ("the", "--temperature", "1.5", "--longest", "12")
    said = [small_runs.main("generate", language_model.exported, *flags, "--seed", seed).out for seed in "1123"]
    assert said[0] == said[1]
    assert len(set(said)) > 1


@pytest.mark.parametrize(
    ("own", "epochs", "cut"),
    [
        (("--decay", "cosine"), 4, 2),
        # a rate so high that an epoch brings nothing, before the cut and behind it
        (("--decay", "stall", "--learning-rate", "200"), 6, 4),
    ],
)
def test_an_interrupted_training_ends_as_if_it_had_not_been(
    own: tuple[str, ...], epochs: int, cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmkeras.training.callbacks import EpochLines

    flags = ("--task", "language_model", "--text-file", str(write_lines(tmp_path / "t.txt", 120)), *own)
    flags = (*flags, *SMALL[:4], "--batch-size", "4", "--dropout", "0.2", "--epochs", str(epochs))
    assert small_runs.main("train", *flags, "--output", tmp_path / "whole").code == 0
    kept = EpochLines.on_epoch_begin

    def killed(self: EpochLines, epoch: int, logs: object = None) -> None:
        if epoch == cut:
            raise KeyboardInterrupt
        kept(self, epoch, logs)

    monkeypatch.setattr(EpochLines, "on_epoch_begin", killed)
    assert small_runs.main("train", *flags, "--output", tmp_path / "cut").code == 130
    monkeypatch.undo()
    again = small_runs.main("train", "--resume", "--output", tmp_path / "cut")
    assert again.code == 0, again.err
    whole, resumed = (
        [{key: value for key, value in row.items() if key != "seconds"} for row in small_runs.read_csv(path)]
        for path in (tmp_path / "whole" / "history.csv", tmp_path / "cut" / "history.csv")
    )
    assert whole == resumed, "every loss, and what has become of the rate"
    perplexities = [
        json.loads((tmp_path / name / "metrics.json").read_text())["validation"]["perplexity"]
        for name in ("whole", "cut")
    ]
    assert perplexities[0] == perplexities[1]


@pytest.mark.parametrize("kind", ["byte", "subword"])
def test_a_text_column_of_a_table_in_bytes_and_subwords(kind: str, tmp_path: Path) -> None:
    lines = write_lines(tmp_path / "t.txt", 150).read_text(encoding="utf-8").splitlines()
    rows = [{"id": str(k), "body": "" if k == 5 else line} for k, line in enumerate(lines)]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--task", "language_model", "--text", "body", "--pieces", kind, "--no-tie", "--decay", "stall")
    own = ("--cell", "gru", "--epochs", "3", *SMALL[:4], "--steps", "20", "--batch-size", "4", "--vocabulary", "320")
    made = make(tmp_path, "lm", path, *flags, *own)
    assert "119 lines to learn from, 30 held out" in made.said, "149 that are not empty"
    assert all(found["passed"] for found in proof(made).values())
    served = proof(made)["savedmodel"]["served"]
    assert served["texts_identical"]  # type: ignore[index]
    assert served["rows"] == 33, "beginnings of sixteen lines, those in pieces, and nothing"  # type: ignore[index]
    assert "log P = " in small_runs.main("score", made.exported, "the dog").out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "expected a text. Name a file"),
        (("--text", "a", "b"), "one text column"),
        (("--text-file", "t.txt", "--text", "a"), "--text: a language model learns one text"),
        (("--text-file", "t.txt", "--fusion", "sum"), "--fusion: a language model"),
        (("--text-file", "t.txt", "--max-tokens", "9"), "--max-tokens: a language model reads its text to the end"),
        (("--text-file", "t.txt", "--mixed-precision"), "trained in float32"),
    ],
)
def test_flags_that_do_not_suit_a_language_model(flags: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = small_runs.main("train", "--task", "language_model", *flags, "--output", tmp_path / "r")
    assert done.code == 2
    assert said in done.err


def test_a_short_text_is_measured_by_and_not_learned(tmp_path: Path) -> None:
    """Few held-out lines are read as one text, whatever --batch-size is; of too few to learn, it is said which."""
    text, short = write_lines(tmp_path / "t.txt", 120), write_lines(tmp_path / "s.txt", 1)
    flags = ("train", "--task", "language_model", *SMALL[:4], "--epochs", "1", "--output", tmp_path / "r")
    done = small_runs.main(*flags, "--text-file", text, "--validation", short)
    assert done.code == 0, done.err
    (epoch,) = small_runs.read_csv(tmp_path / "r" / "history.csv")
    measured = json.loads((tmp_path / "r" / "metrics.json").read_text(encoding="utf-8"))["validation"]
    assert float(epoch["val_loss"]) == pytest.approx(measured["nats_a_piece"], rel=1e-4)
    done = small_runs.main(*flags, "--overwrite", "--text-file", short, "--validation", text)
    assert done.code == 2
    assert done.err.startswith(f"error: {short}: ")
    assert "Give more text, or --batch-size" in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "there is no such text file"), (b"", "found none"), (b"a b\n\xff\xfe\n", "line 2: expected UTF-8")],
)
def test_text_files_that_cannot_be_used(text: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    if text is not None:
        path.write_bytes(text)
    done = small_runs.main("train", "--task", "language_model", "--text-file", path, "--output", tmp_path / "run")
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "run").exists()


def test_texts_that_part_at_a_tie_are_told_from_others() -> None:
    from mmkeras.verification.texts import compare

    expected = [([4, 5], [-1.0, -2.0, -0.1]), ([4], [-1.0, -0.7]), ([4], [-1.0, -0.7])]
    free = [
        ([4, 6], [-1.0, -2.000001, -0.3]),  # another piece, as likely: following the trained model it is not taken
        ([4], [-1.0, -0.70001]),
        ([7], [-1.2, -0.7]),
    ]
    found = compare({"free": free, "following": [([4, 5], [-1.0, -2.00002, -0.1]), *free[1:]]}, expected)
    assert (found.other, found.at_ties) == (1, 1)
    assert found.largest == pytest.approx(2e-5, rel=1e-3), "of what comes after the tie too"
    assert compare({"free": free}, expected).other == 2, "it did not follow"
    assert compare({"free": expected}, expected) == compare({"free": expected, "following": expected}, expected)
    assert compare({"free": expected[:2]}, expected).other == 1, "a text too few"
    assert compare({"free": [([4, 5], [-1.0, float("nan"), -0.1])]}, expected[:1]).largest == float("inf")


def test_words_of_a_format_whose_texts_part_at_ties() -> None:
    from mmkeras.verification.texts import words_of

    def words(**counts: int) -> str:
        return words_of({"texts_other": 0, "texts_apart_at_ties": 0, **counts})

    assert words() == "same"
    assert words(texts_apart_at_ties=2) == "same but 2 at ties"
    assert words(texts_apart_at_ties=2, texts_other=1) == "DIFFER"


def test_a_text_is_followed_only_where_some_part() -> None:
    from mmkeras.generation.decoding import Written
    from mmkeras.verification.clean_process.texts import both_ways

    free = [Written([4], [-1.0, -0.5]), Written([5], [-1.0, -0.5])]
    given: list[object] = []

    def writes(follow: object) -> list[Written]:
        given.append(follow)
        return free

    assert both_ways(writes, free) == {"free": free}
    known = [free[0], Written([6], [-1.0, -0.5])]
    assert both_ways(writes, known, free) == {"free": free, "following": free}
    assert given == [None, [[4], [6]]]


def test_what_is_served_is_followed_past_a_tie_and_all_of_it_compared() -> None:
    from types import SimpleNamespace

    from mmkeras.generation.decoding import Written
    from mmkeras.verification.clean_process.texts import compare_served

    writer = SimpleNamespace(pieces=Pieces("word", tuple(b"<eos>, <unk>, the, of, a, b".split(b","))))
    own, tie = Written([4, 5], [-1.0, -0.5, -0.1]), Written([4, 3], [-1.0, -0.5, -0.4])

    def served(ids: list[int], text: str, log_p: float) -> dict[str, object]:
        def writes(follow: object) -> list[Written]:
            return [own if follow is None else tie]

        given = {"pieces": np.array([ids]), "text": np.array([text.encode()]), "log_probability": np.array([log_p])}
        return compare_served(writer, writes, given)  # type: ignore[arg-type]

    same = served([4, 5, 0, 0], "a b", -1.6)
    assert same == {"rows": 1, "texts_identical": True, "texts_apart_at_ties": 0, "largest_difference": 0.0}
    other = served([4, 3, 0, 0], "a of", -1.9)
    assert (other["texts_identical"], other["texts_apart_at_ties"]) == (True, 1), "of two equally likely the other"
    assert not served([4, 2, 0, 0], "a the", -1.9)["texts_identical"], "another, and no tie"
    assert not served([4, 5, 0, 0], "a", -1.6)["texts_identical"], "a table that tells another text"
    assert served([4, 5, 0, 0], "a b", -1.9)["largest_difference"] == pytest.approx(0.1), "of a piece, on the mean"
    assert np.isnan(served([4, 5, 0, 0], "a b", float("nan"))["largest_difference"])  # type: ignore[arg-type]


def checked_subsets(ways: dict[str, list[object]]) -> dict[str, object]:
    """verify's result where rows without a column were written in these ways, and all else as the model does."""
    from mmkeras.generation.decoding import Written
    from mmkeras.verification.samples import TextSamples
    from mmkeras.verification.texts import check

    text = [[4, 5], [-1.0, -0.5, -0.1]]
    samples = TextSamples(
        [["a b"]], [Written([4, 5], [-1.0, -0.5, -0.1])], subsets={"en": [Written([4], [-1.0, -0.2])]}
    )
    found = {
        "written": {"1": {"free": [text]}},
        "subsets": {"en": ways},
        "signature": {},
        "seconds": 1.0,
        "pieces_written": 3,
        "load_seconds": 1.0,
        "peak_memory_mib": 1.0,
    }
    pieces = Pieces("word", tuple(b"<eos> <unk> the of a b".split()))
    return check(found, samples, pieces, {"graphs": {}})


def test_what_is_written_without_a_column_is_compared_piece_by_piece() -> None:
    assert not checked_subsets({"free": [[[4], [-1.0, -0.2]]]})["breaches"]
    assert checked_subsets({"free": [[[5], [-1.0, -0.2]]]})["breaches"] == ["with nothing but en: 1 texts differ"]
    tie = checked_subsets({"free": [[[5], [-1.0, -0.2]]], "following": [[[4], [-1.0, -0.2]]]})
    assert not tie["breaches"]
    assert (tie["subset_texts_apart_at_ties"], tie["texts_identical"]) == (1, True)
    flat = checked_subsets({"free": [[[], [-1.8]]], "following": [[[4], [-1.8, -1.8]]]})
    assert "log-probabilities differ by up to 1.6e+00" in str(flat["breaches"]), "it follows whatever is given"
    assert checked_subsets({"free": []})["breaches"], "nothing was written"


def test_ids_and_scores_of_many_at_once_are_compared(language_model: Made, translator: Made) -> None:
    from mmkeras.generation.generator import open_writer
    from mmkeras.runtime.exported import read_folder
    from mmkeras.verification.clean_process.texts import side_by_side, write_all
    from mmkeras.verification.samples import load_text_samples
    from mmkeras.verification.texts import check

    for made, name in ((language_model, "side_by_side"), (translator, "ids")):
        writer, samples = open_writer(made.exported, "tflite"), load_text_samples(made.exported / "sample_inputs.npz")
        found = write_all(writer, samples, made.exported) | {"signature": {}, "load_seconds": 1, "peak_memory_mib": 1}
        assert not check(found, samples, writer.pieces, read_folder(made.exported))["breaches"]
        if name == "ids":
            assert samples.ids["en_ids"][0], "something is recognised"
            found["ids"]["16"]["en_ids"][3] = [[1]]
            expected = "token ids differ on rows [3]"
        else:
            assert np.allclose(side_by_side(writer, samples)[0], samples.written[0].log_probabilities, atol=1e-4)
            found["side_by_side"][2][0] += 1e-3
            expected = "log-probabilities differ by up to 1.0e-03, more than 1e-04"
        assert expected in check(found, samples, writer.pieces, read_folder(made.exported))["breaches"]


def test_a_text_s_outer_space_is_what_python_takes_for_it() -> None:
    import tensorflow as tf

    from mmkeras.export.serving.generate import GreedyLoop

    pieces = Pieces("byte", (b"", b"", *(bytes([k]) for k in range(256))))

    class Says(GreedyLoop):
        """Writes a text whatever it is told."""

        def __init__(self, text: str) -> None:
            self.table, self.longest, self.window = tf.constant(list(pieces.table)), 40, 0
            self.ids = [*pieces.encode(text), 0]

        def advance(self, piece: object, position: tf.Tensor, states: object, memory: object) -> object:
            return tf.one_hot(tf.gather(self.ids, tf.minimum(position, len(self.ids) - 1)), 258, 0.0, -9.0), []

    for text in ("\u3000\u3000中文\u00a0", " a\x1c", "\x85b\u2028 ", "", "\u200ba"):  # the last is none
        loop = Says(text)
        found = loop.write(loop.advance(None, tf.constant([0]), None, None)[0], [], tf.constant([1]), {})  # type: ignore[index]
        assert found["text"].numpy()[0].decode() == pieces.decode(pieces.encode(text)), repr(text)
