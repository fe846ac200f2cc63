"""Ask the `tokenizers` library what BERT's rule makes of every code point, and freeze the answer as a text file.

    python data/make_bert_characters.py

Needed once: the file is part of the package. It is frozen because the library and each Python know another version
of Unicode: Python 3.11's `unicodedata` alone disagrees with the library at 559 code points.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

TARGET = Path(__file__).parents[1] / "mmkeras" / "modalities" / "text" / "wordpiece" / "bert_characters.txt"
HEADER = """\
# BERT's rule for every code point, as the library `tokenizers` {version} has it; made by data/make_bert_characters.py.
# First the classes, a line a run: its first code point and its class. Then, behind "folds", what lower-casing and
# stripping accents make of a code point where that is something else (Hangul syllables: see bert_characters.py).
"""


def main() -> None:
    """Write the file."""
    import tokenizers
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    cased = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False)
    uncased = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True)
    splitter = BertPreTokenizer()

    def class_of(char: str) -> str:
        clean = cased.normalize_str(char)
        if clean in ("", " "):
            return "space" if clean else "gone"
        if clean != char:  # blanks were put around it
            return "chinese"
        if len(splitter.pre_tokenize_str(f"a{char}a")) == 3:
            return "punctuation"
        return "word" if uncased.normalize_str(char) else "mark"

    lines, folds, last = [], [], ""
    for code in range(0x110000):
        surrogate = 0xD800 <= code <= 0xDFFF
        kind = "gone" if surrogate else class_of(chr(code))
        if kind != last:
            lines.append(f"{code:x} {kind}")
        last = kind
        if kind in ("word", "punctuation", "chinese") and not 0xAC00 <= code <= 0xD7A3:
            folded = uncased.normalize_str(chr(code)).strip(" ")
            if folded != chr(code):
                folds.append(f"{code:x}:" + "+".join(f"{ord(c):x}" for c in folded))
    text = HEADER.format(version=tokenizers.__version__) + "\n".join(lines) + "\nfolds\n"
    TARGET.write_text(text + textwrap.fill(" ".join(folds), 119, break_on_hyphens=False) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
