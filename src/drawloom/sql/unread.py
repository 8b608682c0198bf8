"""What a text names and the analysis does not read: every table must be read, written, or found here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from drawloom.sql.clauses import is_query
from drawloom.sql.scope import table_name
from drawloom.sql.statements import command_text

CODE = "unread-statement"
_AS_STATEMENT = "Write its query as a statement of its own, or run it apart from this text."
_AS_TABLES = "Select from the tables themselves."
_SHORT = 60

# Functions in FROM that give rows of their arguments, of files, or of what an engine knows about itself; names in lower case.
GENERATORS = frozenset(
    {
        *("unnest", "explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack"),
        *(
            "json_tuple",
            "flatten",
            "range",
            "generate_series",
            "exploding_generate_series",
            "sequence",
            "numbers",
            "generator",
        ),
        *("generate_date_array", "generate_array", "generate_timestamp_array", "generate_subscripts", "seq1", "seq2"),
        *("seq4", "seq8", "repeat_row", "json_each", "json_tree", "json_table", "json_array_elements"),
        *("json_array_elements_text", "json_object_keys", "json_to_recordset", "json_populate_recordset"),
        *("jsonb_each", "jsonb_each_text", "json_each_text", "jsonb_array_elements", "jsonb_array_elements_text"),
        *("jsonb_object_keys", "jsonb_to_recordset", "jsonb_populate_recordset", "jsonb_path_query", "openjson"),
        *("xmltable", "regexp_split_to_table", "regexp_matches", "string_to_table", "string_split", "split_to_table"),
        *("strtok_split_to_table", "split_to_rows", "parse_url_tuple", "values", "read_csv", "read_csv_auto"),
        *("read_json", "read_json_auto", "read_json_objects", "read_ndjson", "read_ndjson_auto"),
        *("read_ndjson_objects", "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema"),
        *("parquet_file_metadata", "parquet_kv_metadata", "read_text", "read_blob", "read_xlsx", "st_read"),
        *("read_files", "list_files", "glob", "sniff_csv", "infer_schema", "result_scan", "task_history"),
        *("query_history", "copy_history", "information_schema", "table_info", "pg_stat_activity", "pg_ls_dir"),
        *("pg_timezone_names", "pg_get_keywords", "sql_auto_complete", "test_all_types", "repeat"),
        *("test_vector_types", "which_secret"),
    }
)
_OF_THE_ENGINE = ("duckdb_", "pragma_", "pg_", "has_", "current_")
# Functions in FROM whose arguments are the tables that they read.
OF_TABLES = frozenset(
    {
        *("exclude_columns", "query_table", "vector_search", "gap_fill", "appends", "changes", "hop", "tumble"),
        *("cumulate", "session", "features_at_time", "ml_feature_time", "ml_entity_features", "table_diff"),
    }
)
_OF_MODELS = ("ml.", "ai.")


@dataclass(frozen=True, slots=True)
class Unread:
    """A place in a text that is not read, and what to do about it."""

    node: exp.Expr
    message: str
    fix: str


def _text(node: exp.Expr) -> str:
    try:
        return node.sql()
    except (ValueError, UnboundLocalError):  # a class that only some dialects write
        return type(node).__name__.upper()


def unread_statement(node: exp.Expr) -> Unread:
    """A statement that has no rule."""
    text = f"{node.name} {command_text(node)}" if isinstance(node, exp.Command) else _text(node)
    text = " ".join(text.split()) or type(node).__name__.upper()
    text = text if len(text) <= _SHORT else f"{text[:_SHORT]}..."
    return Unread(
        node, f"The statement `{text}` is not read: which tables it reads or writes is not known.", _AS_STATEMENT
    )


def unread_parts(statement: exp.Expr, seen: Collection[int]) -> Iterator[Unread]:
    """The tables and table functions of a statement that nothing has read or written.

    Args:
        statement: it was read.
        seen: the identities of the table nodes that were read, written, or only named.
    """
    for node in statement.walk():
        if isinstance(node, exp.From | exp.Join) and not isinstance(node.this, _SOURCES):
            yield _unknown_source(node.this)
        function = function_of(node)
        if function is not None:
            if not is_known(function, node) and node.find_ancestor(*_NAMES) is None:
                yield _unknown_function(function, node)
        elif isinstance(node, exp.Table) and not (id(node) in seen or is_model(node) or node.find_ancestor(*_NAMES)):
            yield _unseen_table(node)


# What may stand in FROM. Each has a rule in ``scope.py``.
_SOURCES = (exp.Table, exp.Subquery, exp.Values, exp.UDTF, exp.Stream, exp.Final)
# What names tables and reads none of them.
_NAMES = (exp.Describe, exp.JoinHint, exp.Hint, exp.Lock, exp.Index)


def function_of(node: exp.Expr) -> str | None:
    """The name, in lower case, of the function that a source in FROM is; None for other nodes."""
    if isinstance(node, exp.TableFromRows):
        return _call_name(node.this)
    if not isinstance(node, exp.Table) or isinstance(node.parent, exp.Into | exp.Analyze):
        return None
    if node.this is None or isinstance(node.this, exp.Identifier | exp.Var):
        return None
    schema = ".".join(part.name.lower() for part in (node.args.get("catalog"), node.args.get("db")) if part)
    name = _call_name(node.this)
    return f"{schema}.{name}" if schema and name else name


def _call_name(node: Any) -> str:
    """The name of a call; that of the call inside of TABLE(...)."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "table" and len(node.expressions) == 1:
        return _call_name(node.expressions[0])
    if isinstance(node, exp.Dot):
        return f"{node.this.sql().lower()}.{_call_name(node.expression)}"
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.Func):
        return node.sql_name().lower()
    return ""


