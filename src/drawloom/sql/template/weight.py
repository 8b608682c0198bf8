"""How large the values of a template are, counted in depth: characters and elements, as often as they would be printed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jinja2 import nodes
from jinja2.utils import Namespace

MAX_TEXT = 8_000_000
_CONTAINER = 40  # what a list takes by itself
_ENTRY = 12  # what an entry of a dictionary takes, in elements of a list
_MAX_DEPTH = 100  # levels of an expression; Python takes minutes to compile more, or refuses
_FLAT = (str, bytes)
_NUMBERS = {int, float, bool, type(None)}
_SIZED = (str, bytes, list, tuple, set, frozenset, dict, Namespace)


class LimitError(Exception):
    """A template needs more time or space than any SQL text should."""


def weigh(*values: Any) -> int:
    """The characters and elements of values, in depth; 0 for a number, and for what is no container.

    Raises:
        LimitError: there are more than any text may have; such as where a list contains itself.
    """
    total, todo = 0, [value for value in values if isinstance(value, _SIZED)]
    while todo:
        value = todo.pop()
        if isinstance(value, _FLAT):
            total += len(value)
            continue
        if isinstance(value, Namespace):
            value = value._Namespace__attrs  # noqa: SLF001 - it has no public one
        items: Collection[Any] = [*value, *value.values()] if isinstance(value, dict) else value
        total += _CONTAINER + len(value) * (_ENTRY if isinstance(value, dict) else 1)
        kinds = set(map(type, items)) if total <= MAX_TEXT else set()
        if kinds <= {str}:
            total += sum(map(len, items))
        elif not kinds <= _NUMBERS:
            todo += [item for item in items if isinstance(item, _SIZED)]
        if total > MAX_TEXT:
            break
    if total > MAX_TEXT:
        raise LimitError(f"a value has more than {MAX_TEXT} characters or elements")
    return total


def check_depth(tree: nodes.Node) -> None:
    """Refuse expressions that are nested so deep that compiling them takes minutes.

    Raises:
        LimitError: one is.
    """
    todo: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        depth = depth + 1 if isinstance(node, nodes.Expr) else 0
        if depth > _MAX_DEPTH:
            raise LimitError(f"an expression has more than {_MAX_DEPTH} levels, such as names after dots")
        todo += [(child, depth) for child in node.iter_child_nodes()]
