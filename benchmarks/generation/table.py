"""The figures of `benchmarks.generation`, as tables.

python -m benchmarks.generation.table [RESULTS.json …] [--docs]

One table of the quality of each system, one of the differences between its artefacts and the trained model; `--docs`
writes the second into docs/parity_text_generation.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, ROOT

DOCS = ROOT / "docs" / "parity_text_generation.md"
COMMAND = "python -m benchmarks.generation.table --docs"
HEAD = f"""# Text generation, in every format

`{COMMAND}` makes this page of what `python -m benchmarks.generation` measured: each
system is trained by `train.py`, exported by `export.py`, and each of its three artefacts generates the texts of
held-out rows, token by token, in a process of its own without Keras. `cells` are small language models, trained for
one epoch to fill this table; the others are those of `benchmarks/RESULTS.md`. **Texts**: the number of rows, and
whether all their texts are the same as the trained model's in SavedModel, LiteRT and ONNX. **log P**: the largest
difference of a token's log-probability (language models: over all tokens of held-out lines; others: over the generated
texts). **Score**: the perplexity of those lines, or the BLEU of those rows (the chrF if most have fewer than four
words), by each artefact. Flickr has no more than 100 pictures to hold out.

"""


def read(paths: list[Path]) -> dict[str, dict[str, Any]]:
    """Set -> system -> figures, from several files; a later file wins."""
    sets: dict[str, dict[str, Any]] = {}
    for path in paths:
        for name, systems in json.loads(path.read_text(encoding="utf-8")).items():
            if name != "machine":
                sets.setdefault(name, {}).update(systems)
    return sets


def measured(sets: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """`set: system` and the figures of each system."""
    for name, systems in sets.items():
        for system, figures in systems.items():
            if "verified" in figures:
                yield f"{name}: {system}", figures


def parity(sets: dict[str, dict[str, Any]]) -> str:
    """The table of artefacts against the trained model."""
    lines = ["| system | texts | log P | score: SavedModel, LiteRT, ONNX | MB |", "| --- | ---: | ---: | --- | --- |"]
    worst, alike = 0.0, True
    for name, figures in measured(sets):
        proofs = list(figures["verified"].values())
        same = all(proof["texts_identical"] for proof in proofs)
        ties = max(proof.get("texts_apart_at_ties", 0) for proof in proofs)
        word = "same" if same else "DIFFERENT" if any(proof["texts_other"] for proof in proofs) else f"{ties} at ties"
        largest = max(proof["largest_difference"] for proof in proofs)
        worst, alike = max(worst, largest), alike and same
        kind = "perplexity" if "perplexity" in proofs[0] else figures["held_out"]["score_name"]
        scores = ", ".join(f"{proof[kind]:.2f}" for proof in proofs)
        sizes = ", ".join(f"{proof['size_bytes'] / 1e6:.1f}" for proof in proofs)
        rows = f"{proofs[0]['rows']} {word}"
        lines.append(f"| {name} | {rows} | {largest:.1e} | {kind} {scores} | {sizes} |")
    return "\n".join(
        [*lines, "", f"Largest difference {worst:.1e}; {'all texts the same' if alike else 'NOT ALL SAME'}."]
    )


def quality(sets: dict[str, dict[str, Any]]) -> str:
    """The table of the quality of the texts of the test rows, by the LiteRT artefact."""
    lines = ["| system | decoding | figures | fit s |", "| --- | --- | --- | ---: |"]
    for name, figures in measured(sets):
        if "perplexity" in figures:
            lines.append(f"| {name} | | perplexity {figures['perplexity']:.2f} | {figures['fit_s']:.0f} |")
        for decoding, scores in figures.items():
            if decoding != "held_out" and isinstance(scores, dict) and "chrf" in scores:
                more = f", CIDEr {scores['cider']:.3f}" if "cider" in scores else ""
                cell = (
                    f"BLEU {scores['bleu']:.2f}, chrF {scores['chrf']:.2f}, exact {scores['exact']:.2%}, "
                    f"WER {scores['word_error_rate']:.2%}{more}"
                )
                lines.append(f"| {name} | {decoding} | {cell} | {figures['fit_s']:.0f} |")
    for name, systems in sets.items():
        for peer, scores in systems.get("peers", {}).items():
            lines.append(f"| {name}: {peer} | | BLEU {scores['bleu']:.2f}, CIDEr {scores['cider']:.3f} | |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print both tables; with --docs write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", type=Path, default=[RESULTS / "generation.json"])
    parser.add_argument("--docs", action="store_true")
    args = parser.parse_args(arguments)
    sets = read(args.results)
    table = parity(sets)
    print(quality(sets), table, sep="\n\n")
    if args.docs:
        DOCS.write_text(HEAD + table + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
