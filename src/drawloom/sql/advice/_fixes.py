"""Fixes applied to the user's text."""

from __future__ import annotations

from collections.abc import Iterable

from drawloom.model import Edit, Problem


def apply_fixes(source: str, problems: Iterable[Problem], *, unsafe: bool = False) -> str:
    """The text with the edits of these problems done.

    Args:
        source: the user's text that the problems were found in.
        problems: those whose fixes are wanted, the more important first: of two fixes that overlap the first is done.
        unsafe: whether to do also those that may change what the text means.
    """
    chosen: list[Edit] = []
    for problem in problems:
        fix = problem.fix
        if (
            fix is not None
            and (fix.safe or unsafe)
            and not any(_clash(edit, other) for edit in fix.edits for other in chosen)
        ):
            chosen += fix.edits
    for edit in sorted(chosen, key=lambda edit: (edit.start, edit.end), reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


def _clash(edit: Edit, other: Edit) -> bool:
    """Whether two edits overlap, or start at one place, so that their order would matter."""
    return edit.start == other.start or (edit.start < other.end and other.start < edit.end)
