"""Models in Python, which are not read: what their decorator says of the table that they fill."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drawloom.run.importers.imported import ImportedFile
from drawloom.run.importers.sqlmesh.settings import literal


@dataclass(frozen=True, slots=True)
class PythonModel:
    """The name and columns of a model, and the column by whose day it is kept."""

    name: str
    columns: dict[str, str]
    time_column: str
    line: int


def python_models(text: str, entry: ImportedFile) -> Iterator[PythonModel]:
    """The models of a file; each is named in its entry."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, RecursionError, ValueError) as error:
        entry.refuse("python", f"It cannot be read as Python: {error}.", getattr(error, "lineno", 1))
        return
    for node in ast.walk(tree):
        for one in getattr(node, "decorator_list", ()):
            if isinstance(one, ast.Call) and getattr(one.func, "id", getattr(one.func, "attr", "")) == "model":
                found = _model(one)
                what = found.name if found else "a computed name"
                fix = "Write it as a spec in Python with `call`; its table is a source until then."
                entry.refuse("python-model", f"The model {what} is in Python.", one.lineno, fix)
                if found:
                    yield found


def _model(call: ast.Call) -> PythonModel | None:
    name = literal(call.args[0]) if call.args else None
    named = {pair.arg: pair.value for pair in call.keywords if pair.arg}
    name = name or (literal(named["name"]) if "name" in named else None)
    if not isinstance(name, str) or "@" in name:
        return None
    columns: Any = literal(named["columns"]) if "columns" in named else {}
    is_plain = isinstance(columns, dict) and all(isinstance(k, str) and isinstance(v, str) for k, v in columns.items())
    return PythonModel(name, columns if is_plain else {}, _time_column(named.get("kind")), call.lineno)


def _time_column(kind: ast.expr | None) -> str:
    for node in ast.walk(kind) if kind else ():
        if isinstance(node, ast.keyword) and node.arg == "time_column":
            return str(literal(node.value) or "")
        if isinstance(node, ast.Dict):
            keys = [literal(key) if key else None for key in node.keys]
            if "time_column" in keys:
                return str(literal(node.values[keys.index("time_column")]) or "")
    return ""
