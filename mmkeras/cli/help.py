"""`mmkeras <command> --help` and docs/flags.md, both made from the dataclasses of options: a headed box a group.

    python -m mmkeras.cli.help > docs/flags.md

tyro parses the flags. Its own `--help` is one long list, so the text is laid out here.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from mmkeras.cli.dispatch import COMMANDS, load_options
from mmkeras.config.config import Config
from mmkeras.config.metavars import POSITIONAL

WIDEST: Final = 110
MOST_USED: Final = "most used"
FIRST: Final = {  # commands with many flags -> the flags that most people use
    "train": ("target", "text", "image", "audio", "task", "epochs", "validation", "output", "overwrite", "resume"),
    "ablate": ("target", "text", "image", "audio", "task", "epochs", "fusions", "subsets", "seeds", "output"),
}
CONFIG_FILE: Final = (
    "--config FILE",
    "JSON file with flags, such as the config.json of a run. Flags on the command line win over it.",
)


@dataclass(frozen=True)
class Flag:
    """One flag. head: the flag as it is typed. text: its effect, and its default if there is one."""

    name: str
    head: str
    text: str
    required: bool = False

    @property
    def short(self) -> str:
        """The first sentence of the text."""
        return self.text.split(". ")[0].removesuffix(".") + "."


QUIET: Final = Flag(
    "quiet",
    "-q, --quiet",
    "Print results, questions and errors alone: no progress, and no lines on what was guessed, cut or left out.",
)


@dataclass(frozen=True)
class Group:
    """A box of flags. title: its name. text: the purpose of the flags."""

    title: str
    text: str
    flags: tuple[Flag, ...]


@functools.cache
def texts_of(kind: type) -> dict[str, str]:
    """Field -> the string after it in the source of a dataclass, on one line. Fields of base classes are included."""
    texts: dict[str, str] = {}
    for base in reversed([b for b in kind.__mro__ if dataclasses.is_dataclass(b)]):
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(node, ast.ClassDef)
        for field, text in zip(node.body, node.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                texts[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return texts


def metavar(kind: Any) -> str:
    """The placeholder of a flag's value, by the type of the flag."""
    if get_origin(kind) is Annotated:
        metavars = [note.metavar for note in get_args(kind)[1:] if getattr(note, "metavar", None)]
        return str(metavars[0]) if metavars else metavar(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return "{" + ",".join(map(str, get_args(kind))) + "}"
    if get_origin(kind) is tuple:
        return "NAME [NAME ...]"
    parts = [part for part in get_args(kind) if part is not type(None)]
    if parts:
        return metavar(parts[0])
    return {int: "N", float: "X"}.get(kind, "NAME")


def is_positional(kind: Any) -> bool:
    """Is the type that of a positional argument?"""
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return POSITIONAL in notes


def default_of(field: dataclasses.Field[Any], text: str) -> str:
    """The default, as the end of a flag's text; '' if the text has the default already, or there is no default."""
    value = field.default
    if "Default:" in text or value is dataclasses.MISSING or value is None or value == () or isinstance(value, bool):
        return " Default: yes." if value is True and "Default:" not in text else ""
    words = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f" Default: {words}."


def flags_of(kind: type) -> Iterator[Flag]:
    """The fields of a dataclass as flags."""
    hints, texts = get_type_hints(kind, include_extras=True), texts_of(kind)
    for field in sorted(dataclasses.fields(kind), key=lambda field: not is_positional(hints[field.name])):
        hint, text = hints[field.name], texts.get(field.name, "")
        dashed = f"--{field.name.replace('_', '-')}"
        head = f"{dashed} {metavar(hint)}"
        if is_positional(hint):
            head = metavar(hint)
        elif hint is bool:
            head = f"{dashed}, --no-{dashed[2:]}" if field.default else dashed
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        yield Flag(field.name, head, text + default_of(field, text), required)


def groups_of(command: str) -> list[Group]:
    """The boxes of a command's help. A Config has a box a group, after a box of the most used flags."""
    options = load_options(command)
    if not issubclass(options, Config):
        return [Group("flags", "", (*flags_of(options), QUIET, Flag("config", *CONFIG_FILE)))]
    groups = []
    for name, kind in get_type_hints(options).items():
        more = (QUIET,) if name == "output" else ()
        groups.append(Group(name, inspect.getdoc(kind) or "", (*flags_of(kind), *more)))
    flags = {flag.name: flag for group in groups for flag in group.flags}
    first = [Flag(name, flags[name].head, flags[name].short) for name in ("csv", *FIRST[command])]
    return [Group(MOST_USED, "What most trainings need.", (*first, Flag("config", *CONFIG_FILE))), *groups]


def boxed(group: Group, width: int, column: int) -> Iterator[str]:
    """The lines of a group's box. width: characters a line. column: at which the flags' texts begin."""
    inner = width - 4
    yield f"╭─ {group.title} {'─' * (width - len(group.title) - 5)}╮"
    lines = textwrap.wrap(group.text, inner)
    for flag in group.flags:
        text = textwrap.wrap(flag.text, inner - column) or [""]
        if len(flag.head) < column:
            lines.append(flag.head.ljust(column) + text.pop(0))
        else:
            lines += textwrap.wrap(flag.head, inner, subsequent_indent="    ", break_long_words=False)
        lines += [" " * column + line for line in text]
    yield from (f"│ {line.ljust(inner)} │" for line in lines)
    yield f"╰{'─' * (width - 2)}╯"


def usage(command: str, groups: Sequence[Group]) -> str:
    """The usage line of a command."""
    positional = {f.head: f.required for group in groups for f in group.flags if not f.head.startswith("-")}
    words = [head if required else f"[{head}]" for head, required in positional.items()]
    return " ".join(["usage: mmkeras", command, *words, "[flags]"])


def render(command: str, width: int | None = None) -> str:
    """The text of `mmkeras <command> --help`."""
    width = width or min(WIDEST, shutil.get_terminal_size((100, 24)).columns)
    groups = groups_of(command)
    about = inspect.getdoc(load_options(command)) or ""
    parts = [usage(command, groups), "", *textwrap.wrap(about, width), ""]
    for group in groups:
        parts += boxed(group, width, column=26)
    return "\n".join(parts)


def as_markdown() -> str:
    """docs/flags.md: the flags of all commands, as tables."""
    parts = ["# Flags", "", "Made from `--help` by `python -m mmkeras.cli.help > docs/flags.md`.", ""]
    for command in COMMANDS:
        parts += [f"## mmkeras {command}", "", inspect.getdoc(load_options(command)) or "", ""]
        for group in groups_of(command):
            if group.title == MOST_USED:
                continue
            parts += [f"### {group.title}", "", group.text, ""] if group.title != "flags" else []
            parts += ["| flag | |", "| --- | --- |"]
            parts += [f"| `{f.head}` | {f.text} |".replace("a|b", "a\\|b") for f in group.flags]
            parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
