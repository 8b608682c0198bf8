"""What a SELECT may read and call in DuckDB: the tables of its task, and functions of values; judged by DuckDB's own parse of it.

Files, settings, the environment, other databases and DuckDB's own tables are refused by name. What is judged is the text
that runs, so nothing depends on how a template or a comment spells it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from drawloom.model import Fix, InputError, Problem, Where, refuse
from drawloom.sql.duckdb_functions import FILES, is_allowed, is_refused, refusal
from drawloom.sql.recursion import with_deep_stack

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_READING_NODES = frozenset(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"])
_TABLE_LISTS = ('"tables"', "__show_tables_expanded")  # SHOW TABLES and SHOW ALL TABLES, as DuckDB's parser has them
_INTERNAL_SCHEMAS = frozenset(["system", "temp", "memory", "information_schema", "pg_catalog"])
_INTERNAL_TABLES = re.compile(r"(duckdb|pragma|pg|sqlite)_\w+")
_PATH = re.compile(r"[./\\*?:\[\]{}~]")
_MAX_PROBLEMS = 5
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?(?:\([^()]*\)\s*)?", re.IGNORECASE)
_NO_LOCATION = 2**64 - 1

Names = frozenset[str]


def check_reads(
    connection: DuckDBPyConnection,
    sql: str,
    tables: Collection[str],
    files: Collection[str] = (),
    own: str = "",
    *,
    show: bool = False,
) -> None:
    """Check that one SELECT (or EXPLAIN of one) only reads tables and calls functions of values.

    Names that are nowhere are left to DuckDB, whose error says what is near.

    Args:
        connection: where the text will run.
        sql: one statement that DuckDB can parse.
        tables: the names of the tables that it may read, in lower case.
        files: paths of Parquet files that it may read as well, because drawloom itself wrote them into the text.
        own: the database of the task, whose tables it may read.
        show: whether it may list the tables.

    Raises:
        InputError: codes ``reads-files``, ``not-allowed`` or ``writes``, with the place in the text.
    """
    found = set(_Guard(connection, sql, tables, files, own, show).problems(_parse(connection, sql)))
    if found:
        raise InputError(*sorted(found, key=_by_place)[:_MAX_PROBLEMS])


def _by_place(problem: Problem) -> tuple[int, int, str]:
    return problem.where.line or 0, problem.where.column or 0, problem.message


def _parse(connection: DuckDBPyConnection, sql: str) -> Any:
    explained = _EXPLAIN.match(sql)
    plain = " " * explained.end() + sql[explained.end() :] if explained else sql  # places stay the same
    ((text,),) = connection.execute("SELECT json_serialize_sql(?)", [plain]).fetchall()
    try:
        tree = with_deep_stack(lambda: json.loads(text))
    except RecursionError as error:
        raise refuse(
            "refused", "the statement is nested too deep to be checked.", None, "Split it into CTEs."
        ) from error
    if tree["error"]:
        message = f"the statement cannot be checked: {tree['error_message']}"
        raise refuse("not-select", message, None, "Write one SELECT over tables.")
    if len(tree["statements"]) != 1:
        raise refuse(
            "not-select", f"statements == {len(tree['statements'])}, must be one SELECT.", None, "Remove the others."
        )
    return tree["statements"]


class _Guard:
    """Walks the tree of a statement."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        sql: str,
        tables: Collection[str],
        files: Collection[str],
        own: str,
        show: bool,
    ) -> None:
        self._connection = connection
        self._raw = sql.encode()
        self._tables = tables
        self._files = files
        self._own = own.lower()
        self._shown = {"", *_TABLE_LISTS} if show else {""}

    def problems(self, tree: Any) -> Iterator[Problem]:
        """Everything that is not allowed."""
        todo: list[tuple[Any, Names]] = [(tree, frozenset())]
        while todo:
            node, ctes = todo.pop()
            if isinstance(node, list):
                todo += ((child, ctes) for child in node)
            elif isinstance(node, dict) and not self._is_own_file(node):
                yield from self._problems_of(node, ctes)
                todo += _children(node, ctes)

    def _problems_of(self, node: Mapping[str, Any], ctes: Names) -> Iterator[Problem]:
        kind = node.get("type")
        if "cte_map" in node and kind not in _READING_NODES:
            yield self._problem("writes", node, f"sql == ... {_words(kind)} ..., must write nothing.", None)
        if kind == "BASE_TABLE":
            yield from self._table_problems(node, ctes)
        if kind == "SHOW_REF" and node["table_name"] not in self._shown:
            yield self._problem(
                "not-allowed", node, "sql == SHOW ..., must read tables only.", "Write DESCRIBE and the table."
            )
        called = node["function"] if kind == "TABLE_FUNCTION" else node
        name = called.get("function_name")
        if isinstance(name, str) and name and not is_allowed(name) and self._exists(name):
            reason, fix = refusal(name)
            code = "reads-files" if reason == FILES else "not-allowed"
            yield self._problem(code, node, f"sql == ... {name}(...), must not {reason}.", fix)

    def _table_problems(self, node: Mapping[str, Any], ctes: Names) -> Iterator[Problem]:
        parts = [part for part in (node["catalog_name"], node["schema_name"], node["table_name"]) if part]
        name = ".".join(parts).lower()
        if name in self._tables or (len(parts) == 1 and name in ctes) or (len(parts) > 1 and self._is_own(parts[0])):
            return
        first = parts[0].lower()
        internal = first in _INTERNAL_SCHEMAS or first.startswith("_drawloom")
        if internal or (len(parts) == 1 and _INTERNAL_TABLES.fullmatch(name)):
            message = f"sql == ... {'.'.join(parts)}, must be a table of the project."
            yield self._problem("not-allowed", node, message, "Remove it.")
        elif any(map(_PATH.search, parts)):
            message = f"sql == ... FROM '{'.'.join(parts):.60}', must read tables only."
            yield self._problem("reads-files", node, message, refusal("read_parquet")[1])

    def _exists(self, name: str) -> bool:
        """Whether DuckDB or an extension has this function; a misspelled one gets DuckDB's own error."""
        if is_refused(name):
            return True
        query = "SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = lower(?) LIMIT 1"
        return bool(self._connection.execute(query, [name]).fetchall())

    def _is_own(self, database: str) -> bool:
        return bool(self._own) and database.lower() == self._own

    def _is_own_file(self, node: Mapping[str, Any]) -> bool:
        """Whether it is ``read_parquet`` of a file that drawloom put into the text."""
        function = node.get("function") if node.get("type") == "TABLE_FUNCTION" else None
        if not function or function["function_name"] != "read_parquet" or not self._files:
            return False
        arguments = [each["expression"] for each in function["arguments"]]
        paths = [each for each in arguments if each["class"] != "COMPARISON"]  # the others are options
        return len(paths) == 1 and paths[0].get("literal", {}).get("text") in self._files

    def _problem(self, code: str, node: Mapping[str, Any], message: str, fix: str | None) -> Problem:
        return Problem(code, "error", message, self._place(node), Fix(fix) if fix else None)

    def _place(self, node: Mapping[str, Any]) -> Where:
        location = node.get("query_location", _NO_LOCATION)
        if location >= len(self._raw):
            return Where()
        before = self._raw[:location].decode(errors="ignore")
        return Where(None, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _children(node: Mapping[str, Any], ctes: Names) -> Iterator[tuple[Any, Names]]:
    """The parts of a node, each with the CTEs that it sees: one does not see itself, unless it is recursive, nor later ones."""
    for entry in (node.get("cte_map") or {}).get("map", ()):
        yield entry["value"], ctes
        ctes |= {entry["key"].lower()}
    for key, each in node.items():
        child = each
        if isinstance(child, dict | list) and key != "cte_map":
            if key == "function" and isinstance(child, dict):
                child = {**child, "function_name": ""}  # reported at the place of the table function
            recursive = node.get("type") == "RECURSIVE_CTE_NODE" and key == "right"
            yield child, ctes | {node["cte_name"].lower()} if recursive else ctes


def _words(kind: Any) -> str:
    return str(kind).removesuffix("_NODE").removesuffix("_QUERY")
