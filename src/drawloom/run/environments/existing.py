"""The environments that exist: finding one, and dropping it with all that it stores."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drawloom.model import refuse
from drawloom.run.environments.names import kept_table
from drawloom.run.registry.environments import EnvironmentInfo

if TYPE_CHECKING:
    from drawloom.run.warehouse import Warehouse


def drop(production: Warehouse, name: str) -> EnvironmentInfo:
    """Drop an environment with all that it stores; what was promoted stays.

    Raises:
        InputError: there is none of this name.
    """
    info = find(production, name)
    production.registry.require_writable()
    for stored in info.tables.values():
        for table in (stored, kept_table(stored)):
            production.engine.drop_table(table)
            production.registry.forget_table(table)
    production.registry.environments.remove(name)
    return info


def drop_expired(production: Warehouse) -> list[str]:
    """Drop the environments that have expired; returns their names."""
    now = datetime.now(UTC)
    return [drop(production, info.name).name for info in production.registry.environments.list() if info.expires < now]


def find(production: Warehouse, name: str) -> EnvironmentInfo:
    """The environment of this name.

    Raises:
        InputError: there is none.
    """
    found = {info.name: info for info in production.registry.environments.list()}
    if name not in found:
        there = ", ".join(found) or "none yet"
        fix = f"There are: {there}. `drawloom run --env {name}` makes one."
        raise refuse("unknown-environment", f"environment == {name!r}, must be one that exists.", None, fix)
    return found[name]
