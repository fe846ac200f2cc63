"""The decoding loop, over a step whose every probability is known."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from mmkeras.data.targets.target_tokenizer import EOS, UNK
from mmkeras.generation.decoding import TIE, Decoded, decode, penalised
from mmkeras.generation.options import GenerationOptions

VOCABULARY_SIZE, LONGEST = 6, 4
SIGNATURE: dict[str, Any] = {
    "max_target": LONGEST,
    "inputs": [
        {"name": "piece", "kind": "piece", "shape": ["batch", 1], "dtype": "int32"},
        {"name": "position", "kind": "position", "shape": ["batch", 1], "dtype": "int32"},
        {"name": "keys", "kind": "state", "dtype": "float32", "shape": ["batch", 1, 8, 1], "filled_from": "new_keys"},
    ],
}


class Known:
    """A step whose output depends on the row's memory and on all tokens before, which must be in its state."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def log_probs(self, row: int, before: tuple[int, ...]) -> np.ndarray:
        logits = np.random.default_rng([self.seed, row, *before]).normal(size=VOCABULARY_SIZE) * 2
        return np.asarray(logits - np.log(np.exp(logits).sum()))

    def __call__(self, inputs: Any) -> dict[str, np.ndarray]:
        log_probs = []
        for k in range(len(inputs["piece"])):
            position = int(inputs["position"][k, 0])
            before = (*inputs["keys"][k, 0, :position, 0].astype(int).tolist(), int(inputs["piece"][k, 0]))
            log_probs.append(self.log_probs(int(inputs["memory"][k, 0]), before[1:]))
        return {
            "log_probabilities": np.array(log_probs, "float32"),
            "new_keys": inputs["piece"][:, :, None, None] * 1.0,
        }


def memory(rows: int) -> dict[str, np.ndarray]:
    return {"memory": np.arange(rows)[:, None]}


def all_texts(step: Known, row: int) -> list[tuple[float, Decoded]]:
    """Every text of at most LONGEST tokens that ends, and its log P."""
    texts = []
    for n in range(LONGEST):
        for ids in itertools.product([p for p in range(VOCABULARY_SIZE) if p not in (EOS, UNK)], repeat=n):
            log_probs = [float(step.log_probs(row, ids[:k])[token]) for k, token in enumerate((*ids, EOS))]
            texts.append((sum(log_probs), Decoded(list(ids), log_probs)))
    return texts


def test_greedy_takes_the_most_probable_piece_each_time() -> None:
    step = Known(0)
    for row, text in enumerate(decode(step, SIGNATURE, memory(5), GenerationOptions(), batch=5)):
        before: tuple[int, ...] = ()
        for log_prob in text.log_probabilities:
            log_probs = step.log_probs(row, before)
            log_probs[UNK] = -np.inf
            token = int(log_probs.argmax())
            assert log_prob == pytest.approx(log_probs[token], abs=1e-5)
            before = (*before, token)
        assert text.ids == [p for p in before if p != EOS]
        assert len(text.ids) == LONGEST or before[-1] == EOS


class Tied(Known):
    """The likeliest token `best` and the token of the next number are equally likely, but for `gap`."""

    def __init__(self, gap: float, best: int = 2) -> None:
        super().__init__(0)
        self.gap, self.best = gap, best

    def log_probs(self, row: int, before: tuple[int, ...]) -> np.ndarray:
        log_probs = np.minimum(super().log_probs(row, before), -3.0)
        log_probs[self.best], log_probs[self.best + 1] = -1.0, -1.0 - self.gap
        return log_probs


@pytest.mark.parametrize("gap", [0.0, TIE / 2])
def test_of_two_tokens_equally_likely_it_takes_the_reference_s(gap: float) -> None:
    references = [[2, 3, 2, 3], [3, 3, 3, 3], [2, 2, 2, 2]]
    decoded = decode(Tied(gap), SIGNATURE, memory(3), GenerationOptions(), batch=3, reference=references)
    assert [w.ids for w in decoded] == references
    np.testing.assert_allclose(decoded[1].log_probabilities, -1 - gap, atol=1e-6)
    assert [w.ids for w in decode(Tied(gap), SIGNATURE, memory(3), GenerationOptions(), batch=3)] == [[2] * LONGEST] * 3


def test_a_reference_decides_nothing_where_it_is_less_likely_or_has_parted() -> None:
    free = [2] * LONGEST
    (decoded,) = decode(Tied(3 * TIE), SIGNATURE, memory(1), GenerationOptions(), reference=[[3, 3, 3, 3]])
    assert decoded.ids == free
    (decoded,) = decode(Tied(0.0), SIGNATURE, memory(1), GenerationOptions(), reference=[[2, 5, 3, 3]])
    assert decoded.ids == free, "the tokens after 5 are no reference for those after 2"


