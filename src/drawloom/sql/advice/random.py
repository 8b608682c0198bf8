"""{call} is different on every run, must give the same rows when the day is filled again.

A rerun must give the same partition: what was read from it yesterday would otherwise no longer be true. Sample and
bucket by a hash of an id, and give ids from what identifies a row.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._place import keyword, text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
from drawloom.sql.script import Script

CODE = "random"
SEVERITY: Severity = "error"

_CALLS = (exp.Rand, exp.Randn, exp.Uuid, exp.NextValueFor)
_NAMES = {"newid", "random_uuid", "uuid_string", "nextval", "setseed", "shuffle", "monotonically_increasing_id"}


def check(script: Script) -> Iterator[Problem]:
    """Random numbers and ids, sequences, and samples, unless they have a seed."""
    for call in nodes(script, *_CALLS, exp.Anonymous):
        named = not isinstance(call, exp.Anonymous) or call.name.lower() in _NAMES
        if named and not _is_seeded(call):
            fix = Fix("Use a hash of the columns that identify the row, e.g. md5(id).")
            yield tell(__name__, script, call, fix, call=text_of(script, call))
    for sample in nodes(script, exp.TableSample):
        if not sample.args.get("seed"):
            word = keyword(script, sample, "TABLESAMPLE", "USING SAMPLE", "SAMPLE")
            fix = Fix("Filter by a hash of an id, e.g. a tenth of the users, or give a seed with REPEATABLE (1).")
            yield tell(__name__, script, word.start if word else sample, fix, call="TABLESAMPLE")


def _is_seeded(call: exp.Expr) -> bool:
    """Whether it has a constant seed; Trino's and Presto's random(n) is a limit, not a seed."""
    return isinstance(call, exp.Rand | exp.Randn) and isinstance(call.this, exp.Literal)
