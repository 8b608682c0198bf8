"""Hive and Presto: next of kin of Spark and Trino that no test here runs on, so that only what is sure is said."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.nodes import notes, whole
from drawloom.sql.portable.speaker import Speaker

_HIVE = """
abs acos add_months asin atan avg ceil coalesce concat cos count date_add datediff day dense_rank exp explode first_value
floor hour last_day last_value lag lead length lower max min minute month nullif pi pow quarter radians rank replace reverse
round row_number second sin sqrt substr sum tan upper weekofyear year
"""
_PRESTO = """
abs acos approx_distinct array_agg array_distinct array_join array_max array_min array_sort asin atan avg bit_count
bitwise_and bitwise_not bitwise_or bitwise_xor bool_and bool_or cardinality cbrt ceil coalesce concat contains corr cos count
cume_dist date_add date_diff date_format date_parse date_trunc day day_of_week day_of_year degrees dense_rank element_at exp
filter first_value flatten floor from_base greatest hour is_finite is_infinite is_nan json_extract_scalar lag last_value lead
least length ln log10 log2 lower lpad map map_keys map_values max max_by md5 min min_by minute month now nth_value ntile
nullif percent_rank pi pow quarter radians random rank reduce regexp_extract regexp_extract_all regexp_like regexp_replace
regexp_split replace reverse round row_number rpad second sequence sha1 sha256 sign sin slice split sqrt stddev_pop
stddev_samp strpos substr sum tan to_hex to_unixtime to_utf8 transform translate truncate unnest upper var_pop var_samp week
year year_of_week
"""
_FUNCTIONS = {"hive": frozenset(_HIVE.split()), "presto": frozenset(_PRESTO.split())}
_STRANGE: dict[str, tuple[type[exp.Expr], ...]] = {
    "hive": (
        exp.TryCast, exp.Lambda, exp.Filter, exp.IgnoreNulls, exp.WithinGroup, exp.Lateral, exp.TableSample, exp.NullSafeEQ,
        exp.NullSafeNEQ, exp.ILike, exp.RegexpLike, exp.Trim, exp.Escape, exp.Except, exp.Intersect, exp.Extract,
    ),
    "presto": (exp.WithinGroup, exp.IgnoreNulls, exp.TableSample, exp.Trim, exp.Lateral),
}  # fmt: skip


def check(speaker: Speaker, said: exp.Expr) -> None:
    """Refuse what Hive or Presto may not have, or may mean otherwise.

    Raises:
        InputError: code ``unsupported-sql``.
    """
    functions = _FUNCTIONS.get(speaker.target)
    if functions is None:
        return
    for node in said.walk():
        if isinstance(node, exp.Anonymous) and node.name.lower() not in functions and not notes(node).own:
            raise speaker.refused(node, f"It is sure on Spark and Trino only: no test runs on {speaker.target}.")
        if isinstance(node, _STRANGE[speaker.target]) or _timed(node) or _divides(speaker, node):
            raise speaker.refused(node, f"It is sure on Spark and Trino only: no test runs on {speaker.target}.")


def _timed(node: exp.Expr) -> bool:
    """Presto has milliseconds only, and Hive's TIMESTAMP is not sure to be without a zone."""
    return isinstance(node, exp.DataType) and node.is_type(*exp.DataType.TEMPORAL_TYPES) and not node.is_type("date")


def _divides(speaker: Speaker, node: exp.Expr) -> bool:
    """Hive gives NULL for a division by zero."""
    if speaker.target != "hive" or not isinstance(node, exp.Div | exp.Mod | exp.IntDiv):
        return False
    by = node.expression.unnest()
    while isinstance(by, exp.Cast):
        by = by.this.unnest()
    return not whole(by) and not (isinstance(by, exp.Anonymous) and by.name == "nullif")
