"""The code of a model: what its scores depend on, found without running any of it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from drawloom.frameworks.features.scoring.spec import model_kind
from drawloom.model import digest


def model_code(model: str, folder: Path | None) -> str:
    """The content hash of a model: of its file, or of its module and what that imports of the project; '' where there is none.

    Args:
        model: as a spec names it.
        folder: the project's.
    """
    if folder is None:
        return ""
    name = model.partition(":")[2]
    if model_kind(model) != "function":
        return file_hash(folder / name)
    modules = local_modules(model.partition(":")[0], folder)
    if modules:
        return digest([name, *(f"{module}={file_hash(path)}" for module, path in sorted(modules.items()))])
    found = _installed(model.partition(":")[0])
    return digest([name, file_hash(found)]) if found else ""


def file_hash(path: Path) -> str:
    """The hash of a file, or of all files of a folder with their names; '' where there is none."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return digest(f"{file.relative_to(path).as_posix()}={file_hash(file)}" for file in files)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def module_file(module: str, folder: Path) -> Path | None:
    """The file of a module of the project; None where it has none of that name."""
    base = folder.joinpath(*module.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)


def local_modules(module: str, folder: Path) -> dict[str, Path]:
    """A module of the project, and those of the project that it imports in turn, with their files; none for another's."""
    found: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        file = module_file(name, folder)
        if file and name not in found:
            found[name] = file
            todo += [*_packages(name), *_imports(name, file)]
    return found if module in found else {}


def _packages(module: str) -> list[str]:
    """The packages that a module is in, which are imported before it."""
    parts = module.split(".")[:-1]
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _imports(module: str, file: Path) -> Iterator[str]:
    """What may be a module in the imports of a module; nothing where it is no Python, which is told when it is run."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _installed(module: str) -> Path | None:
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(found.origin) if found and found.origin and Path(found.origin).is_file() else None
