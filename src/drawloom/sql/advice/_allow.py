"""`-- drawloom: allow <code> (reason)` silences a rule for a statement, or at the top for the whole file.

The reason is for whoever reads the text next; without one, and with a code that no rule has, the comment does nothing
and is a problem itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from drawloom.model import Fix, Problem
from drawloom.sql.advice._memo import per_script
from drawloom.sql.advice._place import source_offset, tokens
from drawloom.sql.script import Script, place

CODE = "bad-allow"

_COMMENT = re.compile(r"--[ \t]*drawloom:[ \t]*allow\b[ \t]*([\w, -]*?)[ \t]*(?:\(([^\n]*)\))?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Allow:
    """One comment: its codes and reason, where it stands, and which statement it is for (None for all)."""

    codes: tuple[str, ...]
    reason: str
    offset: int
    statement: int | None


def silence(script: Script, problems: Iterable[Problem], codes: Collection[str]) -> Iterator[Problem]:
    """The problems that no comment allows, and those of the comments themselves."""
    found = allows(script)
    good = [allow for allow in found if allow.reason]
    for problem in problems:
        place_of = statement_at(script, source_offset(script, problem.where)) if good else 0
        if not any(problem.code in allow.codes and allow.statement in (None, place_of) for allow in good):
            yield problem
    for allow in found:
        yield from _faults(script, allow, codes)


def allows(script: Script) -> list[Allow]:
    """The comments of a text; those that stand inside a string are not comments."""
    found = []
    for match in _COMMENT.finditer(script.source):
        codes = tuple(code for code in re.split(r"[\s,]+", match[1]) if code)
        top = not script.source[: match.start()].strip() or match.start() < _starts(script)[0]
        statement = None if top else statement_at(script, match.start(), comment=True)
        found.append(Allow(codes, (match[2] or "").strip(), match.start(), statement))
    return found


def statement_at(script: Script, offset: int, *, comment: bool = False) -> int:
    """The number of the statement that holds a place in the user's text.

    A comment between two statements is for the next one, unless it stands on the line where the last one ends.
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
    found, fresh = [], True
    for token in tokens(script):
        if token.text != ";" and fresh:
            found.append(script.rendered.origin(token.start))
        fresh = token.text == ";"
    return found or [len(script.source)]


@per_script
def _ends(script: Script) -> list[int]:
    """Where each statement's semicolon stands in the user's text, or the text's end."""
    found = [script.rendered.origin(token.start) for token in tokens(script) if token.text == ";"]
    return [*found, len(script.source)]


def _faults(script: Script, allow: Allow, codes: Collection[str]) -> Iterator[Problem]:
    where = place(script.source, allow.offset, script.file)
    if not allow.reason or not allow.codes:
        message = "allow == no reason, must say in parentheses why the rule does not hold here."
        yield Problem(CODE, "warn", message, where, Fix("Write -- drawloom: allow <code> (reason)."))
    for code in allow.codes:
        if code not in codes:
            near = get_close_matches(code, sorted(codes), n=1, cutoff=0.0)
            message = f"allow == {code!r}, must be the code of a rule."
            yield Problem(CODE, "warn", message, where, Fix(f"Write {near[0]}." if near else "Take it out."))
