"""The effects of a script, statement by statement: the tables it reads and writes, and the temporary ones it creates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlglot import exp

from drawloom.model import Days
from drawloom.sql.clauses import (
    CteNames,
    deletes_whole_days,
    is_query,
    is_temporary,
    listed_columns,
    merge_branches,
    partition_key,
    target_table,
    visible_ctes,
)
from drawloom.sql.days.day_set import ALL, NONE, DaySet
from drawloom.sql.days.partition_pruning import Pruner, TableScan, subqueries
from drawloom.sql.days.query import AnalysisContext, AnalyzedQuery
from drawloom.sql.days.values import UNKNOWN, PerProbe, Value, apply_per_probe, parse_time, to_text
from drawloom.sql.scope import Cte, JoinNode, Source, grain_of, table_name
from drawloom.sql.script import Write
from drawloom.sql.script_state import Branches, schema_of, set_schema
from drawloom.sql.statements import moves_no_rows
from drawloom.sql.unread import Unread, unread_parts, unread_statement


class ScriptEffects:
    """Collects the table scans and writes of a script's statements, in order.

    Days that the script wrote itself before it reads them are no dependency.
    """

    def __init__(self, context: AnalysisContext) -> None:
        self.context = context
        self.names: dict[str, Cte] = {}
        self.writes: list[Write] = []
        self.scans: list[TableScan] = []
        self._views: list[tuple[Cte, dict[str, DaySet]]] = []
        self._days_written: dict[str, DaySet] = {}
        self._days_deleted: dict[str, DaySet] = {}
        self._created: set[str] = set()
        self._declared: set[str] = set()
        self._may_exist: set[str] = set()
        self._pruner = Pruner(context)
        self._index = 0
        self._schema: str | None = None
        self._branches = Branches()
        self.unread: list[Unread] = []

    def run(self, statements: tuple[exp.Expr, ...]) -> None:
        """Collect the effects of all statements."""
        for self._index, statement in enumerate(statements):
            self._enter_branches(statement)
            set_schema(statement, self._schema)
            before, written = len(self.writes), dict(self._days_written)
            self._changing_ctes(statement)
            self._apply(statement)
            self._collect_scans(written)
            self._note_created(self.writes[before:])
        for cte, written in reversed(self._views):
            self._pruner.visit_ctes([cte])
            self._collect_scans(written)
        for statement in statements:
            self.unread += unread_parts(statement, self._pruner.seen)

    def _apply(self, statement: exp.Expr) -> None:
        rule = _RULES.get(type(statement))
        if rule is not None:
            rule(self, statement)
            self._output_into(statement)
        elif is_query(statement):
            self.read_query(statement)
        elif isinstance(statement, _WITHOUT_ROWS):
            self.read_subqueries(statement)
        else:
            self.unread.append(unread_statement(statement))
            self.read_subqueries(statement)

    def _output_into(self, statement: exp.Expr) -> None:
        """OUTPUT ... INTO, and RETURNING ... INTO, put the changed rows into a table."""
        returning = statement.args.get("returning")
        into = returning.args.get("into") if isinstance(returning, exp.Expr) else None
        if isinstance(into, exp.Identifier) and self.context.builder.dialect in ("tsql", "fabric"):
            self.writes.append(Write(into.name, "append", None, self._index))

    def _enter_branches(self, statement: exp.Expr) -> None:
        """What is written in a branch of a script may not be written, so what follows the branch may read older rows."""
        written = (self._days_written, self._days_deleted, self._created)
        self._days_written, self._days_deleted, self._created = self._branches.enter(
            statement.meta.get("branches", ()), written
        )

    def _changing_ctes(self, statement: exp.Expr) -> None:
        """CTEs that INSERT, UPDATE or DELETE. All of one statement see the tables as they were before it."""
        ctes: list[Cte] = []
        visible_ctes(statement, self.names, ctes)
        outside = (self.names, self._days_written, self._days_deleted)
        for cte in ctes:
            if isinstance(cte.query, exp.Insert | exp.Update | exp.Delete | exp.Merge):
                self.names = dict(cte.names)
                self._days_written, self._days_deleted = dict(outside[1]), dict(outside[2])
                self._apply(cte.query)
        self.names, self._days_written, self._days_deleted = outside

    def named(self, node: Any) -> None:
        """Tables that a statement names without reading their rows; not those in its queries."""
        for part in node.walk(prune=is_query) if isinstance(node, exp.Expr) else ():
            if isinstance(part, exp.Table):
                self._pruner.seen.add(id(part))

    def _collect_scans(self, written: dict[str, DaySet]) -> None:
        """Take the scans of the last statement, without the days that the script wrote before it."""
        for scan in self._pruner.scans.values():
            own = written.get(scan.table.lower(), NONE)
            left = self.context.probe_days.subtract(scan.days, own)
            if own.is_empty or not left.is_empty:
                self.scans.append(TableScan(scan.table, scan.node, left))
        self._pruner.scans = {}

    def _note_created(self, writes: list[Write]) -> None:
        for write in writes:
            name = write.table.lower()
            if name not in self._declared and write.mode in ("create", "view"):
                self._created.add(name)
                if name not in self._may_exist:
                    self._days_written[name] = ALL

    def read_query(self, node: exp.Expr) -> None:
        """A query, which may put its rows into a table."""
        self._into(node)
        self._pruner.read(node, self.names)

    def read_subqueries(self, node: exp.Expr) -> None:
        """A statement that has no effect besides its queries."""
        self.named(node)
        for query in subqueries(node):
            self._pruner.read(query, self.names)

    def _read_more(self, node: exp.Expr, names: CteNames, *args: str) -> None:
        """The queries in further parts of a statement, such as ON CONFLICT and RETURNING."""
        for name in args:
            value = node.args.get(name)
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, exp.Expr):
                    self.named(part)
                    for query in subqueries(part):
                        self._pruner.read(query, names)

    def command(self, node: exp.Command) -> None:
        """A statement that the parser does not take apart."""
        schema = schema_of(node, self.context.builder.dialect)
        if schema is not None:
            self._schema = schema
        elif not moves_no_rows(node):
            self.unread.append(unread_statement(node))

    def use(self, node: exp.Expr) -> None:
        """USE and SET schema: bare names after it are in that schema."""
        self.read_subqueries(node)
        schema = schema_of(node, self.context.builder.dialect)
        if schema is not None:
            self._schema = schema

    def _into(self, node: exp.Expr) -> None:
        while isinstance(node, exp.SetOperation):
            node = node.this
        into = node.args.get("into")
        if into is None or not isinstance(into.this, exp.Table):
            return
        self.named(into)
        if into.args.get("temporary") or into.this.name.startswith("#"):
            self.names[table_name(into.this).lower()] = _opaque_table(table_name(into.this))
        else:
            self._write(into.this, "create")

    def insert(self, node: exp.Insert) -> None:
        """INSERT: it appends, or overwrites a table or a partition."""
        ctes: list[Cte] = []
        names = visible_ctes(node, self.names, ctes)
        self.named(node.this)
        self._read_more(node, names, "conflict", "returning", "where", "using")
        if is_query(node.expression):
            self._pruner.read(node.expression, names)
        elif isinstance(node.args.get("source"), exp.Table):
            self._pruner.read_parts(exp.Tuple(), names, self.context.builder.leaf(node.args["source"], names))
        elif isinstance(node.expression, exp.Expr):
            for query in subqueries(node.expression):
                self._pruner.read(query, names)
        self._pruner.visit_ctes(ctes)
        table = target_table(node.this)
        if table is not None:
            self._record_insert(node, table, names)
        elif isinstance(node.this, exp.Directory):
            self.writes.append(Write(node.this.name, "overwrite", None, self._index, True))
        else:
            self.unread.append(unread_statement(node))

    def _record_insert(self, node: exp.Insert, table: exp.Table, names: CteNames) -> None:
        name = table_name(table).lower()
        overwrite = bool(node.args.get("overwrite"))
        partition = self._partition(table)
        whole, days = self._days_replaced(node, table, names)
        replaces = overwrite or name in self._days_deleted
        mode = "merge" if node.args.get("alternative") == "REPLACE" else "overwrite" if overwrite else "append"
        self._write(table, mode, partition, replaces)
        if overwrite and whole:
            self._add_written(name, days)
        elif not overwrite and name in self._days_deleted and not days.is_all:
            self._add_written(name, self.context.probe_days.intersect(days, self._days_deleted[name]))

    def _days_replaced(self, node: exp.Insert, table: exp.Table, names: CteNames) -> tuple[bool, DaySet]:
        """Whether whole days are written, and which ones."""
        entry = self.context.builder.entry(table_name(table))
        keys = self.context.builder.keys if entry.keys is None else entry.keys
        clause = table.args.get("partition")
        if clause is None:
            return True, ALL if entry.keys == () else self._output_days(node, keys, names)
        values = {partition_key(part): part for part in clause.expressions}
        if len(values) != 1 or not (set(values) & set(keys)):
            return False, NONE
        part = next(iter(values.values()))
        return isinstance(part, exp.EQ), self._days_of(part.expression) if isinstance(part, exp.EQ) else NONE

    def _output_days(self, node: exp.Insert, keys: tuple[str, ...], names: CteNames) -> DaySet:
        """The days that the inserted rows have in the first key."""
        if not keys or not isinstance(node.expression, exp.Query):
            return NONE
        query = AnalyzedQuery(self.context, node.expression, names)
        columns = [item.name.lower() for item in node.this.expressions] if isinstance(node.this, exp.Schema) else []
        if keys[0] in columns:
            return query.days_at(columns.index(keys[0]))
        days = query.days(keys[0]) if query.has(keys[0]) else ALL
        return NONE if days.is_all else days

    def _days_of(self, node: exp.Expr) -> DaySet:
        value = self.context.constants.fold(node)
        return self.context.probe_days.days_where(_single_day, value) if value is not UNKNOWN else NONE

    def _add_written(self, name: str, days: DaySet) -> None:
        self._days_written[name] = self.context.probe_days.union([self._days_written.get(name, NONE), days])

    def multi_insert(self, node: exp.MultitableInserts) -> None:
        """Hive's FROM ... INSERT ... INSERT ...: every SELECT reads the one FROM."""
        source = node.args["source"]
        inserts = [insert for insert in node.expressions if isinstance(insert, exp.Insert)]
        ctes: list[Cte] = []
        outside, self.names = self.names, dict(visible_ctes(node, self.names, ctes))
        for insert in inserts:
            for select in _selects(insert.expression):
                self.context.builder.shared[id(select)] = source
            self.insert(insert)
        if id(source) not in self._pruner.seen:
            self._export([source])
        self._write_branches(node)
        self._pruner.visit_ctes(ctes)
        self.names = {**outside, **{name: cte for name, cte in self.names.items() if cte not in ctes}}

    def _write_branches(self, node: exp.MultitableInserts) -> None:
        for branch in node.expressions:
            self.named(branch)
            insert = branch.find(exp.Insert) if not isinstance(branch, exp.Insert) else None
            table = target_table(insert.this) if insert is not None else None
            if table is not None:
                self._write(table, "append")

    def create(self, node: exp.Create) -> None:
        """CREATE TABLE or VIEW, also a temporary one."""
        kind = str(node.args.get("kind") or "").upper()
        table = target_table(node.this)
        query = node.expression if isinstance(node.expression, exp.Expr) else None
        if kind not in ("TABLE", "VIEW", "MATERIALIZED VIEW") or table is None:
            self._routine(node)
            return
        if is_temporary(node) or table.name.startswith("#"):
            self._temporary(table_name(table), kind, query, node)
            return
        self.named(node.this)
        self._read_more(node, self.names, "this", "properties", "indexes")
        self._clone(node)
        if query is None or not (is_query(query) or isinstance(query, exp.Table)):
            self._declare(table)
            return
        ctes: list[Cte] = []
        self._pruner.read(query, visible_ctes(node, self.names, ctes))
        self._pruner.visit_ctes(ctes)
        if node.args.get("exists"):
            self._may_exist.add(table_name(table).lower())
        self._write(table, "view" if "VIEW" in kind else "create")

    def _temporary(self, name: str, kind: str, query: exp.Expr | None, node: exp.Expr) -> None:
        if query is None or not is_query(query):
            self.read_subqueries(node)
            self.names[name.lower()] = _opaque_table(name)
            return
        self._read_more(node, self.names, "this", "properties")
        ctes: list[Cte] = []
        cte = Cte(
            name.lower(),
            query,
            dict(visible_ctes(node, self.names, ctes)),
            listed_columns(node),
            can_push_down=kind == "VIEW",
        )
        if kind == "VIEW":
            self._views.append((cte, dict(self._days_written)))
        else:
            self._pruner.read(query, cte.names)
        self._pruner.visit_ctes(ctes)
        self.names[name.lower()] = cte

    def _routine(self, node: exp.Create) -> None:
        """CREATE of something that has no rows, such as a function or a schema."""
        kind = str(node.args.get("kind") or "").upper()
        if node.args.get("clone") or (kind not in _HARMLESS_KINDS and not is_query(node.expression)):
            self.unread.append(unread_statement(node))
        self.read_subqueries(node)

    def _declare(self, table: exp.Table) -> None:
        """CREATE TABLE without rows is a write only where nothing else writes the table."""
        name = table_name(table).lower()
        if name not in self.names and all(write.table.lower() != name for write in self.writes):
            self._write(table, "create")
            self._declared.add(name)
            self._created.add(name)

    def _clone(self, node: exp.Create) -> None:
        """CREATE TABLE a CLONE b copies all rows."""
        clone = node.args.get("clone")
        if clone is not None and isinstance(clone.this, exp.Table):
            self._pruner.read_parts(exp.Tuple(), self.names, self.context.builder.leaf(clone.this, self.names))
            self._write(target_table(node.this) or clone.this, "create")

    def cache(self, node: exp.Cache) -> None:
        """Spark's CACHE TABLE x AS query makes a temporary view."""
        query = node.expression
        self.named(node.this)
        if isinstance(query, exp.Query) and isinstance(node.this, exp.Table):
            self._temporary(table_name(node.this), "TABLE", query, node)

    def merge(self, node: exp.Merge) -> None:
        """MERGE: rows of the source without a match matter only where they are inserted."""
        ctes: list[Cte] = []
        names = visible_ctes(node, self.names, ctes)
        builder = self.context.builder
        inserts = any(not when.args.get("matched") and not when.args.get("source") for when in merge_branches(node))
        target, using = builder.leaf(node.this, names), builder.leaf(node.args["using"], names)
        self._pruner.read_parts(
            node, names, JoinNode(using, target, "left" if inserts else "inner", node.args.get("on"))
        )
        self._pruner.visit_ctes(ctes)
        self._write_target(node.this, "merge")

    def update(self, node: exp.Update) -> None:
        """UPDATE, with the tables of its FROM."""
        self.named(node.this)
        ctes: list[Cte] = []
        names = visible_ctes(node, self.names, ctes)
        tree = self.context.builder.leaf(node.this, names)
        others = self.context.builder.tree(node, names)
        self._pruner.read_parts(node, names, JoinNode(others, tree, "inner") if others else tree)
        self._pruner.visit_ctes(ctes)
        self._write_target(node.this, "update")

    def delete(self, node: exp.Delete) -> None:
        """DELETE: the days it empties count as overwritten if they are inserted again."""
        target = target_table(node.this) or next(iter(node.args.get("tables") or []), None)
        if not isinstance(target, exp.Table):
            self.unread.append(unread_statement(node))
            return
        for table in node.args.get("tables") or []:
            self.named(table)
        ctes: list[Cte] = []
        names = visible_ctes(node, self.names, ctes)
        tree = self.context.builder.leaf(target, names)
        for using in node.args.get("using") or []:
            tree = JoinNode(self.context.builder.leaf(using, names), tree, "inner")
        self._pruner.read_parts(node, names, tree)
        self._pruner.visit_ctes(ctes)
        days = self._pruner.scans[id(target)].days if id(target) in self._pruner.scans else NONE
        self._write_target(target, "delete")
        name = table_name(target).lower()
        keys = self.context.builder.entry(table_name(target)).keys
        keys = (self.context.builder.keys if keys is None else keys)[:1]
        source = Source("", "table", target, name, self.context.builder.entry(name), keys)
        is_day = all(grain_of(source, key) != "time" for key in keys)
        if is_day and deletes_whole_days(node, keys) and not (days.is_all and node.args.get("where")):
            self._days_deleted[name] = self.context.probe_days.union([self._days_deleted.get(name, NONE), days])

    def truncate(self, node: exp.TruncateTable) -> None:
        """TRUNCATE: an INSERT after it replaces the whole table."""
        self.named(node)
        for table in node.expressions:
            if isinstance(table, exp.Table):
                self._days_deleted[table_name(table).lower()] = ALL

    def drop(self, node: exp.Drop) -> None:
        """DROP: a table that this script created and drops again counts as temporary, not as written."""
        self.named(node)
        for table in node.args.get("tables") or []:
            name = table_name(table).lower() if isinstance(table, exp.Table) else ""
            self.names.pop(name, None)
            if name in self._created:
                self._created.discard(name)
                self.writes = [write for write in self.writes if write.table.lower() != name]

    def alter(self, node: exp.Alter) -> None:
        """ALTER TABLE: after RENAME TO and SWAP WITH, what was written before has the new name."""
        self.read_subqueries(node)
        for action in node.args.get("actions") or []:
            other = target_table(action.this) if isinstance(action, exp.AlterRename | exp.SwapTable) else None
            if other is not None and isinstance(node.this, exp.Table):
                self._rename(node.this, other, swap=isinstance(action, exp.SwapTable))

    def _rename(self, table: exp.Table, other: exp.Table, *, swap: bool) -> None:
        old, new = table_name(table), table_name(other)
        new = new if "." in new or "." not in old else f"{old.rpartition('.')[0]}.{new}"
        names = {old.lower(): new, **({new.lower(): old} if swap else {})}
        if swap and not any(write.table.lower() in names for write in self.writes):
            self._export([other])
            self._write(table, "create")
            return
        self.writes = [replace(w, table=names.get(w.table.lower(), w.table)) for w in self.writes]
        for some in (self._days_written, self._days_deleted):
            moved = {name: some.pop(name) for name in names if name in some}
            some |= {names[name].lower(): days for name, days in moved.items()}
        self._created = {names.get(name, name).lower() for name in self._created}
        self.names |= {names[name].lower(): self.names.pop(name) for name in list(names) if name in self.names}

    def copy(self, node: exp.Copy) -> None:
        """COPY: a table is filled from files, or a table or query is exported to files."""
        self.named(node)
        table = target_table(node.this)
        files = node.args.get("files") or []
        exports = not node.args.get("kind") or table is None or not isinstance(table.this, exp.Identifier)
        if exports and node.args.get("kind"):
            self._export(files)
        elif exports:
            self._export([node.this])
        else:
            for file in files:
                self._read_file(file)
            self._write(target_table(node.this) or exp.Table(), "append")

    def export(self, node: exp.Export) -> None:
        """EXPORT DATA AS query."""
        self._export([node.this])

    def _export(self, sources: list[exp.Expr]) -> None:
        for source in sources:
            table = target_table(source)
            if table is not None:
                self._pruner.read_parts(exp.Tuple(), self.names, self.context.builder.leaf(table, self.names))
            else:
                self.read_subqueries(source)

    def _read_file(self, file: exp.Expr) -> None:
        self.named(file)
        if is_query(file) and not isinstance(target_table(file), exp.Table):
            self._pruner.read(file, self.names)
        else:
            name = table_name(file) if isinstance(file, exp.Table) else file.name
            self.scans.append(TableScan(name or file.sql(), file, ALL))

    def load(self, node: exp.LoadData) -> None:
        """LOAD DATA fills a table from files."""
        self.named(node)
        table = target_table(node.this)
        path = node.args.get("inpath")
        if path is not None:
            self.scans.append(TableScan(path.name, path, ALL))
        if table is not None:
            self._write(table, "overwrite" if node.args.get("overwrite") else "append")

    def _write_target(self, node: exp.Expr, mode: str) -> None:
        table = target_table(node)
        if table is not None:
            self.named(table)
            if not (isinstance(node.parent, exp.Expr) and _gives_rows(node.parent)):
                self._pruner.scans.pop(id(table), None)
            self._write(table, mode)

    def _write(self, table: exp.Table, mode: str, partition: Any = None, replaces: bool = False) -> None:
        name = table_name(table)
        if not isinstance(table.this, exp.Identifier):
            return
        if name.lower() in self.names:
            self.names[name.lower()] = _opaque_table(name)
            return
        if name.lower() in self._declared:
            self._declared.discard(name.lower())
            self.writes = [write for write in self.writes if write.table.lower() != name.lower()]
        self.writes.append(
            Write(name, mode, partition, self._index, replaces or mode in ("create", "view", "overwrite"))
        )

    def _partition(self, table: exp.Table) -> dict[str, int | str | None] | None:
        clause = table.args.get("partition")
        if clause is None:
            return None
        return {partition_key(part): self._partition_value(part) for part in clause.expressions}

    def _partition_value(self, part: exp.Expr) -> int | str | None:
        if not isinstance(part, exp.EQ):
            return None
        value = self.context.constants.fold(part.expression)
        if value is UNKNOWN:
            return None
        if type(value) is not PerProbe:
            return to_text(value)
        if apply_per_probe(lambda one, hour: int(one) == hour, value, PerProbe(self.context.probe_days.hours)) is True:
            return 0
        days = self.context.probe_days.days_where(_single_day, value).offsets
        return days.first if days and len(days.spans) == 1 and days.first == days.last else None


