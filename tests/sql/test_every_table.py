"""Every table in every text that we have is read, written, made by the text, or named in a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlglot import exp

from drawloom.model import InputError
from drawloom.sql.scope import file_path, table_name
from drawloom.sql.script import Script
from drawloom.sql.script_reader import read_script
from drawloom.sql.unread import is_model
from tests.corpora import constructs, corpus, reports, sqllineage, tpc
from tests.sql import test_corpus, test_statements
from tests.sql.fixtures import pairs

pytestmark = pytest.mark.unmeasured

_DAY = re.compile(r"\d{8}$")
Text = tuple[str, str, tuple[str, ...]]


def texts() -> Iterator[Text]:
    """A dialect, a text and partition columns."""
    for row in corpus():
        yield row["dialect"], row["sql"], tuple(row["keys"])
    for row in tpc():
        yield row["dialect"], row["sql"], ("ds",)
    for row in reports():
        yield row["dialect"], row["text"], tuple(row.get("keys", "ds").split(","))
    for row in sqllineage():
        yield test_corpus.DIALECTS.get(row["dialect"], row["dialect"]), row["sql"], ("ds",)
    for pair in pairs("days.sql"):
        yield pair.options.get("dialect", "duckdb"), pair.sql, ("ds",)
    for one in constructs().values():
        yield "duckdb", one["duckdb_src"], ("ds",)
    for dialect, text, *_ in [*test_statements.READ, *test_statements.REPORTED]:
        yield dialect, text, ("ds",)


def test_no_table_of_any_text_is_left_out() -> None:
    left_out = [(text, names) for text in texts() if (names := tables_left_out(*text))]
    assert left_out == []


# Statements that name tables and touch no rows, and parts of others that do so.
NAMED = (
    *(exp.Drop, exp.Alter, exp.Use, exp.Grant, exp.Comment, exp.Describe, exp.Analyze),
    *(exp.Refresh, exp.Uncache, exp.Cache, exp.TruncateTable, exp.LikeProperty, exp.Reference, exp.UserDefinedFunction),
    *(exp.Show, exp.Into, exp.Execute, exp.JoinHint, exp.Lock),
)


def tables_left_out(dialect: str, text: str, keys: tuple[str, ...]) -> set[str]:
    try:
        script = read_script(text, dialect=dialect, keys=keys)
    except InputError:
        return set()
    known = {read.table.lower() for read in script.reads} | {write.table.lower() for write in script.writes}
    made = set(made_inside(script))
    told = " ".join(problem.message.lower() for problem in script.problems)
    return {
        name
        for name in named_tables(script)
        if not (name in known or name in told or {name, name.rpartition(".")[2]} & made)
    }


def named_tables(script: Script) -> Iterator[str]:
    for statement in script.statements:
        for table in statement.find_all(exp.Table):
            is_named = table.find_ancestor(*NAMED) is not None or is_column(table) or is_model(table)
            if isinstance(table.this, exp.Identifier) and not is_named:
                yield _DAY.sub("*", file_path(table) or table_name(table)).lower()


def is_column(table: exp.Table) -> bool:
    """Whether FROM t, t.xs reads a list of each row."""
    select = table.find_ancestor(exp.Select, exp.Update)
    sources = select.find_all(exp.Table, exp.Subquery, exp.Lateral) if select else ()
    aliases = {source.alias_or_name.lower() for source in sources}
    return len(table.parts) > 1 and table.parts[0].name.lower() in aliases


def made_inside(script: Script) -> Iterator[str]:
    """The names of CTEs, of temporary tables, and of tables that the text makes, renames or drops itself."""
    for statement in script.statements:
        for cte in statement.find_all(exp.CTE):
            yield cte.alias.lower()
        if isinstance(statement, exp.Create | exp.Drop | exp.Alter | exp.Cache | exp.Delete):
            for table in statement.find_all(exp.Table):
                yield table_name(table).lower()
        for into in statement.find_all(exp.Into):
            yield into.this.name.lower()


@pytest.mark.parametrize(
    "text", ["SELECT 1 FROM a WHERE x IN (SELECT y FROM b)", "WITH c AS (SELECT 1 FROM a) SELECT 1 FROM c, b"]
)
def test_the_check_sees_a_table_that_is_left_out(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = read_script(text)
    without = Script(
        script.source, script.dialect, script.rendered, script.day, script.statements, reads=script.reads[:1]
    )
    monkeypatch.setattr("tests.sql.test_every_table.read_script", lambda *_args, **_options: without)
    assert tables_left_out("duckdb", text, ("ds",)) == {"b"}
