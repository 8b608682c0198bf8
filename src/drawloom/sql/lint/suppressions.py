"""Comments that silence a lint rule: ``-- drawloom: allow <code> (reason)``, for a statement or, at the top, a file.

The reason is for the next reader; a comment without one, or with an unknown code, silences nothing and is a problem.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from drawloom.model import Fix, Problem
from drawloom.sql.lint.nodes import per_script
from drawloom.sql.lint.positions import source_offset, tokens
from drawloom.sql.script import Script, place

CODE = "bad-allow"

_COMMENT = re.compile(r"--[ \t]*drawloom:[ \t]*allow\b[ \t]*([\w, -]*?)[ \t]*(?:\(([^\n]*)\))?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment: its codes and reason, its offset in the user's text, and its statement (None for all)."""

    codes: tuple[str, ...]
    reason: str
    offset: int
    statement: int | None


def drop_suppressed(script: Script, problems: Iterable[Problem], codes: Collection[str]) -> Iterator[Problem]:
    """The problems that no comment allows, and those of the comments themselves.

    Args:
        script: the script that the problems were found in.
        problems: what the rules found.
        codes: the codes of all rules.
    """
    found = list(_suppressions(script))
    valid = [suppression for suppression in found if suppression.reason]
    for problem in problems:
        statement = _statement_at(script, source_offset(script, problem.where)) if valid else 0
        if not any(problem.code in one.codes and one.statement in (None, statement) for one in valid):
            yield problem
    for suppression in found:
        yield from _check(script, suppression, codes)


def _suppressions(script: Script) -> Iterator[Suppression]:
    for match in _COMMENT.finditer(script.source):
        codes = tuple(code for code in re.split(r"[\s,]+", match[1]) if code)
        at_top = not script.source[: match.start()].strip() or match.start() < _starts(script)[0]
        statement = None if at_top else _statement_at(script, match.start(), comment=True)
        yield Suppression(codes, (match[2] or "").strip(), match.start(), statement)


def _statement_at(script: Script, offset: int, *, comment: bool = False) -> int:
    """The number of the statement at an offset in the user's text.

    A comment between two statements is for the next one, unless it is on the line where the last one ends.
    """
    starts = _starts(script)
    n = bisect_right(starts, offset) - 1
    if comment and n >= 0:
        end = _ends(script)[n]
        if end < offset and "\n" in script.source[end:offset] and n + 1 < len(starts):
            return n + 1
    return max(0, n)


@per_script
def _starts(script: Script) -> list[int]:
    """Where each statement begins in the user's text."""
    found, at_start = [], True
    for token in tokens(script):
        if token.text != ";" and at_start:
            found.append(script.rendered.origin(token.start))
        at_start = token.text == ";"
    return found or [len(script.source)]


@per_script
def _ends(script: Script) -> list[int]:
    """Where each statement's semicolon is in the user's text; the text's end for the last one."""
    found = [script.rendered.origin(token.start) for token in tokens(script) if token.text == ";"]
    return [*found, len(script.source)]


def _check(script: Script, suppression: Suppression, codes: Collection[str]) -> Iterator[Problem]:
    where = place(script.source, suppression.offset, script.file)
    if not suppression.reason or not suppression.codes:
        message = f"allow without a {'code' if suppression.reason else 'reason'} silences nothing."
        yield Problem(CODE, "warn", message, where, Fix("Write -- drawloom: allow <code> (reason)."))
    for code in suppression.codes:
        if code not in codes:
            near = get_close_matches(code, sorted(codes), n=1, cutoff=0.0)
            message = f"allow == {code!r}, must be the code of a rule."
            yield Problem(CODE, "warn", message, where, Fix(f"Write {near[0]}." if near else "Remove it."))
