"""SELECT: its clauses, translated in the order in which aliases become usable."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from drawloom.sql.translate.calls import window_spec
from drawloom.sql.translate.expressions import AGGREGATES, and_, int_value, take_aggregates, type_of
from drawloom.sql.translate.joins import translate_joins
from drawloom.sql.translate.qualify import HelperColumns, translate_qualify
from drawloom.sql.translate.query import order_by, set_limits
from drawloom.sql.translate.scope import Fields, Scope
from drawloom.sql.translate.select_list import SelectList, expand_stars, output_fields
from drawloom.sql.translate.sources import table_sample, translate_source, unnested_source
from drawloom.sql.translate.translator import AGGREGATE_NAMES, Translator, query_rule

_CLAUSES = {
    "with_", "kind", "expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify", "windows",
    "order", "limit", "offset", "sample", "operation_modifiers",
}  # fmt: skip
_WINDOW_FUNCTIONS = frozenset(
    [
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "cume_dist",
        "ntile",
        "first_value",
        "last_value",
        "nth_value",
        "lag",
        "lead",
    ]
)
_GROUPING_FIX = "Group by columns; make them in a subquery."


@query_rule(exp.Select)
def translate_select(translator: Translator, node: exp.Select, scope: Scope) -> tuple[exp.Expr, Fields]:
    """A SELECT and its output columns."""
    for key, value in node.args.items():
        if value and key not in _CLAUSES:
            raise translator.unsupported(value if isinstance(value, exp.Expr) else node, "Write a plain SELECT.")
    return _Select(translator, node, scope).translate()


@dataclass(slots=True)
class _Select:
    """Translates one SELECT of DuckDB, clause by clause, into ``translated``."""

    translator: Translator
    node: exp.Select
    scope: Scope
    translated: exp.Select = field(default_factory=exp.Select)
    select_list: SelectList = field(default_factory=SelectList)
    is_grouped: bool = field(init=False)

    def __post_init__(self) -> None:
        has_aggregate = any(_has_aggregate(each) for each in self.node.expressions)
        self.is_grouped = self.node.args.get("group") is not None or has_aggregate

    def translate(self) -> tuple[exp.Expr, Fields]:
        """The translated SELECT and its output columns."""
        conditions = self._from()
        self._translate_select_list()
        self._where(conditions)
        if self.node.args.get("group") is not None:
            self._group_by()
        if self.node.args.get("having") is not None:
            inner = replace(self.scope, aliases=self._usable_aliases())
            self.translated.set(
                "having", exp.Having(this=self.translator.translate(self.node.args["having"].this, inner))
            )
        if self.node.args.get("windows"):
            windows = [
                exp.Window(this=each.this.copy(), **window_spec(self.translator, each, self.scope))
                for each in self.node.args["windows"]
            ]
            self.translated.set("windows", windows)
        self._add_unnested_sources()
        fields = output_fields(self.select_list)
        return self._trailing_clauses(fields), fields

    def _from(self) -> list[exp.Expr]:
        """Translates FROM and the joins; returns the conditions that SEMI and ANTI joins became."""
        from_, sample = self.node.args.get("from_"), self.node.args.get("sample")
        if from_ is None:
            return []
        source = translate_source(self.translator, from_.this, self.scope, first=True)
        if sample is not None:
            if self.node.args.get("joins") or not isinstance(source, exp.Table | exp.Subquery):
                raise self.translator.unsupported(sample, "Sample one table in a subquery.")
            source.set("sample", table_sample(self.translator, sample))
        self.translated.set("from_", exp.From(this=source))
        joins, conditions = translate_joins(self.translator, self.node, self.scope)
        self.translated.set("joins", joins)
        return conditions

    def _translate_select_list(self) -> None:
        inner = replace(self.scope, unnested=[])
        for item in expand_stars(self.translator, self.node, self.scope):
            aliases = {} if self.translator.is_spark else self._usable_aliases()
            translated = item.star
            if translated is None:
                translated = self.translator.translate(item.node, replace(inner, aliases=aliases))
            take_aggregates(translated)
            self.select_list.items.append(replace(item, translated=translated, aggregates=_aggregates_rows(translated)))
            if item.alias is not None:
                self.select_list.aliases.setdefault(item.alias.name.lower(), translated)
                translated = exp.Alias(this=translated, alias=item.alias.copy())
            self.select_list.translated.append(translated)
        self.translated.set("expressions", self.select_list.translated)
        self.scope.unnested = inner.unnested
        is_windowed = any(each.find(exp.Window) for each in self.select_list.translated)
        if self.scope.unnested and (self.is_grouped or is_windowed):
            raise self.translator.unsupported(self.node.find(exp.Explode) or self.node, "Unnest in a query of its own.")

    def _usable_aliases(self) -> dict[str, exp.Expr]:
        """The aliases that may be used in expressions: DuckDB prefers a source's column of the same name."""
        group, grouped = self.node.args.get("group"), self.is_grouped
        keys = {each.name.lower() for each in group.find_all(exp.Column)} if group is not None else set()
        found = {}
        for name, translated in self.select_list.aliases.items():
            known = self.scope.has_column(name)
            computed = (grouped and name not in keys) or translated.find(exp.Window) is not None
            itself = any(each.name.lower() == name for each in translated.find_all(exp.Column))
            if known is False or (
                computed and (known is None or grouped) and not (itself and known is None and not grouped)
            ):
                found[name] = translated
        return found

    def _where(self, conditions: list[exp.Expr]) -> None:
        where = self.node.args.get("where")
        if where is not None:
            aliases = {
                name: each for name, each in self.select_list.aliases.items() if self.scope.has_column(name) is False
            }
            conditions = [self.translator.translate(where.this, replace(self.scope, aliases=aliases)), *conditions]
        condition = and_(conditions) if len(conditions) > 1 else conditions[0] if conditions else None
        if condition is not None:
            self.translated.set("where", exp.Where(this=condition))

    def _group_by(self) -> None:
        group = self.node.args["group"]
        if group.args.get("all"):
            keys = self._group_by_all()
            if keys:
                self.translated.set("group", exp.Group(expressions=keys))
            return
        if any(group.args.get(key) for key in ("totals", "distinct")):
            raise self.translator.unsupported(group, _GROUPING_FIX)
        has_empty_set = any(isinstance(each, exp.Tuple) and not each.expressions for each in group.expressions)
        if self.translator.is_spark and has_empty_set:
            if len(group.expressions) > 1 or not any(item.aggregates for item in self.select_list.items):
                raise self.translator.unsupported(group, _GROUPING_FIX)
            return
        translated = exp.Group(expressions=self._group_keys(group.expressions))
        for key in ("grouping_sets", "cube", "rollup"):
            if group.args.get(key):
                translated.set(key, self._group_keys(group.args[key]))
        self.translated.set("group", translated)

    def _group_by_all(self) -> list[exp.Expr]:
        items = self.select_list.items
        if any(item.star is not None for item in items):
            raise self.translator.unsupported(self.node, "Name the columns: which ones * has is not known here.")
        return [exp.Literal.number(at + 1) for at, item in enumerate(items) if not item.aggregates]

    def _group_keys(self, nodes: list[exp.Expr]) -> list[exp.Expr]:
        return [self._group_key(each) for each in nodes]

    def _group_key(self, node: exp.Expr) -> exp.Expr:
        """A column or a set of columns to group by; for an alias its expression."""
        if isinstance(node, exp.GroupingSets | exp.Cube | exp.Rollup | exp.Tuple):
            return type(node)(expressions=self._group_keys(node.expressions))
        if int_value(node) is not None:
            return node.copy()
        aliased = self._aliased_expression(node) if isinstance(node, exp.Column) and not node.table else None
        return self.translator.translate(node, self.scope) if aliased is None else aliased.copy()

    def _aliased_expression(self, node: exp.Column) -> exp.Expr | None:
        """The expression of an alias, unless a source may have a column of that name."""
        aliased, name = self.select_list.aliases.get(node.name.lower()), node.name.lower()
        if aliased is None or _is_column(aliased, name):
            return None
        known = self.scope.has_column(name)
        columns = {each.name.lower() for each in aliased.find_all(exp.Column)}
        return aliased if known is False or (known is None and columns and name not in columns) else None

    def _add_unnested_sources(self) -> None:
        """Adds the sources that unnest() in the SELECT list became."""
        unnested = self.scope.unnested or []
        for name, each in unnested:
            alias = exp.TableAlias(this=exp.to_identifier(name), columns=[exp.to_identifier("element")])
            if self.translated.args.get("from_") is None:
                source = unnested_source(self.translator, each, alias, first=True)
                self.translated.set("from_", exp.From(this=source))
            else:
                join = exp.Join(this=unnested_source(self.translator, each, alias, first=False), kind="CROSS")
                self.translated.set("joins", [*(self.translated.args.get("joins") or []), join])
        if len(unnested) > 1:
            raise self.translator.unsupported(self.translated, "Unnest one list in a SELECT.")

    def _trailing_clauses(self, fields: Fields) -> exp.Expr:
        """Translates QUALIFY, DISTINCT, ORDER BY and LIMIT."""
        distinct, order = self.node.args.get("distinct"), self.node.args.get("order")
        aliases = self._usable_aliases()
        if self.node.args.get("qualify") is not None or (distinct is not None and distinct.args.get("on") is not None):
            query = HelperColumns(self.scope, self.select_list.items, aliases, self.translated, fields)
            return translate_qualify(self.translator, self.node, query)
        if distinct is not None:
            self.translated.set("distinct", exp.Distinct())
        if order is not None:
            self._check_order_keys()
            types = {name: type_of(each) for name, each in self.select_list.aliases.items()}
            inner = replace(self.scope, local={**self.scope.local, **types})
            self.translated.set("order", order_by(self.translator, order, inner, fields))
        set_limits(self.translator, self.node, self.scope, self.translated)
        return self.translated

    def _check_order_keys(self) -> None:
        """Refuses an ambiguous key, in which a name is the source's column for DuckDB and an alias for the engines."""
        if self.is_grouped:
            return
        for key in self.node.args["order"].expressions:
            if isinstance(key.this, exp.Column | exp.Var):
                continue
            for column in key.this.find_all(exp.Column):
                aliased = self.select_list.aliases.get(column.name.lower()) if not column.table else None
                if aliased is None or _is_column(aliased, column.name):
                    continue
                if self.scope.has_column(column.name) is not False:
                    fix = f"Name the column otherwise than {column.name}, or order by the name alone."
                    raise self.translator.unsupported(key.this, fix)


def _is_column(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == name.lower()


def _aggregates_rows(translated: exp.Expr) -> bool:
    """Whether a translated item of the SELECT list aggregates outside windows."""
    return any(
        each.name in AGGREGATES - _WINDOW_FUNCTIONS
        and not _is_windowed(each)
        and each.find_ancestor(exp.Select) is None
        for each in translated.find_all(exp.Anonymous)
    )


def _is_windowed(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        parent = parent.parent
    return isinstance(parent, exp.Window)


def _has_aggregate(node: exp.Expr) -> bool:
    """Whether an item of DuckDB's SELECT list aggregates."""
    return (
        any(
            each.name.lower() in AGGREGATE_NAMES and not _is_windowed(each) and each.find_ancestor(exp.Subquery) is None
            for each in node.find_all(exp.Anonymous)
        )
        or node.find(exp.WithinGroup) is not None
    )
