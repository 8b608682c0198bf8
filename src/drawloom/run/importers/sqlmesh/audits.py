"""Audits of SQLMesh as data checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from drawloom.model import InputError
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.plain_sql import PlainSql
from drawloom.run.importers.sqlmesh.blocks import Block, Called, called_audits, listed, read_blocks
from drawloom.run.importers.upstream import Upstream
from drawloom.sql.dialect import quoted, transpile

Resolve = Callable[[tuple[str, ...]], Upstream | None]


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit of the project: its query, and the file that has it."""

    block: Block
    entry: ImportedFile
    text: str


@dataclass(slots=True)
class Audits:
    """The audits of a project by name; a table's checks are made of them."""

    dialect: str
    parameters: Mapping[str, str]
    resolve: Resolve
    made: Imported
    known: dict[str, Audit] = field(default_factory=dict)

    def add(self, block: Block, entry: ImportedFile, text: str) -> None:
        """Have an audit known by its name."""
        self.known[block.word("name").lower()] = Audit(block, entry, text)

    def add_file(self, entry: ImportedFile, text: str) -> None:
        """Have the audits of a file known."""
        try:
            for block in read_blocks(text):
                self.add(block, entry, text)
                if block.word("standalone").lower() == "true":
                    fix = "Write it as `sql: {name: ..., query: ...}` in the `checks` of a spec."
                    entry.refuse("standalone-audit", "A standalone audit is of no table.", block.line, fix)
        except SqlglotError as error:
            entry.refuse("syntax", f"It cannot be read: {error}.", 1)

    def checks(self, block: Block, entry: ImportedFile, own: str, read: AbstractSet[str]) -> list[dict[str, Any]]:
        """The checks that stand for the audits of a model; those that have none are noted.

        Args:
            block: that of the model.
            entry: its file.
            own: the table that it fills.
            read: the tables that it reads; its checks can read no others.
        """
        found: list[dict[str, Any]] = []
        value = block.properties.get("audits")
        for called in called_audits(value) if value else ():
            warns = called.name.endswith("_non_blocking")
            checks = self._of(called, called.name.removesuffix("_non_blocking"), own, read)
            if not checks:
                fix = "Write it as `sql: {name: ..., query: SELECT ... FROM staged}` in `checks`."
                entry.note(
                    "audit", f"The audit {called.text} has no data check of ours.", value.line if value else 1, fix
                )
            found += [{**check, "severity": "warn"} if warns else check for check in checks]
        return found

    def _of(self, called: Called, name: str, own: str, read: AbstractSet[str]) -> list[dict[str, Any]]:
        if name in self.known:
            return self._own(called, self.known[name], own, read)
        found = _BUILT_IN.get(name)
        return found(called.arguments) if found else []

    def _own(self, called: Called, audit: Audit, own: str, read: AbstractSet[str]) -> list[dict[str, Any]]:
        parameters = {name: value.sql(self.dialect) for name, value in called.arguments.items()}
        defaults = audit.block.properties.get("defaults")
        for one in listed(_parsed(f"({defaults.inner})")) if defaults else ():
            if isinstance(one, exp.EQ | exp.PropertyEQ):
                parameters.setdefault(one.this.name.lower(), one.expression.sql(self.dialect))
        parameters |= {**self.parameters, "this_model": "staged"}
        mine = ImportedFile(audit.entry.file)
        statement = audit.block.statements[-1] if audit.block.statements else None
        if statement is None or any(isinstance(value, exp.Parameter) for value in called.arguments.values()):
            return []
        staged = Upstream("staged", "whole")

        def resolve(parts: tuple[str, ...]) -> Upstream | None:
            found = staged if parts == ("staged",) else self.resolve(parts)
            if found is None or found.table in {own, "staged"}:
                return found and staged
            return found if found.table in read else None

        converter = PlainSql(self.dialect, parameters, resolve)
        text = converter.fill(statement.text)
        query = converter.read(text, mine)
        sql = converter.convert(query, mine) if query else ""
        if mine.problems:
            return []
        try:
            sql = _in_duckdb(sql, self.dialect)
        except (SqlglotError, InputError):
            return []
        if "drawloom.yml" not in audit.entry.wrote:
            audit.entry.wrote = ["specs/"]
        return [
            {"sql": {"name": called.text if len(called.text) < 80 else called.name, "query": " ".join(sql.split())}}
        ]


def _in_duckdb(sql: str, dialect: str) -> str:
    if dialect == "duckdb":
        return sql
    day = "1999-09-09"  # stands for the run's day, which is a tag of a template
    return transpile(sql.replace("{{ ds }}", day), dialect, "duckdb").replace(day, "{{ ds }}")


def _parsed(text: str) -> exp.Expr | None:
    import sqlglot

    try:
        return sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return None


def _names(arguments: Mapping[str, exp.Expr], key: str = "columns") -> list[str]:
    return [one.name for one in listed(arguments.get(key)) if isinstance(one, exp.Column | exp.Identifier) and one.name]


def _values(arguments: Mapping[str, exp.Expr], key: str) -> list[Any]:
    found = [one.to_py() if isinstance(one, exp.Literal | exp.Boolean) else None for one in listed(arguments.get(key))]
    return [] if None in found else found


def _condition(name: str, where: str) -> list[dict[str, Any]]:
    return [{"sql": {"name": name, "query": f"SELECT * FROM staged WHERE {where}"}}]


def _not_null(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    columns = _names(arguments)
    return [{"not_null": columns}] if columns else []


def _unique_values(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    return [{"unique": [column]} for column in _names(arguments)]


def _unique_together(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    columns = _names(arguments)
    return [{"unique": columns}] if columns else []


def _accepted(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    columns, values = _names(arguments, "column"), _values(arguments, "is_in")
    return [{"accepted_values": {columns[0]: values}}] if columns and values else []


def _rows(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    values = _values(arguments, "threshold")
    return [{"rows": {"min": int(values[0]) + 1}}] if values else []


def _forall(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    found = [one.sql("duckdb") for one in listed(arguments.get("criteria"))]
    return [check for text in found for check in _condition(f"forall: {text}", f"NOT ({text})")]


def _range(arguments: Mapping[str, exp.Expr]) -> list[dict[str, Any]]:
    columns = _names(arguments, "column")
    equal = "=" if "inclusive" in arguments and arguments["inclusive"].sql() == "FALSE" else ""
    bounds = [
        (sign, arguments[key].sql("duckdb")) for sign, key in (("<", "min_v"), (">", "max_v")) if key in arguments
    ]
    if not columns or not bounds:
        return []
    return _condition(f"range of {columns[0]}", " OR ".join(f"{quoted(columns[0])} {s}{equal} {b}" for s, b in bounds))


_BUILT_IN: dict[str, Callable[[Mapping[str, exp.Expr]], list[dict[str, Any]]]] = {
    "not_null": _not_null,
    "unique_values": _unique_values,
    "unique_combination_of_columns": _unique_together,
    "accepted_values": _accepted,
    "number_of_rows": _rows,
    "forall": _forall,
    "accepted_range": _range,
}
