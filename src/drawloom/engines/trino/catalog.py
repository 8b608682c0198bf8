"""One catalog of a Trino server: describes, creates and extends its schemas and tables; SQL helpers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlglot import exp
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from drawloom.engines.catalog.errors import wrong_partitioning
from drawloom.engines.catalog.partitions import decode_uri
from drawloom.engines.catalog.types import canonical_type, engine_type
from drawloom.engines.catalog.visible_days import day_condition
from drawloom.engines.trino.client import Client, RunningStatements, StatementResult
from drawloom.engines.trino.errors import error_name
from drawloom.model import KEY, Column, Fix, Problem, RunError, refuse

STAGING = "drawloom_staging"
FOLDER = ".trino"  # folder of the staging schema, which readers of the lake ignore
NOT_FOUND = {"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "NOT_FOUND"}
WRONG_CONNECTOR = "UNSUPPORTED_TABLE_TYPE"  # a table of the other connector in the same metastore
DAYS_PER_STATEMENT = 90  # days per statement; Trino writes at most 100 partitions in one
_ATTEMPTS = 12
_LOCATION = re.compile(r"\b(?:external_)?location = '((?:[^']|'')*)'")

Described = list[tuple[str, str, str]]
Widens = Callable[[str, str], bool]


class Catalog:
    """The tables of one catalog that are stored under one location."""

    def __init__(self, client: Client, name: str, location: str) -> None:
        self.client = client
        self.name = name
        self.location = decode_uri(location)
        self.statements = RunningStatements()
        self._staging = False

    def run(self, sql: str, **options: Any) -> StatementResult:
        """Run a statement that ``Trino.interrupt`` cancels."""
        return self.client.run(sql, self.statements, **options)

    def quoted_name(self, table: str) -> str:
        """A table's quoted name."""
        return ".".join(quoted(part) for part in (self.name, *split(table)))

    def metadata_table(self, table: str, kind: str) -> str:
        """The quoted name of a metadata table of a table, such as ``partitions``."""
        schema, rest = split(table)
        return ".".join(quoted(part) for part in (self.name, schema, f"{rest}${kind}"))

    def described(self, table: str) -> Described | None:
        """Name, DuckDB type and extra information of each column; None where the table does not exist.

        Raises:
            RunError: it is a table of another connector (see ``OTHER``), or Trino fails.
        """
        result = self._try_run(f"DESCRIBE {self.quoted_name(table)}")
        if result is None:
            return None
        rows = result.rows
        self._refuse_hidden(table, [(row[0], row[1]) for row in rows])
        return [(row[0], canonical(row[1], f"{table}.{row[0]}"), row[2]) for row in rows]

    def columns(self, table: str) -> list[tuple[str, str]] | None:
        """Name and DuckDB type of each column, in half the time of ``described``."""
        result = self._try_run(f"SELECT * FROM {self.quoted_name(table)} LIMIT 0")
        if result is None:
            return None
        found = result.columns
        self._refuse_hidden(table, found)
        return [(name, canonical(kind, f"{table}.{name}")) for name, kind in found]

    def _try_run(self, sql: str) -> StatementResult | None:
        """The result of a statement about a table; None where it does not exist."""
        try:
            return self.run(sql)
        except RunError as error:
            if error_name(error) in NOT_FOUND:
                return None
            raise

    def _refuse_hidden(self, table: str, found: Sequence[tuple[str, str]]) -> None:
        """Refuse tables of Spark with types that Hive does not have, such as TIMESTAMP_NTZ: Hive sees other columns."""
        if not found or found[0] != ("col", "array(varchar)"):
            return
        names = self.run(f"SELECT * FROM {self.metadata_table(table, 'properties')}").columns
        if any(name.startswith("spark.sql.sources.schema") for name, _ in names):
            message = f"{table} has a column type that only Spark can read, such as TIMESTAMP_NTZ."
            fix = Fix("Fill it with Trino into another table, or have Spark drop it and run its step with Trino.")
            raise RunError(Problem("engine-error", "error", message, fix=fix))

    def make_schema(self, schema: str, folder: str) -> None:
        """Create a schema, unless it exists.

        Its folder is created first. When two writers create a schema at once, the metastore refuses the slower one and
        removes the folder that it believes it created for it, with the tables that the faster one already has in it.
        """
        place = f"{self.location}/{folder}"
        if path := local(place):
            path.mkdir(parents=True, exist_ok=True)
        with suppress_existing():
            self.run(
                f"CREATE SCHEMA IF NOT EXISTS {quoted(self.name)}.{quoted(schema)} WITH (location = {text(place)})"
            )

    def make_staging(self) -> None:
        """Create the staging schema, unless it exists; checked once."""
        try:
            self.check_staging()
        except RunError as error:
            if error_name(error) not in NOT_FOUND:
                raise
            self.make_schema(STAGING, FOLDER)
            self._staging = True

    def check_staging(self) -> None:
        """Check that the staging schema exists, ahead of ``make_staging``.

        Raises:
            RunError: it does not exist.
        """
        if not self._staging:
            self.make_folder(STAGING)
            self._staging = True

    def make_folder(self, schema: str) -> None:
        """Create the folder of a schema again: it may have been in the lake of another project that was deleted since."""
        statement = self.run(f"SHOW CREATE SCHEMA {quoted(self.name)}.{quoted(schema)}").rows[0][0]
        if folder := local(location_of(statement)):
            folder.mkdir(parents=True, exist_ok=True)

    def create(self, table: str, listed: str, options: Mapping[str, str]) -> None:
        """Create a table, unless it exists."""
        properties = ", ".join(f"{name} = {value}" for name, value in options.items())
        with suppress_existing():
            self.run(f"CREATE TABLE IF NOT EXISTS {self.quoted_name(table)} ({listed}) WITH ({properties})")

    def evolve_columns(self, table: str, columns: Sequence[Column], widens: Widens) -> bool:
        """Add new columns to a table, and widen types where ``widens`` allows it; returns whether the table exists.

        Raises:
            RunError: its ``ds`` is not a date, or a column's type cannot be changed to the new one.
        """
        have = {name: Column(name, kind) for name, kind in self.columns(table) or ()}
        if have and (KEY not in have or have[KEY].type != "DATE"):
            raise RunError(wrong_partitioning(table, f"{KEY} ({have[KEY].type})" if KEY in have else ""))
        for column in columns if have else ():
            old = have.get(column.name.lower())
            if old is None:
                self.run(f"ALTER TABLE {self.quoted_name(table)} ADD COLUMN {self._listed(column)}")
            elif _plain(self.kind(old)) != _plain(self.kind(column)):
                if not widens(old.type, column.type):
                    raise RunError(_type_change(table, column, old))
                changed = f"ALTER COLUMN {quoted(column.name)} SET DATA TYPE {self.kind(column)}"
                self.run(f"ALTER TABLE {self.quoted_name(table)} {changed}")
        return bool(have)

    def kind(self, column: Column) -> str:
        """The type in which a column is stored."""
        return engine_type(column.type, "trino")

    def listed(self, columns: Iterable[Column]) -> str:
        """Columns with their types, for CREATE TABLE."""
        return ", ".join(map(self._listed, columns))

    def _listed(self, column: Column) -> str:
        return f"{quoted(column.name)} {self.kind(column)}"

    def folder(self, table: str) -> str:
        """The folder of a table that is created here."""
        schema, rest = split(table)
        return f"{self.location}/{schema}/{rest}"


