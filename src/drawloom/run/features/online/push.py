"""``drawloom features push``: one day of a set to the online store that its spec names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from drawloom.engines import quote
from drawloom.frameworks.features.online import Online
from drawloom.frameworks.features.spec import Features
from drawloom.model import KEY, refuse
from drawloom.model.problem import hide
from drawloom.run.features.online.postgres import PostgresStore
from drawloom.run.features.online.redis import RedisStore
from drawloom.run.features.online.rows import Store, Version
from drawloom.run.features.online.sqlite import SQLiteStore
from drawloom.run.features.wanted import find_set
from drawloom.specs.env import expand

if TYPE_CHECKING:
    from drawloom.run.project import Project

ROWS = 20_000  # of a batch
SCHEMES = {"postgres": ("postgresql", "postgres"), "redis": ("redis", "rediss", "unix")}
DRIVERS = {"postgres": "psycopg", "redis": "redis"}


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed: the set, the day, how many rows, and where to."""

    set: str
    ds: date
    rows: int
    store: str
    table: str


def push_features(project: Project, name: str, ds: date | None = None) -> Pushed:
    """Push one day of a set of features; the old version stays for readers until the new one is whole.

    Args:
        project: the project.
        name: the set.
        ds: the day; the newest one that there is otherwise.

    Raises:
        InputError: the set or the day does not exist, has expired, or nothing says where to.
        RunError: the store cannot be reached, or refuses; it has the old version.
    """
    spec = find_set(project, name)
    online = spec.online
    if online is None:
        fix = "Like online: {push: sqlite, path: var/online.db, table: rider_activity}."
        raise refuse("not-online", f"{spec.name} has no `online`, must say where it is pushed to.", spec.where, fix)
    day = _day(project, spec, ds)
    expires = _expires(spec, online, day)
    store = open_store(project, spec, online)
    with _version(project, spec, online, day, expires) as version:
        rows = store.replace(version)
    return Pushed(spec.name, day, rows, online.push, online.table)


def _day(project: Project, spec: Features, ds: date | None) -> date:
    days = project.engine.days(spec.table)
    if not days:
        raise refuse(
            "no-partition", f"{spec.table} has no partition, must have one.", None, f"drawloom run {spec.name}"
        )
    if ds is not None and ds not in days:
        message = f"ds == {ds}, must be a day of {spec.table}, which has {days[0]} to {days[-1]}."
        raise refuse("no-partition", message, None, f"drawloom run {spec.name} --ds {ds}")
    return ds or days[-1]


def _expires(spec: Features, online: Online, day: date) -> int | None:
    """When features of a day are no longer used: they are valid from the midnight after it."""
    if online.ttl is None:
        return None
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) + online.ttl
    if end <= datetime.now(UTC):
        message = f"ds == {day}, must be no older than online.ttl allows: nobody would use features after {end:%Y-%m-%d %H:%M} UTC."
        raise refuse("expired", message, spec.place("online", "ttl"), f"Fill a newer day: drawloom run {spec.name}.")
    return int(end.timestamp())


def open_store(project: Project, spec: Features, online: Online) -> Store:
    """The store that a spec names; it is not connected to yet.

    Raises:
        InputError: its URL is not in the environment or of another store, or its driver is not installed.
    """
    if online.push == "sqlite":
        return SQLiteStore(project.config.root / (online.path or ""))
    place, name = spec.place("online", "connection"), online.connection or ""
    if find_spec(DRIVERS[online.push]) is None:
        message = f"online.push == {online.push}, must have {DRIVERS[online.push]} installed."
        raise refuse("missing-package", message, spec.place("online", "push"), "pip install 'drawloom[online]'")
    url = expand(f"${{{name}}}")
    parts = urlsplit(url)
    if parts.password:
        hide(parts.password, f"{name}: its password")
        hide(unquote(parts.password), f"{name}: its password")
    if parts.scheme not in SCHEMES[online.push]:
        rule = " or ".join(f"{scheme}://..." for scheme in SCHEMES[online.push])
        raise refuse("bad-url", f"online.connection == {name}, must hold a URL like {rule}.", place)
    return PostgresStore(url, name) if online.push == "postgres" else RedisStore(url, name)


@contextmanager
def _version(project: Project, spec: Features, online: Online, day: date, expires: int | None) -> Iterator[Version]:
    columns = project.engine.columns(spec.table)
    names = [*spec.entity.key, KEY, *(column.name for column in columns if column.name not in spec.entity.key)]
    items = ", ".join(map(quote.name, names))
    source = f"FROM {quote.dotted(spec.table.split('.'))} WHERE {KEY} = {quote.day(day)}"
    with project.engine.task({spec.table: [day]}) as task:
        schema = task.query(f"SELECT {items} {source} LIMIT 0").schema
        batches = task.batches(f"SELECT {items} {source}", ROWS)
        yield Version(online.table, spec.entity.key, schema, day, expires, batches)
