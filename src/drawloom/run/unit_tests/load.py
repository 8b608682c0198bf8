"""Finding and reading the tests of a project: ``tests/**/*.yml``, and Python files that are not pytest's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawloom.model import InputError, Problem, Where, refuse
from drawloom.specs.document import Document, parse_yaml, read_text
from drawloom.specs.load import import_spec
from drawloom.specs.unit_test import UnitTest

FOLDER = "tests"
_YAML = {".yml", ".yaml"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A test with its name, and the folder of its file."""

    name: str
    test: UnitTest
    folder: Path

    @property
    def where(self) -> Where:
        """Its place."""
        return self.test.where


def load_tests(root: Path) -> tuple[list[Loaded], list[Problem]]:
    """The tests of the project in a folder, by file and in their order there, and what is wrong with the files."""
    tests: list[Loaded] = []
    problems: list[Problem] = []
    for path in find_files(root):
        file = path.relative_to(root).as_posix()
        try:
            for loaded in _load(path, file):
                if isinstance(loaded, Loaded):
                    tests.append(loaded)
                else:
                    problems.append(loaded)
        except InputError as error:
            problems += error.problems
    return _unique(tests, problems), problems


def find_files(root: Path) -> Iterator[Path]:
    """The files of tests in a project: not those that begin with ``_`` or ``.``, nor pytest's own.

    A Python file counts where it names ``UnitTest``: others are left alone, and not imported.
    """
    folder = root / FOLDER
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        hidden = any(part[0] in "._" for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and (path.suffix in _YAML or _has_tests(path)):
            yield path


def _has_tests(path: Path) -> bool:
    """Whether it is a Python file of unit tests of specs."""
    is_of_pytest = path.name.startswith("test_") or path.name.endswith("_test.py") or path.name == "conftest.py"
    return path.suffix == ".py" and not is_of_pytest and b"UnitTest" in path.read_bytes()


def load_text(text: str, file: str, folder: Path) -> Iterator[Loaded | Problem]:
    """The tests in a YAML text, and the problems of those that are not valid.

    Raises:
        InputError: it is not YAML.
    """
    for document in parse_yaml(text, file):
        for name, data in document.data.items():
            yield from _from_yaml(str(name), data, document, folder)


def _load(path: Path, file: str) -> Iterator[Loaded | Problem]:
    if path.suffix in _YAML:
        yield from load_text(read_text(path, file), file, path.parent)
        return
    module = import_spec(path, file)
    for variable, value in vars(module).items():
        many = value if isinstance(value, list | tuple) else [value]
        own = [one for one in many if isinstance(one, UnitTest)]
        for number, test in enumerate(own):
            place = Where(file, test.where.line)
            test.set_place(Document({}, file, {(): test.where.line or 1}), place)
            yield Loaded(test.name or (variable if test is value else f"{variable}_{number}"), test, path.parent)


def _from_yaml(name: str, data: Any, document: Document, folder: Path) -> Iterator[Loaded | Problem]:
    where = document.where(name)
    if not isinstance(data, Mapping):
        keys = ", ".join(key for key in UnitTest.model_fields if key != "name")
        error = refuse("invalid", f"{name} == {data!r:.60}, must be a test with {keys}.", where)
        yield from error.problems
        return
    lines = {keys[1:]: line for keys, line in document.lines.items() if keys[:1] == (name,)}
    part = Document(data, document.file, {**lines, (): where.line or 1})
    if "name" in data:
        yield from refuse(
            "unknown-key", f"{name}.name is an unknown key: the name stands above.", part.where("name")
        ).problems
        return
    try:
        yield Loaded(name, UnitTest.model_validate(data, context=part), folder)
    except InputError as error:
        yield from error.problems


def _unique(tests: list[Loaded], problems: list[Problem]) -> list[Loaded]:
    """The tests, without those whose name another one has: a name names one test."""
    first: dict[str, Loaded] = {}
    for test in tests:
        if other := first.get(test.name):
            message = f"test == {test.name}, must have a name of its own: {other.where} has it."
            problems += refuse("duplicate-key", message, test.where).problems
        else:
            first[test.name] = test
    return list(first.values())
