"""Special days: those that a spec lists, or the holidays of a country, by the package ``holidays``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec

from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.model import Fix, Problem
from drawloom.specs.validation import did_you_mean

YEARS = range(2000, 2061)  # fixed, so that a spec means the same every year


def calendar_problems(spec: Anomalies) -> Iterator[Problem]:
    """A country that is unknown, or cannot be known."""
    if not isinstance(spec.calendar, str):
        return
    if find_spec("holidays") is None:
        fix = Fix("pip install 'drawloom[calendars]', or list the days, like calendar: [2026-12-25].")
        rule = "must have the package holidays installed to know the days of a country"
        yield spec.problem(("calendar",), spec.calendar, rule, fix)
        return
    from holidays import list_supported_countries

    known = list_supported_countries()
    if spec.calendar not in known:
        fix = Fix(did_you_mean(spec.calendar, known) or "Like US, DE or JP; or list the days.")
        yield spec.problem(("calendar",), spec.calendar, "must be the code of a country, or a list of days", fix)


def special_days(spec: Anomalies) -> list[date]:
    """The special days of a spec, in order."""
    if isinstance(spec.calendar, str):
        from holidays import country_holidays

        return sorted(country_holidays(spec.calendar, years=YEARS))
    return sorted(spec.calendar or ())
