"""What the configuration of a SQLMesh project says: the defaults of models, and its variables."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.project_files import ProjectFiles

_FILES = ("config.yaml", "config.yml", "config.py")


@dataclass(frozen=True, slots=True)
class Settings:
    """The defaults of models, and the variables that are literal."""

    name: str
    dialect: str = "duckdb"
    kind: str = "view"
    variables: Mapping[str, Any] = field(default_factory=dict)


def load_settings(files: ProjectFiles, made: Imported, dialect: str | None) -> Settings:
    """The settings of the project; where no file says the dialect, that is noted."""
    name = PurePosixPath(files.root.resolve().as_posix()).name or "sqlmesh"
    found: dict[str, Any] = {}
    entry = None
    for file in (one for one in _FILES if one in files.names):
        entry = made.file(file)
        if file.endswith(".py"):
            found = {**_from_python(files.read(entry) or "", entry), **found}
        else:
            for document in files.yaml(entry):
                found = {**document.data, **found}
    defaults = found.get("model_defaults")
    defaults = defaults if isinstance(defaults, Mapping) else {}
    named = dialect or str(defaults.get("dialect") or "").partition(",")[0].strip()
    if not named and entry:
        fix = "Give --dialect with the dialect of its SQL, if it is another."
        entry.note("dialect", "No default dialect was found; SQL without one was taken as DuckDB's.", None, fix)
    variables = found.get("variables")
    kind = defaults.get("kind")
    return Settings(
        str(found.get("project") or name),
        named or "duckdb",
        str(kind.get("name") if isinstance(kind, Mapping) else kind or "view").lower(),
        variables if isinstance(variables, Mapping) else {},
    )


def _from_python(text: str, entry: ImportedFile) -> dict[str, Any]:
    """What is literal in a configuration in Python, which is not run."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, RecursionError, ValueError) as error:
        entry.refuse("python", f"It cannot be read as Python: {error}.", getattr(error, "lineno", 1))
        return {}
    found: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
            "ModelDefaultsConfig",
            "Config",
            "sqlmesh_config",
        }:
            for pair in node.keywords:
                value = literal(pair.value)
                if pair.arg == "dialect":
                    defaults.setdefault("dialect", value)
                elif pair.arg in {"variables", "project", "model_defaults"} and value is not None:
                    found.setdefault(pair.arg, value)
        elif (
            isinstance(node, ast.Dict)
            and isinstance(value := literal(node), dict)
            and set(value) <= {"dialect", "start"}
        ):
            defaults.setdefault("dialect", value.get("dialect"))
    entry.note("python", "It is Python: only literal values in it were read, and nothing was run.", 1)
    return {"model_defaults": {k: v for k, v in defaults.items() if v}, **found}


def literal(node: ast.expr) -> Any:
    """The value of an expression that is literal; None otherwise."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
