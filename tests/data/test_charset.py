"""Files in old encodings: the text comes back as it was written, and the choice says that it is a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.encodings import CASES, django_locale, draw, right_of, sentences, writable
from mmkeras.data.encoding.charset import Charset, choose_encoding
from mmkeras.data.encoding.languages import ANY_LANGUAGE, CODE_PAGES, LETTERS, MULTIBYTE
from mmkeras.data.encoding.words import sample_words
from mmkeras.data.files.reading import read_source

PAIRS = [(encoding, language) for encoding, languages in CASES.items() for language in languages.split()]
PLAIN = ["I went home early,a", "the weather is nice,b", "he paid 20 pounds,a"] * 40
LOCALE = django_locale()
needs_django = pytest.mark.skipif(LOCALE is None, reason="Django, whose messages are the texts, is not installed")


def choose(text: str, encoding: str) -> Charset:
    """The choice for a text, after checking that it reads the text rightly."""
    raw = text.encode(encoding)
    found = choose_encoding(raw, None, "a.csv")
    assert raw.decode(found.encoding) == text, found
    assert found.clean
    return found


def among_plain_rows(cell: str) -> str:
    return "\n".join(["text,label", *PLAIN, f"{cell},b", *PLAIN, ""])


@needs_django
@pytest.mark.parametrize(("encoding", "language"), PAIRS)
def test_sentences_are_read_as_they_were_written(encoding: str, language: str) -> None:
    assert LOCALE is not None
    texts = sentences(LOCALE, language)
    assert len(texts) > 200
    assert right_of(texts, encoding, rows=300, draws=3) == (3, [])
    assert right_of(texts, encoding, rows=30, draws=2) == (2, [])


@needs_django
@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "language"), PAIRS)
@pytest.mark.parametrize("rows", [10, 300])
def test_ten_draws(encoding: str, language: str, rows: int) -> None:
    assert LOCALE is not None
    assert right_of(sentences(LOCALE, language), encoding, rows) == (10, [])


CATALOGS = Path("/usr/share/locale")


@pytest.mark.slow
@pytest.mark.skipif(not (CATALOGS / "fi/LC_MESSAGES").is_dir(), reason=f"no message catalogs in {CATALOGS}")
@pytest.mark.parametrize(("encoding", "language"), [pair for pair in PAIRS if pair[1] != "en"])
def test_messages_of_installed_programs(encoding: str, language: str) -> None:
    texts = sentences(CATALOGS, language)
    if len(texts) < 500:
        pytest.skip(f"{len(texts)} messages only")
    assert right_of(texts, encoding, rows=300)[0] >= 8  # Django's are sentences; some of these are lists of options


SIGNS = (
    "£5 each|only £ 3|10£ or so|FREE £1.50/msg|10 € each|€10|I don’t know|“yes”|20 °C|90°|5 × 4|± 3|3 µm|½ cup|m²|"
    "10 ¢|© me|Acme® inc|Foo™|§ 5|• one|a … b|1\u00a0000 km"
)
WORDS = (
    "a café|the résumé|naïve|Zoë|jalapeño|São Paulo|Zürich|Malmö|Ångström|Tromsø|Dvorák|façade|crème brûlée|Pokémon|"
    "à la carte|Straße|Þór|Sigurðsson|¿qué?|«oui»|Citroën"
)


@pytest.mark.parametrize("cell", SIGNS.split("|"))
def test_signs_alone_are_western(cell: str) -> None:
    found = choose(among_plain_rows(cell), "cp1252")
    assert found.encoding == "cp1252"
    assert " as in " not in found.note, "a sign belongs to no language"


@pytest.mark.parametrize("cell", WORDS.split("|"))
def test_one_foreign_word_is_western(cell: str) -> None:
    assert choose(among_plain_rows(cell), "cp1252").encoding == "cp1252"


@pytest.mark.parametrize(
    ("classes", "encoding"),
    [
        (["hyvä", "huono"], "cp1252"),
        (["schön", "häßlich"], "cp1252"),
        (["zły", "dobry", "średni"], "cp1250"),
        (["špatný", "dobrý", "střední"], "cp1250"),
        (["хорошо", "плохо"], "cp1251"),
        (["ДА", "НЕТ"], "cp1251"),
        (["ναι", "όχι"], "cp1253"),
        (["kötü", "iyi", "değil"], "cp1254"),
        (["نعم", "لا"], "cp1256"),
        (["jā", "nē"], "cp1257"),
        (["ใช่", "ไม่"], "cp874"),
        (["好", "坏"], "gb18030"),
        (["正面", "負面"], "cp950"),
        (["良い", "悪い"], "cp932"),
        (["良い", "悪い"], "euc_jp"),
        (["좋음", "나쁨"], "cp949"),
    ],
)
def test_class_names_and_column_names_alone(classes: list[str], encoding: str) -> None:
    rows = "".join(f"some text {i},{name}\n" for i in range(100) for name in classes)
    assert choose(f"text,{classes[0]}\n{rows}", encoding).encoding == encoding
    assert choose(f"text,{','.join(classes)}\n" + "1,2\n" * 50, encoding).encoding == encoding


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("GRÖSSE UND LÄNGE SIND GLEICH", "cp1252"),
        ("L'ÉTÉ À LA MAISON DES ÉLÈVES", "cp1252"),
        ("ПРИВЕТ КАК ДЕЛА ВСЕ ХОРОШО", "cp1251"),
        ("<p class='x'>Las niñas están aquí</p><br/>", "cp1252"),
        ("iPhone手机只要99元", "gb18030"),
        ("iPhoneは9円です", "cp932"),
        ("München Malmö Málaga Besançon Tromsø Reykjavík Århus Coruña", "cp1252"),
        ("今日はいい天気ですね", "iso2022_jp"),
    ],
)
def test_capitals_markup_and_mixtures(text: str, encoding: str) -> None:
    assert choose("text,label\n" + f"{text},a\n" * 10, encoding).encoding == encoding


def test_the_last_line_of_a_long_file_counts() -> None:
    plain = "some plain text,a\n" * 200_000
    found = choose(f"text,label\n{plain}die größte Überraschung war schön,b\n", "cp1252")
    assert "as in German" in found.note


def test_words_come_from_all_parts_of_the_file() -> None:
    rows = [f"Straße{i} und größer,a\n".encode("cp1252") for i in range(40_000)]
    words = sample_words(b"text,label\n" + b"".join(rows), budget=1 << 14)
    assert sum(map(len, words)) < 1 << 15
    numbers = [int(word[6:]) for word in words if word.startswith(b"Stra")]
    assert min(numbers) < 1000
    assert max(numbers) > 39_000


def test_words_of_multibyte_text_are_whole() -> None:
    words = sample_words("文字,标签\n苹果手机,好\n".encode("gb18030"))
    assert [word.decode("gb18030") for word in words] == ["文字", "标签", "苹果手机", "好"]


def test_a_file_of_one_long_line() -> None:
    assert choose("text," + "größer " * 50_000, "cp1252").encoding == "cp1252"


def test_utf8_with_damaged_bytes_stays_utf8() -> None:
    found = choose_encoding("text,label\nle café était fermé,a\n".encode() * 30 + b"caf\xe9,b\n", None, "a.csv")
    assert found == Charset("utf-8", clean=False, note="")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_is_certain_is_no_guess(encoding: str) -> None:
    assert choose_encoding("text,label\nçà et là,a\n".encode(encoding), None, "a.csv").note == ""
    assert choose_encoding("text,label\nça,a\n".encode("cp1252"), "latin-1", "a.csv").note == ""


def test_a_guess_is_said(tmp_path: Path) -> None:
    text = "teksti,luokka\nhyvää päivää kaikille,hyvä\ntämä on kyllä väärin,huono\n"
    (tmp_path / "a.csv").write_bytes(text.encode("cp1252"))
    (note,) = read_source(tmp_path / "a.csv").notes
    assert note.startswith("Encoding cp1252 is a guess (it reads ä as in Finnish; next best: ")
    assert note.endswith("). To change it: --encoding NAME.")
    other = note.split("next best: ")[1].split(")")[0]
    assert text.encode("cp1252").decode(other, "replace") != text
    (tmp_path / "b.csv").write_bytes(text.encode("utf-16-le"))
    assert "utf-16-le is a guess" in read_source(tmp_path / "b.csv").notes[0]


def test_every_language_is_known_and_its_letters_are_distinct() -> None:
    used = {language for _, languages in CODE_PAGES.values() for language in languages}
    assert used == set(LETTERS) - {ANY_LANGUAGE}
    assert set(MULTIBYTE) < set(CODE_PAGES)
    for language, groups in LETTERS.items():
        letters = groups.replace(" ", "").replace(".", "")
        assert len(set(letters)) == len(letters), language


def test_vietnamese_is_written_with_its_tones_apart() -> None:
    assert writable("Tiếng Việt", "cp1258") == "Tiê\u0301ng Viê\u0323t"
    assert draw(["Tiếng Việt"], "cp1258", 1, 0).isprintable() is False
