"""The spec of an AutoDAG: a ``.sql`` file with a header, a YAML document, or Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, SkipValidation
from pydantic.json_schema import SkipJsonSchema

from drawloom.model import Problem
from drawloom.specs.base import PYTHON_ONLY, Spec
from drawloom.specs.checks import CheckSpec
from drawloom.specs.columns import DescribedColumns
from drawloom.specs.fields import DaysText, Keep, Name, Names, Plain, TableName, WaitText, check_function
from drawloom.specs.validation import RuleError

Dialect = Literal[
    "duckdb", "spark", "hive", "trino", "presto", "bigquery", "snowflake", "redshift", "postgres", "mysql"
]
DIALECTS: tuple[str, ...] = get_args(Dialect)


def _check_call(value: object) -> object:
    if not callable(value):
        raise RuleError("must be a Python function: write this spec in Python")
    return check_function(value)


class AutoDag(Spec):
    """A SELECT and the table whose partition it fills; its reads, waits and order are inferred from the SQL.

    In Python, ``call`` can replace ``sql``: a function that takes a StepContext and returns an Arrow table;
    ``reads`` declares the days of each table that it may read.
    """

    kind: Literal["autodag"] = Field("autodag", description="autodag; a .sql file needs no kind")
    table: TableName = Field(description="the table it fills, schema.table")
    sql: Name | None = Field(
        None, description="one SELECT, a template over ds; in a .sql file the text below the header"
    )
    call: SkipJsonSchema[Annotated[Callable[..., object], SkipValidation, AfterValidator(_check_call)] | None] = Field(
        None, description="a Python function instead of sql", json_schema_extra={PYTHON_ONLY: True}
    )
    reads: dict[TableName, DaysText] = Field(
        {}, description="the days of each table that `call` reads", json_schema_extra={PYTHON_ONLY: True}
    )
    dialect: Dialect = Field("duckdb", description="the dialect of the SQL")
    columns: DescribedColumns = Field(
        (),
        description="column: type, or column: {type, description, tags} of all; or {description, tags} of some, where the SELECT says which there are. A plain copy of a column has its description and tags. Values of columns tagged pii are not shown in messages",
    )
    cluster: Names = Field((), description="columns that each partition is sorted by")
    keep: Keep = Field(None, description="how long partitions are kept, like 90d; forever otherwise")
    depends_on: dict[TableName, WaitText] = Field(
        {},
        description="days of a table to wait for where they cannot be inferred, like -6..0, or none to wait for nothing",
    )
    checks: Annotated[tuple[CheckSpec, ...], Field(strict=False)] = Field(
        (), description="tests of a partition before it is published"
    )
    params: dict[str, Plain] = Field({}, description="values for {{ params.name }} in the SQL")

    def problems(self) -> Iterator[Problem]:
        """Exactly one of ``sql`` and ``call`` must be given, and ``reads`` only with ``call``."""
        if (self.sql is None) == (self.call is None):
            yield self._problem("sql", "sql is missing; in Python, `call` can be given instead.")
        if self.reads and self.call is None:
            yield self._problem(
                "reads", "reads is inferred from the SQL and must not be given; `depends_on` helps where that fails."
            )
        if self.depends_on and self.call is not None:
            yield self._problem("depends_on", "depends_on must not be given beside `call`, whose `reads` are declared.")

    def _problem(self, key: str, message: str) -> Problem:
        return Problem("invalid", "error", message, self.place(key))
