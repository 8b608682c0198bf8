"""{what}, and it decides what the SQL is; what is read counts all of its branches.

A run could take either branch of the template, so nothing tells which tables and days it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.rule import template_finding
from drawloom.sql.script import Script
from drawloom.sql.template.tags import tag_spans

CODE = "unknown-condition"
SEVERITY: Severity = "error"

_FIX = "Write the branch that the scheduled run takes, give the name a value in params, or run on compiled SQL."


def check(script: Script) -> Iterator[Problem]:
    """Names without a value that decide an if, a loop or a comparison of the template."""
    seen: set[str] = set()
    for one in script.undecided:
        if one.what not in seen:
            seen.add(one.what)
            yield template_finding(
                __name__, script, _place(script.source, one.path), Fix(one.fix if one.is_macro else _FIX), what=one.what
            )


def _place(source: str, path: str) -> int:
    """Where the template first has the name; its start where it has it nowhere, as one that a macro uses."""
    name = re.search(r"\w+(?=\W*$)", path.rstrip("[0]")) or re.search(r"\w+", path)
    for start, end in tag_spans(source):
        if name and (found := re.search(rf"\b{re.escape(name[0])}\b", source[start:end])):
            return start + found.start() if source.startswith("{%", start) else start
    return 0
