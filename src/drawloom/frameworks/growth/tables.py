"""The tables of growth: their columns, and how long they are kept."""

from __future__ import annotations

from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.growth.spec import Growth
from drawloom.frameworks.growth.values import TABLES
from drawloom.model import Column, Table

STATE_DAYS = 7

_ACTIVITY = Column("activity", "VARCHAR")
_WINDOW = Column("window_days", "INTEGER")
_STEP = Column("step", "VARCHAR", "day: against the window a day before; window: against the one before this")
_CUT = Column("cut", "VARCHAR", "the dimensions of the row, joined by commas; '' for the total")
_METRICS = (
    Column("active", "BIGINT", "active in the window"),
    Column("new", "BIGINT", "active for the first time: on this day, or in this window"),
    Column("retained", "BIGINT", "active now and before"),
    Column("resurrected", "BIGINT", "active again, after a step without"),
    Column("churned", "BIGINT", "active before and not now"),
    Column("stale", "BIGINT", "known, and active neither now nor before"),
    Column("ever", "BIGINT", "ever active so far"),
    Column("net_moved", "BIGINT", "came into this cell from others, less those that left it for others"),
    Column("warmup", "BOOLEAN", "too early: everybody still looks new"),
)
_RATIOS = tuple(Column(name, "DOUBLE") for name in ("quick_ratio", "retention_rate", "stickiness"))
_KEEP = (
    Column("dimension", "VARCHAR"),
    Column("value", "VARCHAR"),
    Column("rank", "BIGINT"),
    Column("entities", "BIGINT"),
)
_DESCRIPTIONS = {
    "days": "The entities of a day: what each did, and its dimensions.",
    "state": "Every entity so far: its first and last day and a map of 56 days for each activity, and its dimensions. "
    "Between month ends, those who are long away may be groups: rows without an entity, for so many entities.",
    "counts": "Entities by cut and by how they stand; everything else is added up from it.",
    "keep": "The values of long-tailed dimensions that are shown by name.",
    "engagement": "Entities by their number of active days: L7 and L28.",
    "ratios": "Ratios of the accounting, NULL where they have no divisor.",
}


def growth_table(spec: Growth, project: ProjectContext, key: str) -> Table:
    """The table of a key of ``TABLES``. The columns of days and state depend on the type of the entity: not declared."""
    return Table(
        name=spec.table + TABLES[key],
        columns=_columns(spec, key),
        owner=project.owner(spec),
        description=_DESCRIPTIONS.get(key, spec.description),
        keep=STATE_DAYS if key == "state" else None,
        keep_month_ends=key == "state",
    )


def _columns(spec: Growth, key: str) -> tuple[Column, ...]:
    dims = tuple(Column(name, "VARCHAR", "NULL where it is not in the cut") for name in spec.dimensions)
    match key:
        case "counts":
            return (
                _ACTIVITY,
                *dims,
                Column("flags", "BIGINT"),
                Column("active_days", "INTEGER"),
                Column("n", "BIGINT"),
            )
        case "keep":
            return _KEEP
        case "accounting":
            return (_ACTIVITY, _WINDOW, _STEP, _CUT, *dims, *_METRICS)
        case "engagement":
            return (_ACTIVITY, _WINDOW, _CUT, *dims, Column("days_active", "INTEGER"), Column("entities", "BIGINT"))
        case "ratios":
            return (_ACTIVITY, _WINDOW, _STEP, _CUT, *dims, *_RATIOS)
    return ()
