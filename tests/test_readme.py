"""What the README and the docs show works: their Python runs, and their commands are commands with flags that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import readme_tables
import small_runs

from mmkeras.cli.dispatch import COMMANDS, parse

PAGES = [small_runs.ROOT / "README.md", *sorted((small_runs.ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")


def blocks(text: str, language: str = "") -> list[str]:
    """The fenced blocks of a page that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """`mmkeras …`, `python train.py …` and `python export.py …` in the blocks of a page, split as a shell does."""
    found = []
    for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if not re.match(r"(\$ )?(mmkeras|python (train|export)\.py) ", line):
                continue
            words = shlex.split(line.removeprefix("$ "), comments=True)
            found.append([words[1].removesuffix(".py"), *words[2:]])
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_commands(page: Path) -> None:
    for command, *arguments in commands(page.read_text(encoding="utf-8")):
        assert command in COMMANDS, command
        if not {"--help", "…", "..."} & set(arguments) and "<command>" not in arguments:
            parse(command, [word for word in arguments if not word.startswith("|")])


def test_the_readme_shows_commands() -> None:
    assert len(commands(README)) > 8
    assert len(README.splitlines()) <= 150


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.slow
def test_the_readme_s_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands, in a folder with a smaller table of the same columns."""
    readme_tables.write_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(README, "python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # what the page shows, as a reader would paste it
    assert "run" in names
    assert (tmp_path / "exported/first/verify.json").exists()


@pytest.mark.slow
def test_the_readme_s_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each as it stands but for an epoch, in a folder with small tables of the same names and columns."""
    readme_tables.write_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    for command, *arguments in commands(README):
        if "help" in command or "…" in arguments:
            continue
        for word in arguments:
            name = word.removeprefix("exported/")
            if name != word and not Path(word).exists():  # the page says once that `export` comes between
                assert small_runs.main("export", f"runs/{name}", "--formats", "tflite").code == 0
        fast = ("--epochs", "1") if command == "train" else ()
        done = small_runs.main(command, *arguments, *fast)
        assert done.code == 0, f"{command} {shlex.join(arguments)}: {done.err}"
