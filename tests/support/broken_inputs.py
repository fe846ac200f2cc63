"""What users get wrong with a file or a flag, each with what the sentence must say. One table, walked by the tests of
the functions (data/test_table.py) and of the command line."""

from __future__ import annotations

import codecs
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class BrokenInput:
    """One mistake."""

    name: str
    files: dict[str, bytes]
    """File name -> bytes; a name that ends in '/' is an empty folder."""
    flags: dict[str, Any]
    """Config fields; `csv` and `validation` are names in `files` (or of nothing at all)."""
    expected: tuple[str, ...]
    """Pieces of the sentence, compared without case."""

    def place(self, folder: Path) -> dict[str, Any]:
        """Write the files into `folder`; return the flags with their paths in it."""
        for name, content in self.files.items():
            path = folder / name
            if name.endswith("/"):
                path.mkdir()
            else:
                path.write_bytes(content)
        paths: dict[str, Any] = {
            key: str(folder / self.flags[key]) for key in ("csv", "validation") if key in self.flags
        }
        return {**self.flags, **paths}


def rows(count: int = 12, labels: str = "ab", header: str = "text,label") -> bytes:
    """A good CSV: `count` different texts, the labels (one letter each) in turn."""
    lines = [f"this is text number {i},{labels[i % len(labels)]}" for i in range(count)]
    return "\n".join([header, *lines, ""]).encode()


GOOD = rows()
CHINESE = ("text,label\n" + "".join(f"今天天气很好，第{i}次看这部电影,{'好坏'[i % 2]}\n" for i in range(12))).encode()
GBK = CHINESE.decode().encode("gb18030")
DAMAGED = b"text,label\n" + "好坏".encode() * 99 + b",a\n" + b"\xff x,a\n" * 12
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0\x90\x91h6" + bytes(200)
NUMBERS = b"x,label\n" + b"1,a\n2,b\n" * 6
REPEATED = b"text,label\n" + b"a text,a\nother text,b\n" * 20
CSV: dict[str, Any] = {"csv": "a.csv"}


def case(name: str, content: bytes, *expected: str, **flags: Any) -> BrokenInput:
    """A mistake in one file, a.csv, or in the flags beside it."""
    return BrokenInput(name, {"a.csv": content}, {"csv": "a.csv", **flags}, ("a.csv", *expected))


def flag(name: str, *expected: str, content: bytes = GOOD, **flags: Any) -> BrokenInput:
    """A mistake in a flag, the file being good (the sentence need not name the file)."""
    return BrokenInput(name, {"a.csv": content}, {"csv": "a.csv", **flags}, expected)


def held_out(name: str, validation: bytes, *expected: str, **flags: Any) -> BrokenInput:
    """A mistake in the validation file."""
    files = {"a.csv": GOOD, "dev.csv": validation}
    return BrokenInput(name, files, {"csv": "a.csv", "validation": "dev.csv", **flags}, expected)


