"""The loop that writes, over a step whose every probability is known."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from mmkeras.data.target_tokenizer import EOS, UNK
from mmkeras.generation.decoding import TIE, Decoded, decode, penalised
from mmkeras.generation.options import GenerationOptions

PIECES, LONGEST = 6, 4
SIGNATURE: dict[str, Any] = {
    "max_target": LONGEST,
    "inputs": [
        {"name": "piece", "kind": "piece", "shape": ["batch", 1], "dtype": "int32"},
        {"name": "position", "kind": "position", "shape": ["batch", 1], "dtype": "int32"},
        {"name": "keys", "kind": "state", "dtype": "float32", "shape": ["batch", 1, 8, 1], "filled_from": "new_keys"},
    ],
}


class Known:
    """A step whose answer depends on the row's memory and on all pieces before: it must see them in its state."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def chances(self, row: int, before: tuple[int, ...]) -> np.ndarray:
        logits = np.random.default_rng([self.seed, row, *before]).normal(size=PIECES) * 2
        return np.asarray(logits - np.log(np.exp(logits).sum()))

    def __call__(self, given: Any) -> dict[str, np.ndarray]:
        said = []
        for k in range(len(given["piece"])):
            position = int(given["position"][k, 0])
            before = (*given["keys"][k, 0, :position, 0].astype(int).tolist(), int(given["piece"][k, 0]))
            said.append(self.chances(int(given["memory"][k, 0]), before[1:]))
        return {"log_probabilities": np.array(said, "float32"), "new_keys": given["piece"][:, :, None, None] * 1.0}


def memory(rows: int) -> dict[str, np.ndarray]:
    return {"memory": np.arange(rows)[:, None]}


def all_texts(step: Known, row: int) -> list[tuple[float, Decoded]]:
    """Every text of at most LONGEST pieces that ends, and its log P."""
    found = []
    for n in range(LONGEST):
        for ids in itertools.product([p for p in range(PIECES) if p not in (EOS, UNK)], repeat=n):
            chances = [float(step.chances(row, ids[:k])[piece]) for k, piece in enumerate((*ids, EOS))]
            found.append((sum(chances), Decoded(list(ids), chances)))
    return found


def test_greedy_takes_the_most_probable_piece_each_time() -> None:
    step = Known(0)
    for row, text in enumerate(decode(step, SIGNATURE, memory(5), GenerationOptions(), batch=5)):
        before: tuple[int, ...] = ()
        for chance in text.log_probabilities:
            said = step.chances(row, before)
            said[UNK] = -np.inf
            piece = int(said.argmax())
            assert chance == pytest.approx(said[piece], abs=1e-5)
            before = (*before, piece)
        assert text.ids == [p for p in before if p != EOS]
        assert len(text.ids) == LONGEST or before[-1] == EOS


class Tied(Known):
    """The likeliest piece, 2 unless it says otherwise, and the next number are equally likely, but for `gap`."""

    def __init__(self, gap: float, best: int = 2) -> None:
        super().__init__(0)
        self.gap, self.best = gap, best

    def chances(self, row: int, before: tuple[int, ...]) -> np.ndarray:
        said = np.minimum(super().chances(row, before), -3.0)
        said[self.best], said[self.best + 1] = -1.0, -1.0 - self.gap
        return said


@pytest.mark.parametrize("gap", [0.0, TIE / 2])
def test_of_two_pieces_equally_likely_it_takes_the_one_it_follows(gap: float) -> None:
    others = [[2, 3, 2, 3], [3, 3, 3, 3], [2, 2, 2, 2]]
    found = decode(Tied(gap), SIGNATURE, memory(3), GenerationOptions(), batch=3, follow=others)
    assert [w.ids for w in found] == others
    np.testing.assert_allclose(found[1].log_probabilities, -1 - gap, atol=1e-6)
    assert [w.ids for w in decode(Tied(gap), SIGNATURE, memory(3), GenerationOptions(), batch=3)] == [[2] * LONGEST] * 3


