"""Macros that are kept in files, as in dbt: the definitions that a text uses, also those that these use in turn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drawloom.model import Fix, InputError, Problem, Where

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
_NAME = re.compile(r"\w+")
_DISPATCHED = "default__"


@dataclass(frozen=True, slots=True)
class Macros:
    """Definitions of macros by name."""

    sources: Mapping[str, str] = field(default_factory=dict)

    def used_by(self, *texts: str | None) -> str:
        """The definitions of the macros that these texts mention, and of those that they mention; in the order of names."""
        if not self.sources:
            return ""
        found: set[str] = set()
        todo = [text for text in texts if text]
        while todo:
            words = set(_NAME.findall(todo.pop()))
            words |= {_DISPATCHED + word for word in words}
            new = (words & self.sources.keys()) - found
            found |= new
            todo += [self.sources[name] for name in new]
        return "\n".join(self.sources[name] for name in sorted(found))


def load_macros(folder: Path) -> Macros:
    """The macros in all ``.sql`` files of a folder and of the folders in it; none where it does not exist.

    Raises:
        InputError: a file cannot be read, or two macros have one name.
    """
    sources: dict[str, str] = {}
    files: dict[str, Path] = {}
    for file in sorted(folder.rglob("*.sql")):
        for found in _MACRO.finditer(_COMMENT.sub("", _read(file))):
            name = found[1]
            if name in sources and sources[name] != found[0]:
                message = f"macro == {name}, must be defined once; it is in {files[name].name} and {file.name}."
                fix = Fix("Rename one of them.")
                raise InputError(Problem("duplicate-macro", "error", message, Where(str(file)), fix))
            sources[name], files[name] = found[0], file
    return Macros(sources)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            Problem("missing-file", "error", f"{file} cannot be read: {error}.", Where(str(file)))
        ) from error
