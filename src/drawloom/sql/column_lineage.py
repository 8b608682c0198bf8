"""What is known of where the columns of a SELECT come from; `lineage.py` finds it out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnOrigin:
    """A column that another is made of. ``how``: ``copied`` as it is, or ``transformed`` by an expression.

    ``only_counted``: the output says how many of its values there are, or whether there is one, and nothing of which.
    """

    output: str
    origin: str
    how: str
    only_counted: bool = False


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """Where columns come from.

    ``outputs`` are all output columns in their order, also those that come from no table. ``filters`` are the columns that
    decide which rows there are: in WHERE, ON, USING, GROUP BY, HAVING, QUALIFY and DISTINCT ON. ``unknown`` says why not
    all is known, one sentence for each reason. ``unsure`` are outputs that may have more origins: of a name that several
    tables may have, of whole rows, of COLUMNS.
    """

    outputs: tuple[str, ...] = ()
    origins: tuple[ColumnOrigin, ...] = ()
    filters: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
