"""Sources of a FROM (tables, CTEs, subqueries, files), and the tree of their joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlglot import Dialect, TokenType, exp

from drawloom.model import Family
from drawloom.sql.catalog import Catalog, CatalogEntry, find_entry
from drawloom.sql.days.day_set import Grain
from drawloom.sql.families import family_query

if TYPE_CHECKING:
    from drawloom.sql.template.rendering import Rendered

_TIME_SUFFIXES = ("timestamp", "_ts", "_at", "_time", "datetime")

_FILE_SUFFIXES = (
    ".parquet",
    ".csv",
    ".json",
    ".ndjson",
    ".jsonl",
    ".avro",
    ".orc",
    ".xlsx",
    ".tsv",
    ".gz",
    ".zst",
    ".txt",
)
# Columns that an engine adds to every table, by dialect.
_PSEUDO_COLUMNS = {"bigquery": ("_partitiondate", "_partitiontime", "_table_suffix")}
_SPARK_FILE_FORMATS = ("parquet", "json", "csv", "orc", "avro", "delta", "text", "binaryfile")


@dataclass(slots=True, eq=False)
class Cte:
    """A named query: from a WITH, or a temporary table or view created earlier in the script.

    ``can_push_down``: a condition on the name may be applied inside the query. Not in a recursive one, nor in a temporary
    table, which was filled before the condition.
    """

    name: str
    query: exp.Expr
    names: dict[str, Cte]
    columns: tuple[str, ...] = ()
    can_push_down: bool = True


@dataclass(slots=True, eq=False)
class Source:
    """One item of a FROM; its ``kind`` is table, query, or rows (UNNEST and other table functions).

    ``columns`` are its column names, None where they are not known. ``opaque``: a condition on its columns does not bound
    the rows that are read for it (PIVOT, a sample).
    """

    alias: str
    kind: str
    node: exp.Expr
    table: str = ""
    entry: CatalogEntry = field(default_factory=CatalogEntry)
    keys: tuple[str, ...] = ()
    query: exp.Expr | None = None
    cte: Cte | None = None
    lateral: bool = False
    columns: tuple[str, ...] | None = None
    opaque: bool = False


@dataclass(slots=True, eq=False)
class SourceLeaf:
    """A source in the tree of joins."""

    source: Source


@dataclass(slots=True, eq=False)
class JoinNode:
    """Two parts of a FROM and how they are joined: inner, left, right, full, semi, anti, asof or positional."""

    left: JoinTree
    right: JoinTree
    kind: str
    on: exp.Expr | None = None
    using: tuple[str, ...] = ()


JoinTree = SourceLeaf | JoinNode


def sources_of(tree: JoinTree | None) -> Iterator[Source]:
    """The sources of a tree from left to right."""
    stack: list[JoinTree] = [tree] if tree else []
    while stack:
        node = stack.pop()
        if isinstance(node, SourceLeaf):
            yield node.source
        else:
            stack += [node.right, node.left]


def table_name(table: exp.Table) -> str:
    """The table's name, dotted and unquoted; a bare one in the schema that USE has set before."""
    name = ".".join(part.name for part in table.parts)
    schema = table.meta.get("schema") if not table.args.get("db") else None
    return f"{schema}.{name}" if schema else name


def file_path(table: exp.Table) -> str | None:
    """The path, where a name in FROM is that of a file or folder: 'x.parquet', or Spark's parquet.`folder/x`."""
    name = table.name
    if table.db.lower() in _SPARK_FILE_FORMATS and not table.catalog:
        return name if "/" in name or "." in name else None
    return name if not table.db and ("/" in name or name.lower().endswith(_FILE_SUFFIXES)) else None