def test_it_follows_nothing_that_is_less_likely_nor_a_text_that_has_parted() -> None:
    free = [2] * LONGEST
    (found,) = decode(Tied(3 * TIE), SIGNATURE, memory(1), GenerationOptions(), follow=[[3, 3, 3, 3]])
    assert found.ids == free
    (found,) = decode(Tied(0.0), SIGNATURE, memory(1), GenerationOptions(), follow=[[2, 5, 3, 3]])
    assert found.ids == free, "what comes after 5 says nothing of what comes after 2"


def test_each_row_and_each_prompt_follows_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.data.target_tokenizer import TargetTokenizer
    from mmkeras.generation.generator import TextGenerator

    others = [[2, 3, 2, 3], [3, 3, 3, 3], [2, 2, 2, 3], [3, 2, 2, 2], [2, 2, 3, 3]]
    found = decode(Tied(0.0), SIGNATURE, memory(1), GenerationOptions(), prompts=[[4]] * 5, follow=others)
    assert [w.ids for w in found] == others
    step: Any = Tied(0.0)
    step.signature = SIGNATURE | {"inputs": [*SIGNATURE["inputs"], {"name": "memory", "kind": "memory"}]}
    writer = TextGenerator({"decode_step": step}, TargetTokenizer("word", ()))
    monkeypatch.setattr(
        TextGenerator, "encode", lambda self, values, index, hidden: {"memory": np.zeros((len(index), 1))}
    )
    assert [w.ids for w in writer.decode_rows({}, 5, GenerationOptions(), 2, follow=others)] == others


def test_nothing_is_followed_by_a_beam_or_by_chance() -> None:
    for choice in (GenerationOptions(beam=2), GenerationOptions(temperature=1.0)):
        with pytest.raises(ValueError, match="followed"):
            decode(Tied(0.0), SIGNATURE, memory(1), choice, follow=[[3]])


def test_a_piece_that_is_none_is_not_followed() -> None:
    (found,) = decode(Tied(0.0), SIGNATURE, memory(1), GenerationOptions(), follow=[[PIECES + 1]])
    assert found.ids == [2] * LONGEST


def test_it_ends_where_the_text_it_follows_ends() -> None:
    step = Tied(0.0, best=EOS)
    (found,) = decode(step, SIGNATURE, memory(1), GenerationOptions(unknown=True), follow=[[UNK]])
    assert (found.ids, len(found.log_probabilities)) == ([UNK], 2)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_texts(penalty: float) -> None:
    step, choice = Known(1), GenerationOptions(beam=64, length_penalty=penalty, longest=LONGEST)
    for row, text in enumerate(decode(step, SIGNATURE, memory(4), choice, batch=4)):
        best = max(all_texts(step, row), key=lambda some: penalised(some[0], len(some[1].log_probabilities), choice))[1]
        assert text.ids == best.ids
        assert text.score == pytest.approx(best.score, abs=1e-4)


def test_a_beam_is_at_least_as_probable_as_greedy() -> None:
    for seed in range(5):
        step = Known(seed)
        greedy = decode(step, SIGNATURE, memory(6), GenerationOptions(), batch=6)
        beam = decode(step, SIGNATURE, memory(6), GenerationOptions(beam=6, length_penalty=0.0), batch=6)
        for a, b in zip(greedy, beam, strict=True):
            if len(a.log_probabilities) > len(a.ids):  # it has ended
                assert b.score >= a.score - 1e-5


def test_rows_of_a_batch_are_what_they_are_alone() -> None:
    step = Known(2)
    for choice in (GenerationOptions(), GenerationOptions(beam=3)):
        together = decode(step, SIGNATURE, memory(6), choice, batch=6)
        for row in range(6):
            (alone,) = decode(step, SIGNATURE, {"memory": np.array([[row]])}, choice)
            assert alone.ids == together[row].ids


def test_a_prompt_is_seen_and_not_written() -> None:
    step = Known(3)
    (text,) = decode(step, SIGNATURE, memory(1), GenerationOptions(longest=2), prompts=[[3, 4]])
    said = step.chances(0, (3, 4))
    said[UNK] = -np.inf
    assert (text.ids or [EOS])[0] == said.argmax()