def data_columns(found: Described) -> tuple[Column, ...]:
    """The columns without ``ds``."""
    return tuple(Column(name, kind) for name, kind, _ in found if name != KEY)


def split(table: str) -> tuple[str, str]:
    """Schema and name, in lower case."""
    schema, _, rest = table.lower().partition(".")
    return schema, rest


def quoted(name: str) -> str:
    """A quoted identifier."""
    return exp.to_identifier(name, quoted=True).sql("trino")


def names(columns: Iterable[Column], prefix: str = "") -> str:
    """The quoted names of columns, and of ``ds``."""
    return ", ".join(prefix + quoted(name) for name in (*(column.name for column in columns), KEY))


def text(value: str) -> str:
    """A string literal."""
    return exp.Literal.string(value).sql("trino")


def day(ds: date) -> str:
    """A day as a literal."""
    return f"DATE '{ds.isoformat()}'"


def day_filter(days: Collection[date], key: exp.Expr | None = None) -> str:
    """The condition that a row is of one of these days."""
    return day_condition(sorted(days), key).sql("trino")


def chunks(days: Iterable[date]) -> list[list[date]]:
    """The days in batches that one statement may write."""
    ordered = sorted(days)
    return [ordered[n : n + DAYS_PER_STATEMENT] for n in range(0, len(ordered), DAYS_PER_STATEMENT)]


def local(uri: str) -> Path | None:
    """The folder of a URI, where it is on this machine."""
    return Path("/" + uri.removeprefix("file:").lstrip("/")) if uri.startswith("file:") else None


def canonical(kind: str, what: str) -> str:
    """The DuckDB type of a type of Trino.

    Raises:
        InputError: DuckDB has no such type.
    """
    try:
        return canonical_type(kind, "trino")
    except Exception as error:  # of sqlglot or DuckDB, for an unknown type
        message = f"{what} has type {kind}, must be a type that DuckDB has as well."
        raise refuse(
            "bad-type", message, None, "Write CAST(... AS VARCHAR), or give a struct's members names."
        ) from error


def retry_on(*errors: str) -> Retrying:
    """Retry on conflicts with another writer; ``errors`` are Trino's names of them."""
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, RunError) and error_name(error) in errors),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(0.2, max=5),
        reraise=True,
    )


@contextmanager
def suppress_existing() -> Iterator[None]:
    """Ignore the error that another process has just created the same object."""
    try:
        yield
    except RunError as error:
        message = str(error).lower()
        if "already exists" not in message and "alreadyexists" not in message:
            raise


def location_of(statement: str) -> str:
    """The location in a SHOW CREATE statement of a schema or an external table; empty where there is none."""
    found = _LOCATION.search(statement)
    return found[1].replace("''", "'").rstrip("/") if found else ""


def never_widens(_old: str, _new: str) -> bool:
    """For tables whose types cannot be changed."""
    return False


def _plain(kind: str) -> str:
    """A type without quotes and in lower case: a metastore does not keep the case of members' names."""
    return re.sub(r'[\s"]', "", kind).lower()


def _type_change(table: str, column: Column, old: Column) -> Problem:
    message = f"{table}.{column.name} has type {old.type} in the catalog, must be {column.type}."
    return Problem("type-change", "error", message, fix=Fix("Give the column a new name, or fill another table."))
