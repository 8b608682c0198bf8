"""Environments in the registry: which there are, where their partitions are stored, and what these replace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from drawloom.run.registry.tables import ENVIRONMENT_TABLES, ENVIRONMENTS, REPLACED, in_utc, upsert_query

Key = tuple[str, date]


@dataclass(frozen=True, slots=True)
class EnvironmentInfo:
    """An environment: its first day (None: that of the project), when it was made, when it expires, and its tables.

    ``tables`` maps a table's name to that of the table with the environment's partitions of it.
    """

    name: str
    first: date | None
    created: datetime
    expires: datetime
    tables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replaced:
    """The partition of production that one of an environment replaces.

    ``base`` is the run that had written it when the environment's was written, empty where there was none.
    ``is_kept``: it was kept for the way back. ``promoted`` is the run whose partition was put in its place, empty before.
    """

    base: str
    is_kept: bool = False
    promoted: str = ""


class Environments:
    """The environments of a registry. Every method is one short transaction."""

    def __init__(self, begin: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._begin = begin

    def list(self) -> list[EnvironmentInfo]:
        """All environments by name."""
        with self._begin() as connection:
            tables: dict[str, dict[str, str]] = {}
            for name, table, stored in connection.execute(sa.select(ENVIRONMENT_TABLES)):
                tables.setdefault(name, {})[table] = stored
            rows = connection.execute(sa.select(ENVIRONMENTS).order_by(ENVIRONMENTS.c.environment)).all()
        return [
            EnvironmentInfo(name, first, in_utc(created), in_utc(expires), dict(sorted(tables.get(name, {}).items())))
            for name, first, created, expires in rows
        ]

    def find(self, name: str) -> EnvironmentInfo | None:
        """The environment of this name."""
        return next((one for one in self.list() if one.name == name), None)

    def save(self, info: EnvironmentInfo) -> None:
        """Create an environment, or change it."""
        row = {"environment": info.name, "first": info.first, "created": info.created, "expires": info.expires}
        tables = [
            {"environment": info.name, "name": table, "stored": stored} for table, stored in sorted(info.tables.items())
        ]
        with self._begin() as connection:
            connection.execute(upsert_query(ENVIRONMENTS, connection.dialect.name), [row])
            if tables:
                connection.execute(upsert_query(ENVIRONMENT_TABLES, connection.dialect.name), tables)

    def remove(self, name: str) -> None:
        """Forget an environment."""
        with self._begin() as connection:
            for table in (REPLACED, ENVIRONMENT_TABLES, ENVIRONMENTS):
                connection.execute(sa.delete(table).where(table.c.environment == name))

    def replaced(self, name: str) -> dict[Key, Replaced]:
        """What the partitions of an environment replace, by table and day."""
        query = sa.select(REPLACED).where(REPLACED.c.environment == name)
        with self._begin() as connection:
            return {(table, ds): Replaced(*more) for _, table, ds, *more in connection.execute(query)}

    def save_replaced(self, name: str, found: Mapping[Key, Replaced]) -> None:
        """Record what partitions of an environment replace."""
        rows: list[dict[str, Any]] = [
            {
                "environment": name,
                "name": table,
                "ds": ds,
                "base": one.base,
                "is_kept": one.is_kept,
                "promoted": one.promoted,
            }
            for (table, ds), one in sorted(found.items())
        ]
        if rows:
            with self._begin() as connection:
                connection.execute(upsert_query(REPLACED, connection.dialect.name), rows)

    def forget_replaced(self, name: str, keys: Iterable[Key]) -> None:
        """Forget what these partitions replaced."""
        with self._begin() as connection:
            for table, ds in keys:
                one = (REPLACED.c.environment == name, REPLACED.c.name == table, REPLACED.c.ds == ds)
                connection.execute(sa.delete(REPLACED).where(*one))
