"""Tables with the day in their name: ``events_20240717`` is one day of the table ``events_*``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drawloom.model import Days
from drawloom.sql.dayset import DaySet, Probed
from drawloom.sql.prune import Place
from drawloom.sql.values import parse_time

_DAY = re.compile(r"(?<!\d)(\d{4})([-_]?)(\d{2})\2(\d{2})(?!\d)")


def unite_shards(places: Sequence[Sequence[Place]], probed: Sequence[Probed]) -> None:
    """Give the tables whose names follow the run's day one name, and the day as what is read of them.

    Args:
        places: for each variant of a text the places where it reads tables; they are changed.
        probed: the runs of each variant.
    """
    if len(places) < 2:
        return
    common = set.intersection(*({place.table for place in some} for some in places))
    for some, runs in zip(places, probed, strict=True):
        for place in some:
            found = _DAY.search(place.table) if place.table not in common else None
            day = parse_time("-".join(found.group(1, 3, 4))) if found else None
            if found is not None and day is not None:
                place.table = f"{place.table[: found.start()]}*{place.table[found.end() :]}"
                place.days = runs.both(place.days, DaySet(dates=Days.of(day.toordinal())))
