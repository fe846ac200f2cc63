"""Only the package of tasks compares a task's name: elsewhere literal dicts, whose keys are tasks, have the differences."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import mmkeras

PACKAGE = Path(mmkeras.__file__).parent


def is_task(node: ast.expr) -> bool:
    """`task`, `config.model.task` or `schema["task"]`."""
    if isinstance(node, ast.Subscript):
        node = node.slice
    return "task" in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "value", ""))


def is_literal(node: ast.expr) -> bool:
    """`"classify"`, or a tuple of such names."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(map(is_literal, node.elts))
    return isinstance(node, ast.Constant)


def compared(source: str) -> list[int]:
    """Lines that compare a task with the name of one."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Compare)]
    operands = [(node.lineno, (node.left, *node.comparators)) for node in nodes]
    return [line for line, parts in operands if any(map(is_task, parts)) and any(map(is_literal, parts))]


def test_the_search_finds_each_form() -> None:
    assert compared('task == "a"') == compared('config.model.task in ("a", "b")') == compared('s["task"] != "a"') == [1]
    assert compared("task in TASKS") == compared('name == "a"') == []


def test_no_line_outside_tasks_compares_a_task() -> None:
    lines = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if "tasks" not in path.relative_to(PACKAGE).parts
        for line in compared(path.read_text(encoding="utf-8"))
    ]
    assert lines == []


def test_no_template_compares_a_task() -> None:
    for path in PACKAGE.rglob("*.j2"):
        assert not re.search(r"\btask\s*(==|!=|in\b|not in\b)", path.read_text(encoding="utf-8")), path
