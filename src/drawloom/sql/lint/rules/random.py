"""{call} is different on every run, so a rerun gives other rows; use a hash instead.

A rerun must give the same partition: what was read from it yesterday would otherwise no longer be true. Sample and
bucket by a hash of an id, and make ids from the columns that identify a row.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import nearest_keyword, snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "random"
SEVERITY: Severity = "error"

_CALLS = (exp.Rand, exp.Randn, exp.Uuid, exp.NextValueFor)
_NAMES = {"newid", "random_uuid", "uuid_string", "nextval", "setseed", "shuffle", "monotonically_increasing_id"}


def check(script: Script) -> Iterator[Problem]:
    """Random numbers and ids, sequences and samples, unless they have a seed."""
    for call in nodes(script, *_CALLS, exp.Anonymous):
        named = not isinstance(call, exp.Anonymous) or call.name.lower() in _NAMES
        if named and not _is_seeded(call):
            fix = Fix("Use a hash of the columns that identify the row, e.g. md5(id).")
            yield finding(__name__, script, call, fix, call=snippet(script, call))
    for sample in nodes(script, exp.TableSample):
        if not sample.args.get("seed"):
            keyword = nearest_keyword(script, sample, "TABLESAMPLE", "USING SAMPLE", "SAMPLE")
            fix = Fix("Filter by a hash of an id, e.g. a tenth of the users, or give a seed with REPEATABLE (1).")
            yield finding(__name__, script, keyword.start if keyword else sample, fix, call="TABLESAMPLE")


def _is_seeded(call: exp.Expr) -> bool:
    """Whether it has a constant seed; Trino's and Presto's random(n) is a limit, not a seed."""
    return isinstance(call, exp.Rand | exp.Randn) and isinstance(call.this, exp.Literal)
