"""Problems of specs, SQL and runs with their place and fix, and the errors that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warn", "info"]
_hidden: dict[str, tuple[re.Pattern[str], str]] = {}


def hide(value: str, name: str) -> None:
    """Have every problem show ``${NAME}`` in the place of a value that may be a secret.

    A value that is a word, a number or short, such as a folder called data, is hidden in paths only: it is in other sentences, too.
    """
    pattern = re.escape(value)
    if value.isalpha() or value.isdigit() or len(value) < 4:
        pattern = rf"(?<!\w){pattern}(?=/)|(?<=/){pattern}(?!\w)"
    if value:
        _hidden[value] = re.compile(pattern), f"${{{name}}}"


def without_hidden(text: str) -> str:
    """The text with the names of hidden values in the place of the values."""
    for value in sorted(_hidden, key=len, reverse=True):
        pattern, name = _hidden[value]
        text = pattern.sub(lambda _, name=name: name, text)  # type: ignore[misc]
    return text


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a user's file; lines and columns count from 1, None where not known."""

    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file or "", *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters [start, end) of the user's text; offsets count characters from 0."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about a problem: a sentence, and where possible the edits that do it.

    ``safe`` edits do not change what a correct text means.
    """

    title: str
    edits: tuple[Edit, ...] = ()
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or could be better, with its place and how to fix it."""

    code: str
    severity: Severity
    message: str
    where: Where = Where()
    fix: Fix | None = None

    def __post_init__(self) -> None:
        """Hide what may be a secret."""
        if _hidden:
            fix, file = self.fix, self.where.file
            object.__setattr__(self, "message", without_hidden(self.message))
            if file:
                object.__setattr__(self, "where", replace(self.where, file=without_hidden(file)))
            if fix:
                object.__setattr__(self, "fix", replace(fix, title=without_hidden(fix.title)))

    def __str__(self) -> str:
        place = str(self.where)
        return f"{place + ': ' if place else ''}{self.message}{f' {self.fix.title}' if self.fix else ''}"

    def to_json(self) -> dict[str, Any]:
        """The flat form that ``--format json`` prints."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "fix": self.fix.title if self.fix else None,
        }


class DrawloomError(Exception):
    """An error that a user can fix; carries one Problem or several. The command line exits with ``exit_code``."""

    exit_code = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class InputError(DrawloomError):
    """Bad input: a spec, SQL, data or an argument. Nothing was written."""

    exit_code = 2


class RunError(DrawloomError):
    """The input was right, but running it failed."""

    exit_code = 1


def refuse(code: str, message: str, where: Where | None = None, fix: str | None = None) -> InputError:
    """An InputError with one problem: ``name == value, must be ...``, its place and what to do."""
    return InputError(Problem(code, "error", message, where or Where(), Fix(fix) if fix else None))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems of severity error."""
    return tuple(problem for problem in problems if problem.severity == "error")
