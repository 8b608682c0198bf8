"""The client of the Spark Connect test, in its own process: a process has only one kind of session."""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import date
from typing import Any

from drawloom.engines.spark import Spark, connect
from drawloom.model import RunError, Table

D1, D2, D3 = (date(2026, 1, n) for n in (1, 2, 3))
ENDLESS = "SELECT count(*) AS n FROM range(1000000) AS a, range(1000000) AS b WHERE a.range % 7 = b.range % 11"


def main(url: str, location: str, schema: str) -> dict[str, Any]:
    """The results that the test checks."""
    engine = Spark(connect(url), location)
    table = f"{schema}.t"
    fill(engine, table, D1, "SELECT CAST(1 AS BIGINT) AS a, 'x' AS s", [])
    fill(engine, table, D2, f"SELECT a + 1 AS a, s FROM {table}", [D1])
    fill(engine, table, D3, f"SELECT a, s FROM {table} WHERE false", [D1])
    fill(engine, table, D2, f"SELECT a + 1 AS a, s FROM {table}", [D2])
    found: dict[str, Any] = {"days": [str(ds) for ds in engine.days(table)]}
    found["rows"] = engine.query(f"SELECT a, s, CAST(ds AS VARCHAR) AS ds FROM {table} ORDER BY ds").to_pylist()
    found["refused"] = error_message(engine, f"SELECT a,\n  nope\nFROM {table}")
    found["stopped"] = interrupted(engine)
    engine.sweep([table])
    engine.drop(table, D1)
    found["left"] = [str(ds) for ds in engine.days(table)]
    engine.spark.sql(f"DROP SCHEMA {schema} CASCADE")
    return found


def fill(engine: Spark, table: str, ds: date, sql: str, days: list[date]) -> None:
    with engine.task({table: days} if days else {}) as task:
        engine.publish([task.stage(Table(table), ds, sql, {"run": f"r{time.monotonic_ns()}"})])


def error_message(engine: Spark, sql: str) -> str:
    try:
        engine.query(sql)
    except RunError as error:
        return str(error)
    return ""


def interrupted(engine: Spark) -> str:
    with engine.task({}) as task:
        threading.Timer(2, task.interrupt).start()
        try:
            task.fetch(ENDLESS)
        except RunError as error:
            return error.problems[0].code
    return ""


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
