"""How often the encoding of a CSV is told rightly: languages x code pages, ten draws each.

    python -m benchmarks.encodings                        # messages of Django (the `dev` extra), in 40 languages
    python -m benchmarks.encodings --catalogs /usr/share/locale   # those of the installed programs instead
    PYTHONPATH=OLD_CHECKOUT python benchmarks/encodings.py        # the same of another version

A draw is right when the decoded text is what was written, whatever the encoding's name.
"""

from __future__ import annotations

import argparse
import csv
import gettext
import html
import importlib.util
import io
import random
import re
import unicodedata
from pathlib import Path
from typing import Final

from mmkeras.data.encoding.charset import choose_encoding
from mmkeras.errors import InputError

CASES: Final = {
    "cp1252": "en fr de es pt it nl sv da nb fi ca is",
    "cp1250": "pl cs sk hu ro hr sl",
    "cp1251": "ru uk bg",
    "koi8-r": "ru",
    "cp1253": "el",
    "cp1254": "tr",
    "cp1255": "he",
    "cp1256": "ar",
    "cp1257": "lv lt et",
    "cp874": "th",
    "cp1258": "vi",
    "gb18030": "zh_Hans",
    "big5": "zh_Hant",
    "cp932": "ja",
    "euc_jp": "ja",
    "cp949": "ko",
    "utf-8": "fi el zh_Hans",
    "utf-16": "fi el zh_Hans",
    "utf-16-le": "fi el zh_Hans",
    "iso8859-15": "fr",
    "iso8859-2": "pl hu cs",
    "mac-roman": "fr de",
    "cp850": "fr de",
    "cp866": "ru",
}
"""The languages that are written in each encoding here. English has curly quotes, £ and €."""
_OTHER_NAMES: Final = {"zh_Hans": "zh_CN", "zh_Hant": "zh_TW"}
_SHORTEST: Final = {"zh_Hans": 6, "zh_Hant": 6, "ja": 8, "ko": 8, "th": 10}
_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
_ROMANIAN: Final = str.maketrans("șțȘȚ", "şţŞŢ")  # cp1250 has the cedilla only


def django_locale() -> Path | None:
    """The folder of the package that holds the catalogs; None where it is not installed."""
    found = importlib.util.find_spec("django")
    return Path(found.submodule_search_locations[0]) if found and found.submodule_search_locations else None


def sentences(folder: Path, language: str) -> list[str]:
    """Distinct messages of the gettext catalogs below a folder, without placeholders and markup."""
    if language == "en":
        return english()
    name = language if any(folder.rglob(f"{language}/LC_MESSAGES/*.mo")) else _OTHER_NAMES.get(language, language)
    found: dict[str, None] = {}
    for path in sorted(folder.rglob(f"{name}/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            try:
                catalog = vars(gettext.GNUTranslations(file))["_catalog"]
            except (OSError, UnicodeError):
                continue
        for key, message in catalog.items():
            if key and isinstance(message, str) and message != key:
                found.update(dict.fromkeys(_plain(part) for part in re.split(r"(?<=[.!?])\s+", message)))
    shortest = _SHORTEST.get(language, 15)
    return [text for text in found if shortest <= len(text) <= 400 and any(c.isalpha() for c in text)]


def english() -> list[str]:
    """Sentences whose only letters beyond ASCII stand in a name or two; the rest are signs."""
    goods = ("coffee", "bread", "wine", "a train ticket", "garden chairs", "the blue lamp")
    forms = (
        "I didn’t pay £{} for {}.",
        "“It isn’t worth {} pounds”, she said about {}.",
        "Delivery took {} days, but {} arrived – finally.",
        "{} € is far too much for {}…",
        "We kept {} of them, and {} too.",
        "At {} °C {} tastes best in a café.",
    )
    return [form.format(n, good) for n in range(3, 40) for good in goods for form in forms]


def _plain(message: str) -> str:
    message = re.sub(r"%(\([^)]*\))?[-0-9.]*l{0,2}[a-zA-Z]|\{[^}]*\}|<[^>]*>", "", html.unescape(message))
    return " ".join(message.split())


def writable(text: str, encoding: str) -> str:
    """The text as programs write it in an encoding: with its tones apart in cp1258, without what it cannot hold."""
    if encoding == "cp1258":
        text = "".join(_tone_apart(c) for c in unicodedata.normalize("NFC", text))
    if encoding != "utf-8":
        text = text.translate(_ROMANIAN)
    return text.encode(encoding, "ignore").decode(encoding)


def _tone_apart(c: str) -> str:
    parts = unicodedata.normalize("NFD", c)
    tones = "".join(part for part in parts if part in _TONES)
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES)) + tones if tones else c


def draw(texts: list[str], encoding: str, rows: int, seed: int) -> str:
    """The text of a CSV of two columns with `rows` random sentences."""
    rng = random.Random(seed)
    chosen = rng.sample(texts, rows) if len(texts) >= rows else rng.choices(texts, k=rows)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["text", "label"])
    writer.writerows([writable(text, encoding), rng.choice(["good", "bad"])] for text in chosen)
    return buffer.getvalue()


def read(raw: bytes) -> tuple[str, str]:
    """The detected encoding, and the text in it."""
    try:
        found = choose_encoding(raw, None, "a.csv")
    except InputError:
        return "none", ""
    # Versions before 0.3 return a pair.
    name = found.encoding if hasattr(found, "encoding") else found[0]  # type: ignore[index]
    return name, raw.decode(name, "replace")


def right_of(texts: list[str], encoding: str, rows: int, draws: int = 10) -> tuple[int, list[str]]:
    """How many draws are read rightly, and what the others were read as."""
    wrong = []
    for seed in range(draws):
        text = draw(texts, encoding, rows, seed)
        raw = text.encode(encoding)
        name, decoded = read(raw)
        if decoded.removeprefix("\ufeff") != text:
            wrong.append(name)
    return draws - len(wrong), wrong


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogs", type=Path, default=django_locale(), help="folder with gettext catalogs")
    parser.add_argument("--rows", type=int, nargs="+", default=[300, 30])
    arguments = parser.parse_args()
    if arguments.catalogs is None:
        parser.error("Django is not installed: pip install -e '.[dev]', or give --catalogs")
    print("encoding | language | sentences | " + " | ".join(f"of 10 at {rows} rows" for rows in arguments.rows))
    for encoding, languages in CASES.items():
        for language in languages.split():
            texts = sentences(arguments.catalogs, language)
            cells = []
            for rows in arguments.rows if texts else ():
                right, wrong = right_of(texts, encoding, rows)
                cells.append(f"{right}" + (f" ({', '.join(sorted(set(wrong)))})" if wrong else ""))
            print(f"{encoding} | {language} | {len(texts)} | " + " | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
