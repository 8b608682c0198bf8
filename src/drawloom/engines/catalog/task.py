"""A task over a catalog: its queries see only the declared days, and staged partitions are not visible to others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlglot import exp, parse_one

from drawloom.engines import quote
from drawloom.engines.base import CANONICAL_DIALECT, Explanation, Measure, Metas, Schemas, Staged, Visible, content_hash
from drawloom.engines.catalog.session import StageQuery, TaskEngine
from drawloom.engines.catalog.types import duckdb_type, engine_type
from drawloom.engines.catalog.visible_days import limit_tables, parse_select, select_days
from drawloom.engines.columns import OutputColumn, QuerySchema, check_arrow, order_by, output_columns
from drawloom.model import KEY, Column, Problem, RunError, SliceRead, Table, refuse
from drawloom.sql.dialect import transpile

if TYPE_CHECKING:
    import pyarrow as pa


STAGED = "staged"


class CatalogTask:
    """See ``base.Task``; used by one thread at a time.

    Where no row can be of a wrong day, staged rows are measured in the background while they are checked, as both only
    wait for the engine.
    """

    def __init__(self, engine: TaskEngine, inputs: Visible, columns: Schemas, run: str) -> None:
        self._engine = engine
        self._session = engine.session()
        self._run = run
        self._types: dict[str, Mapping[str, str]] = {}  # columns of the tables, for translation
        self._views: dict[str, exp.Query | exp.Table] = {}
        self._measuring = ThreadPoolExecutor(1, "drawloom-measure")
        try:
            for table, days in inputs.items():
                self._views[table.lower()] = self._view(table, days, columns.get(table, ()))
        except BaseException:
            self._session.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.remove_task(self)
        self._measuring.shutdown()
        self._session.close()

    def stage(
        self,
        table: Table,
        ds: date,
        sql: str,
        meta: Mapping[str, str],
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,
    ) -> Staged:
        """Stage the result of a SELECT as the partition ``ds`` of the table.

        Raises:
            InputError: its columns cannot be stored, or the engine does not support the SQL.
            RunError: the engine refuses or fails, or a row has a different ``ds`` (wrong-day).
        """
        query = self._query(table, sql, known, dialect)
        name, rows = self._write(table, query, query.for_day(ds), {ds: meta})
        if query.key:
            return self._measured(name, rows, [ds])[0]
        measure = self._measuring.submit(lambda: self._measure(name, rows).get(ds, _no_rows_measure(rows)))
        return Staged(table.name, ds, name, rows.run, rows.columns, measure)

    def stage_range(
        self, table: Table, sql: str, metas: Metas, known: Sequence[Column] = (), dialect: str = CANONICAL_DIALECT
    ) -> list[Staged]:
        """Stage all days of ``metas`` from one SELECT that projects ``ds``; days without rows become empty partitions.

        Raises:
            InputError: as ``stage``, or the SELECT does not project ``ds``.
            RunError: as ``stage``, or a row's ``ds`` is not one of the days (wrong-day).
        """
        query = self._query(table, sql, known, dialect)
        if not query.key:
            raise refuse("bad-columns", f"the SELECT for {table.name} has no ds, must project it to fill many days.")
        return self._measured(*self._write(table, query, query.by_day, metas), sorted(metas))

    def stage_days(
        self,
        table: Table,
        texts: Mapping[date, str],
        metas: Metas,
        known: Sequence[Column] = (),
        dialect: str = CANONICAL_DIALECT,
    ) -> list[Staged]:
        """Stage these days in one pass, each from its own SELECT.

        Raises:
            InputError: as ``stage``.
            RunError: as ``stage``; the message for a row of another day does not name that day, running day by day does.
        """
        first = self._query(table, texts[min(texts)], known, dialect)
        translated = {ds: self._translate(text, dialect) for ds, text in texts.items()}
        return self._measured(*self._write(table, first, first.union_of_days(translated), metas), sorted(metas))

    def stage_arrow(
        self, table: Table, ds: date, data: pa.Table, meta: Mapping[str, str], known: Sequence[Column] = ()
    ) -> Staged:
        """Stage Arrow data as the partition ``ds`` of the table.

        Raises:
            InputError: it is not an Arrow table, or its columns cannot be stored.
            RunError: as ``stage``.
        """
        import pyarrow as pa

        check_arrow(table.name, data)
        relation = quote.dotted(self._session.upload(data).split("."))
        items = ", ".join(f"NULL AS {n}" if pa.types.is_null(kind) else n for n, kind in _quoted(data.schema))
        return self.stage(table, ds, f"SELECT {items} FROM {relation}", meta, known)

    def partition_sql(self, staged: Staged) -> str:
        """A SELECT of the rows of one partition, staged or published, with ``ds``."""
        names = ", ".join(quote.name(column.name) for column in staged.columns)
        place = quote.dotted(staged.location.split("."))
        return f"SELECT {names}, {KEY} FROM {place} WHERE {KEY} = {quote.day(staged.ds)}"

    def add_view(self, staged: Staged, name: str = STAGED) -> None:
        """Make one partition, staged or published, readable under this table name."""
        made = parse_one(self.partition_sql(staged), read=CANONICAL_DIALECT)
        assert isinstance(made, exp.Query)
        self._views[name.lower()] = made

    def add_query(self, name: str, sql: str, columns: Sequence[Column]) -> None:
        """Make the result of a SELECT over the task's tables readable under a table name."""
        limited = limit_tables(parse_select(sql, CANONICAL_DIALECT), CANONICAL_DIALECT, self._views)
        view = parse_one(limited, read=CANONICAL_DIALECT)
        assert isinstance(view, exp.Query)
        self._views[name.lower()] = view
        self._types[name.lower()] = {column.name: column.type for column in columns} | {KEY: "DATE"}

    def limit_rows(self, read: SliceRead) -> None:
        """Make only these slices of a table of the task readable."""
        view = self._views[read.table.lower()]
        wanted = exp.column(read.column, quoted=True).isin(*read.values)
        rows = view.subquery("s") if isinstance(view, exp.Query) else view
        self._views[read.table.lower()] = exp.select("*").from_(rows).where(wanted)

    def query(self, sql: str, dialect: str = CANONICAL_DIALECT) -> pa.Table:
        """The result of one SELECT over the task's tables."""
        return self._session.arrow(self._translate(sql, dialect))

    def batches(self, sql: str, rows: int) -> Iterator[pa.Table]:
        """The result of one SELECT, so many rows at a time; the engine hands over the whole of it."""
        found = self.query(sql)
        for start in range(0, max(found.num_rows, 1), rows):
            yield found.slice(start, rows)

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one SELECT whose result is small."""
        return self._session.fetch(self._translate(sql, CANONICAL_DIALECT))

    def explain(self, sql: str, dialect: str = CANONICAL_DIALECT) -> Explanation:
        """The engine's plan of one SELECT over the task's tables; Trino also runs it and tells rows and times."""
        how = "ANALYZE" if self._engine.dialect == "trino" else "FORMATTED"
        rows = self._session.fetch(f"EXPLAIN {how} {self._translate(sql, dialect)}")
        return Explanation("\n".join(str(row[0]) for row in rows))

    def interrupt(self) -> None:
        """Cancel the running statement, which raises RunError in its own thread."""
        self._session.interrupt()

    def _translate(self, sql: str, dialect: str) -> str:
        """The text in the engine's dialect, over the visible days only."""
        text = limit_tables(parse_select(sql, dialect), dialect, self._views)
        if dialect == self._engine.dialect:
            return text
        return transpile(text, dialect, self._engine.dialect, self._types, pretty=True)

    def _query(self, table: Table, sql: str, known: Sequence[Column], dialect: str) -> OutputQuery:
        translated = self._translate(sql, dialect)
        described = self._session.describe(translated)
        found = QuerySchema(tuple(name for name, _ in described), tuple(duckdb_type(kind) for _, kind in described))
        stored = output_columns(table.name, found, table.columns, known)
        time = any(name == found.key and kind.startswith(("DATE", "TIMESTAMP")) for name, kind in described)
        return OutputQuery(translated, found.key, stored, self._engine.dialect, time)

    def _write(self, table: Table, query: OutputQuery, select: str, metas: Metas) -> tuple[str, StageQuery]:
        order_by(table, query.outputs)  # raises where the cluster key is not a column
        run = next(iter(metas.values())).get("run", self._run)
        rows = StageQuery(table, query.columns, select, run, query.shift)
        name = self._session.stage(rows)
        self._add_types(name, rows.columns)
        return name, rows

    def _measured(self, name: str, rows: StageQuery, days: Sequence[date]) -> list[Staged]:
        """The staged partition of each day; raises RunError where a row is of another day."""
        found = self._measure(name, rows)
        self._check_days(rows.table, days, found)
        return [
            Staged(rows.table.name, ds, name, rows.run, rows.columns, found.get(ds, _no_rows_measure(rows)))
            for ds in days
        ]

    def _measure(self, name: str, rows: StageQuery, ds: date | None = None) -> dict[date | None, Measure]:
        found = self._session.measure(name, rows.columns, ds)
        return {
            key: Measure(count, size, content_hash(rows.columns, count, total))
            for key, (count, total, size) in found.items()
        }

    @staticmethod
    def _check_days(table: Table, days: Sequence[date], found: Mapping[date | None, object]) -> None:
        wrong = [ds for ds in found if ds not in days]
        if not wrong:
            return
        shown = "is missing or no day" if wrong[0] in (None, WRONG_DAY) else f"== {wrong[0]}"
        must = f"{days[0]}, the day of the partition" if len(days) == 1 else f"a day from {days[0]} to {days[-1]}"
        message = f"{table.name}.ds {shown}, must be {must}, on every row."
        raise RunError(Problem("wrong-day", "error", message))

    def inspect(self, table: str, ds: date) -> Staged:
        """A published partition, described like a staged one."""
        found = self._engine.find_table(table)
        assert found is not None, table
        self._add_types(found.name, found.columns)
        rows = StageQuery(Table(table), found.columns, "", "")
        measured = self._measure(found.base_table or found.name, rows, ds)
        return Staged(table, ds, found.name, "", found.columns, measured.get(ds, _no_rows_measure(rows)))

    def _view(self, table: str, days: Sequence[date] | None, given: Sequence[Column]) -> exp.Query | exp.Table:
        found = self._engine.find_table(table)
        if found:
            self._add_types(found.name, found.columns, found.key)
            return select_days(found.identifier, days, found.columns, found.key)
        if given:
            return select_no_rows(given)
        raise refuse(
            "unknown-table",
            f"table {table} has neither partitions nor declared columns.",
            None,
            "Declare its columns (name and type), or fill a partition of it first.",
        )

    def _add_types(self, name: str, columns: Sequence[Column], key: str | None = "DATE") -> None:
        self._types[name.lower()] = {column.name: column.type for column in columns} | ({KEY: key} if key else {})


