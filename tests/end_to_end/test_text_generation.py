"""Models that write, as a user makes and uses them: train, export, verify, generate, score."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_runs
from screen import Screen
from small_texts import SMALL, Made, make, proof, translation, write_lines, write_pairs

import mmkeras
from mmkeras.modalities.text.hashing.characters import python_tokens

pytestmark = pytest.mark.slow
FORMATS = ("savedmodel", "tflite", "onnx")
ASKED = "the old dog likes a tree"


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


def run_example(made: Made, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the example of docs/api.md that opens exported/<name>; its names."""
    page = (small_runs.ROOT / "docs/api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (code,) = [block for block in blocks if f"exported/{name}" in block]
    (folder / "exported").mkdir()
    (folder / "exported" / name).symlink_to(made.exported)
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"mmkeras": mmkeras, "pd": pd}
    exec(compile(code, "api.md", "exec"), names)
    return names


def test_python_translates(translator: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translate = run_example(translator, "pairs", tmp_path, monkeypatch)["translate"]
    texts = [ASKED, "the dog finds the man"]
    assert translate(ASKED, beam=4) == translation(ASKED)
    assert translate(texts) == [translation(text) for text in texts]
    answers = translate.predict(pd.DataFrame({"en": texts}, index=["a", "b"]))
    assert answers["text"].to_dict() == {"a": translation(ASKED), "b": translation(texts[1])}
    assert (answers["log_probability"] < 0).all()
    assert translate(pd.Series({"en": ASKED}), beam=np.int64(4)) == translation(ASKED)
    assert translate({"en": ASKED, "de": "?"}) == translation(ASKED), "the target is no mistake"
    with pytest.warns(UserWarning, match="'fr': not read") as caught:
        assert translate({"en": ASKED, "fr": "?"}) == translation(ASKED)
    assert caught[0].filename == __file__
    for call, word in (
        (lambda: translate(ASKED, beams=4), "Did you mean 'beam'"),
        (lambda: translate(ASKED, beam=99), "beam 99: expected a number between 1 and 64"),
        (lambda: translate({"fr": ASKED}), "'fr': the model has no such column"),
        (lambda: translate(3), "Expected a text"),
        (lambda: translate(""), "Every cell of the row is empty"),
        (lambda: translate({"en": float("nan")}), "Every cell of the row is empty"),
        (lambda: translate.score(ASKED), "only a language model scores texts"),
    ):
        with pytest.raises(mmkeras.InputError, match=word):
            call()


def test_python_scores_as_the_command_does(
    language_model: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = run_example(language_model, "lm", tmp_path, monkeypatch)
    scored, printed = names["scored"], small_runs.main("score", language_model.exported, "the old dog").lines
    assert printed[-1].startswith(f"log P = {scored.log_probability:.4f}  perplexity {scored.perplexity:.2f}")
    assert [line.split()[0] for line in printed[:-1]] == scored.tokens
    with pytest.raises(mmkeras.InputError, match="a language model has no columns"):
        names["writer"].predict([{"text": "x"}])
    with pytest.raises(mmkeras.InputError, match="a language model has no columns"):
        names["writer"].predict(["x"])
    for lines in (None, pd.DataFrame({"text": ["x"]}), [3]):
        with pytest.raises(mmkeras.InputError, match="or a list of texts"):
            mmkeras.raw_rows(lines, language_model.run)


def test_the_prompt_shows_each_text_while_it_is_generated(translator: Made) -> None:
    terminal, program = pty.openpty()
    folder = translator.exported.parent / "state"
    process = subprocess.Popen(
        [sys.executable, "-m", "mmkeras.cli.main", "generate", str(translator.exported)],
        stdin=program,
        stdout=program,
        stderr=program,
        env={**small_runs.environment(), "XDG_STATE_HOME": str(folder), "TERM": "dumb"},
        close_fds=True,
    )
    os.close(program)
    screen = Screen(terminal)
    screen.wait_for("en> ")
    screen.type(f"{ASKED}\n")
    screen.wait_for(translation(ASKED))
    screen.type("qqq\n")
    screen.wait_for("note: no word of the text")
    screen.wait_for("en> ")
    screen.type("\n")  # an empty line asks again
    screen.wait_for("en> ")
    screen.type("\x04")
    assert process.wait(60) == 0
    assert "Traceback" not in screen.text
    assert ASKED in (folder / "mmkeras" / "generate_history").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "words"), [("exported", ["-"]), ("run", [])])
