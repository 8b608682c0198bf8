"""One catalog of a Trino: how its tables are named, described, made and widened."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlglot import exp
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from drawloom.engines.catalog.errors import not_by_day
from drawloom.engines.catalog.narrow import among
from drawloom.engines.catalog.places import decoded
from drawloom.engines.catalog.types import engine_type, house_type
from drawloom.engines.trino.client import Answer, Client, Watch
from drawloom.engines.trino.errors import name_of
from drawloom.model import KEY, Column, Fix, Problem, RunError, refuse

STAGING = "drawloom_staging"
FOLDER = ".trino"  # of the staging schema: no reader of the lake looks into it
MISSING = {"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "NOT_FOUND"}
OTHER = "UNSUPPORTED_TABLE_TYPE"  # a table of the other connector in the same metastore
WRITERS = 90  # days of one statement: Trino writes at most 100 partitions in one
_ATTEMPTS = 12
_PLACE = re.compile(r"\b(?:external_)?location = '((?:[^']|'')*)'")

Described = list[tuple[str, str, str]]
Widens = Callable[[str, str], bool]


class Catalog:
    """The tables of one catalog that are kept under one location."""

    def __init__(self, client: Client, name: str, location: str) -> None:
        self.client = client
        self.name = name
        self.location = decoded(location)
        self.watch = Watch()
        self._staging = False

    def run(self, sql: str, **options: Any) -> Answer:
        """Run a statement that can be stopped together with the others of the engine."""
        return self.client.run(sql, self.watch, **options)

    def named(self, table: str) -> str:
        """A table's quoted name."""
        return ".".join(quoted(part) for part in (self.name, *split(table)))

    def beside(self, table: str, kind: str) -> str:
        """The quoted name of a table about a table, such as that of its partitions."""
        schema, rest = split(table)
        return ".".join(quoted(part) for part in (self.name, schema, f"{rest}${kind}"))

    def described(self, table: str) -> Described | None:
        """Name, type as DuckDB spells it, and what else is said of each column; None where there is no such table.

        Raises:
            RunError: it is a table of another connector (see ``OTHER``), or Trino fails.
        """
        answer = self._ask(f"DESCRIBE {self.named(table)}")
        if answer is None:
            return None
        rows = answer.rows
        self._refuse_hidden(table, [(row[0], row[1]) for row in rows])
        return [(row[0], house(row[1], f"{table}.{row[0]}"), row[2]) for row in rows]

    def columns(self, table: str) -> list[tuple[str, str]] | None:
        """Name and type of each column as ``described`` tells them, in half the time."""
        answer = self._ask(f"SELECT * FROM {self.named(table)} LIMIT 0")
        if answer is None:
            return None
        found = answer.columns
        self._refuse_hidden(table, found)
        return [(name, house(kind, f"{table}.{name}")) for name, kind in found]

    def _ask(self, sql: str) -> Answer | None:
        """The answer about a table; None where it is not there."""
        try:
            return self.run(sql)
        except RunError as error:
            if name_of(error) in MISSING:
                return None
            raise

    def _refuse_hidden(self, table: str, found: Sequence[tuple[str, str]]) -> None:
        """Spark keeps columns that Hive does not have, such as TIMESTAMP_NTZ, to itself, and shows others instead."""
        if not found or found[0] != ("col", "array(varchar)"):
            return
        names = self.run(f"SELECT * FROM {self.beside(table, 'properties')}").columns
        if any(name.startswith("spark.sql.sources.schema") for name, _ in names):
            message = f"{table} has a column of a type that only Spark reads (TIMESTAMP_NTZ?), must have types of Hive."
            fix = Fix("Fill it with Trino into another table, or have Spark drop it and run its step with Trino.")
            raise RunError(Problem("engine-error", "error", message, fix=fix))

    def make_schema(self, schema: str, folder: str) -> None:
        """Have a schema; one that is there stays where it is.

        Its folder is made first: of two that make a schema at once, the metastore removes the folder, with the tables that
        the faster one has in it by then, when it refuses the slower one and thinks that it had made the folder for it.
        """
        place = f"{self.location}/{folder}"
        if path := local(place):
            path.mkdir(parents=True, exist_ok=True)
        with suppress_existing():
            self.run(
                f"CREATE SCHEMA IF NOT EXISTS {quoted(self.name)}.{quoted(schema)} WITH (location = {text(place)})"
            )

    def make_staging(self) -> None:
        """Have the schema for what is not published; it is asked for once."""
        try:
            self.look_for_staging()
        except RunError as error:
            if name_of(error) not in MISSING:
                raise
            self.make_schema(STAGING, FOLDER)
            self._staging = True

    def look_for_staging(self) -> None:
        """Spare ``make_staging`` its question.

        Raises:
            RunError: there is no such schema.
        """
        if not self._staging:
            self.make_folder(STAGING)
            self._staging = True

    def make_folder(self, schema: str) -> None:
        """Have the folder of a schema: it may be in the lake of another project on this machine that is gone by now."""
        said = self.run(f"SHOW CREATE SCHEMA {quoted(self.name)}.{quoted(schema)}").rows[0][0]
        if folder := local(place_of(said)):
            folder.mkdir(parents=True, exist_ok=True)

    def create(self, table: str, listed: str, options: Mapping[str, str]) -> None:
        """Have a table with these columns; one that is there stays as it is."""
        said = ", ".join(f"{name} = {value}" for name, value in options.items())
        with suppress_existing():
            self.run(f"CREATE TABLE IF NOT EXISTS {self.named(table)} ({listed}) WITH ({said})")

    def fit(self, table: str, columns: Sequence[Column], widens: Widens) -> bool:
        """Give a table the columns that it does not have, and wider types where it can have them; whether it is there.

        Raises:
            RunError: its ``ds`` is no date, or a column has a type that does not become the other.
        """
        have = {name: Column(name, kind) for name, kind in self.columns(table) or ()}
        if have and (KEY not in have or have[KEY].type != "DATE"):
            raise RunError(not_by_day(table, f"{KEY} ({have[KEY].type})" if KEY in have else ""))
        for column in columns if have else ():
            old = have.get(column.name.lower())
            if old is None:
                self.run(f"ALTER TABLE {self.named(table)} ADD COLUMN {self._listed(column)}")
            elif _plain(self.kind(old)) != _plain(self.kind(column)):
                if not widens(old.type, column.type):
                    raise RunError(_narrower(table, column, old))
                changed = f"ALTER COLUMN {quoted(column.name)} SET DATA TYPE {self.kind(column)}"
                self.run(f"ALTER TABLE {self.named(table)} {changed}")
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
        """Where a table is kept that is made here."""
        schema, rest = split(table)
        return f"{self.location}/{schema}/{rest}"


