"""Apply the fixes of findings to the user's text."""

from __future__ import annotations

from collections.abc import Iterable

from drawloom.model import Edit, Problem


def apply_fixes(source: str, problems: Iterable[Problem], *, unsafe: bool = False) -> str:
    """The text with the fixes of these problems applied.

    Args:
        source: the user's text that the problems were found in.
        problems: those to fix, the more important first: of two fixes that overlap, the first one is applied.
        unsafe: whether to also apply fixes that may change what the text means.
    """
    edits: list[Edit] = []
    for problem in problems:
        fix = problem.fix
        if fix is not None and (fix.safe or unsafe) and not any(_overlap(a, b) for a in fix.edits for b in edits):
            edits += fix.edits
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


def _overlap(edit: Edit, other: Edit) -> bool:
    """Whether two edits overlap, or start at one place, where their order would matter."""
    return edit.start == other.start or (edit.start < other.end and other.start < edit.end)
