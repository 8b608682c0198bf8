"""Quantiles, exact on every engine: Trino sorts the values of a group and takes those in the middle."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to
from drawloom.sql.portable.kinds import DOUBLE, list_of
from drawloom.sql.portable.nodes import kind_of, typed
from drawloom.sql.portable.registry import Call, says
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

# An OVER may follow the aggregate, and Trino has no FILTER between the two.
_SORTED = "array_sort(nullif(filter(array_agg(_1), e -> e IS NOT NULL), ARRAY[]))"
_AT = "CAST(floor((cardinality(a) - 1) * {q}) AS BIGINT) + 1"
_BETWEEN = (
    "element_at(a, {at}) + coalesce(element_at(a, {at} + 1) - element_at(a, {at}), 0e0)"
    " * ((cardinality(a) - 1) * {q} - floor((cardinality(a) - 1) * {q}))"
)
_NEAREST = "element_at(a, greatest(CAST(ceil(cardinality(a) * {q}) AS BIGINT), 1))"


@says("quantile_cont", least=2)
def quantile_cont(call: Call) -> exp.Expr:
    """Between the two nearest values, as a DOUBLE."""
    return continuous(call, call.parts[0], call.node.expressions[1])


@says("median")
def median(call: Call) -> exp.Expr:
    """The middle one."""
    return continuous(call, call.parts[0], typed(exp.Literal.number("0.5"), None))


@says("quantile_disc", "quantile", least=2)
def quantile_disc(call: Call) -> exp.Expr:
    """A value that is there: the first one that has at least this share of the values up to it."""
    return discrete(call, call.parts[0], call.node.expressions[1])


def discrete(call: Call, value: exp.Expr, share: exp.Expr) -> exp.Expr:
    """A value that is there, or a list of them."""
    shares, one = _shares(call, share), not isinstance(share.unnest(), exp.Array)
    kind = kind_of(value)
    if call.spark:
        lists = "array_sort(collect_list(_1))"
        each = [f"try_element_at({lists}, CAST(greatest(ceil(size({lists}) * {share}), 1) AS INT))" for share in shares]
        text = each[0] if one else f"CASE WHEN count(_1) > 0 THEN array({', '.join(each)}) END"
        return call.say(text, "", kind if one else list_of(kind), value)
    return _trino(call, value, _NEAREST, shares, one)


def continuous(call: Call, value: exp.Expr, share: exp.Expr) -> exp.Expr:
    """A quantile, or a list of them."""
    kind = kind_of(value)
    if kind and not kind.is_number:
        raise call.refuse("Write quantile_disc(x, 0.5), which takes values of any type.")
    shares, one = _shares(call, share), not isinstance(share.unnest(), exp.Array)
    value = cast_to(call.speaker, value, DOUBLE, call.node)
    if call.spark:
        given = shares[0] if one else f"array({', '.join(shares)})"
        return call.say(f"percentile(_1, {given})", "", DOUBLE if one else list_of(DOUBLE), value)
    return _trino(call, value, _BETWEEN, shares, one)


def _trino(call: Call, value: exp.Expr, text: str, shares: list[str], one: bool) -> exp.Expr:
    each = [text.format(at=_AT.format(q=share), q=share) for share in shares]
    picked = each[0] if one else f"CASE WHEN a IS NOT NULL THEN ARRAY[{', '.join(each)}] END"
    kind = kind_of(value)
    return call.say(
        "", f"element_at(transform(ARRAY[{_SORTED}], a -> {picked}), 1)", kind if one else list_of(kind), value
    )


def _shares(call: Call, share: exp.Expr) -> list[str]:
    """The shares as numbers; they must stand in the text."""
    share = share.unnest()
    given = share.expressions if isinstance(share, exp.Array) else [share]
    found = [
        each.unnest().name for each in given if isinstance(each.unnest(), exp.Literal) and not each.unnest().is_string
    ]
    if len(found) != len(given) or not found or not all(0 <= float(each) <= 1 for each in found):
        raise call.refuse("Write the quantiles as numbers from 0 to 1.")
    return [f"{float(each)!r}" if "e" in repr(float(each)) else f"{float(each)!r}e0" for each in found]


@node_rule(exp.WithinGroup)
def within_group(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """percentile_cont(0.5) WITHIN GROUP (ORDER BY x)."""
    name, keys = node.this.name.lower(), node.expression.expressions
    if name not in {"percentile_cont", "percentile_disc"} or len(keys) != 1 or len(node.this.expressions) != 1:
        raise speaker.refused(node, "Write quantile_cont(x, 0.5) or quantile_disc(x, 0.5).")
    if keys[0].args.get("desc"):
        raise speaker.refused(node, "Order upwards, and write 1 - q for q.")
    value = speaker.say(keys[0].this, scope)
    call = Call(name, node, (value,), speaker, scope)
    return (continuous if name == "percentile_cont" else discrete)(call, value, node.this.expressions[0])


@says("approx_quantile", least=2)
def approx_quantile(call: Call) -> exp.Expr:
    """Roughly, of numbers; the engines do not agree on the last digits."""
    shares = _shares(call, call.node.expressions[1])
    if isinstance(call.node.expressions[1].unnest(), exp.Array):
        raise call.refuse("Write one approx_quantile for each share, or quantile_cont(x, [0.25, 0.75]).")
    return call.say(
        f"percentile_approx(_1, {shares[0]})", f"approx_percentile(_1, {shares[0]})", call.kinds[0], call.parts[0]
    )