def is_known(function: str, node: exp.Expr) -> bool:
    """Whether the tables that a function in FROM reads are known: none, or its arguments."""
    if function == "":  # TABLE('name')
        return any(True for _ in table_arguments(node))
    if function == "query_table":
        return any(True for _ in table_arguments(node))
    plain = (
        function.rpartition(".")[2]
        if function.startswith(("information_schema.", "system.", "pg_catalog."))
        else function
    )
    return plain in GENERATORS or plain in OF_TABLES or plain.startswith((*_OF_MODELS, *_OF_THE_ENGINE))


def table_arguments(node: exp.Expr) -> Iterator[exp.Table]:
    """The tables that a function in FROM gets as arguments: ``TABLE x``, ``TABLE(x)``, or a name in quotes."""
    call = node.this
    function = function_of(node) or ""
    named = call.expressions[:1] if function == "query_table" and isinstance(call, exp.Func) else [call]
    texts = named[0].expressions if named and isinstance(named[0], exp.Array) else named
    if all(isinstance(text, exp.Literal) and text.is_string for text in texts):
        yield from (_as_table(text.name.split("."), text) for text in texts)
    for part in call.walk(prune=is_query) if isinstance(call, exp.Expr) else ():
        if isinstance(part, exp.Table):
            if not is_model(part):
                yield part
        elif isinstance(part, exp.Anonymous) and part.name.lower() == "table":
            for argument in part.expressions:
                if isinstance(argument, exp.Column):
                    yield _as_table([one.name for one in argument.parts], argument)


def is_model(table: exp.Table) -> bool:
    """Whether an argument is MODEL x."""
    owner = table.parent
    return isinstance(owner, exp.Func) and table.arg_key == "this" and "params_struct" in owner.arg_types


def _as_table(names: list[str], place: exp.Expr) -> exp.Table:
    parts = [exp.to_identifier(name) for name in names[-3:]]
    table = exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))
    for part in place.walk():
        if "start" in part.meta:
            table.this.meta.update({key: part.meta[key] for key in ("start", "end")})
    return table


def _unknown_function(function: str, node: exp.Expr) -> Unread:
    if not function:
        return _unknown_source(node)
    return Unread(
        node, f"The table function {function}() is not known here: which tables it reads is not known.", _AS_TABLES
    )


def _unknown_source(node: exp.Expr) -> Unread:
    return Unread(node, f"FROM {_text(node)} is not read: which table it is, is not known.", "Write the table's name.")


def _unseen_table(node: exp.Table) -> Unread:
    around = node.parent
    part = type(around).__name__ if around is not None else "text"
    message = (
        f"The table {table_name(node)} is named in a part that is not read ({part}): neither as read nor as written."
    )
    return Unread(node, message, _AS_STATEMENT)
