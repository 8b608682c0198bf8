"""What a spec watches, as SQL: for each item the rows of a day, grouped by its series and dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import combinations

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.anomalies.spec import Anomalies, Watch
from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.column_tags import Tags, is_personal
from drawloom.model import Fix, InputError, Problem, Table
from drawloom.specs.base import Spec
from drawloom.specs.validation import did_you_mean

STATS_FAMILY = "meta.column_stats"
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
ROWS = "row_count"
DUPLICATES = "duplicate_ratio"


@dataclass(frozen=True, slots=True)
class Value:
    """A metric of an item: SQL of its value in one row, and of what it is divided by."""

    metric: str
    value: str
    weight: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One item of ``watch`` in SQL, all of it quoted.

    Args:
        label: what its series are of: a table, or the name of a SELECT.
        rows: what stands after FROM, with only the rows of the day.
        series: columns with a series for each combination of values.
        dimensions: columns by which changes are explained.
        values: what is added up.
        is_table: whether rows are counted, and looked at for duplicates.
    """

    label: str
    rows: str
    series: tuple[str, ...]
    dimensions: tuple[str, ...]
    values: tuple[Value, ...]
    is_table: bool

    @property
    def cuts(self) -> list[tuple[str, ...]]:
        """None, each dimension, and each pair: by what values are cut."""
        return [cut for size in range(3) for cut in combinations(self.dimensions, size)]


@dataclass(frozen=True, slots=True)
class StatsItem:
    """The statistics of tables: their names as SQL literals, and the condition of their metrics."""

    tables: tuple[str, ...]
    labels: tuple[str, ...]
    condition: str


def find_items(spec: Anomalies, project: ProjectContext) -> tuple[list[Item], list[StatsItem]]:
    """What is watched.

    Raises:
        InputError: a spec, a table with statistics, or a column is unknown.
    """
    items: list[Item] = []
    stats: list[StatsItem] = []
    problems: list[Problem] = []
    for number, watch in enumerate(spec.watch):
        try:
            if watch.stats is not None:
                stats.append(_of_stats(spec, number, watch, project))
            elif watch.sql is not None:
                items.append(_of_sql(spec, number, watch, project))
            elif watch.table is not None:
                items.append(_of_table(spec, number, watch.table, watch.series, project))
            else:
                items.append(_of_spec(spec, number, watch, project))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return items, stats


def _of_table(
    spec: Anomalies,
    number: int,
    table: str,
    series: Sequence[str],
    project: ProjectContext,
    values: Sequence[str] | None = None,
) -> Item:
    watch, tags = spec.watch[number], project.tags_of_table(table)
    _refuse_personal(spec, number, series, tags)
    rows = f"(SELECT * FROM {sqlfiles.quote_table(table)} WHERE ds = DATE '{{{{ ds }}}}') AS watched"
    named = (Value(name, sqlfiles.quote_name(name)) for name in (watch.values if values is None else values))
    wanted = spec.explain.dimensions if watch.table is not None else ()
    dimensions = tuple(name for name in wanted if name not in series and not is_personal(name, tags))
    return Item(table, rows, tuple(series), dimensions, (Value(ROWS, "1"), *named), is_table=True)


def warn_anomalies(spec: Anomalies, project: ProjectContext) -> Iterator[Problem]:
    """Dimensions by which nothing is explained, as their values are personal data."""
    for number, name in enumerate(spec.explain.dimensions):
        for watch in spec.watch:
            tags = project.tags_of_select(watch.sql, spec) if watch.sql else project.tags_of_table(watch.table or "")
            if (watch.sql or watch.table) and is_personal(name, tags):
                rule = f"must not be tagged pii, or made of such a column, as in {watch.table or 'a SELECT'}: it explains nothing"
                problem = spec.problem(("explain", "dimensions", number), name, rule, Fix("Leave it out."))
                yield replace(problem, severity="warn")
                break


def _refuse_personal(spec: Anomalies, number: int, series: Sequence[str], tags: Tags) -> None:
    """Refuse series whose names would be values of personal data, in tables and in messages."""
    for name in series:
        if is_personal(name, tags):
            fix = "Cut by another column; or, if it is none, write `tags: []` where the column is declared."
            rule = "must not be a column that is tagged pii, or made of one: its values would be names of series"
            raise InputError(spec.problem(("watch", number, "series"), name, rule, fix))


def _of_sql(spec: Anomalies, number: int, watch: Watch, project: ProjectContext) -> Item:
    assert watch.sql is not None
    assert watch.value is not None
    columns, table = _read_select(spec, number, watch.sql, project)
    for key, names in (("value", (watch.value,)), ("per", (watch.per,) if watch.per else ()), ("series", watch.series)):
        for name in names:
            if columns and name.lower() not in columns:
                fix = Fix(did_you_mean(name, columns) or f"It has {', '.join(columns)}.")
                raise InputError(spec.problem(("watch", number, key), name, "must be a column of the SELECT", fix))
    rows = f"({watch.sql.strip().rstrip(';')}) AS watched"
    weight = sqlfiles.quote_name(watch.per) if watch.per else None
    tags = project.tags_of_select(watch.sql, spec)
    _refuse_personal(spec, number, watch.series, tags)
    wanted = (n for n in spec.explain.dimensions if n.lower() in columns and n not in watch.series)
    dimensions = tuple(name for name in wanted if not is_personal(name, tags))
    value = Value(watch.value, sqlfiles.quote_name(watch.value), weight)
    return Item(watch.name or table, rows, watch.series, dimensions, (value,), is_table=False)


