"""The laws of all frameworks, on ten days of visits around a month end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from drawloom.testing import FrameworkCase
from tests.frameworks.growth.golden import COUNTS, VISITS
from tests.frameworks.growth.reference import Growth, Spec

pytestmark = pytest.mark.unmeasured

FIRST = date(2026, 1, 25)
DAYS = [FIRST + timedelta(days=n) for n in range(10)]
SPEC = """kind: growth
name: visitors
source: web.visits
entity: rider_id
activities: {visits: true}
until: "forever: a test"
"""


def test_growth_keeps_all_laws(tmp_path: Path) -> None:
    visits = [row for row in VISITS.events() if row["ds"] in DAYS]
    reference = Growth(Spec(), FIRST, DAYS[-1], visits)
    names = ("ds", "window_days", "step", *COUNTS)
    accounting = [{name: row[name] for name in names} for day in DAYS for row in reference.growth(day)]
    engagement = [
        {name: row[name] for name in ("ds", "window_days", "days_active", "entities")}
        for day in DAYS
        for row in reference.engagement(day)
    ]
    expected = {"growth.visitors": accounting, "growth.visitors_engagement": engagement}
    FrameworkCase(SPEC, {"web.visits": visits}, expected).check(tmp_path)
