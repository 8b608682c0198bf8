"""The run's day in the words of other systems (``@run_date``, ``_PARTITIONDATE``), translated to our day."""

from __future__ import annotations

from datetime import date

from sqlglot import exp

RUN_DAY_PARAMETERS = frozenset({"submission_date", "ds", "run_date", "execution_date", "logical_date"})
RUN_TIME_PARAMETERS = frozenset({"run_time"})
_PARTITION_DAY, _PARTITION_TIME = "_partitiondate", "_partitiontime"


def with_our_day(statement: exp.Expr, day: date) -> exp.Expr:
    """A statement with the run's day in the place of its parameters, and the key ``ds`` in that of BigQuery's columns."""

    def replace(node: exp.Expr) -> exp.Expr:
        name = node.name.lower()
        if isinstance(node, exp.Parameter | exp.Placeholder):
            if name in RUN_DAY_PARAMETERS:
                return exp.cast(exp.Literal.string(day.isoformat()), "date")
            if name in RUN_TIME_PARAMETERS:
                return exp.cast(exp.Literal.string(day.isoformat()), "timestamp")
        if isinstance(node, exp.Column) and name in {_PARTITION_DAY, _PARTITION_TIME}:
            key = exp.column("ds", table=node.args.get("table"))
            return key if name == _PARTITION_DAY else exp.cast(key, "timestamp")
        return node

    return statement.transform(replace)
