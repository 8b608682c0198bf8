"""{left} and {right} are joined by no condition, must be: every row of one meets every row of the other.

A million rows by a million rows never ends, and a thousand by a thousand multiplies every sum by a thousand. Sources
of one row each are fine, and so is an explicit CROSS JOIN: that says it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import key_names, owner, plain
from drawloom.sql.advice._place import after, before, extent
from drawloom.sql.advice._rows import is_one_row, is_reduced
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import Source, conditions, nodes, query_of, sources
from drawloom.sql.script import Script

CODE = "cartesian"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs whose sources fall apart, whatever the columns that cannot be told belong to."""
    for select in nodes(script, exp.Select):
        among = sources(select)
        if len(among) > 1:
            yield from _check(script, select, among)


def _check(script: Script, select: exp.Select, among: tuple[Source, ...]) -> Iterator[Problem]:
    groups = {source.name: source.name for source in among}
    spare = 0
    for test in conditions(select):
        spare += _connect(script, test, among, groups)
    for n, source in enumerate(among):
        if n and _is_consent(script, source):
            _join(groups, [among[n - 1].name, source.name])
    apart: dict[str, list[Source]] = {}
    for source in among:
        apart.setdefault(_root(groups, source.name), []).append(source)
    many = [group for group in apart.values() if not all(is_one_row(query_of(source.node)) for source in group)]
    if len(many) - 1 > spare:
        heavy = [group for group in many if any(not _is_small(script, select, source, among) for source in group)]
        severity: Severity = "error" if len(heavy) > 1 else "warn"
        left, right = many[0][0], many[1][0]
        fix = Fix("Add the condition that joins them, or write CROSS JOIN if it is meant.")
        yield tell(__name__, script, right.node, fix, severity, left=_shown(left), right=_shown(right))


def _connect(script: Script, test: exp.Expr, among: Sequence[Source], groups: dict[str, str]) -> int:
    """Join the sources that a condition names; how many more it may join by columns nobody can place."""
    named, unknown = [], set()
    for column in test.find_all(exp.Column):
        source = owner(script, column, among)
        if source is not None:
            named.append(source.name)
        else:
            unknown.add(column.parts[0].name.lower())
    _join(groups, named)
    return max(0, len(unknown) - (0 if named else 1))


def _join(groups: dict[str, str], names: Sequence[str]) -> None:
    for name in names[1:]:
        groups[_root(groups, name)] = _root(groups, names[0])


def _root(groups: dict[str, str], name: str) -> str:
    while groups[name] != name:
        groups[name] = name = groups[groups[name]]
    return name


def _is_consent(script: Script, source: Source) -> bool:
    """Whether the join says that it needs no condition, or has one that nobody can see."""
    join = source.join
    if source.dependent or join is None or join.args.get("using") or join.method in ("NATURAL", "POSITIONAL"):
        return True
    span = extent(source.node)
    if join.kind == "CROSS":
        comma = before(script, span[0]) if span else None  # BigQuery's parser makes a comma a CROSS JOIN
        return comma is None or comma.text != ","
    on = join.args.get("on")
    return on is not None and on.find(exp.Column) is None and (span is None or _says_on(script, span[1]))


def _says_on(script: Script, end: int) -> bool:
    """Whether ON follows: the Spark parser adds ON TRUE to a JOIN that has none."""
    token = after(script, end - 1)
    while token is not None and token.text == ")":
        token = after(script, token.end)
    return token is not None and token.text.upper() == "ON"


def _is_small(script: Script, select: exp.Select, source: Source, among: Sequence[Source]) -> bool:
    """Whether a source is a result of few rows: grouped, a list of values, or picked by a column that is no key."""
    query = query_of(source.node)
    if isinstance(source.node, exp.Values) or is_one_row(query) or is_reduced(query):
        return True
    keys = key_names(script, source.node)
    for test in conditions(select):
        column = plain(test.this) if isinstance(test, exp.EQ) and isinstance(test.expression, exp.Literal) else None
        if column is not None and column.name.lower() not in keys and owner(script, column, among) is source:
            return True
    return False


def _shown(source: Source) -> str:
    return source.node.alias_or_name or "a subquery"