class SourceBuilder:
    """Builds the join tree of a SELECT from its FROM and its joins."""

    def __init__(
        self, catalog: Catalog, keys: tuple[str, ...], dialect: str = "", rendered: Rendered | None = None
    ) -> None:
        self.catalog = catalog
        self.keys = keys
        self.dialect = dialect
        self.rendered = rendered
        self.pseudo_columns = _PSEUDO_COLUMNS.get(dialect, ())
        self.shared: dict[int, exp.Expr] = {}
        self.families: dict[str, Family] = {}
        self._family_queries: dict[int, exp.Query] = {}

    def tree(self, select: exp.Expr, names: Mapping[str, Cte]) -> JoinTree | None:
        """The joined sources of a SELECT (or of another statement with FROM and joins).

        ``shared`` has the FROM of SELECTs that stands outside of them, as in Hive's multiple inserts.
        """
        start = select.args.get("from_")
        first = start.this if start is not None else self.shared.get(id(select))
        tree: JoinTree | None = None
        if first is not None:
            tree = self._part(first, names, [])
        for join in select.args.get("joins") or []:
            tree = self._join(tree, join, names)
        for lateral in select.args.get("laterals") or []:
            tree = _pair(tree, self._part(lateral, names, list(sources_of(tree))), "inner")
        # With MATCH_RECOGNIZE, columns are those of matches; a sample picks rows before WHERE.
        if select.args.get("match") or picks_rows(select.args.get("sample")):
            for source in sources_of(tree):
                source.opaque = True
        return tree

    def _join(self, left: JoinTree | None, join: exp.Join, names: Mapping[str, Cte]) -> JoinTree:
        right = self._part(join.this, names, list(sources_of(left)))
        using = tuple(name.name.lower() for name in join.args.get("using") or [])
        if join.method == "NATURAL":
            kind = "inner" if not join.side else join.side.lower()
        elif join.method in ("ASOF", "POSITIONAL"):
            kind = join.method.lower() + (" left" if join.side else "")
            if join.method == "POSITIONAL":
                for source in [*sources_of(left), *sources_of(right)]:
                    source.opaque = True
        elif join.kind in ("SEMI", "ANTI"):
            kind = join.kind.lower()
        else:
            kind = join.side.lower() or ("full" if join.kind == "OUTER" else "inner")
            kind = "left" if join.kind == "OUTER" and isinstance(join.this, exp.Lateral) else kind
        if isinstance(join.this, exp.Lateral) and join.this.args.get("cross_apply") is False:
            kind = "left"
        return _pair(left, right, kind, join.args.get("on"), using)

    def leaf(self, node: exp.Expr, names: Mapping[str, Cte]) -> JoinTree:
        """One source, with its own joins."""
        return self._part(node, names, [])

    def _part(self, node: exp.Expr, names: Mapping[str, Cte], before: list[Source]) -> JoinTree:
        if isinstance(node, exp.Stream | exp.Final):
            node = node.this
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Subquery) and not _is_query(node):
            return self._group(node, names, before)
        tree: JoinTree = SourceLeaf(self._source(node, names, before))
        for join in node.args.get("joins") or []:
            tree = self._join(tree, join, names)
        for lateral in (node.args.get("laterals") or []) if isinstance(node, exp.Table) else []:
            tree = _pair(tree, self._part(lateral, names, list(sources_of(tree))), "inner")
        return tree

    def _group(self, node: exp.Subquery, names: Mapping[str, Cte], before: list[Source]) -> JoinTree:
        """Joins in parentheses; with an alias over all of them, their columns cannot be told apart."""
        tree = self._part(node.this, names, before)
        for join in node.args.get("joins") or []:
            tree = self._join(tree, join, names)
        if node.alias:
            for source in sources_of(tree):
                source.alias = node.alias.lower()
                source.opaque = True
        return tree

    def _source(self, node: exp.Expr, names: Mapping[str, Cte], before: list[Source]) -> Source:
        alias = node.alias_or_name.lower()
        columns = tuple(name.lower() for name in node.alias_column_names) or None
        sample = node.args.get("sample")
        opaque = (
            picks_rows(sample) or self._pivots_keys(node) or (sample is not None and isinstance(node, exp.Subquery))
        )
        if isinstance(node, exp.Lateral):
            return self._lateral(node, alias, columns)
        if isinstance(node, exp.Subquery):
            return Source(alias, "query", node, query=node, columns=columns, opaque=opaque)
        if isinstance(node, exp.Values):
            return Source(alias, "query", node, query=node)
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            return Source(alias, "rows", node, columns=columns)
        return self._table(node, alias, columns, opaque, names, before)

    def _pivots_keys(self, node: exp.Expr) -> bool:
        """Whether a PIVOT groups rows anew, or an UNPIVOT makes a column of a key's name."""
        pivots = node.args.get("pivots") or []
        names = {name.name.lower() for pivot in pivots for name in pivot.find_all(exp.Identifier)}
        keys = {*self.keys, *(self.entry(table_name(node)).keys or () if isinstance(node, exp.Table) else ())}
        return any(not pivot.args.get("unpivot") for pivot in pivots) or bool(names & {key.lower() for key in keys})

    def _table(
        self,
        node: exp.Table,
        alias: str,
        columns: tuple[str, ...] | None,
        opaque: bool,
        names: Mapping[str, Cte],
        before: list[Source],
    ) -> Source:
        name = table_name(node)
        cte = names.get(name.lower()) or (None if node.args.get("db") else names.get(node.name.lower()))
        if cte is not None:
            return Source(
                alias, "query", node, query=cte.query, cte=cte, columns=columns or cte.columns or None, opaque=opaque
            )
        first = node.parts[0].name.lower()
        if len(node.parts) > 1 and any(source.alias == first for source in before):
            return Source(alias, "rows", node, columns=columns)
        path = file_path(node)
        if path is not None:
            return Source(alias, "table", node, path, CatalogEntry(keys=()))
        entry = self.entry(name)
        if entry.family is not None:
            query = self._family(node, entry.family)
            opaque = opaque or bool(node.args.get("pivots"))
            return Source(alias, "query", node, name, entry, query=query, columns=columns, opaque=opaque)
        keys = self.keys if entry.keys is None else entry.keys
        keys += self.pseudo_columns if keys else ()
        opaque = opaque or bool(columns)
        return Source(alias, "table", node, name, entry, tuple(key.lower() for key in keys), opaque=opaque)

    @cached_property
    def has_fixed_structure(self) -> bool:
        """Whether the template inserts only parts of string literals, so that the query is the same every day but for those."""
        if self.rendered is None:
            return False
        source, text, pieces = self.rendered.source, self.rendered.text, self.rendered.pieces
        if "{%" in source:
            return False
        if source.count("{{") != sum(
            not piece.literal for piece in pieces
        ):  # one rendered nothing, so it may be anywhere
            return False
        strings = [
            (t.start, t.end)
            for t in Dialect.get_or_raise(self.dialect).tokenize(text)
            if t.token_type == TokenType.STRING
        ]
        ends = [*(piece.start for piece in pieces[1:]), len(text)]
        inserted = [(p.start, end) for p, end in zip(pieces, ends, strict=True) if not p.literal]
        return all(any(start <= first and last <= end + 1 for start, end in strings) for first, last in inserted)

    def is_verbatim(self, node: exp.Expr) -> bool:
        """Whether a literal stands in the user's text as it is, and is not rendered by the template."""
        start, end = node.meta.get("start"), node.meta.get("end")
        return (
            self.rendered is not None
            and start is not None
            and end is not None
            and self.rendered.is_verbatim(start, end + 1)
        )

    def _family(self, node: exp.Table, family: Family) -> exp.Query:
        """The query of a family; its nodes get the position of the reference, so that findings have a place in the text."""
        self.families[family.name.lower()] = family
        if id(node) not in self._family_queries:
            query = family_query(family)
            for identifier in query.find_all(exp.Identifier):
                identifier.meta.update({key: node.this.meta[key] for key in ("start", "end") if key in node.this.meta})
            self._family_queries[id(node)] = query
        return self._family_queries[id(node)]

    def _lateral(self, node: exp.Lateral, alias: str, columns: tuple[str, ...] | None) -> Source:
        if isinstance(node.this, exp.Subquery):
            return Source(alias, "query", node, query=node.this, lateral=True, columns=columns)
        return Source(alias, "rows", node, columns=columns)

    def entry(self, name: str) -> CatalogEntry:
        """The catalog's entry for a table, an empty one if there is none."""
        return find_entry(self.catalog, name)


