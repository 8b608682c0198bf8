"""A small project of visits: every kind of wait, a Python step that fails once, and a weekly table."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

START = date(2026, 1, 1)
END = date(2026, 1, 31)
UNTIL = "until: {forever: it is a test}"

SPECS = {
    "visits.sql": """\
/* drawloom
table: core.visits
description: Who came, and to which page.
until: {forever: it is a test}
*/
SELECT user_id, page, amount FROM raw.visits WHERE ds = '{{ ds }}'
""",
    "totals.sql": """\
/* drawloom
table: core.totals
columns: {user_id: BIGINT, amount: BIGINT}
until: {forever: it is a test}
*/
SELECT user_id, CAST(sum(amount) AS BIGINT) AS amount FROM (
  SELECT user_id, amount FROM core.totals WHERE ds = DATE '{{ macros.ds_add(ds, -1) }}'
  UNION ALL
  SELECT user_id, amount FROM core.visits WHERE ds = DATE '{{ ds }}'
) AS both_days GROUP BY user_id
""",
    "recent.sql": """\
/* drawloom
table: report.recent
until: {forever: it is a test}
*/
SELECT page, count(*) AS visits FROM core.visits
WHERE ds BETWEEN DATE '{{ macros.ds_add(ds, -2) }}' AND DATE '{{ ds }}' GROUP BY page
""",
    "weekly.sql": """\
/* drawloom
table: report.weekly
schedule: '@weekly'
until: {forever: it is a test}
*/
SELECT count(*) AS visits FROM core.visits
WHERE ds BETWEEN DATE '{{ macros.ds_add(ds, -6) }}' AND DATE '{{ ds }}'
""",
    "people.yml": """\
kind: growth
name: people
source: core.visits
entity: user_id
activities: {visits: true}
dimensions: {page: {}}
until: {forever: it is a test}
""",
    "hopeless.sql": """\
/* drawloom
table: core.hopeless
retries: 0
alerts: ['webhook:hook']
deadline: 1m
until: {forever: it is a test}
*/
SELECT CAST(page AS INTEGER) AS page FROM core.visits WHERE ds = '{{ ds }}'
""",
    "shaky.py": '''\
"""A step that fails the first time; a marker file remembers that."""
from pathlib import Path

import pyarrow as pa

from drawloom import AutoDag

HERE = Path(__file__).parents[1]


def shaky(context):
    marker = HERE / "tried"
    if not marker.exists():
        marker.touch()
        raise OSError("the line was busy")
    return pa.table({"pages": [context.read("core.visits").num_rows]})


def told(result):
    with (HERE / "told").open("a") as file:
        file.write(f"{result.table} {result.ds} {result.outcome}\\n")


spec = AutoDag(
    table="core.shaky",
    call=shaky,
    reads={"core.visits": "0"},
    until={"forever": "it is a test"},
    on_success=told,
    on_failure=told,
)
''',
}
SETTINGS = f"""\
name: visits
start: {START}
end: {END}
defaults: {{owner: data@example.com, retries: 2}}
sources:
  raw.visits:
    files: landing/ds={{ds}}/*.csv
    columns: {{user_id: BIGINT, page: VARCHAR, amount: BIGINT}}
"""


def write_visits_project(folder: Path) -> Path:
    """A project without any data."""
    (folder / "specs").mkdir(parents=True)
    (folder / "drawloom.yml").write_text(SETTINGS)
    for name, text in SPECS.items():
        (folder / "specs" / name).write_text(text)
    return folder


def land_visits(folder: Path, first: date, last: date | None = None) -> None:
    """Files of some days; what is in them follows from the day."""
    for number in range(((last or first) - first).days + 1):
        day = first + timedelta(days=number)
        rows = [f"{user},{page},{(day.day * user) % 7}" for user, page in _visits(day)]
        path = folder / "landing" / f"ds={day}" / "visits.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["user_id,page,amount", *rows]) + "\n")


def _visits(day: date) -> list[tuple[int, str]]:
    return [(user, "home" if (user + day.day) % 3 else "shop") for user in range(1, 30) if (user * day.day) % 4]
