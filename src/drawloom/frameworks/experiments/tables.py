"""The tables of an experiment and their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.experiments.spec import HEALTH, RESULTS, Experiment
from drawloom.model import Column, Membership, Table

if TYPE_CHECKING:
    pass

# y: the value; d: the denominator of a ratio; x and z: the same before the exposure.
MOMENTS = (("y", ""), ("d", "_denominator"), ("x", "_pre"), ("z", "_pre_denominator"))
PAIRS = (
    ("y", "d", "c_denominator"),
    ("y", "x", "c_pre"),
    ("y", "z", "c_pre_denominator"),
    ("d", "x", "c_denominator_pre"),
    ("d", "z", "c_denominator_pre_denominator"),
    ("x", "z", "c_pre_pre_denominator"),
)
QUANTILES = ("quantile", "quantile_low", "quantile_high")
_CELL = (
    Column("cut", "VARCHAR", "what the row is cut by; '' for all"),
    Column("cut_value", "VARCHAR", "the value of the cut; '' for all"),
)


def _doubles(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "DOUBLE") for name in names)


STATISTICS = (
    Column("metric", "VARCHAR"),
    Column("variant", "VARCHAR"),
    *_CELL,
    Column("n", "BIGINT", "units"),
    *_doubles(*(f"{kind}{name}" for _, name in MOMENTS for kind in ("mean", "m2"))),
    *_doubles(*(name for _, _, name in PAIRS), *QUANTILES),
)
COUNTS = (
    Column("kind", "VARCHAR", "what is counted"),
    *_CELL,
    Column("variant", "VARCHAR"),
    Column("n", "BIGINT"),
)
RESULT_NUMBERS = [
    "mean_baseline",
    "mean_variant",
    "effect",
    "standard_error",
    "ci_low",
    "ci_high",
    "p_value",
    "effect_relative",
    "se_relative",
    "ci_low_relative",
    "ci_high_relative",
    "sequential_low",
    "sequential_high",
    "sequential_p",
    "p_adjusted",
    "theta",
]
EXPERIMENT = Column("experiment", "VARCHAR")
RESULT = (
    EXPERIMENT,
    Column("metric", "VARCHAR"),
    Column("role", "VARCHAR", "goal, secondary or guardrail"),
    Column("higher_is", "VARCHAR", "better, worse or neutral"),
    Column("variant", "VARCHAR"),
    Column("baseline", "VARCHAR"),
    *_CELL,
    Column("n_baseline", "BIGINT"),
    Column("n_variant", "BIGINT"),
    *_doubles(*RESULT_NUMBERS),
    Column("reason", "VARCHAR", "why a value is NULL: no-units, too-few-units, zero-variance, and so on"),
    Column("impact_per_day", "DOUBLE", "the effect on all subjects, a day"),
    *_doubles("impact_low", "impact_high"),
    Column("chance_to_win", "DOUBLE", "of a bayesian test"),
    Column("risk", "DOUBLE", "of a bayesian test: the expected loss of choosing the variant, relative"),
)
CHECKS = (
    EXPERIMENT,
    Column("check", "VARCHAR"),
    *_CELL,
    Column("value", "DOUBLE", "what was measured"),
    Column("threshold", "DOUBLE", "from where on the verdict is bad"),
    Column("verdict", "VARCHAR", "ok, warn, bad or unknown"),
    Column("detail", "VARCHAR", "what it means, in words"),
)
_DESCRIPTIONS = {
    "_units": "Who was exposed so far, with the first exposure; those who saw several variants are left out.",
    "_counts": "What the health checks compare.",
    "_statistics": "Counts, means and centred moments of each metric, variant and cell.",
    "": "The results so far: one row is one test.",
    "_health": "Whether the results can be trusted.",
}


def experiment_table(spec: Experiment, project: ProjectContext, ending: str) -> Table:
    """A table of an experiment: _units, _counts, _statistics, _health, or '' for the results."""
    columns = {
        "_units": _unit_columns(spec),
        "_counts": COUNTS,
        "_statistics": STATISTICS,
        "": RESULT,
        "_health": CHECKS,
    }[ending]
    family = {"": RESULTS, "_health": HEALTH}.get(ending)
    return Table(
        spec.table + ending,
        columns,
        cluster=("metric", "cut") if ending in {"", "_statistics"} else (),
        unique={"_units": ("subject",), "_statistics": ("metric", "variant", "cut", "cut_value")}.get(ending, ()),
        owner=project.owner(spec),
        description=_DESCRIPTIONS[ending],
        member_of=Membership(family, (("experiment", spec.name),)) if family else None,
    )


def _unit_columns(spec: Experiment) -> tuple[Column, ...]:
    dimensions = spec.assignments.dimensions if spec.assignments else ()
    return (
        Column("subject", "VARCHAR"),
        Column("variant", "VARCHAR"),
        Column("first_exposed_at", "TIMESTAMP"),
        *(Column(name, "VARCHAR", "at the first exposure") for name in dimensions),
        Column("exposures", "BIGINT"),
    )
