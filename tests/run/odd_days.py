"""A project of steps that read other days on a few runs than on all others."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

FIRST, LAST = date(2024, 1, 1), date(2024, 3, 1)
UP_TO_TODAY = "AND ds <= DATE '{{ ds }}'"
TEXTS = {
    "day_13": "ds BETWEEN DATE '{{ ds }}' - CASE WHEN day(DATE '{{ ds }}') = 13 THEN 12 ELSE 0 END AND DATE '{{ ds }}'",
    "month_2": f"ds >= DATE '{{{{ ds }}}}' - IF(month(DATE '{{{{ ds }}}}') = 2, 9, 1) {UP_TO_TODAY}",
    "day_of_year": f"ds >= DATE '{{{{ ds }}}}' - (dayofyear(DATE '{{{{ ds }}}}') = 39)::INT * 20 {UP_TO_TODAY}",
    "one_day": "ds BETWEEN DATE '{{ ds }}' - {{ 9 if ds == '2024-02-20' else 0 }} AND DATE '{{ ds }}'",
    "logical_date": "ds BETWEEN DATE '{{ ds }}' - {{ 19 if logical_date.day == 22 else 0 }} AND DATE '{{ ds }}'",
    "leap_day": "ds >= '{{ macros.ds_add(ds, -40 if ds[5:] == '02-29' else 0) }}' AND ds <= '{{ ds }}'",
    "from_a_year_on": "ds >= DATE '{{ ds }}' - CASE WHEN year(DATE '{{ ds }}') < 2025 THEN 5 ELSE 0 END"
    f" {UP_TO_TODAY}",
    "quarter": f"date_trunc('quarter', ds) = DATE '{{{{ ds }}}}' - INTERVAL 1 MONTH {UP_TO_TODAY}",
    "block": "{% if logical_date.day == 17 %}ds <= '{{ ds }}' AND ds > '2024-01-30'{% else %}ds = '{{ ds }}'{% endif %}",
    "set": "{% set back = 30 if ds_nodash == '20240211' else 2 %}ds > DATE '{{ ds }}' - {{ back }} AND ds <= '{{ ds }}'",
    "parameters": "ds BETWEEN (SELECT d - CASE WHEN day(d) = 19 THEN 8 ELSE 0 END FROM (SELECT DATE '{{ ds }}' AS d))"
    " AND DATE '{{ ds }}'",
    "nothing": "ds = DATE '{{ ds }}' - CASE WHEN day(DATE '{{ ds }}') = 9 THEN NULL ELSE 0 END",
}
SETTINGS = f"""\
name: odd
start: {FIRST}
end: {LAST}
defaults: {{owner: data@example.com, retries: 0}}
sources:
  m.a: {{files: 'a/ds={{ds}}/*.csv', columns: {{id: BIGINT, v: BIGINT}}}}
  m.b: {{files: 'b/ds={{ds}}/*.csv', columns: {{id: BIGINT, v: BIGINT}}}}
"""
HEADER = "/* drawloom\ntable: core.{name}\nuntil: {{forever: it is a test}}\n*/\n"
ODD = date(2024, 2, 13)


def days(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def text_of(name: str) -> str:
    return f"SELECT ds AS of_day, id, v FROM m.a WHERE {TEXTS[name]}"


def write_day(root: Path, table: str, day: date, value: int = 1) -> None:
    path = root / table / f"ds={day}" / "rows.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"id,v\n{day.toordinal()},{value}\n")
    os.utime(path, (value, value))


def write_project(root: Path, specs: dict[str, str], first: date = FIRST) -> Path:
    (root / "specs").mkdir(parents=True)
    (root / "drawloom.yml").write_text(SETTINGS)
    for name, text in specs.items():
        (root / "specs" / f"{name}.sql").write_text(HEADER.format(name=name) + text)
    for day in days(first):
        for table in ("a", "b"):
            write_day(root, table, day)
    return root
