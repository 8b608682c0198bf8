"""{name} is a moment in UTC; as a day it is {day} when the day in {zone} is {meant}.

``data_interval_start`` and ``data_interval_end`` are moments in UTC, as in Airflow. Compared with times in UTC they are right.
Where days begin in another time zone, though, the day of such a moment in UTC can be another one than in that zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.rule import template_finding
from drawloom.sql.script import Script
from drawloom.sql.template.tags import tag_spans

CODE = "interval-in-utc"
SEVERITY: Severity = "warn"

# Only where it is made a day as it is: not after in_timezone(), and not by ts, which keeps the time.
_AS_DAY = re.compile(
    r"\b(data_interval_(?:start|end))\s*(?:\|\s*ds(?:_nodash)?\b|\.to_date_string\(|\.date\(|\.strftime\(\s*(['\"])[^%]*%Y[-/]?%m[-/]?%d\s*\2)"
)


def check(script: Script) -> Iterator[Problem]:
    """Bounds of the run's interval that are made a day in UTC, where that is not the day of the schedule's time zone."""
    zone = script.schedule.timezone
    for start, end in tag_spans(script.source):
        found = _AS_DAY.search(script.source, start, end)
        if not found or script.source.startswith("{#", start):
            continue
        first, last = script.schedule.interval(script.day)
        meant = first if found[1] == "data_interval_start" else last + timedelta(days=1)
        day = datetime(meant.year, meant.month, meant.day, tzinfo=ZoneInfo(zone)).astimezone(UTC).date()
        if day != meant:
            fix = Fix(f"Use {{{{ ds }}}}, or {found[1]}.in_timezone('{zone}').")
            yield template_finding(__name__, script, start, fix, name=found[1], day=day, zone=zone, meant=meant)
