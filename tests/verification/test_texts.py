"""Texts of an artefact against those of the trained model: ties, the reference, differences."""

from __future__ import annotations

import numpy as np
import pytest

from mmkeras.data.targets.target_tokenizer import TargetTokenizer

pytestmark = pytest.mark.slow


def test_texts_that_part_at_a_tie_are_told_from_others() -> None:
    from mmkeras.verification.texts import compare_texts

    expected = [([4, 5], [-1.0, -2.0, -0.1]), ([4], [-1.0, -0.7]), ([4], [-1.0, -0.7])]
    free = [
        ([4, 6], [-1.0, -2.000001, -0.3]),  # another token, as likely: with the reference it is not taken
        ([4], [-1.0, -0.70001]),
        ([7], [-1.2, -0.7]),
    ]
    compared = compare_texts({"free": free, "tied": [([4, 5], [-1.0, -2.00002, -0.1]), *free[1:]]}, expected)
    assert (compared.other, compared.at_ties) == (1, 1)
    assert compared.largest == pytest.approx(2e-5, rel=1e-3), "of tokens after the tie too"
    assert compare_texts({"free": free}, expected).other == 2, "not decoded with a reference"
    assert compare_texts({"free": expected}, expected) == compare_texts({"free": expected, "tied": expected}, expected)
    assert compare_texts({"free": expected[:2]}, expected).other == 1, "a text too few"
    assert compare_texts({"free": [([4, 5], [-1.0, float("nan"), -0.1])]}, expected[:1]).largest == float("inf")


def test_words_of_a_format_whose_texts_part_at_ties() -> None:
    from mmkeras.verification.texts import words_of

    def words(**counts: int) -> str:
        return words_of({"texts_other": 0, "texts_apart_at_ties": 0, **counts})

    assert words() == "same"
    assert words(texts_apart_at_ties=2) == "same but 2 at ties"
    assert words(texts_apart_at_ties=2, texts_other=1) == "DIFFER"


def test_texts_are_decoded_with_a_reference_only_where_any_differs() -> None:
    from mmkeras.generation.decoding import Decoded
    from mmkeras.verification.clean_process.texts import decode_with_ties

    free = [Decoded([4], [-1.0, -0.5]), Decoded([5], [-1.0, -0.5])]
    references: list[object] = []

    def decode_texts(reference: object) -> list[Decoded]:
        references.append(reference)
        return free

    assert decode_with_ties(decode_texts, free) == {"free": free}
    expected = [free[0], Decoded([6], [-1.0, -0.5])]
    assert decode_with_ties(decode_texts, expected, free) == {"free": free, "tied": free}
    assert references == [None, [[4], [6]]]


def test_a_response_is_the_reference_at_a_tie_and_all_of_it_is_compared() -> None:
    from types import SimpleNamespace

    from mmkeras.generation.decoding import Decoded
    from mmkeras.verification.clean_process.texts import compare_response

    generator = SimpleNamespace(tokenizer=TargetTokenizer("word", tuple(b"<eos>, <unk>, the, of, a, b".split(b","))))
    free, tied = Decoded([4, 5], [-1.0, -0.5, -0.1]), Decoded([4, 3], [-1.0, -0.5, -0.4])

    def served(ids: list[int], text: str, log_p: float) -> dict[str, object]:
        def decode_texts(reference: object) -> list[Decoded]:
            return [free if reference is None else tied]

        response = {"pieces": np.array([ids]), "text": np.array([text.encode()]), "log_probability": np.array([log_p])}
        return compare_response(generator, decode_texts, response)  # type: ignore[arg-type]

    same = served([4, 5, 0, 0], "a b", -1.6)
    assert same == {"rows": 1, "texts_identical": True, "texts_apart_at_ties": 0, "largest_difference": 0.0}
    other = served([4, 3, 0, 0], "a of", -1.9)
    assert (other["texts_identical"], other["texts_apart_at_ties"]) == (True, 1), "of two equally likely the other"
    assert not served([4, 2, 0, 0], "a the", -1.9)["texts_identical"], "another, and no tie"
    assert not served([4, 5, 0, 0], "a", -1.6)["texts_identical"], "a table with another text"
    assert served([4, 5, 0, 0], "a b", -1.9)["largest_difference"] == pytest.approx(0.1), "per token, on the mean"
    assert np.isnan(served([4, 5, 0, 0], "a b", float("nan"))["largest_difference"])  # type: ignore[arg-type]


def checked_subsets(decoded: dict[str, list[object]]) -> dict[str, object]:
    """verify's result where rows without a column were decoded so, and all others as the model decodes them."""
    from mmkeras.generation.decoding import Decoded
    from mmkeras.graph import Signature
    from mmkeras.verification.samples import TextSamples
    from mmkeras.verification.texts import check

    text = [[4, 5], [-1.0, -0.5, -0.1]]
    samples = TextSamples(
        [["a b"]], [Decoded([4, 5], [-1.0, -0.5, -0.1])], subsets={"en": [Decoded([4], [-1.0, -0.2])]}
    )
    outputs = {
        "written": {"1": {"free": [text]}},
        "subsets": {"en": decoded},
        "signature": {},
        "seconds": 1.0,
        "n_tokens": 3,
        "load_seconds": 1.0,
        "peak_memory_mib": 1.0,
    }
    tokenizer = TargetTokenizer("word", tuple(b"<eos> <unk> the of a b".split()))
    return check(outputs, samples, tokenizer, Signature("texts", "generate", "de", (), {}, {}, {}))


def test_texts_without_a_column_are_compared_token_by_token() -> None:
    assert not checked_subsets({"free": [[[4], [-1.0, -0.2]]]})["breaches"]
    assert checked_subsets({"free": [[[5], [-1.0, -0.2]]]})["breaches"] == ["with nothing but en: 1 texts differ"]
    tie = checked_subsets({"free": [[[5], [-1.0, -0.2]]], "tied": [[[4], [-1.0, -0.2]]]})
    assert not tie["breaches"]
    assert (tie["subset_texts_apart_at_ties"], tie["texts_identical"]) == (1, True)
    flat = checked_subsets({"free": [[[], [-1.8]]], "tied": [[[4], [-1.8, -1.8]]]})
    assert "log-probabilities differ by up to 1.6e+00" in str(flat["breaches"]), "every token ties with every other"
    assert checked_subsets({"free": []})["breaches"], "nothing was written"
