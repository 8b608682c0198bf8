"""One step-run's view of a catalog: its texts see the days that it declared, and what it stages is aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlglot import exp, parse_one

from drawloom.engines import hash as hashes
from drawloom.engines import quote
from drawloom.engines.base import HOUSE, Measure, Metas, Schemas, Staged, Visible
from drawloom.engines.catalog.narrow import narrow, partitions
from drawloom.engines.catalog.one import one_query
from drawloom.engines.catalog.select import WRONG, Query
from drawloom.engines.catalog.store import Rows, Store
from drawloom.engines.catalog.types import house_kind
from drawloom.engines.columns import Found as Given
from drawloom.engines.columns import check_arrow, outputs
from drawloom.engines.write import day, order_by
from drawloom.model import KEY, Column, Problem, RunError, Table, refuse
from drawloom.sql.dialect import transpile

if TYPE_CHECKING:
    import pyarrow as pa

STAGED = "staged"


class CatalogTask:
    """See ``base.Task``; used by one thread at a time.

    Where no row can be of a wrong day, what was staged is measured beside the checks: both only wait for the engine.
    """

    def __init__(self, store: Store, inputs: Visible, columns: Schemas, run: str) -> None:
        self._store = store
        self._session = store.session()
        self._run = run
        self._typed: dict[str, Mapping[str, str]] = {}  # what is known of the tables that texts name, for the dialect
        self._views: dict[str, exp.Query | exp.Table] = {}
        self._beside = ThreadPoolExecutor(1, "drawloom-measure")
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
        self._store.end(self)
        self._beside.shutdown()
        self._session.close()

    def stage(
        self,
        table: Table,
        ds: date,
        sql: str,
        meta: Mapping[str, str],
        known: Sequence[Column] = (),
        dialect: str = HOUSE,
    ) -> Staged:
        """Write what the SELECT gives as the partition ``ds`` of the table, aside.

        Raises:
            InputError: its columns cannot be stored, or the engine has no such SQL.
            RunError: the engine refuses or fails, or a row has another ``ds`` (wrong-day).
        """
        query = self._query(table, sql, known, dialect)
        name, rows = self._write(table, query, query.of(ds), {ds: meta})
        if query.key:
            return self._measured(name, rows, [ds])[0]
        measure = self._beside.submit(lambda: self._measure(name, rows).get(ds, _nothing(rows)))
        return Staged(table.name, ds, name, rows.run, rows.columns, measure)

    def stage_range(
        self, table: Table, sql: str, metas: Metas, known: Sequence[Column] = (), dialect: str = HOUSE
    ) -> list[Staged]:
        """Write all days of ``metas`` from one SELECT that projects ``ds``; days without rows are written empty.

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
        dialect: str = HOUSE,
    ) -> list[Staged]:
        """Write these days, each as its own SELECT gives it, in one pass.

        Raises:
            InputError: as ``stage``.
            RunError: as ``stage``; where a row is not of its day, the days must be run one by one to be told which.
        """
        first = self._query(table, texts[min(texts)], known, dialect)
        said = {ds: self._say(text, dialect) for ds, text in texts.items()}
        return self._measured(*self._write(table, first, first.together(said), metas), sorted(metas))

    def stage_arrow(
        self, table: Table, ds: date, data: pa.Table, meta: Mapping[str, str], known: Sequence[Column] = ()
    ) -> Staged:
        """Write Arrow data as the partition ``ds`` of the table, aside.

        Raises:
            InputError: it is no Arrow table, or its columns cannot be stored.
            RunError: as ``stage``.
        """
        import pyarrow as pa

        check_arrow(table.name, data)
        place = quote.dotted(self._session.upload(data).split("."))
        items = ", ".join(f"NULL AS {n}" if pa.types.is_null(kind) else n for n, kind in _quoted(data.schema))
        return self.stage(table, ds, f"SELECT {items} FROM {place}", meta, known)

    def rows(self, staged: Staged) -> str:
        """The SELECT of one partition, staged or published, with its ``ds``."""
        names = ", ".join(quote.name(column.name) for column in staged.columns)
        place = quote.dotted(staged.place.split("."))
        return f"SELECT {names}, {KEY} FROM {place} WHERE {KEY} = {day(staged.ds)}"

    def show(self, staged: Staged, name: str = STAGED) -> None:
        """Make one partition, staged or published, readable as the table of this name."""
        made = parse_one(self.rows(staged), read=HOUSE)
        assert isinstance(made, exp.Query)
        self._views[name.lower()] = made

    def query(self, sql: str, dialect: str = HOUSE) -> pa.Table:
        """The answer to one SELECT over the task's tables."""
        return self._session.arrow(self._say(sql, dialect))

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one SELECT that has few."""
        return self._session.fetch(self._say(sql, HOUSE))

    def interrupt(self) -> None:
        """Stop what the task runs now; it raises RunError in its own thread."""
        self._session.interrupt()

    def _say(self, sql: str, dialect: str) -> str:
        """The text in the engine's dialect, over what the task may see."""
        text = narrow(one_query(sql, dialect), dialect, self._views)
        if dialect == self._store.dialect:
            return text
        return transpile(text, dialect, self._store.dialect, self._typed, pretty=True)

    def _query(self, table: Table, sql: str, known: Sequence[Column], dialect: str) -> Query:
        said = self._say(sql, dialect)
        described = self._session.describe(said)
        found = Given(tuple(name for name, _ in described), tuple(house_kind(kind) for _, kind in described))
        stored = outputs(table.name, found, table.columns, known)
        time = any(name == found.key and kind.startswith(("DATE", "TIMESTAMP")) for name, kind in described)
        return Query(said, found.key, stored, self._store.dialect, time)

    def _write(self, table: Table, query: Query, select: str, metas: Metas) -> tuple[str, Rows]:
        order_by(table, query.outputs)  # refuses a cluster key that is no column
        run = next(iter(metas.values())).get("run", self._run)
        rows = Rows(table, query.columns, select, run, query.shift)
        name = self._session.stage(rows)
        self._know(name, rows.columns)
        return name, rows

    def _measured(self, name: str, rows: Rows, days: Sequence[date]) -> list[Staged]:
        """What was written, a partition for each day; refused where a row is of another day."""
        found = self._measure(name, rows)
        self._check_days(rows.table, days, found)
        return [Staged(rows.table.name, ds, name, rows.run, rows.columns, found.get(ds, _nothing(rows))) for ds in days]

    def _measure(self, name: str, rows: Rows, ds: date | None = None) -> dict[date | None, Measure]:
        found = self._session.measure(name, rows.columns, ds)
        return {
            key: Measure(count, size, hashes.content(rows.columns, count, total))
            for key, (count, total, size) in found.items()
        }

    @staticmethod
    def _check_days(table: Table, days: Sequence[date], found: Mapping[date | None, object]) -> None:
        wrong = [ds for ds in found if ds not in days]
        if not wrong:
            return
        shown = "NULL" if wrong[0] in (None, WRONG) else wrong[0]
        must = f"{days[0]}, the day of the partition" if len(days) == 1 else f"a day from {days[0]} to {days[-1]}"
        message = f"{table.name}.ds == {shown}, must be {must}, on every row."
        raise RunError(Problem("wrong-day", "error", message))

    def inspect(self, table: str, ds: date) -> Staged:
        """A published partition as if it had just been staged."""
        found = self._store.look(table)
        assert found is not None, table
        self._know(found.name, found.columns)
        rows = Rows(Table(table), found.columns, "", "")
        measured = self._measure(found.kept or found.name, rows, ds)
        return Staged(table, ds, found.name, "", found.columns, measured.get(ds, _nothing(rows)))

    def _view(self, table: str, days: Sequence[date] | None, given: Sequence[Column]) -> exp.Query | exp.Table:
        found = self._store.look(table)
        if found:
            self._know(found.name, found.columns, found.key)
            return partitions(found.named, days, found.columns, found.key)
        if given:
            return no_rows(given)
        raise refuse(
            "unknown-table",
            f"table == {table}, must have a partition, or declared columns.",
            None,
            "Declare its columns (name and type), or fill a partition of it first.",
        )

    def _know(self, name: str, columns: Sequence[Column], key: str | None = "DATE") -> None:
        self._typed[name.lower()] = {column.name: column.type for column in columns} | ({KEY: key} if key else {})


def no_rows(columns: Sequence[Column]) -> exp.Query:
    """A SELECT of these columns, and of ``ds``, without rows."""
    items = [exp.alias_(exp.cast(exp.null(), c.type, dialect=HOUSE), c.name, quoted=True) for c in columns]
    key = exp.alias_(exp.cast(exp.null(), exp.DType.DATE), KEY)
    return exp.select(*items, key).where(exp.false())


def _quoted(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    return [(quote.name(field.name), field.type) for field in schema]


def _nothing(rows: Rows) -> Measure:
    return Measure(0, 0, hashes.content(rows.columns, 0, ""))