def select_no_rows(columns: Sequence[Column]) -> exp.Query:
    """A SELECT of these columns and ``ds`` that returns no rows."""
    items = [exp.alias_(exp.cast(exp.null(), c.type, dialect=CANONICAL_DIALECT), c.name, quoted=True) for c in columns]
    key = exp.alias_(exp.cast(exp.null(), exp.DType.DATE), KEY)
    return exp.select(*items, key).where(exp.false())


def _quoted(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(quote.name(field.name), field.type) for field in schema]


def _no_rows_measure(rows: StageQuery) -> Measure:
    return Measure(0, 0, content_hash(rows.columns, 0, ""))


WRONG_DAY = date(1, 1, 1)  # replaces the day of a row that is not of the requested day


@dataclass(frozen=True, slots=True)
class OutputQuery:
    """A SELECT in the engine's dialect, the name under which it projects ``ds`` (or None), and the stored columns."""

    text: str
    key: str | None
    outputs: Sequence[OutputColumn]
    dialect: str
    time: bool = False  # whether ``ds`` is a date or a time
    shift: int = 1  # lines before the user's text

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are stored."""
        return tuple(output.column for output in self.outputs)

    def for_day(self, ds: date) -> str:
        """The rows of one day."""
        return self.by_day if self.key else self._select(self.text, self._literal(ds))

    @property
    def by_day(self) -> str:
        """The rows, each with its own ``ds`` as a date; NULL where it is not a date."""
        return self._select(self.text, self._key_date)

    def union_of_days(self, texts: Mapping[date, str]) -> str:
        """The rows of many days, each day from its own text."""
        parts = [self._select(text, self._checked(ds)) for ds, text in sorted(texts.items())]
        return "\nUNION ALL\n".join(parts)

    def _select(self, text: str, day: exp.Expression) -> str:
        items = [_cast(output, self.dialect) for output in self.outputs]
        key = exp.alias_(day, KEY).sql(self.dialect)
        return f"SELECT {', '.join(items)}, {key} FROM (\n{text}\n) AS q"

    def _checked(self, ds: date) -> exp.Expression:
        if not self.key:
            return self._literal(ds)
        same = exp.NullSafeEQ(this=self._key_date, expression=self._literal(ds))
        return exp.case().when(same, self._literal(ds)).else_(self._literal(WRONG_DAY))

    @property
    def _key_date(self) -> exp.Expression:
        """A date, a time or a text as a date; NULL for anything else, such as a number."""
        key = _column(self.key or KEY)
        # Dates and times are not cast to text first: Trino does not parse a timestamp's text as a date.
        value = key if self.time else exp.cast(key, exp.DType.VARCHAR)
        return exp.TryCast(this=value, to=exp.DataType.build("DATE"), safe=True)

    def _literal(self, ds: date) -> exp.Expression:
        return exp.cast(exp.Literal.string(ds.isoformat()), exp.DType.DATE)


def _column(name: str) -> exp.Column:
    return exp.column(name, table="q", quoted=True)


def _cast(output: OutputColumn, dialect: str) -> str:
    source = _column(output.source).sql(dialect)
    name = exp.to_identifier(output.column.name, quoted=True).sql(dialect)
    return f"CAST({source} AS {engine_type(output.column.type, dialect)}) AS {name}"