def test_a_prompt_longer_than_the_window_loses_its_beginning() -> None:
    step = Known(3)
    windowed = {**SIGNATURE, "window": 5}
    (long,) = decode(step, windowed, memory(1), GenerationOptions(), prompts=[[2, 5, 2, 3, 4, 5]])
    (short,) = decode(step, windowed, memory(1), GenerationOptions(), prompts=[[3, 4, 5]])
    assert long.ids == short.ids
    assert len(long.log_probabilities) <= 1


def test_drawing_follows_the_probabilities_and_the_seed() -> None:
    step = Known(4)
    texts = [
        decode(step, SIGNATURE, memory(1), GenerationOptions(temperature=1.0, longest=1, seed=seed, unknown=True))[
            0
        ].ids
        for seed in range(600)
    ]
    shares = np.bincount([(ids or [EOS])[0] for ids in texts], minlength=PIECES) / len(texts)
    np.testing.assert_allclose(shares, np.exp(step.chances(0, ())), atol=0.08)
    again = decode(step, SIGNATURE, memory(1), GenerationOptions(temperature=1.0, longest=1, seed=7, unknown=True))[
        0
    ].ids
    assert again == texts[7]


def test_next_to_no_temperature_is_greedy() -> None:
    step = Known(4)
    (greedy,) = decode(step, SIGNATURE, memory(1), GenerationOptions())
    for temperature in (1e-3, 1e-46, 1e-300):
        assert decode(step, SIGNATURE, memory(1), GenerationOptions(temperature=temperature))[0].ids == greedy.ids


def test_top_k_and_top_p_leave_the_rare_out() -> None:
    step = Known(4)
    said = step.chances(0, ())
    said[UNK] = -np.inf
    first, second = np.argsort(-said)[:2]
    for choice, allowed in (({"top_k": 2}, {first, second}), ({"top_p": 0.01}, {first})):
        drawn = {
            (
                decode(step, SIGNATURE, memory(1), GenerationOptions(temperature=2.0, longest=1, seed=s, **choice))[
                    0
                ].ids
                or [EOS]
            )[0]
            for s in range(50)
        }
        assert drawn <= set(map(int, allowed))


def stubborn(given: Any) -> dict[str, np.ndarray]:
    """Says the same whatever stands before: 2, and hardly ever an END."""
    said = np.tile(np.log([1e-9, 0.01, 0.5, 0.3, 0.1, 0.09]).astype("float32"), (len(given["piece"]), 1))
    return {"log_probabilities": said, "new_keys": given["piece"][:, :, None, None] * 1.0}


def test_no_run_of_pieces_comes_twice() -> None:
    signature = {**SIGNATURE, "max_target": 7}
    assert decode(stubborn, signature, memory(1), GenerationOptions())[0].ids == [2] * 7
    ids = decode(stubborn, signature, memory(1), GenerationOptions(no_repeat=2))[0].ids
    pairs = list(itertools.pairwise(ids))
    assert len(pairs) == len(set(pairs))
    assert len(set(decode(stubborn, signature, memory(1), GenerationOptions(no_repeat=1))[0].ids)) == 4


@pytest.mark.parametrize("how", [{}, {"beam": 2}, {"temperature": 0.5}])
@pytest.mark.parametrize("window", [None, 6])
def test_nor_does_one_of_the_prompt(how: dict[str, Any], window: int | None) -> None:
    """Of all of it, what a window has no room for too."""
    prompt = [2, 2, 5, 4, 2]
    signature = SIGNATURE | ({"window": window} if window else {})
    (free,) = decode(stubborn, signature, memory(1), GenerationOptions(**how), prompts=[prompt])
    assert 2 in free.ids
    (found,) = decode(stubborn, signature, memory(1), GenerationOptions(no_repeat=2, **how), prompts=[prompt])
    pairs = list(itertools.pairwise([*prompt, *found.ids]))
    assert len(found.ids) == (4 if window else 2), "as many as there is room for"
    assert len(pairs) == len(set(pairs))
