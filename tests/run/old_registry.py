"""Registries as drawloom made them before they had versions."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

TABLES = """
CREATE TABLE drawloom_columns (name VARCHAR NOT NULL, columns TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE drawloom_failures (
  name VARCHAR NOT NULL, ds DATE NOT NULL, error TEXT NOT NULL, at {moment} NOT NULL, PRIMARY KEY (name, ds)
);
CREATE TABLE drawloom_files (
  name VARCHAR NOT NULL, ds VARCHAR NOT NULL, stamp VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL,
  PRIMARY KEY (name, ds)
);
CREATE TABLE drawloom_landed (
  name VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, file TEXT NOT NULL, at {moment} NOT NULL,
  PRIMARY KEY (name, fingerprint)
);
CREATE TABLE drawloom_partitions (
  name VARCHAR NOT NULL, ds DATE NOT NULL, run VARCHAR NOT NULL, rows BIGINT NOT NULL, bytes BIGINT NOT NULL,
  content VARCHAR NOT NULL, code VARCHAR NOT NULL, seen VARCHAR NOT NULL, at {moment} NOT NULL,
  seconds FLOAT NOT NULL, stamp VARCHAR NOT NULL, inputs TEXT NOT NULL, PRIMARY KEY (name, ds)
)
"""
ROWS = """
INSERT INTO drawloom_columns VALUES ('core.a', '[["n", "BIGINT"]]');
INSERT INTO drawloom_failures VALUES ('core.b', '2026-01-01', 'boom', '{at}');
INSERT INTO drawloom_files VALUES ('raw.x', '2026-01-01', 's', 'f');
INSERT INTO drawloom_landed VALUES ('raw.x', 'f', 'a.csv', '{at}');
INSERT INTO drawloom_partitions VALUES (
  'core.a', '2026-01-01', 'run1', 3, 100, 'abc', 'v1', 'digest', '{at}', 0.5, 's', '{{"raw.x": {{"2026-01-01": "x"}}}}'
);
INSERT INTO drawloom_partitions VALUES (
  'core.a', '2026-01-02', 'run2', 4, 110, 'def', 'v1', 'digest', '{at}', 0.5, 's', '{{}}'
)
"""


def database(url: str) -> sa.Engine:
    """A connection to the database besides that of the registry."""
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg2://"), poolclass=sa.pool.NullPool)


def make_old(url: str, without: str = "") -> None:
    """An old registry with rows in every table; it may lack one, as older ones did."""
    postgres = url.startswith("postgresql")
    if not postgres:
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True)
    tables = TABLES.format(moment="TIMESTAMP WITH TIME ZONE" if postgres else "DATETIME")
    rows = ROWS.format(at="2026-01-02 03:04:05.000678" + ("+00" if postgres else ""))
    with database(url).connect() as connection:
        if not postgres:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        for statement in (tables + ";" + rows).split(";"):
            if not without or without not in statement:
                connection.exec_driver_sql(statement)
        connection.commit()


def dump(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the registry, without the version."""
    with database(url).connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name != "drawloom_version"]
        return {name: _rows(connection, name) for name in sorted(names)}


def _rows(connection: sa.Connection, table: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))
