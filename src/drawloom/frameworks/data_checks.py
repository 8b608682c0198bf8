"""Compiling the data checks of specs to SQL over the table ``staged`` that must return no rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import KEY, Check, Days, Read, Where
from drawloom.specs.checks import CheckSpec, Query, Ratio, Rows
from drawloom.sql.disk_cache import entry_name, versions, write

if TYPE_CHECKING:
    from sqlglot import exp

STAGED = "staged"


def compile_checks(
    specs: Iterable[CheckSpec],
    table: str,
    place: Callable[..., Where] = lambda *_: Where(),
    cache: Path | None = None,
) -> tuple[Check, ...]:
    """The checks of a table, in DuckDB's dialect, as templates over ds.

    Args:
        specs: the field ``checks`` of a spec.
        table: the table.
        place: the spec's ``place``, for messages.
        cache: a folder that keeps the SQL: the parser, which writes it, takes a fifth of a small project's plan to import.
    """
    listed = list(specs)
    path = cache / _entry(listed, table) if cache and any(_kind(spec) != "sql" for spec in listed) else None
    texts = _load(path, len(listed)) if path else None
    if texts is None:
        texts = [_COMPILERS[_kind(spec)](getattr(spec, _kind(spec)), table) for spec in listed]
        if path:
            with suppress(OSError):
                write(path, json.dumps(texts).encode())
    return tuple(
        Check(
            name,
            sql,
            spec.severity,
            _reads(spec, table),
            by_row=_kind(spec) in _BY_ROW,
            where=place("checks", number),
        )
        for number, (spec, (name, sql)) in enumerate(zip(listed, texts, strict=True))
    )


def _kind(spec: CheckSpec) -> str:
    return next(name for name in _COMPILERS if getattr(spec, name) is not None)


def _reads(spec: CheckSpec, table: str) -> tuple[Read, ...]:
    return (Read(table, Days.of(-7), "offset"),) if spec.same_weekday else ()


def _entry(specs: Sequence[CheckSpec], table: str) -> str:
    """The name in the cache. By ``repr``: 1, '1' and true are different values, and so are a date and its text."""
    this = Path(__file__).stat()
    return entry_name([repr(specs), table, this.st_size, this.st_mtime_ns, versions()], "checks")


def _load(path: Path, count: int) -> list[_Compiled] | None:
    """What was kept; None where nothing was, or what is there is no such list."""
    try:
        found = json.loads(path.read_bytes())
        texts = [(name, sql) for name, sql in found]
    except (OSError, ValueError, TypeError):
        return None
    is_whole = len(texts) == count and all(isinstance(text, str) for pair in texts for text in pair)
    return texts if is_whole else None


_Compiled = tuple[str, str]


def _not_null(columns: tuple[str, ...], _: str) -> _Compiled:
    from sqlglot import exp

    empty = exp.or_(*(_column(column).is_(exp.null()) for column in columns))
    return f"not_null({', '.join(columns)})", _template(_staged().where(empty))


def _unique(columns: tuple[str, ...], _: str) -> _Compiled:
    from sqlglot import exp

    keys = [_column(column) for column in columns]
    days = [key for key in [_column(KEY)] if key not in keys]
    given = exp.and_(*(key.is_(exp.null()).not_() for key in keys))
    count = exp.Count(this=exp.Star())
    query = (
        exp.select(*keys, exp.alias_(count, "copies"))
        .from_(STAGED)
        .where(given)
        .group_by(*days, *keys)
        .having(count > 1)
    )
    return f"unique({', '.join(columns)})", _template(query)


def _accepted_values(accepted: Mapping[str, Iterable[Any]], _: str) -> _Compiled:
    from sqlglot import exp

    others = [_column(name).isin(*map(_literal, values)).not_() for name, values in accepted.items()]
    return f"accepted_values({', '.join(accepted)})", _template(_staged().where(exp.or_(*others)))


def _rows(bounds: Rows, _: str) -> _Compiled:
    from sqlglot import exp

    counted = exp.select(exp.alias_(exp.Count(this=exp.Star()), "rows")).from_(STAGED)
    query = (
        exp.select("*").from_(counted.subquery("counted")).where(_outside(exp.column("rows"), bounds.min, bounds.max))
    )
    return f"rows({_bounds(bounds)})", _template(query)


def _same_weekday(bounds: Ratio, table: str) -> _Compiled:
    from sqlglot import exp

    rows, before = exp.column("rows"), exp.column("rows_before")
    ds = exp.cast(exp.Literal.string(_DAY), "date")
    count = exp.select(exp.Count(this=exp.Star()))
    now = count.from_(STAGED).subquery()
    then = (
        count.from_(_table(table))
        .where(exp.column("ds").eq(exp.Sub(this=ds, expression=exp.Literal.number(7))))
        .subquery()
    )
    counted = exp.select(exp.alias_(now, "rows"), exp.alias_(then, "rows_before")).subquery("counted")
    wrong = _outside(rows, bounds.min, bounds.max, before)
    query = exp.select("*").from_(counted).where(before > 0).where(wrong)
    sql = _template(query).replace(_DAY, "{{ ds }}")
    return f"same_weekday({_bounds(bounds)})", sql


def _sql(query: Query, _: str) -> _Compiled:
    return query.name, query.query


_COMPILERS: dict[str, Callable[[Any, str], _Compiled]] = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted_values": _accepted_values,
    "rows": _rows,
    "same_weekday": _same_weekday,
    "sql": _sql,
}
_BY_ROW = {"not_null", "unique", "accepted_values"}
_DAY = "drawloom-ds"


def _staged() -> exp.Select:
    from sqlglot import exp

    return exp.select("*").from_(STAGED)


def _column(name: str) -> exp.Column:
    from sqlglot import exp

    return exp.column(exp.to_identifier(name, quoted=True))


def _table(name: str) -> exp.Table:
    from sqlglot import exp

    schema, table = (exp.to_identifier(part, quoted=True) for part in name.split("."))
    return exp.Table(this=table, db=schema)


def _literal(value: object) -> exp.Expr:
    from sqlglot import exp

    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return exp.convert(value)


def _outside(rows: exp.Column, least: float | None, most: float | None, unit: exp.Column | None = None) -> exp.Expr:
    """Whether a number of rows is out of its bounds, which may be multiples of another number."""
    from sqlglot import exp

    def times(bound: float) -> exp.Expr:
        number = exp.Literal.number(f"{bound:g}")
        return exp.Mul(this=unit, expression=number) if unit else number

    below = [rows.copy() < times(least)] if least is not None else []
    above = [rows.copy() > times(most)] if most is not None else []
    return exp.or_(*below, *above)


def _bounds(bounds: Rows | Ratio) -> str:
    return ", ".join(
        f"{name}: {value:g}" for name, value in (("min", bounds.min), ("max", bounds.max)) if value is not None
    )


def _template(query: exp.Expr) -> str:
    """The SQL as a template: braces in names and values stay what they are."""
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", query.sql("duckdb"))
