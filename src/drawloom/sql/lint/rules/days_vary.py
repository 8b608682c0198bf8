"""{table} is read at other days on some runs: they hang on {what}.

Most runs follow a rule, some do not. Each run reads what its text says on its own day, and waits for that; what is shown
ahead, such as the waits of a DAG, covers all days that were found on any run of two years and of every year from 1970 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.partition_conditions import first_key_condition
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "days-vary"
SEVERITY: Severity = "info"
_MAX_LENGTH = 80


def check(script: Script) -> Iterator[Problem]:
    """Tables whose days follow a rule at the probe days, but not on all days."""
    irregular = {read.table.lower() for read in script.reads if read.how == "calendar" and not read.calendar}
    places = {reference.read.table.lower(): reference for reference in script.table_references}
    for table in sorted(irregular):
        reference = places.get(table)
        if not script.chosen_by or (reference is not None and reference.read.how == "calendar"):
            continue  # irregular-days says it
        node = script.statements[0] if reference is None else first_key_condition(script, reference.node)
        fix = Fix(
            "If that is not meant, count days from {{ ds }}, or from the start of its week, month, quarter or year."
        )
        yield finding(__name__, script, node, fix, table=table, what=_shortened(script.chosen_by[0]))


def _shortened(text: str) -> str:
    text = " ".join(text.strip("{%-}").split())
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]} ..."
