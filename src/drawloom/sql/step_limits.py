"""What the SQL of a step may not contain, seen in its rendered text: other statements than one SELECT, files, settings.

An engine judges again what it runs; here a text is refused before, with the place of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem
from drawloom.sql.duckdb_functions import FILES, is_refused, refusal
from drawloom.sql.script import Script

_PATH = re.compile(r"[/\\*]|\.(?:parquet|csv|tsv|txt|json|jsonl|ndjson|xlsx|db|duckdb|sqlite|gz|zst)$", re.IGNORECASE)
_FORMATS = frozenset(["parquet", "csv", "json", "orc", "text", "avro", "delta", "binaryfile", "iceberg"])
# Spark runs any method of a class of Java by name, and reads files of any folder.
_SPARK_FUNCTIONS = {"reflect": "", "java_method": "", "try_reflect": "", "read_files": FILES}
_SELECT_FIX = "Paste only the SELECT: drawloom writes its rows to the table."


def step_problems(script: Script, engine: str) -> tuple[Problem, ...]:
    """Why a text is not one SELECT over tables that this engine may run."""
    return (*_statement_problems(script), *_function_problems(script, engine), *_path_problems(script))


def _statement_problems(script: Script) -> Iterator[Problem]:
    first, *others = script.statements
    wrong = first if not isinstance(first, exp.Query) else next(iter(others), None)
    if wrong is not None:
        message = f"sql == ... {wrong.key.upper()} ..., must be one SELECT."
        yield Problem("not-a-select", "error", message, script.where(wrong), Fix(_SELECT_FIX))
    elif (writing := next(first.find_all(exp.DML, exp.DDL, exp.Into), None)) and not isinstance(writing, exp.Query):
        message = f"sql == ... {writing.key.upper()} ..., must write nothing."
        yield Problem("writes", "error", message, script.where(writing), Fix(_SELECT_FIX))


def _function_problems(script: Script, engine: str) -> Iterator[Problem]:
    for statement in script.statements:
        for node in statement.find_all(exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            reason, fix = refusal(name)
            if engine != "duckdb":
                if name not in _SPARK_FUNCTIONS:
                    continue
                reason = _SPARK_FUNCTIONS[name] or "run other code"
            elif not is_refused(name):
                continue
            code = "reads-files" if reason == FILES else "not-allowed"
            yield Problem(code, "error", f"sql == ... {name}(...), must not {reason}.", script.where(node), Fix(fix))


def _path_problems(script: Script) -> Iterator[Problem]:
    for statement in script.statements:
        ctes = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
        for table in statement.find_all(exp.Table):
            schema, name = table.db.lower(), table.name
            is_cte = not schema and name.lower() in ctes
            is_path = bool(_PATH.search(name)) and (not schema or schema in _FORMATS)
            if isinstance(table.this, exp.Identifier) and is_path and not is_cte:
                message = f"sql == ... FROM {name:.60}, must read tables only."
                yield Problem("reads-files", "error", message, script.where(table), Fix(refusal("read_parquet")[1]))
