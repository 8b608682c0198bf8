"""Planned looks at an experiment: their days, and intervals that hold on all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.statistics import Comparison

Shares = Mapping[str, Sequence[float]]


def look_days(start: date, looks: Sequence[int]) -> list[date]:
    """The days of looks: a look after seven days is on the seventh day."""
    return [start + timedelta(days=days - 1) for days in looks]


def planned_looks(counts: pa.Table, settings: Mapping[str, Any], day: date) -> Shares | None:
    """For each variant the share of the expected subjects at each look up to a day; None where that day is none.

    Subjects are counted as they are known on the day, so late ones change earlier shares a little, and bounds with them.
    """
    days = [one for one in look_days(date.fromisoformat(settings["start"]), settings["looks"]) if one <= day]
    if not days or days[-1] != day:
        return None
    exposed = [
        (date.fromisoformat(r["cut_value"]), r["variant"], r["n"]) for r in counts.to_pylist() if r["kind"] == "day"
    ]
    return {
        variant: [
            sum(n for on, name, n in exposed if on <= look and name in {variant, settings["baseline"]})
            / settings["sequential"]
            for look in days
        ]
        for variant in settings["variants"]
        if variant != settings["baseline"]
    }


def fill_look(
    columns: dict[str, Any], at: Sequence[int], found: Comparison, variants: Sequence[str], settings: Mapping[str, Any]
) -> None:
    """The sequential columns of a planned look; on other days, and where nothing can be spent, they stay unknown."""
    import numpy as np

    import drawloom.statistics as st

    shares: Shares | None = settings["planned"]
    for variant in dict.fromkeys(variants) if shares else ():
        assert shares
        is_last = len(shares[variant]) == len(settings["looks"])
        information = [share for share in np.unique(shares[variant]) if share > 0]
        if not information or information[-1] != shares[variant][-1] or any(share >= 1 for share in information[:-1]):
            continue
        if not is_last and information[-1] > 1:
            information[-1] = 1.0  # more have come than were expected, so everything is spent here
        mine = np.array([number for number, name in enumerate(variants) if name == variant])
        rows = np.array(at)[mine]
        bound = float(
            st.look_bounds(information, settings["alpha"], spending=settings["spending"], is_last=is_last).z[-1]
        )
        effect, error = found.effect[mine], found.standard_error[mine]
        columns["sequential_low"][rows] = effect - bound * error
        columns["sequential_high"][rows] = effect + bound * error
        columns["sequential_p"][rows] = st.repeated_p(
            effect / np.where(error > 0, error, np.nan),
            information,
            settings["spending"],
            alpha=settings["alpha"],
            is_last=is_last,
        )