def _gives_rows(statement: exp.Expr) -> bool:
    """Whether a change of a table gives its rows to the query around it."""
    return statement.args.get("returning") is not None and isinstance(statement.parent, exp.CTE)


def _opaque_table(name: str) -> Cte:
    """A temporary table whose content is not known."""
    return Cte(name.lower(), exp.Null(), {}, can_push_down=False)


def _single_day(value: Value) -> Days | None:
    moment = parse_time(str(value)) if isinstance(value, str | int) else value
    return Days.of(moment.toordinal()) if isinstance(moment, date) else None


def _selects(node: Any) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Select) and node.args.get("from_") is None:
        yield node


# Statements that name tables, or set up what is around them; their queries are read.
_WITHOUT_ROWS = (
    *(exp.Analyze, exp.AlterSession, exp.Attach, exp.Comment, exp.Commit, exp.ConnectTo, exp.Declare, exp.Describe),
    *(exp.Detach, exp.Disconnect, exp.Get, exp.Grant, exp.Heredoc, exp.Install, exp.Kill, exp.ListStage),
    *(exp.Pragma, exp.Put, exp.Refresh, exp.Return, exp.Revoke, exp.Rollback, exp.Show, exp.Transaction, exp.Uncache),
    *(exp.Undrop, exp.Leave, exp.Iterate, exp.Condition, exp.Alias, exp.Tuple, exp.Values),
)
# What CREATE makes that neither has rows nor a body that runs.
_HARMLESS_KINDS = {
    *("SCHEMA", "DATABASE", "INDEX", "SEQUENCE", "FUNCTION", "PROCEDURE", "MACRO", "STAGE", "CONSTRAINT", "CAST"),
    *("EXTENSION", "STORAGE INTEGRATION", "MODEL", "SEMANTIC VIEW", "SYNONYM", "TYPE", "ROLE", "USER", "WAREHOUSE"),
    *("TAG", "STREAMLIT", "FILE FORMAT"),
}

Rule = Callable[[ScriptEffects, Any], None]
_RULES: dict[type[Any], Rule] = {
    exp.Insert: ScriptEffects.insert,
    exp.MultitableInserts: ScriptEffects.multi_insert,
    exp.Create: ScriptEffects.create,
    exp.Cache: ScriptEffects.cache,
    exp.Merge: ScriptEffects.merge,
    exp.Update: ScriptEffects.update,
    exp.Delete: ScriptEffects.delete,
    exp.TruncateTable: ScriptEffects.truncate,
    exp.Drop: ScriptEffects.drop,
    exp.Alter: ScriptEffects.alter,
    exp.Copy: ScriptEffects.copy,
    exp.Command: ScriptEffects.command,
    exp.LoadData: ScriptEffects.load,
    exp.Export: ScriptEffects.export,
    exp.Use: ScriptEffects.use,
    exp.Set: ScriptEffects.use,
}
