"""Random texts, filled in ranges that are cut anywhere and come in any order, store what DuckDB gives over the days so far."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from drawloom.run.project import Project
from drawloom.sql.analysis import analyze
from drawloom.sql.template.rendering import render
from tests.sql.days.on_a_day import Lake, around
from tests.sql.days.random_sql import RandomSql

DAYS = around(date(2024, 3, 1), 8, 8)
WRITTEN = DAYS[5:-5]
RANGES = 6
TABLES = ("a", "b", "c")
CONFIG = (
    f"name: ranges\nstart: {DAYS[0]}\nend: {DAYS[-1]}\ndefaults: {{owner: a@example.com, retries: 0}}\nsources:\n"
    + "".join(f"  m.{table}: {{files: '{table}/ds={{ds}}/*.parquet', gaps: true}}\n" for table in TABLES)
)
# Texts at random do what no text should.
ALLOWED = "cartesian, missing-partition-filter, unbounded, union-columns"
SPEC = """/* drawloom
table: core.{name}
start: {first}
until: {last}
*/
-- drawloom: allow {allowed} (random texts)
SELECT count(*) AS n, sum(hash(r)::HUGEINT)::VARCHAR AS what
FROM (
{text}
) AS r
"""


def write_project(folder: Path, lake: Lake, texts: dict[str, str]) -> None:
    (folder / "specs").mkdir(parents=True)
    (folder / "drawloom.yml").write_text(CONFIG)
    for table in TABLES:
        for (day,) in lake.connection.execute(f"SELECT DISTINCT ds FROM f.{table}").fetchall():
            path = folder / table / f"ds={day}" / "rows.parquet"
            path.parent.mkdir(parents=True)
            lake.connection.execute(
                f"COPY (SELECT id, v FROM f.{table} WHERE ds = '{day}') TO '{path}' (FORMAT parquet)"
            )
    for name, text in texts.items():
        spec = SPEC.format(name=name, first=WRITTEN[0], last=WRITTEN[-1], allowed=ALLOWED, text=text)
        (folder / "specs" / f"{name}.sql").write_text(spec)


def made_lake() -> Lake:
    """The days of the tables with columns in the order of files in folders: the day is the last one."""
    lake = Lake("DATE", DAYS)
    for table in TABLES:
        lake.connection.execute(f"CREATE OR REPLACE TABLE f.{table} AS SELECT id, v, ds FROM f.{table}")
    return lake


def result(lake: Lake, text: str, day: date) -> tuple[int, int | None]:
    """What DuckDB gives over all days up to that of the run: of a whole history a step sees no later ones."""
    return lake.result(render(text, day).text, {f"m.{table}": f"ds <= '{day}'" for table in TABLES})


def random_texts(lake: Lake, pick: Random, count: int) -> dict[str, str]:
    """Texts that DuckDB runs on each day, and whose rows do not depend on later days or on the clock."""
    texts: dict[str, str] = {}
    while len(texts) < count:
        text = RandomSql(pick.choice).script()
        try:
            waits = any(lake.whole_result(render(text, day).text) != result(lake, text, day) for day in WRITTEN)
        except duckdb.Error:
            continue
        if not waits and {problem.code for problem in analyze(text).problems}.isdisjoint(("reads-future", "clock")):
            texts[f"t{len(texts)}"] = text
    return texts


def cut(pick: Random) -> list[tuple[date, date]]:
    """The written days as ranges, in any order."""
    starts = [WRITTEN[0], *sorted(pick.sample(WRITTEN[1:], RANGES - 1))]
    ends = [start - timedelta(days=1) for start in starts[1:]] + [WRITTEN[-1]]
    return pick.sample(list(zip(starts, ends, strict=True)), RANGES)


def stored(project: Project, name: str) -> dict[date, tuple[int, int | None]]:
    """The rows of each day of a table: how many, and their hash."""
    rows: list[dict[str, Any]] = project.query(f"SELECT ds, n, what FROM core.{name}").to_pylist()
    return {row["ds"]: (row["n"], None if row["what"] is None else int(row["what"])) for row in rows}


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("seed", "count"), [(0, 6), *(pytest.param(seed, 50, marks=pytest.mark.nightly) for seed in range(1, 7))]
)
def test_ranges_of_random_texts_store_what_all_rows_give(tmp_path: Path, seed: int, count: int) -> None:
    pick = Random(seed)
    lake = made_lake()
    texts = random_texts(lake, pick, count)
    write_project(tmp_path / "project", lake, texts)
    with Project.load(tmp_path / "project") as project:
        assert [problem for problem in project.check() if problem.severity == "error"] == []
        for first, last in cut(pick):
            summary = project.run(project.plan([], first, last))
            assert [result for result in summary.results if result.outcome == "failed"] == []
        found = {name: stored(project, name) for name in texts}
    assert sum(map(len, found.values())) > 0.8 * count * len(WRITTEN)
    for name, text in texts.items():
        for day, rows in found[name].items():
            assert rows == result(lake, text, day), (day, text)
