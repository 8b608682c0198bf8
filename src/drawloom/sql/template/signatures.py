"""Signatures of macros: what the comment above one says of its arguments, and whether a call fits.

``{# km(column: sql, digits: int = 1) -> double: Miles as kilometres. #}`` stands above ``{% macro km(column, digits=1) %}``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from jinja2 import TemplateError, Undefined, nodes

_REST = re.compile(r"\s*(?:->\s*(?P<returns>[^:]+?)\s*)?(?::\s*(?P<text>.*))?", re.DOTALL)
_CONSTANTS = {"true": True, "false": False, "none": None}


class MacroCallError(ValueError):
    """A call of a macro that does not fit its signature; ``fix`` is what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


class SignatureError(ValueError):
    """A comment that is no signature of the macro below it."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, date) or bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "sql": lambda value: isinstance(value, str) or _is_number(value),
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": _is_number,
    "bool": lambda value: isinstance(value, bool),
    "day": _is_day,
    "list": lambda value: isinstance(value, list | tuple),
    "any": lambda _: True,
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a macro; ``default`` as it is written, None where it must be given."""

    name: str
    type: str
    default: str | None = None

    @property
    def text(self) -> str:
        """It as a signature has it."""
        typed = f"{self.name}: {self.type}" if self.type else self.name
        return typed if self.default is None else f"{typed} = {self.default}"


@dataclass(frozen=True, slots=True)
class Signature:
    """The name, the arguments and the result of a macro, and what it is for. Arguments without a type take any value."""

    name: str
    arguments: tuple[Argument, ...] = ()
    returns: str = ""
    description: str = ""

    @property
    def text(self) -> str:
        """It as people write it, without the description."""
        found = f"{self.name}({', '.join(one.text for one in self.arguments)})"
        return f"{found} -> {self.returns}" if self.returns else found

    def check_call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Refuse a call that does not fit.

        Raises:
            MacroCallError: an argument is unknown, missing, or of another type.
        """
        names = [one.name for one in self.arguments]
        if len(args) > len(names):
            raise self._error(f"{self.name} == {len(args)} arguments, must have at most {len(names)}")
        given = dict(zip(names, args, strict=False))
        kwargs = {name: value for name, value in kwargs.items() if name not in _GIVEN_BY_JINJA}
        for name in kwargs.keys() - {"caller"}:
            if name not in names or name in given:
                near = get_close_matches(name, names, 1)
                why = "is given twice" if name in given else "is an unknown argument"
                raise self._error(f"{self.name}.{name} {why}", f"Did you mean {near[0]}? " if near else "")
        given |= kwargs
        for one in self.arguments:
            if one.name not in given and one.default is None:
                raise self._error(f"{self.name}.{one.name} is missing")
            value = given.get(one.name, Undefined())
            if one.type and not isinstance(value, Undefined) and not TYPES[one.type](value):
                raise self._error(f"{self.name}.{one.name} == {value!r:.80}, must be {one.type}")

    def _error(self, message: str, hint: str = "") -> MacroCallError:
        return MacroCallError(message, f"{hint}Call {self.text}.")


_GIVEN_BY_JINJA = frozenset({"_loop_vars", "_block_vars"})  # what it passes to calls in loops and blocks
Signatures = Mapping[str, Signature]
known_signatures: ContextVar[Signatures] = ContextVar("known_signatures")


def read_signature(macro: nodes.Macro, comment: str) -> Signature:
    """The signature of a macro, with what its comment says of it; a comment that has no types describes it.

    Raises:
        SignatureError: the comment begins with a signature that is not that of the macro.
    """
    defaults = [None] * (len(macro.args) - len(macro.defaults)) + [_default_text(one) for one in macro.defaults]
    arguments = tuple(Argument(arg.name, "", default) for arg, default in zip(macro.args, defaults, strict=True))
    plain = Signature(macro.name, arguments)
    begins = re.match(rf"{re.escape(macro.name)}\s*\(", comment)
    head, rest = _split(comment) if begins else ("", "")
    if ":" not in head and not rest.lstrip().startswith("->"):
        return Signature(macro.name, arguments, "", " ".join(comment.split()))
    found = _REST.fullmatch(rest)
    if not found:
        raise SignatureError(f"must be like {macro.name}(argument: type) -> type: what it is")
    written = _arguments(head)
    if [one.name for one in written] != [one.name for one in arguments]:
        raise SignatureError(f"must have the arguments of the macro, {plain.text}")
    for said, own in zip(written, arguments, strict=True):
        if said.default not in {None, own.default}:
            raise SignatureError(f"must have the defaults of the macro, {plain.text}")
    typed = tuple(Argument(said.name, said.type, own.default) for said, own in zip(written, arguments, strict=True))
    return Signature(macro.name, typed, found["returns"] or "", " ".join((found["text"] or "").split()))


def _split(comment: str) -> tuple[str, str]:
    """What stands in the first parentheses of a comment, with them, and what stands behind."""
    depth = 0
    for found in re.finditer(r"""'[^']*'|"[^"]*"|[()\[\]]""", comment):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(found[0], 0)
        if depth == 0 and found[0] == ")":
            return comment[comment.index("(") : found.end()], comment[found.end() :]
    return "", ""


def _arguments(head: str) -> list[Argument]:
    try:
        (function,) = ast.parse(f"def macro{head}: pass").body
    except SyntaxError:
        raise SignatureError("must have arguments like (column: sql, digits: int = 1)") from None
    assert isinstance(function, ast.FunctionDef)
    args = function.args.args
    kinds = [ast.unparse(one.annotation) if one.annotation else "" for one in args]
    for kind in kinds:
        if kind and kind not in TYPES:
            raise SignatureError(f"must have types out of {', '.join(TYPES)}, not {kind}")
    defaults = [None] * (len(args) - len(function.args.defaults)) + [_python_text(d) for d in function.args.defaults]
    return [Argument(arg.arg, kind, default) for arg, kind, default in zip(args, kinds, defaults, strict=True)]


def _python_text(node: ast.expr) -> str:
    return repr(_CONSTANTS[node.id]) if isinstance(node, ast.Name) and node.id in _CONSTANTS else ast.unparse(node)


def _default_text(node: nodes.Expr) -> str:
    try:
        return repr(node.as_const())
    except (nodes.Impossible, TemplateError):
        return "..."