def data_columns(found: Described) -> tuple[Column, ...]:
    """The columns without ``ds``."""
    return tuple(Column(name, kind) for name, kind, _ in found if name != KEY)


def split(table: str) -> tuple[str, str]:
    """Schema and name, as Trino has them."""
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


def within(days: Collection[date], key: exp.Expr | None = None) -> str:
    """The test whether a row is of one of these days."""
    return among(sorted(days), key).sql("trino")


def chunks(days: Iterable[date]) -> list[list[date]]:
    """Days, as many as one statement may write."""
    ordered = sorted(days)
    return [ordered[n : n + WRITERS] for n in range(0, len(ordered), WRITERS)]


def local(uri: str) -> Path | None:
    """The folder of a URI where it is on this machine."""
    return Path("/" + uri.removeprefix("file:").lstrip("/")) if uri.startswith("file:") else None


def house(kind: str, what: str) -> str:
    """A type of Trino as DuckDB spells it.

    Raises:
        InputError: DuckDB has none that is like it.
    """
    try:
        return house_type(kind, "trino")
    except Exception as error:  # of sqlglot or DuckDB, which do not know the name
        message = f"{what} has type {kind}, must be a type that DuckDB has, too."
        raise refuse(
            "bad-type", message, None, "Write CAST(... AS VARCHAR), or give a struct's members names."
        ) from error


def again(*errors: str) -> Retrying:
    """Try again where another writer was in the way; ``errors`` are Trino's names for that."""
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, RunError) and name_of(error) in errors),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(0.2, max=5),
        reraise=True,
    )


@contextmanager
def suppress_existing() -> Iterator[None]:
    """Pass over that another process has made it at the same moment."""
    try:
        yield
    except RunError as error:
        said = str(error).lower()
        if "already exists" not in said and "alreadyexists" not in said:
            raise


def place_of(said: str) -> str:
    """Where SHOW CREATE says that a schema is, or a table that Trino does not own; empty where it does not."""
    found = _PLACE.search(said)
    return found[1].replace("''", "'").rstrip("/") if found else ""


def never(_old: str, _new: str) -> bool:
    """What a table can do with its types that cannot change them."""
    return False


def _plain(kind: str) -> str:
    """A type without quotes and the case of its members' names, which a metastore does not keep."""
    return re.sub(r'[\s"]', "", kind).lower()


def _narrower(table: str, column: Column, old: Column) -> Problem:
    message = f"{table}.{column.name} has type {old.type} in the catalog, must be {column.type}."
    return Problem("type-change", "error", message, fix=Fix("Give the column a new name, or fill another table."))
