"""Specs that are Python: a module of the user's, and the spec objects it makes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from drawloom.model import InputError, Problem, Where, refuse
from drawloom.specs.base import PACKAGE, Spec
from drawloom.specs.document import Document, Keys


def load_python(path: Path, file: str, text: str) -> tuple[list[Spec], list[Problem]]:
    """The specs that a module has in its variables, alone or in lists and tuples, in their order.

    The module is imported as ``drawloom_specs.<its path>``, so that its functions have one name on every machine.

    Raises:
        InputError: the module cannot be imported.
    """
    module = import_spec(path, file, text)
    specs = list({id(spec): spec for value in vars(module).values() for spec in _specs(value)}.values())
    mine = [spec for spec in specs if spec.where.file == str(path)]
    for spec in mine:
        spec.settle(Document({}, file, _lines(spec, text)), Where(file, spec.where.line))
    return mine, []


def module_name(file: str) -> str:
    """The name under which a spec file is imported; ``file`` is its path from the project."""
    return ".".join((PACKAGE, *Path(file).with_suffix("").parts[1:]))


def import_spec(path: Path, file: str, text: str | None = None) -> ModuleType:
    """The module of a spec file, so that its functions can be found by their names.

    Raises:
        InputError: the module cannot be imported.
    """
    text = path.read_text(encoding="utf-8") if text is None else text
    module = ModuleType(module_name(file))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        with _on_path(path.parent):
            exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is the user's code
    except InputError as error:
        raise InputError(*(_placed(problem, path, file) for problem in error.problems)) from error
    except (Exception, SystemExit) as error:
        raise _refusal(error, path, file) from error
    return module


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """Lets a spec import its neighbours."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _refusal(error: BaseException, path: Path, file: str) -> InputError:
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else None
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = line or (frames[-1].lineno if frames else None)
    said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return refuse("python-error", f"{file} == {said}, must import without an error.", Where(file, line))


def _placed(problem: Problem, path: Path, file: str) -> Problem:
    return replace(problem, where=replace(problem.where, file=file)) if problem.where.file == str(path) else problem


def _specs(value: object) -> Iterator[Spec]:
    if isinstance(value, Spec):
        yield value
    elif isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Spec))


def _lines(spec: Spec, text: str) -> dict[Keys, int]:
    """The line of the spec, and of its long texts where they stand in the module as they are."""
    lines: dict[Keys, int] = {(): spec.where.line or 1}
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if isinstance(value, str) and "\n" in value and text.count(value) == 1:
            lines[(name,)] = text.count("\n", 0, text.find(value)) + 1
    return lines