def test_each_row_and_each_prompt_has_its_own_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.data.targets.target_tokenizer import TargetTokenizer
    from mmkeras.generation.generator import TextGenerator

    references = [[2, 3, 2, 3], [3, 3, 3, 3], [2, 2, 2, 3], [3, 2, 2, 2], [2, 2, 3, 3]]
    decoded = decode(Tied(0.0), SIGNATURE, memory(1), GenerationOptions(), prompts=[[4]] * 5, reference=references)
    assert [w.ids for w in decoded] == references
    step: Any = Tied(0.0)
    step.signature = SIGNATURE | {"inputs": [*SIGNATURE["inputs"], {"name": "memory", "kind": "memory"}]}
    generator = TextGenerator({"decode_step": step}, TargetTokenizer("word", ()))
    monkeypatch.setattr(
        TextGenerator, "encode", lambda self, values, index, hidden: {"memory": np.zeros((len(index), 1))}
    )
    assert [w.ids for w in generator.decode_rows({}, 5, GenerationOptions(), 2, reference=references)] == references


def test_beam_search_and_sampling_take_no_reference() -> None:
    for options in (GenerationOptions(beam=2), GenerationOptions(temperature=1.0)):
        with pytest.raises(ValueError, match="a reference decides"):
            decode(Tied(0.0), SIGNATURE, memory(1), options, reference=[[3]])


def test_a_reference_token_outside_the_vocabulary_is_ignored() -> None:
    (decoded,) = decode(Tied(0.0), SIGNATURE, memory(1), GenerationOptions(), reference=[[VOCABULARY_SIZE + 1]])
    assert decoded.ids == [2] * LONGEST


def test_it_ends_where_the_reference_ends() -> None:
    step = Tied(0.0, best=EOS)
    (decoded,) = decode(step, SIGNATURE, memory(1), GenerationOptions(unknown=True), reference=[[UNK]])
    assert (decoded.ids, len(decoded.log_probabilities)) == ([UNK], 2)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_texts(penalty: float) -> None:
    step, options = Known(1), GenerationOptions(beam=64, length_penalty=penalty, longest=LONGEST)
    for row, text in enumerate(decode(step, SIGNATURE, memory(4), options, batch=4)):
        texts = all_texts(step, row)
        best = max(texts, key=lambda scored: penalised(scored[0], len(scored[1].log_probabilities), options))[1]
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
    for options in (GenerationOptions(), GenerationOptions(beam=3)):
        together = decode(step, SIGNATURE, memory(6), options, batch=6)
        for row in range(6):
            (alone,) = decode(step, SIGNATURE, {"memory": np.array([[row]])}, options)
            assert alone.ids == together[row].ids


def test_a_prompt_is_seen_and_not_written() -> None:
    step = Known(3)
    (text,) = decode(step, SIGNATURE, memory(1), GenerationOptions(longest=2), prompts=[[3, 4]])
    log_probs = step.log_probs(0, (3, 4))
    log_probs[UNK] = -np.inf
    assert (text.ids or [EOS])[0] == log_probs.argmax()


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
    shares = np.bincount([(ids or [EOS])[0] for ids in texts], minlength=VOCABULARY_SIZE) / len(texts)
    np.testing.assert_allclose(shares, np.exp(step.log_probs(0, ())), atol=0.08)
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
    log_probs = step.log_probs(0, ())
    log_probs[UNK] = -np.inf
    first, second = np.argsort(-log_probs)[:2]
    for options, allowed in (({"top_k": 2}, {first, second}), ({"top_p": 0.01}, {first})):
        drawn = {
            (
                decode(step, SIGNATURE, memory(1), GenerationOptions(temperature=2.0, longest=1, seed=s, **options))[
                    0
                ].ids
                or [EOS]
            )[0]
            for s in range(50)
        }
        assert drawn <= set(map(int, allowed))


def stubborn(inputs: Any) -> dict[str, np.ndarray]:
    """The same log-probabilities whatever stands before: 2 is the likeliest, EOS hardly ever comes."""
    log_probs = np.tile(np.log([1e-9, 0.01, 0.5, 0.3, 0.1, 0.09]).astype("float32"), (len(inputs["piece"]), 1))
    return {"log_probabilities": log_probs, "new_keys": inputs["piece"][:, :, None, None] * 1.0}


def test_no_n_gram_comes_twice() -> None:
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
    (decoded,) = decode(stubborn, signature, memory(1), GenerationOptions(no_repeat=2, **how), prompts=[prompt])
    pairs = list(itertools.pairwise([*prompt, *decoded.ids]))
    assert len(decoded.ids) == (4 if window else 2), "as many as there is room for"
    assert len(pairs) == len(set(pairs))
