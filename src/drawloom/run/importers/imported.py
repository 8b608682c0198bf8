"""What an import makes: the texts of a project, the sources it needs, and what became of each file that was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from drawloom.model import Fix, InputError, Problem, Where

Outcome = Literal["imported", "with notes", "not understood", "left out"]


@dataclass(slots=True)
class ImportedFile:
    """A file of the other tool: what was written for it, and what its reader must know.

    ``problems`` of severity ``error`` say what is not expressed; ``warn`` says what is, but not as it was. ``left_out`` are
    files that their own project switches off.
    """

    file: str
    wrote: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: bool = False

    @property
    def outcome(self) -> Outcome:
        """What became of it, in a word."""
        if self.left_out:
            return "left out"
        if not self.problems:
            return "imported"
        return "with notes" if self.wrote or all(one.severity != "error" for one in self.problems) else "not understood"

    def note(self, code: str, message: str, line: int | None = None, fix: str = "") -> None:
        """Something that was imported, but not exactly as it was."""
        self._add(code, "warn", message, line, fix)

    def refuse(self, code: str, message: str, line: int | None = None, fix: str = "") -> None:
        """Something that could not be imported."""
        self._add(code, "error", message, line, fix)

    def refuse_error(self, error: InputError) -> None:
        """Problems that reading it raised."""
        for one in error.problems:
            fix = one.fix.title if one.fix else ""
            self._add(one.code, "error", one.message, one.where.line, fix)

    def _add(self, code: str, severity: Literal["error", "warn"], message: str, line: int | None, fix: str) -> None:
        found = Problem(code, severity, message, Where(self.file, line), Fix(fix) if fix else None)
        if found not in self.problems:
            self.problems.append(found)


@dataclass(slots=True)
class Imported:
    """A project in the making.

    Args:
        name: the name of the project.
        texts: the texts of its files, by their path in it.
        sources: the tables that it reads and that nobody in it makes, as in drawloom.yml.
        files: what became of each file that was read.
    """

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    files: dict[str, ImportedFile] = field(default_factory=dict)

    def file(self, name: str) -> ImportedFile:
        """The entry of a file that was read."""
        return self.files.setdefault(name, ImportedFile(name))

    def write(self, path: str, text: str, read: ImportedFile) -> None:
        """Have a file of the project written; what comes from several files is put together."""
        self.texts[path] = self.texts[path] + "\n" + text if path in self.texts else text
        if path not in read.wrote:
            read.wrote.append(path)

    def problems(self) -> Iterable[Problem]:
        """All problems, by file."""
        return (problem for file in sorted(self.files) for problem in self.files[file].problems)
