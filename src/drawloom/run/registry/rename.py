"""Renaming a table in the registry: its partitions, and what the records of others say that they have read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from drawloom.model import Inputs, inputs_digest
from drawloom.run.registry.tables import ATTACHED, COLUMNS, FAILURES, FILES, LANDED, PARTITIONS

Codes = Mapping[str, tuple[str, str]]  # table -> fingerprint before, after


def rename_table(connection: sa.Connection, old: str, new: str, codes: Codes) -> None:
    """Rename a table, within the transaction of the connection; doing it again changes nothing.

    Args:
        connection: of the registry.
        old: its name.
        new: its new name.
        codes: by table, with the new name, the fingerprints of steps of which only the table's name is another one.
    """
    for table in (COLUMNS, FAILURES, FILES, LANDED, ATTACHED):
        if connection.execute(sa.select(table.c.name).where(table.c.name == old).limit(1)).first():
            connection.execute(sa.delete(table).where(table.c.name == new))  # left over from a table that is gone
            connection.execute(sa.update(table).where(table.c.name == old).values(name=new))
    connection.execute(sa.update(PARTITIONS).where(PARTITIONS.c.name == old).values(name=new))
    changed = list(_readers(connection, old, new))
    if changed:
        same = (PARTITIONS.c[name] == sa.bindparam(f"key_{name}") for name in ("name", "ds"))
        connection.execute(sa.update(PARTITIONS).where(*same), changed)
    for name, (before, after) in codes.items():
        of_step = (PARTITIONS.c.name == name, PARTITIONS.c.code == before)
        connection.execute(sa.update(PARTITIONS).where(*of_step).values(code=after))


def _readers(connection: sa.Connection, old: str, new: str) -> Iterator[dict[str, Any]]:
    """The rows of partitions that have read the table."""
    columns = (PARTITIONS.c.name, PARTITIONS.c.ds, PARTITIONS.c.inputs, PARTITIONS.c.seen)
    query = sa.select(*columns).where(PARTITIONS.c.inputs.contains(json.dumps(old), autoescape=True))
    for name, ds, text, seen in connection.execute(query).all():
        before = json.loads(text)
        if old in before:
            after = rename_input(before, old, new)
            same = seen == inputs_digest(before)
            row = {"inputs": json.dumps(after, sort_keys=True), "seen": inputs_digest(after) if same else seen}
            yield {"key_name": name, "key_ds": ds, **row}


def rename_input(inputs: Inputs, old: str, new: str) -> dict[str, Mapping[str, str]]:
    """The inputs with the new name of a table."""
    return {new if table == old else table: days for table, days in inputs.items()}
