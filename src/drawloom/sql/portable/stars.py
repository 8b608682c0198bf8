"""* in the SELECT list, with EXCLUDE and REPLACE: its columns are named where they are known."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from drawloom.sql.portable.scope import Field, Fields, Scope
from drawloom.sql.portable.speaker import Speaker

_WAY = "Name the columns: which ones * has is not known here."


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a SELECT list: an expression with its name, or a star as it is said."""

    node: exp.Expr
    alias: exp.Identifier | None = None
    star: exp.Expr | None = None
    fields: Fields = None
    said: exp.Expr | None = None
    aggregates: bool = False


def spread(speaker: Speaker, node: exp.Select, scope: Scope) -> list[Item]:
    """The SELECT list; a star stays one where nothing is taken from it."""
    items: list[Item] = []
    for each in node.expressions:
        star = each if isinstance(each, exp.Star) else each.this if isinstance(each, exp.Column) else None
        if isinstance(star, exp.Star):
            items += _star(speaker, node, each, star, scope)
        elif isinstance(each, exp.Alias):
            items.append(Item(each.this, each.args["alias"]))
        else:
            items.append(Item(each))
    return items


def _star(speaker: Speaker, node: exp.Select, each: exp.Expr, star: exp.Star, scope: Scope) -> list[Item]:
    table = each.table.lower() if isinstance(each, exp.Column) else ""
    if star.args.get("rename"):
        raise speaker.refused(each, "Name the columns, with AS.")
    sources = {name: fields for name, fields in scope.sources.items() if not table or name == table}
    known = not any(fields is None for fields in sources.values()) and bool(sources)
    fields = tuple(part for found in sources.values() for part in found or ()) if known else None
    without = {part.name.lower() for part in star.args.get("except_") or []}
    instead = {part.alias.lower(): part for part in star.args.get("replace") or []}
    hidden = "dl_next" in str(scope.sources) or any(
        join.args.get("method") == "ASOF" for join in node.args.get("joins") or []
    )
    if not without and not instead and not (scope.using and not table) and not hidden:
        return [Item(each, None, each.copy(), fields)]
    if known:
        return _named(speaker, each, sources, without, instead, scope, table)
    return _unknown(speaker, each, without, instead, hidden)


def _named(
    speaker: Speaker, each: exp.Expr, sources: dict[str, Fields], without: set[str], instead: dict[str, exp.Expr],
    scope: Scope, table: str,
) -> list[Item]:  # fmt: skip
    items, seen = [], set()
    several = len(sources) > 1 or bool(table)
    for source, fields in sources.items():
        for part in fields or ():
            name = part.name.lower()
            if name in without or (name in scope.using and not table and name in seen):
                continue
            seen.add(name)
            items.append(
                _column(part, "" if (name in scope.using and not table) or not several else source, instead.get(name))
            )
    missing = (without | set(instead)) - {part.name.lower() for fields in sources.values() for part in fields or ()}
    if missing:
        raise speaker.refused(each, f"There is no column {', '.join(sorted(missing))}.")
    return items


def _column(part: Field, source: str, instead: exp.Expr | None) -> Item:
    name = exp.to_identifier(part.name, quoted=part.quoted)
    if instead is not None:
        return Item(instead.this, name)
    return Item(exp.Column(this=name, table=exp.to_identifier(source) if source.strip() else None))


def _unknown(
    speaker: Speaker, each: exp.Expr, without: set[str], instead: dict[str, exp.Expr], hidden: bool
) -> list[Item]:
    """Spark has EXCEPT; Trino has nothing like it."""
    if instead or hidden:
        raise speaker.refused(each, _WAY)
    if not without:
        return [Item(each, None, each.copy(), None)]
    if not speaker.spark:
        raise speaker.refused(each, _WAY)
    return [Item(each, None, each.copy(), None)]
