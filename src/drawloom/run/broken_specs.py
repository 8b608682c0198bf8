"""Broken specs: which files have errors, and which tables they would fill. The others go on without them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from drawloom.model import InputError, Problem, errors

SPECS = "specs/"
_TABLE = re.compile(r"""^[ \t]*["']?table["']?\s*[:=]\s*["']?(\w+\.\w+)""", re.MULTILINE)
_NAME = re.compile(r"""^[ \t]*["']?name["']?\s*[:=]\s*["']?(\w+)""", re.MULTILINE)


def broken_specs(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    """The errors of each file that has some.

    Raises:
        InputError: there is an error that belongs to no spec, such as one in drawloom.yml.
    """
    found: dict[str, list[Problem]] = defaultdict(list)
    for problem in errors(problems):
        file = problem.where.file or ""
        if not file.startswith(SPECS):
            raise InputError(problem)
        found[file].append(problem)
    return dict(found)


def broken_files(problems: Iterable[Problem]) -> set[str]:
    """The spec files that have errors."""
    files = (problem.where.file or "" for problem in errors(problems))
    return {file for file in files if file.startswith(SPECS)}


class BrokenText:
    """The text of spec files that could not be read as specs: what they would fill can only be guessed."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        texts = {file: _text(root / file) for file in files}
        self._tables = {name.lower(): file for file, text in texts.items() for name in _TABLE.findall(text)}
        self._names = {name.lower(): file for file, text in texts.items() for name in _NAME.findall(text)}

    def file_of(self, name: str) -> str | None:
        """The file that would fill a table, or that has a pipeline of this name."""
        name = name.lower()
        last = name.rpartition(".")[2]
        called = (file for known, file in self._names.items() if last == known or last.startswith(f"{known}_"))
        return self._tables.get(name) or next(called, None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
