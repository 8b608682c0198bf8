"""Parameters that other programs fill in before a text runs, and that no parser resolves: ``${x}``, ``:x``, ``@x``, ``$x``, stages.

They are found in the characters of the text: what parsers make of them differs, and some drop the table that one stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from drawloom.sql.run_day import RUN_DAY_PARAMETERS, RUN_TIME_PARAMETERS

_TEXT = re.compile(
    r"""
  (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
| (?P<dollars>(?<!\w)\$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z))
| (?P<string>'(?:[^'\\]|\\.|'')*(?:'|\Z))
| (?P<substituted>\$\{[^{}]*\})
| (?P<name>"[^"]*(?:"|\Z)|`[^`]*(?:`|\Z))
| (?P<identifier>\bIDENTIFIER\s*\((?!\s*(?:'[^']*'|"[^"]*")\s*\))[^()]*\))
| (?P<stage>(?:(?<=FROM\s)|(?<=JOIN\s)|(?<=INTO\s)|(?<=USING\s))@[~%]?[\w.]*(?:/[\w./*{}-]*)*(?=[\s();,]|\Z))
| (?P<sqlmesh>(?<![\w@])@\{[^{}]*\})
| (?P<at>(?<![\w@.])@[A-Za-z_]\w*)
| (?P<colon>(?<![\w:\])}'"`\[@])\s?:(?:[A-Za-z_]\w*|'[^']*'|"[^"]*"))
| (?P<dollar>(?<![\w$.])\$[A-Za-z_]\w*)
| (?P<number>(?<![\w$.])\$\d+)
| (?P<mark>(?<=[=<>(,])\s?\?(?=[\s),;]|\Z))
| (?P<percent>%\(\w+\)s)
| (?P<ampersand>(?<![\w&\s)])\s?&&?[A-Za-z_]\w*(?=[.\s;])|(?<=FROM\s)&&?[A-Za-z_]\w*)
""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_SUBSTITUTED = re.compile(r"\$\{[^{}]*\}")
_READ_FROM = re.compile(
    r"\b(?:FROM|JOIN|USING|INTO|TABLE|UPDATE|OVERWRITE)\s*\(?\s*[\w.`\"-]*$|[\w`\"]\.$", re.IGNORECASE
)
_SKIPPED = frozenset(["comment", "dollars"])
_RUN_DAY = RUN_DAY_PARAMETERS | RUN_TIME_PARAMETERS
_QUERY_NUMBERS = frozenset(["snowflake"])  # $1 is the first column of a file


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, its offset in the text, and whether it stands for a table or a part of its name."""

    text: str
    start: int
    is_table: bool

    @property
    def fix(self) -> str:
        """What to write instead."""
        if (self.text.startswith("@") and "/" in self.text) or self.text.startswith(("@~", "@%")):
            return "Land the files of the stage in a table, and read that."
        if found := re.search(r"ref\(\s*(.*?)\s*\)", self.text):
            return f"Write {{{{ ref({found[1]}) }}}}, or run on compiled SQL."
        if self.is_table:
            return "Write the table's name, or {{ params.name }} and give its value in params."
        return "Write '{{ ds }}' for the run's day, '{{ ds_nodash }}' for 20240717, or {{ params.name }} for another value."


def find_parameters(text: str, dialect: str) -> Iterator[Parameter]:
    """The parameters of a rendered text, in order, each name once. What the text itself sets is none."""
    seen: set[str] = set()
    for found in _TEXT.finditer(text):
        kind = found.lastgroup or ""
        kind = "dollars" if kind == "tag" else kind
        for start, name in _names(kind, found):
            lowered = name.lower()
            if lowered not in seen and not _is_known(kind, name, text, dialect):
                seen.add(lowered)
                yield Parameter(
                    name, start, kind == "identifier" or bool(_READ_FROM.search(text[max(0, start - 60) : start]))
                )


def _names(kind: str, found: re.Match[str]) -> Iterator[tuple[int, str]]:
    if kind in {"string", "name", "substituted"}:
        for inner in _SUBSTITUTED.finditer(found[0]):
            yield found.start() + inner.start(), inner[0]
    elif kind not in _SKIPPED:
        blank = len(found[0]) - len(found[0].lstrip())
        yield found.start() + blank, found[0].strip()


def _is_known(kind: str, name: str, text: str, dialect: str) -> bool:
    if dialect != "duckdb" and kind in {"at", "colon"} and name[1:].lower() in _RUN_DAY:
        return True  # it becomes the run's day when it is translated
    if kind == "number":
        return dialect in _QUERY_NUMBERS
    if kind in {"at", "colon", "dollar"}:
        bare = re.escape(name.lstrip(":@$").strip("'\""))
        assigned = rf"(?:\bSET\s+(?:VARIABLE\s+)?@?{bare}\s*(?::?=)|@{bare}\s*:=|\bLET\s+{bare}\b|\bDECLARE\b[^;]*@?\b{bare}\b|\bFOR\s+{bare}\s+IN\b)"
        return bool(re.search(assigned, text, re.IGNORECASE))
    return False
