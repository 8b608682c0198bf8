"""The SELECT list: its items, the columns of * with EXCLUDE and REPLACE, and the output columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from drawloom.sql.translate.expressions import type_of
from drawloom.sql.translate.scope import Field, Fields, Scope
from drawloom.sql.translate.translator import Translator

_FIX = "Name the columns: which ones * has is not known here."


@dataclass(frozen=True, slots=True)
class SelectItem:
    """One entry of a SELECT list: an expression with its alias, or a translated star."""

    node: exp.Expr
    alias: exp.Identifier | None = None
    star: exp.Expr | None = None
    fields: Fields = None
    translated: exp.Expr | None = None
    aggregates: bool = False


@dataclass(slots=True)
class SelectList:
    """The translated SELECT list: its items, and the aliases that other clauses may use."""

    translated: list[exp.Expr] = field(default_factory=list)
    items: list[SelectItem] = field(default_factory=list)
    aliases: dict[str, exp.Expr] = field(default_factory=dict)


def output_fields(select_list: SelectList) -> Fields:
    """The output columns; None where those of a * are not known."""
    found: list[Field] = []
    for item in select_list.items:
        if item.star is not None:
            if item.fields is None:
                return None
            found += item.fields
        else:
            name = item.alias or (item.node.this if isinstance(item.node, exp.Column) else None)
            if isinstance(item.node, exp.Dot):
                name = name or item.node.expression
            found.append(
                Field(
                    name.name if name is not None else "",
                    type_of(item.translated),
                    bool(name is not None and name.args.get("quoted")),
                )
            )
    return tuple(found)


def expand_stars(translator: Translator, node: exp.Select, scope: Scope) -> list[SelectItem]:
    """The entries of the SELECT list; a star with EXCLUDE or REPLACE becomes its columns."""
    items: list[SelectItem] = []
    for entry in node.expressions:
        star = entry if isinstance(entry, exp.Star) else entry.this if isinstance(entry, exp.Column) else None
        if isinstance(star, exp.Star):
            items += _expand_star(translator, node, entry, star, scope)
        elif isinstance(entry, exp.Alias):
            items.append(SelectItem(entry.this, entry.args["alias"]))
        else:
            items.append(SelectItem(entry))
    return items


def _expand_star(
    translator: Translator, node: exp.Select, entry: exp.Expr, star: exp.Star, scope: Scope
) -> list[SelectItem]:
    table = entry.table.lower() if isinstance(entry, exp.Column) else ""
    if star.args.get("rename"):
        raise translator.unsupported(entry, "Name the columns, with AS.")
    sources = {name: fields for name, fields in scope.sources.items() if not table or name == table}
    known = not any(fields is None for fields in sources.values()) and bool(sources)
    fields = tuple(part for found in sources.values() for part in found or ()) if known else None
    excluded = {part.name.lower() for part in star.args.get("except_") or []}
    replaced = {part.alias.lower(): part for part in star.args.get("replace") or []}
    has_helper_column = "dl_next" in str(scope.sources) or any(
        join.args.get("method") == "ASOF" for join in node.args.get("joins") or []
    )
    if not excluded and not replaced and not (scope.using and not table) and not has_helper_column:
        return [SelectItem(entry, None, entry.copy(), fields)]
    if known:
        return _named_columns(translator, entry, sources, excluded, replaced, scope, table)
    return _keep_star(translator, entry, excluded, replaced, has_helper_column)


def _named_columns(
    translator: Translator, entry: exp.Expr, sources: dict[str, Fields], excluded: set[str], replaced: dict[str, exp.Expr],
    scope: Scope, table: str,
) -> list[SelectItem]:  # fmt: skip
    items, seen = [], set()
    several = len(sources) > 1 or bool(table)
    for source, fields in sources.items():
        for part in fields or ():
            name = part.name.lower()
            if name in excluded or (name in scope.using and not table and name in seen):
                continue
            seen.add(name)
            items.append(
                _column(part, "" if (name in scope.using and not table) or not several else source, replaced.get(name))
            )
    missing = (excluded | set(replaced)) - {part.name.lower() for fields in sources.values() for part in fields or ()}
    if missing:
        raise translator.unsupported(entry, f"There is no column {', '.join(sorted(missing))}.")
    return items


def _column(part: Field, source: str, replaced: exp.Expr | None) -> SelectItem:
    name = exp.to_identifier(part.name, quoted=part.quoted)
    if replaced is not None:
        return SelectItem(replaced.this, name)
    return SelectItem(exp.Column(this=name, table=exp.to_identifier(source) if source.strip() else None))


def _keep_star(
    translator: Translator, entry: exp.Expr, excluded: set[str], replaced: dict[str, exp.Expr], has_helper_column: bool
) -> list[SelectItem]:
    """A star over unknown columns; Spark has * EXCEPT, Trino has not."""
    if replaced or has_helper_column:
        raise translator.unsupported(entry, _FIX)
    if not excluded:
        return [SelectItem(entry, None, entry.copy(), None)]
    if not translator.is_spark:
        raise translator.unsupported(entry, _FIX)
    return [SelectItem(entry, None, entry.copy(), None)]