def picks_rows(sample: exp.Expr | None) -> bool:
    """Whether a sample, which is taken before WHERE, picks rows for those that are there: so many, or by a seed.

    One that takes each row with a chance, or by a hash of it, takes it whatever else there is.
    """
    if sample is None:
        return False
    each = sample.args.get("percent") or sample.args.get("bucket_numerator")
    return not each or sample.text("method").upper() == "RESERVOIR" or sample.args.get("seed") is not None


def _pair(
    left: JoinTree | None, right: JoinTree, kind: str, on: exp.Expr | None = None, using: tuple[str, ...] = ()
) -> JoinTree:
    return right if left is None else JoinNode(left, right, kind, on, using)


def _is_query(node: exp.Subquery) -> bool:
    inner: Any = node.this
    while isinstance(inner, exp.Subquery):
        if inner.alias or inner.args.get("joins"):
            return False
        inner = inner.this
    return isinstance(inner, exp.Query) and not isinstance(inner, exp.Table)


def grain_of(source: Source, name: str) -> Grain:
    """Whether a table's column holds days or times, by its type, or for a partition key by its name."""
    kind = source.entry.columns.get(name, "").upper()
    if name in source.entry.days_from or kind.startswith(("TIMESTAMP", "DATETIME")):
        return "time"
    if name not in source.keys:
        return "day" if kind == "DATE" else "any"
    return "time" if not kind and (name == "ts" or name.endswith(_TIME_SUFFIXES)) else "day"
