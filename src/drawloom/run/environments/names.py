"""The names of environments, and of the tables that store their partitions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from drawloom.model import Fix, Problem, Step, refuse

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
MAX_LENGTH = 40
_KEPT = "__kept"


def check_name(name: str) -> str:
    """The name, if it is one.

    Raises:
        InputError: it is not a word of small letters, digits, - and _, or too long.
    """
    if not _NAME.fullmatch(name) or len(name) > MAX_LENGTH:
        rule = f"must be small letters, digits, single - and _, beginning with a letter, at most {MAX_LENGTH}"
        raise refuse("bad-environment", f"environment == {name!r}, {rule}.", None, "Like dev or pr-123.")
    return name


def schema_of(environment: str) -> str:
    """The schema of an environment's tables: engines know no - in names."""
    return environment.replace("-", "_")


def kept_table(stored: str) -> str:
    """The table that keeps the partitions of production that those of this table have replaced."""
    schema, _, rest = stored.partition(".")
    return f"{schema}{_KEPT}.{rest}"


def schemas_of(environment: str) -> tuple[str, str]:
    """The schemas into which an environment writes."""
    return schema_of(environment), f"{schema_of(environment)}{_KEPT}"


def store_names(environment: str, tables: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """The table that stores an environment's partitions of each table, like ``dev.core__rides``.

    ``a.b__c`` and ``a__b.c`` would be stored in one: the later one gets a number. ``known`` are those that have a name.
    """
    names = dict(known)
    for table in sorted(tables):
        if table not in names:
            names[table] = _free_name(f"{schema_of(environment)}.{table.lower().replace('.', '__')}", names.values())
    return {table: names[table] for table in sorted(tables)}


def _free_name(wanted: str, taken: Collection[str]) -> str:
    names = (wanted, *(f"{wanted}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def environment_schema(step: Step, environment: str) -> Problem:
    """The problem of a step that writes into the schema of an environment."""
    schema = step.into.name.partition(".")[0]
    message = f"table == {step.into.name}, must not be in the schema {schema} of the environment {environment}."
    fix = Fix(f"Choose another schema, or `drawloom env drop {environment}`.")
    return Problem("two-owners", "error", message, step.where, fix)