def test_lines_of_a_pipe_are_answered_line_by_line(translator: Made, name: str, words: list[str]) -> None:
    command = [sys.executable, "-m", "mmkeras.cli.main", "generate", str(getattr(translator, name)), *words]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=small_runs.environment()
    )
    assert process.stdin
    assert process.stdout
    for text in (ASKED, "the dog finds the man"):  # each is answered before the next one is written
        process.stdin.write(f"{text}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{translation(text)}\n"
    rest, _ = process.communicate(f"\n{ASKED}", timeout=120)
    assert rest == f"\n{translation(ASKED)}\n"
    assert process.returncode == 0


def test_generate_for_a_file(translator: Made, pairs: Path, tmp_path: Path) -> None:
    output = tmp_path / "texts.csv"
    done = small_runs.main("generate", translator.exported, "--csv", pairs, "--output", output)
    assert "BLEU" in done.out
    assert "word error rate" in done.out
    written, rows = small_runs.read_csv(output), small_runs.read_csv(pairs)
    assert len(written) == len(rows)
    same = [a["text"] == b["de"] for a, b in zip(written, rows, strict=True)]
    assert np.mean(same) > 0.9
    named = small_runs.main("generate", translator.exported, pairs)
    assert (named.code, named.err[:40]) == (2, f"error: {pairs}"[:40])
    again = small_runs.main("generate", translator.exported, "--csv", pairs, "--output", output)
    assert again.code == 2
    assert "--overwrite" in again.err
    lines = [{"en": row["en"], "text": "mine", "n": k} for k, row in enumerate(rows[:3])]
    piped = "\n".join(map(json.dumps, lines)).encode()
    flags = ("--csv", "-", "--keep-columns", "--output-format", "jsonl")
    done = small_runs.main("generate", translator.exported, *flags, piped=piped)
    kept = [json.loads(line) for line in done.lines]
    assert [row["text"] for row in kept] == [row["text"] for row in written[:3]]
    assert [(row["line"], row["text (input)"], row["n"]) for row in kept] == [(k + 1, "mine", k) for k in range(3)]
    assert "'text' as 'text (input)'" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "columns: en"),
        ((" ",), "every cell is empty"),
        (("a", ""), "Text 2 is empty"),
        (("--input", "fr=x"), "expected column=value; columns: en"),
        (("x", "--beam", "3", "--temperature", "1"), "contradict"),
        (("x", "--format", "onnx", "--csv", "y.csv"), "--csv has all cells"),
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
        "note: at most 16 tokens are generated; the model was trained with --max-target 16",
        "note: no word of 1 of 5 texts in 'en' is known to the model",  # `?` is a missing cell
        "note: 2 of 5 texts in 'en' are longer than the model reads: 16 tokens (--max-tokens)",
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


@pytest.mark.parametrize("form", FORMATS)
def test_a_text_without_a_word_is_answered_alike_in_any_batch(translator: Made, form: str) -> None:
    from mmkeras.generation.generator import open_generator
    from mmkeras.generation.options import GenerationOptions

    writer = open_generator(translator.exported, form, threads=1)
    values = {writer.inputs[0]["name"]: [b" ", b"the dog finds the man " * 3, b"\t \n"]}
    texts = [[w.ids for w in writer.decode_rows(values, 3, GenerationOptions(), batch)] for batch in (1, 3)]
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
    rows = small_runs.read_csv(translator.run / "validation.csv")
    (text,) = [spec["column"] for spec in json.loads((translator.run / "schema.json").read_text())["inputs"]]
    maps = json.loads((translator.run / "samples.json").read_text(encoding="utf-8"))["attention"]
    for row, attention in zip(rows, maps, strict=False):
        assert attention["tokens"] == python_tokens(row[text]), "a column for each word of the source"
        assert attention["sources"] == [[text, len(attention["tokens"])]]


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
    from mmkeras.generation.decoding import DecoderState
    from mmkeras.generation.generator import open_generator

    writer = open_generator(language_model.exported, form, threads=1)
    ids, terms = writer.score(ASKED)
    states, before = DecoderState(writer.step.signature, {}, 1), 0
    for position, (number, term) in enumerate(zip(ids, terms, strict=True)):
        said = states.step(writer.step, np.array([before]), position)
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


def test_ids_and_scores_of_many_at_once_are_compared(language_model: Made, translator: Made) -> None:
    from mmkeras.generation.generator import open_generator
    from mmkeras.runtime.exported import read_signature
    from mmkeras.verification.clean_process.texts import batched_log_probs, run_other_lengths, run_samples
    from mmkeras.verification.samples import load_text_samples
    from mmkeras.verification.texts import check

    for made, name in ((language_model, "batched"), (translator, "ids")):
        writer, samples = (
            open_generator(made.exported, "tflite"),
            load_text_samples(made.exported / "sample_inputs.npz"),
        )
        found = run_samples(writer, samples, made.exported) | {"signature": {}, "load_seconds": 1, "peak_memory_mib": 1}
        if samples.others:
            found["any_length"] = run_other_lengths(writer, samples.others)
        assert not check(found, samples, writer.tokenizer, read_signature(made.exported))["breaches"]
        if name == "ids":
            assert samples.ids["en_ids"][0], "something is recognised"
            found["ids"]["16"]["en_ids"][3] = [[1]]
            expected = "token ids differ on rows [3]"
        else:
            assert np.allclose(batched_log_probs(writer, samples)[0], samples.written[0].log_probabilities, atol=1e-4)
            found["batched"][2][0] += 1e-3
            expected = "log-probabilities differ by up to 1.0e-03, more than 1e-04"
        assert expected in check(found, samples, writer.tokenizer, read_signature(made.exported))["breaches"]
