"""The tables of anomalies: series, judgements and alerts, and their columns."""

from __future__ import annotations

from drawloom.frameworks.anomalies.spec import ALERTS, FAMILY, Anomalies
from drawloom.frameworks.base import ProjectContext
from drawloom.model import Column, Membership, Table

_KEY = (
    Column("table_name", "VARCHAR", "what is watched: a table, or the name of a SELECT"),
    Column("metric", "VARCHAR", "row_count, or a column that is added up"),
    Column("series", "VARCHAR", "like country=US; '' for the one series of a metric"),
)
SERIES = (
    *_KEY,
    Column("slice", "VARCHAR", "dimensions that the value is cut by, like country,platform; '' for the series itself"),
    Column("slice_value", "VARCHAR", "the values of these"),
    Column("value", "DOUBLE"),
    Column("weight", "DOUBLE", "of a ratio: what it is divided by"),
)
_JUDGEMENT = (
    Column("value", "DOUBLE"),
    Column("expected", "DOUBLE", "by the days before; NULL where there are too few"),
    Column("lower", "DOUBLE", "the lowest value that is not flagged"),
    Column("upper", "DOUBLE", "the highest one"),
    Column("score", "DOUBLE", "how odd, in robust standard deviations; negative below what was expected"),
    Column("kind", "VARCHAR", "'' or spike, drop, drift, change (of what had been constant), empty, loaded twice"),
    Column("severity", "VARCHAR", "'' or warn, error"),
    Column("status", "VARCHAR", "unjudged, fine, open, held, muted, acknowledged, expected or wrong"),
    Column("alert", "VARCHAR", "the id of its alert"),
    Column("first_seen", "DATE", "the first flagged day of the alert"),
    Column("last_seen", "DATE", "the last one so far"),
    Column("explanation", "VARCHAR", "JSON: what explains the change"),
)
_SPEC = Column("spec", "VARCHAR", "the spec that watches it")
JUDGED = (_SPEC, *_KEY, *_JUDGEMENT)
ALERT = (
    _SPEC,
    Column("alert", "VARCHAR", "its id, the same on all of its days"),
    *_KEY,
    Column("summary", "VARCHAR", "what happened, in words"),
    *(column for column in _JUDGEMENT if column.name != "alert"),
    Column("days", "BIGINT", "from the first flagged day to this one"),
    Column("others", "BIGINT", "further series of the table that are flagged"),
)


def anomalies_table(spec: Anomalies, project: ProjectContext, ending: str) -> Table:
    """A table of a spec: _series, '' for judgements, _alerts, or _passed."""
    columns = {"_series": SERIES, "": JUDGED, "_alerts": ALERT, "_passed": (Column("errors", "BIGINT"),)}[ending]
    family = {"": FAMILY, "_alerts": ALERTS}.get(ending)
    descriptions = {
        "_series": f"The values that {spec.name} watches, and those of their slices.",
        "": spec.description or "How odd each watched value of a day is.",
        "_alerts": "One row for each alert with a flagged series on the day.",
        "_passed": "There on days without an unanswered alert of severity error: who reads it waits for that.",
    }
    return Table(
        spec.table + ending,
        columns,
        cluster=("table_name", "metric", "series") if ending in {"_series", ""} else (),
        unique={"": ("table_name", "metric", "series"), "_alerts": ("alert",)}.get(ending, ()),
        owner=project.owner(spec),
        description=descriptions[ending],
        member_of=Membership(family, (("spec", spec.name),)) if family else None,
    )
