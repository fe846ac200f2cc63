"""`mmkeras generate` without a text: a prompt on a terminal, which shows a text token by token, or the lines of a pipe.

Editing of the line and history are Python's `readline`, where the system has it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.errors import InputError
from mmkeras.generation.generate import ROWS, texts_of
from mmkeras.generation.generator import TextGenerator, columns_needed
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import columns_in
from mmkeras.runtime.exported import STEP
from mmkeras.system.interrupts import handled
from mmkeras.system.screen import notes as notes_of

HISTORY: Final = "generate_history"
HISTORY_LINES: Final = 1000
CHUNK: Final = 2**16  # bytes of a pipe that are read at once


class StreamedStep:
    """The graph `decode_step` of one text, which shows the text so far whenever a token is fed.

    skip: tokens that are fed before the generated ones: EOS and the prompt. show: called with the text so far.
    """

    def __init__(self, runner: Any, tokenizer: TargetTokenizer, skip: int, show: Callable[[str], None]) -> None:
        self.runner, self.signature, self.tokenizer = runner, runner.signature, tokenizer
        self.skip, self.show, self.ids = skip, show, list[int]()

    def __call__(self, inputs: Any, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        tokens = np.asarray(inputs["piece"]).ravel()  # [b, 1] -> [b]
        if self.skip:
            self.skip -= 1
        elif len(tokens) == 1:  # the rows of a beam are several texts
            self.ids.append(int(tokens[0]))
            self.show(self.tokenizer.raw(self.ids))
        return self.runner(inputs, output_names)


def open_prompt(generator: TextGenerator, folder: str | Path, options: GenerationOptions, **media: Any) -> None:
    """Ask for the cells of a row and answer, until the input ends. Bad cells are a sentence, and the prompt comes back.

    media: `media_root` and `allow_outside`, of `texts_of`.
    """
    columns = [str(part["column"]) for spec in columns_needed(generator) for part in columns_in(spec)]
    history = load_history()
    print(f"A text and Enter; Ctrl-D ends{f'; history: {history}' if history else ''}")
    if len(columns) > 1:
        print("Columns are asked for in turn; Enter leaves one empty")
    try:
        while True:
            cells = {column: input(f"{column}> ") for column in columns} or {"": input("> ")}
            if columns and not any(cell.strip() for cell in cells.values()):
                continue
            texts = list(cells.values()) if not columns else []
            named = [f"{column}={cell}" for column, cell in cells.items() if column and cell.strip()]
            try:
                answer(generator, folder, texts, named, options, **media)
            except InputError as error:
                print(f"error: {error}", file=sys.stderr)
            except KeyboardInterrupt:
                if not handled():  # SIGTERM, SIGHUP
                    raise
                print()  # the text ends here; the prompt comes back
    except EOFError:
        print()
    finally:
        save_history(history)


def answer(
    generator: TextGenerator,
    folder: str | Path,
    texts: Sequence[str],
    pairs: Sequence[str],
    options: GenerationOptions,
    **media: Any,
) -> None:
    """Generate one text and show it while it grows; notes follow it."""
    prompt = texts[0] if texts else ""
    fed, window = len(generator.tokenizer.encode(prompt)) if texts else 0, generator.step.signature.get("window")
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        whole = (prompt + text).lstrip().removesuffix("\ufffd")  # the bytes of a character may still be incomplete
        if whole.startswith(shown):
            print(whole[len(shown) :], end="", flush=True)
            shown = whole

    step = StreamedStep(generator.step, generator.tokenizer, 1 + min(fed, window // 2 if window else fed), show)
    streamed = replace(generator, graphs={**generator.graphs, STEP: step})
    ((notes, text),) = texts_of(streamed, folder, texts, pairs, options, **media)
    print(text[len(shown) :] if text.startswith(shown) else f"\n{text}" if shown else text)
    for note in notes:
        say_note(note)


def say_note(note: str) -> None:
    """A note, on standard error: standard output has the texts alone."""
    notes_of(lambda line: print(line, file=sys.stderr))(note)


def answer_lines(
    generator: TextGenerator,
    folder: str | Path,
    options: GenerationOptions,
    descriptor: int,
    **media: Any,
) -> int:
    """Answer each line of a file descriptor, UTF-8, in a line; an empty line stays one. Returns the number of lines.

    Lines that have arrived are answered at once, up to ROWS together, so that a program may wait for each answer.
    Notes go to stderr. Raises InputError as `texts_of` does.
    """
    count = 0
    for lines in lines_of(descriptor):
        for start in range(0, len(lines), ROWS):
            part = lines[start : start + ROWS]
            asked = [line for line in part if line.strip()]
            answers = iter(texts_of(generator, folder, asked, (), options, **media) if asked else [])
            for line in part:
                notes, text = next(answers) if line.strip() else ([], "")
                for note in notes:
                    say_note(note)
                print(" ".join(text.splitlines()))
        sys.stdout.flush()
        count += len(lines)
    return count


def lines_of(descriptor: int) -> Iterator[list[str]]:
    """The lines of a file descriptor, as many at a time as have arrived."""
    rest = b""
    while data := os.read(descriptor, CHUNK):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield [line.decode("utf-8", "replace").rstrip("\r") for line in lines]
    if rest:
        yield [rest.decode("utf-8", "replace").rstrip("\r")]


def history_path() -> Path:
    """The file of the history, in the folder that the XDG specification names."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "mmkeras" / HISTORY


def load_history() -> Path | None:
    """Load the history of earlier prompts. Returns its file, or None where it cannot be kept."""
    try:
        import readline
    except ImportError:  # a system without it: lines are read as they are
        return None
    path = history_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        readline.read_history_file(path)
    except OSError:
        return None
    return path


def save_history(path: Path | None) -> None:
    """Keep the last HISTORY_LINES lines for the next prompt."""
    if path is not None:
        import readline

        readline.set_history_length(HISTORY_LINES)
        with contextlib.suppress(OSError):
            readline.write_history_file(path)