BROKEN_INPUTS: list[BrokenInput] = [
    # the file
    BrokenInput("file absent", {}, CSV, ("a.csv", "there is no such file", "check the path")),
    BrokenInput("file name mistyped", {"b.csv": GOOD}, CSV, ("no such file", "did you mean", "b.csv")),
    BrokenInput("folder absent", {}, {"csv": "no/a.csv"}, ("a.csv", "no such file")),
    BrokenInput("folder instead of a file", {"a.csv/": b""}, CSV, ("a.csv", "received a folder", "name a file")),
    case("empty file", b"", "is empty", "0 bytes"),
    case("blank lines only", b"\n\n  \n", "is empty"),
    case("byte order mark only", codecs.BOM_UTF8 + b"\n", "no text"),
    case("PNG image", PNG, "expected a CSV or Parquet file", "a PNG image"),
    case("Excel workbook", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0" + bytes(50), "Excel", "save the sheet as CSV"),
    case("NUL bytes", b"\1\2\3\0\0\0\0\0" * 20, "NUL or control bytes"),
    case("NUL bytes between letters", b"text,label\n" + b"a\0\0\0b,x\n" * 20, "NUL or control bytes"),
    BrokenInput("not Parquet", {"a.parquet": GOOD}, {"csv": "a.parquet"}, ("a.parquet", "PAR1", "rename")),
    BrokenInput("cut Parquet", {"a.parquet": b"PAR1" + bytes(40)}, {"csv": "a.parquet"}, ("damaged or cut short",)),
    BrokenInput("cut gzip", {"a.csv.gz": gzip.compress(GOOD)[:-9]}, {"csv": "a.csv.gz"}, ("gzip", "cut short")),
    # the encoding
    case("GB18030 read as UTF-8", GBK, "utf-8", "line 2", "0xBD", "looks like gb18030", encoding="utf-8"),
    case("UTF-8 read as UTF-16", GOOD, "utf-16", "looks like utf-8", encoding="utf-16"),
    case("UTF-16 read as UTF-8", CHINESE.decode().encode("utf-16"), "looks like utf-16", encoding="utf-8"),
    case("UTF-8 read as ASCII", CHINESE, "ascii", "looks like utf-8", encoding="ascii"),
    flag("no such encoding", "--encoding klingon", "no such encoding", "gb18030", encoding="klingon"),
    flag("no text encoding", "--encoding hex", "no such encoding", encoding="hex"),
    case("damaged bytes in most rows", DAMAGED, "12 of 13 rows", "line 3, text", "not utf-8"),
    # the header
    case("header only", b"text,label\n", "has a header", "text, label", "no rows"),
    case("column name twice", rows(header="text,text"), "columns 1 and 2", "'text'", "rename"),
    case("quote in the header", b'"text,label\na,b\nc,d\n', "line 1", "a quote there is not closed"),
    case("one column", b"text\n" + b"some text\n" * 12, "at least two columns", "'text'", "--delimiter"),
    case("wrong delimiter", GOOD, "at least two columns", "delimiter ';'", delimiter=";"),
    flag("long delimiter", "--delimiter", "one character", delimiter="::"),
    flag("long escape", "--escape 'ab'", "one character", escape="ab"),
    flag("long comment", "--comment '//'", "one character", comment="//"),
    flag("fewer lines", "--skip-lines 50", "a.csv", "no text below", skip_lines=50),
    flag("header or not", "--no-header and --with-header contradict", no_header=True, with_header=True),
    case("web page", b"<html><table><tr><td>text</td></tr></table></html>\n", "web page", "save it as CSV"),
    case("cut JSON", b'[{"text": "some", "label": "a"}, {"text": ', "no valid JSON", "line 1"),
    case("cells apart by spaces", b"text label\nfew a\nmore b\n" * 9, "apart by spaces", "--delimiter space"),
    case("comments below", b"text,label\n" + b"% a comment\nsome text,a\n" * 12, "12 of 24", "--comment '%'"),
    # the columns
    case("no such text column", GOOD, "--text", "'txt'", "did you mean 'text'", "Columns: text, label", text=("txt",)),
    case("no such target", GOOD, "--target", "'Label'", "did you mean 'label'", target=("Label",)),
    case("no such column at all", GOOD, "--image", "'zebra'", "columns: text, label", image=("zebra",)),
    flag("column named twice", "'text'", "--text", "--number", text=("text",), number=("text",)),
    flag("input and target", "'label'", "target", "cannot be both", text=("label",), target=("label",)),
    flag("every column an input", "none is left as the target", text=("text", "label")),
    case("constant input", b"text,label\n" + b"same,a\nsame,b\n" * 6, "no column is left", "same value", "--"),
    case("target is text", rows(60, header="label,text"), "'label'", "60 different values", "--target"),
    # the rows
    case("too many fields", GOOD + b"a,b,c\n" * 2, "2 of 14 rows", "14.3%", "line 14: expected 2 fields, received 3"),
    case("too few fields", GOOD + b"lonely\n" * 2, "2 of 14 rows", "line 14", "expected 2 fields, received 1"),
    case("open quotes", GOOD + b'"open,a\n' * 3, "3 of 15 rows", "line 14", "quote", "--max-bad-rows"),
    case("empty targets", b"text,label\n" + b"some text,\n" * 12, "12 of 12", "line 2, label: the target is empty", text=("text",), task="classify", target=("label",)),
    case("empty inputs", b"text,label\n" + b" ,a\n" * 12, "12 of 12", "line 2, text: every input is empty", text=("text",)),
    case("words for numbers", NUMBERS + b"far,a\n", "line 14, x: expected a number, received 'far'", number=("x",)),
    case("no good row", b"text,label\n" + b"a,b,c\n" * 12, "12 of 12 rows", "no row is left", max_bad_rows=1.0),
    flag("max_bad_rows too large", "--max-bad-rows 5", "between 0 and 1", max_bad_rows=5),
    # the split
    case("nine rows", rows(9), "9 usable rows", "at least 10"),
    case("one class", rows(labels="a"), "same label 'a'", "at least two classes"),
    case("classes of one row", rows(12, "aabcdeaaaaaa"), "only 1 of 5 classes", "rare: classes 'b', 'c'"),
    flag("test_size 0", "--test-size 0", "above 0 and below 1", test_size=0),
    flag("test_size 20", "--test-size 20", "above 0 and below 1", test_size=20),
    case("test_size too small", rows(40, "abcd"), "2 for validation", "4 classes", "0.1 or more", test_size=0.05),
    case("test_size too large", rows(40, "abcd"), "2 for training", "4 classes", "smaller", test_size=0.95),
    flag("random_state negative", "--random-state -1", "whole number", random_state=-1),
    case("all rows repeat", REPEATED, "only 2 different inputs", "--validation", text=("text",)),
    # the validation file
    BrokenInput("validation absent", {"a.csv": GOOD}, {**CSV, "validation": "b.csv"}, ("b.csv", "no such file")),
    held_out("validation without target", b"text,id\nsome text,1\n", "dev.csv", "target column 'label'", "text, id"),
    held_out("validation without input", b"txt,label\nsome text,a\n", "dev.csv", "input column 'text'", "'txt'"),
    held_out("validation label unknown", b"text,label\nx y,a\nnew,c\n", "dev.csv: line 3", "'c'", "known: classes 'a'"),
    held_out("validation is the CSV", GOOD, "12 of 12 rows repeat", "0 are left", "leave out --validation"),
    held_out("validation rows bad", b"text,label\nx y,a\nnew,a,b\n", "dev.csv", "1 of 2 rows", "line 3"),
]  # fmt: skip
