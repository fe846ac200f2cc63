"""Credits and versions are no target; numbers, dates, short codes and texts are."""

from __future__ import annotations

import pytest

from mmkeras.data.files.alike import alike_but_for_numbers


@pytest.mark.parametrize(
    ("cells", "alike"),
    [
        ([f"CC-BY 2.0 (France) Attribution: site.org #{i} (CM) & #{i * 7} (user {i})" for i in range(40)], True),
        ([f"https://example.org/reviews/{i}" for i in range(40)], True),
        ([f"version {i}.0 of the tool, made in May" for i in range(40)] + ["unknown"], True),
        ([str(i) for i in range(40)], False),
        ([f"2026-01-{i:02}" for i in range(1, 29)], False),
        ([f"row-{i}" for i in range(40)], False),
        ([f"{word} is text number {i}" for i in range(20) for word in ("this", "that")], False),
        ([], False),
    ],
)
def test_alike_but_for_numbers(cells: list[str], alike: bool) -> None:
    assert alike_but_for_numbers(cells) is alike