def _read_select(spec: Anomalies, number: int, sql: str, project: ProjectContext) -> tuple[list[str], str]:
    """The columns of a SELECT as far as it names them, and the first table that it reads."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    from drawloom.sql.template.rendering import render

    place = spec.place("watch", number, "sql")
    text = render(sql, project.start, schedule=project.schedule(spec), where=place, to_run=True).text
    try:
        found = [one for one in sqlglot.parse(text, dialect="duckdb") if one is not None]
    except SqlglotError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(spec.problem(("watch", number, "sql"), repr(sql.strip()), f"must be SQL: {reason}")) from error
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise InputError(spec.problem(("watch", number, "sql"), repr(sql.strip()), "must be one SELECT"))
    names = [one.lower() for one in found[0].named_selects]
    tables = [f"{one.db}.{one.name}" for one in found[0].find_all(exp.Table) if one.db]
    return ([] if "*" in names else names), next(iter(tables), f"{spec.name}[{number}]")


def _of_spec(spec: Anomalies, number: int, watch: Watch, project: ProjectContext) -> Item:
    from drawloom.frameworks.base import frameworks

    assert watch.kind is not None
    assert watch.spec is not None
    kinds = list(frameworks())
    if watch.kind not in kinds:
        fix = Fix(did_you_mean(watch.kind, ["table", "sql", "stats", *kinds]) or f"Kinds are {', '.join(kinds)}.")
        rule = "must be table, sql, stats, or a kind of spec"
        raise InputError(spec.problem(("watch", number), watch.kind, rule, fix))
    other: Spec = project.spec(watch.kind, watch.spec, spec.place("watch", number, watch.kind))
    tables = {step.into.name: step.into for step in project.steps(other)}
    own = next((one for name, one in tables.items() if name.rpartition(".")[2] == watch.spec), None)
    table = tables.get(watch.of) if watch.of else own or list(tables.values())[-1]
    if table is None:
        fix = Fix(did_you_mean(str(watch.of), tables) or f"It fills {', '.join(tables)}.")
        raise InputError(spec.problem(("watch", number, "of"), watch.of, f"must be a table of {watch.spec}", fix))
    return _of_other(spec, number, watch, table, project)


def _of_other(spec: Anomalies, number: int, watch: Watch, table: Table, project: ProjectContext) -> Item:
    """Numbers are values and texts are series, where the spec does not say which."""
    numbers = [one.name for one in table.columns if one.type.upper().startswith(NUMBERS)]
    tags = project.tags_of_table(table.name)
    texts = [c.name for c in table.columns if c.type.upper() == "VARCHAR" and not is_personal(c.name, tags)]
    known = [one.name for one in table.columns]
    for key, names in (("values", watch.values), ("series", watch.series)):
        for name in names:
            if known and name not in known:
                fix = Fix(did_you_mean(name, known) or f"It has {', '.join(known)}.")
                raise InputError(spec.problem(("watch", number, key), name, f"must be a column of {table.name}", fix))
    values, series = watch.values or tuple(numbers), watch.series or tuple(texts)
    if not values and not known:
        rule = f"must have `values`: the columns of {table.name} are not declared"
        raise InputError(spec.problem(("watch", number), watch.spec, rule))
    return _of_table(spec, number, table.name, series, project, values)


def _of_stats(spec: Anomalies, number: int, watch: Watch, project: ProjectContext) -> StatsItem:
    tables = dict(_with_statistics(project))
    assert watch.stats is not None
    for pattern in watch.stats:
        if not any(fnmatchcase(name, pattern.removeprefix("-")) for name in tables):
            fix = Fix(did_you_mean(pattern, tables) or f"There are: {', '.join(sorted(tables)) or 'none yet'}.")
            rule = "must match a table with statistics, which a spec of kind stats computes"
            raise InputError(spec.problem(("watch", number, "stats"), pattern, rule, fix))
    wanted = [name for name in tables if _is_wanted(name, watch.stats)]
    likes = " OR ".join(f"{METRIC_NAME} LIKE {sqlfiles.quote_value(_like(p))} ESCAPE '!'" for p in watch.metrics)
    names = tuple(sqlfiles.quote_value(name) for name in wanted)
    return StatsItem(names, tuple(wanted), likes)


METRIC_NAME = "CASE WHEN column_name = '' THEN metric ELSE concat(column_name, '.', metric) END"


def _with_statistics(project: ProjectContext) -> Iterator[tuple[str, str]]:
    for spec in project.specs("stats"):
        for step in project.steps(spec):
            member = step.into.member_of
            constants = dict(member.constants) if member else {}
            if member and member.family == STATS_FAMILY and constants.get("grain", "partition") == "partition":
                yield str(constants.get("table_name", step.into.name)), step.into.name


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    """By the patterns in their order: the last one that matches says."""
    found = [not pattern.startswith("-") for pattern in patterns if fnmatchcase(name, pattern.removeprefix("-"))]
    return bool(found) and found[-1]


def _like(pattern: str) -> str:
    escaped = pattern.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return escaped.replace("*", "%").replace("?", "_")
