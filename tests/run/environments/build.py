"""A small project for the tests of environments: raw events, and four tables that depend on each other in different ways."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from string import Template

from drawloom.run.project import Project

START = date(2026, 3, 1)
DAYS = 6
SPECS = {
    "core.events": """/* drawloom
table: core.events
until: {forever: test}
checks: [{unique: [event]}]
*/
SELECT event, who, amount * $factor AS amount$more FROM raw.events WHERE ds = DATE '{{ ds }}'
""",
    "core.people": """/* drawloom
table: core.people
until: {forever: test}
columns: {who: VARCHAR, events: BIGINT, amount: BIGINT}
checks: [{unique: [who]}]
*/
WITH known AS (
  SELECT who, events, amount FROM core.people WHERE ds = DATE '{{ ds }}' - INTERVAL '1' DAY
  UNION ALL SELECT who, 1, amount FROM core.events WHERE ds = DATE '{{ ds }}'
)
SELECT who, CAST(sum(events) AS BIGINT) AS events, CAST(sum(amount) + $plus AS BIGINT) AS amount FROM known GROUP BY who
""",
    "core.week": """/* drawloom
table: core.week
until: {forever: test}
*/
SELECT who, CAST(sum(amount) AS BIGINT) AS amount, $constant AS constant
FROM core.events WHERE ds BETWEEN DATE '{{ ds }}' - INTERVAL '2' DAY AND DATE '{{ ds }}' GROUP BY who
""",
    "core.apart": """/* drawloom
table: core.apart
until: {forever: test}
*/
SELECT count(*) AS events, $apart AS constant FROM raw.events WHERE ds = DATE '{{ ds }}'
""",
}
VALUES = {"factor": "1", "more": "", "plus": "0", "constant": "1", "apart": "1"}
Contents = dict[tuple[str, date], str]


def day(number: int) -> date:
    """The days of the project from 1 on."""
    return START + timedelta(days=number - 1)


def write_project(root: Path, engine: str = "", **values: str) -> Path:
    """Write the project's settings and specs; raw events are landed by ``land``."""
    (root / "specs").mkdir(parents=True, exist_ok=True)
    settings = f"name: env\nstart: {START}\nend: {day(DAYS)}\ndefaults: {{owner: me@example.com}}\n{engine}"
    (root / "drawloom.yml").write_text(settings)
    write_specs(root, **values)
    return root


def write_specs(root: Path, **values: str) -> None:
    """Write the specs with these values in their SQL."""
    for table, text in SPECS.items():
        sql = Template(text).substitute(VALUES | values)
        (root / "specs" / f"{table.partition('.')[2]}.sql").write_text(sql)


def land(root: Path, late: Mapping[date, int] | None = None) -> None:
    """Land the events of each day; days in ``late`` have so many more."""
    with Project.load(root) as project:
        for number in range(1, DAYS + 1):
            ds = day(number)
            extra = (late or {}).get(ds, 0)
            rows = [f"{number}{n},{'abc'[n % 3]},{number + n},{ds}" for n in range(4 + extra)]
            if late is not None and not extra:
                continue
            path = root / f"events-{ds}-{extra}.csv"
            path.write_text("\n".join(["event,who,amount,day", *rows]) + "\n")
            project.land("raw.events", [str(path)], ds="day", replace=late is not None)


def built(root: Path) -> Path:
    """A project whose production is up to date."""
    write_project(root)
    land(root)
    with Project.load(root) as project:
        assert project.run().exit_code == 0
    return root


def contents(root: Path) -> Contents:
    """The content hash of every partition of the specs' tables, read again from what is stored."""
    with Project.load(root) as project:
        found: Contents = {}
        for table in SPECS:
            for ds in project.engine.days(table):
                part = project.engine.find_partition(table, ds)
                assert part
                found[table, ds] = part.content
        return found


def built_anew(root: Path, folder: Path) -> Contents:
    """What production computes of the same specs and raw files from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns("dev*", "core", "registry.db*", ".drawloom", ".locks"))
    with Project.load(folder) as project:
        project.run()
    return contents(folder)
