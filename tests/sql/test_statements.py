"""Every kind of statement is read, or named in a problem; none gives an empty answer."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TypeVar

import pytest
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, Dialects

from drawloom.model import Column, Family, InputError, Member
from drawloom.run.advise import LintRequest, lint_text
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.clauses import is_query
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import ProbeDays
from drawloom.sql.days.query import AnalysisContext
from drawloom.sql.effects import ScriptEffects
from drawloom.sql.scope import SourceBuilder
from drawloom.sql.script import Script
from drawloom.sql.script_reader import read_script
from drawloom.sql.unread import GENERATORS

COLUMNS = (Column("name", "VARCHAR"), Column("n", "BIGINT"))
FAMILY = Family("f.both", COLUMNS, tuple(Member(f"f.{name}", (("name", name),), COLUMNS) for name in "ab"))
FAMILIES = {"f.both": CatalogEntry(("ds",), {"name": "VARCHAR", "n": "BIGINT"}, family=FAMILY)}

# A dialect, a text, the tables that it reads, those that it writes.
READ = [
    ("redshift", "UNLOAD ('SELECT a FROM t') TO 's3://b/p' FORMAT PARQUET", "t", ""),
    ("trino", "UNLOAD (SELECT a FROM t) TO 's3://b/p'", "t", ""),
    ("mysql", "REPLACE INTO o SELECT a FROM t", "t", "o"),
    ("mysql", "REPLACE o SELECT a FROM t", "t", "o"),
    ("snowflake", "COPY INTO @stage/x FROM (SELECT a FROM t) FILE_FORMAT=(TYPE=CSV)", "t", ""),
    ("snowflake", "COPY INTO 's3://x' FROM m.t", "m.t", ""),
    ("postgres", "COPY (SELECT a FROM t) TO '/x.csv'", "t", ""),
    ("bigquery", "EXECUTE IMMEDIATE 'SELECT a FROM t'", "t", ""),
    ("bigquery", 'EXECUTE IMMEDIATE """SELECT a FROM t WHERE b = \'x\'""" INTO y USING 1', "t", ""),
    ("snowflake", "EXECUTE IMMEDIATE $$ BEGIN INSERT INTO o SELECT a FROM t; END $$", "t", "o"),
    ("postgres", "DO $$ BEGIN INSERT INTO o SELECT a FROM t; END $$", "t", "o"),
    ("postgres", "DO LANGUAGE plpgsql 'BEGIN PERFORM a FROM t; END'", "t", ""),
    ("mysql", "DO (SELECT max(a) FROM t)", "t", ""),
    ("postgres", "PREPARE q AS SELECT a FROM t; EXECUTE q", "t", ""),
    ("mysql", "PREPARE q FROM 'SELECT a FROM t'", "t", ""),
    ("trino", "PREPARE q FROM INSERT INTO o SELECT a FROM t", "t", "o"),
    ("snowflake", "CREATE TASK k WAREHOUSE=w SCHEDULE='1 minute' AS INSERT INTO o SELECT a FROM t", "t", "o"),
    ("snowflake", "CREATE TASK k SCHEDULE = '5 MINUTES' EXECUTE AS USER u AS SELECT a FROM t", "t", ""),
    ("snowflake", "CREATE PIPE p AS COPY INTO o FROM @s", "@s", "o"),
    ("snowflake", "CREATE ALERT a IF (EXISTS (SELECT a FROM t)) THEN INSERT INTO o SELECT a FROM u", "t u", "o"),
    ("mysql", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO INSERT INTO o SELECT a FROM t", "t", "o"),
    ("bigquery", "CREATE OR REPLACE PROCEDURE d.p(x INT64) BEGIN INSERT INTO o SELECT a FROM t; SELECT b FROM u; END", "t u", "o"),
    ("snowflake", "CREATE PROCEDURE p() RETURNS STRING LANGUAGE SQL AS 'BEGIN INSERT INTO o SELECT a FROM t; END'", "t", "o"),
    ("snowflake", "CREATE PROCEDURE p() RETURNS STRING LANGUAGE SQL AS DECLARE x INT; y INT DEFAULT (SELECT max(a) FROM u); BEGIN INSERT INTO o SELECT a FROM t; RETURN x; END", "t u", "o"),
    ("postgres", "CREATE PROCEDURE p() LANGUAGE SQL AS $$ INSERT INTO o SELECT a FROM t $$", "t", "o"),
    ("postgres", "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN SELECT a INTO x FROM t; RETURN NEW; END $$ LANGUAGE plpgsql", "t", ""),
    ("tsql", "CREATE PROCEDURE p AS BEGIN INSERT INTO o SELECT a FROM t END", "t", "o"),
    ("tsql", "CREATE PROCEDURE p AS INSERT INTO o SELECT a FROM t", "t", "o"),
    ("bigquery", "CREATE TABLE FUNCTION f(x INT64) AS SELECT a FROM t", "t", ""),
    ("duckdb", "PIVOT t ON k USING sum(v) GROUP BY ds", "t", ""),
    ("duckdb", "UNPIVOT t ON a, b INTO NAME n VALUE v", "t", ""),
    ("duckdb", "SUMMARIZE t", "t", ""),
    ("duckdb", "SUMMARIZE SELECT a FROM t", "t", ""),
    ("duckdb", "WITH p AS (PIVOT t ON k USING sum(v)) SELECT * FROM p", "t", ""),
    ("duckdb", "CREATE TABLE o AS PIVOT t ON k USING sum(v)", "t", "o"),
    ("duckdb", "CREATE TEMP TABLE x AS PIVOT t ON k USING sum(v); INSERT INTO o SELECT * FROM x", "t", "o"),
    ("duckdb", "SELECT * FROM (SUMMARIZE t)", "t", ""),
    ("duckdb", "INSERT INTO o UNPIVOT t ON a, b INTO NAME n VALUE v", "t", "o"),
    ("duckdb", "CREATE VIEW o AS SUMMARIZE t", "t", "o"),
    ("duckdb", "SELECT * FROM query_table('m.t')", "m.t", ""),
    ("duckdb", "SELECT * FROM query_table(['t', 'u'])", "t u", ""),
    ("bigquery", "SELECT * FROM ML.PREDICT(MODEL m.model, TABLE m.t)", "m.t", ""),
    ("bigquery", "SELECT * FROM ML.PREDICT(MODEL m.model, (SELECT a FROM t))", "t", ""),
    ("bigquery", "SELECT * FROM VECTOR_SEARCH(TABLE m.t, 'x', TABLE m.u)", "m.t m.u", ""),
    ("bigquery", "WITH c AS (SELECT a FROM t) SELECT * FROM ML.PREDICT(MODEL m.model, TABLE c)", "t", ""),
    ("trino", "SELECT * FROM TABLE(exclude_columns(input => TABLE(m.t), columns => DESCRIPTOR(a)))", "m.t", ""),
    ("snowflake", "SELECT * FROM TABLE('m.t')", "m.t", ""),
    ("databricks", "SELECT * FROM STREAM(m.t)", "m.t", ""),
    ("spark", "INSERT OVERWRITE DIRECTORY '/x' USING csv OPTIONS ('sep' '\\t') SELECT a FROM t", "t", "/x"),
    ("spark", "INSERT OVERWRITE DIRECTORY USING parquet OPTIONS (path '/x') SELECT a FROM t", "t", "/x"),
    ("hive", "LOAD DATA INPATH '/x' OVERWRITE INTO TABLE o", "/x", "o"),
    ("bigquery", "ASSERT (SELECT count(*) FROM t) > 0 AS 'empty'", "t", ""),
    ("bigquery", "EXPORT DATA OPTIONS(uri='gs://x') AS SELECT a FROM t", "t", ""),
    ("bigquery", "CREATE TABLE o COPY t", "t", "o"),
    ("snowflake", "CREATE TABLE o CLONE t", "t", "o"),
    ("bigquery", "CREATE OR REPLACE SNAPSHOT TABLE o CLONE t OPTIONS (description='x')", "t", "o"),
    ("databricks", "CREATE OR REPLACE TABLE o DEEP CLONE t", "t", "o"),
    ("postgres", "EXPLAIN ANALYZE INSERT INTO o SELECT a FROM t", "t", "o"),
    # options that the parser does not know
    ("postgres", "CREATE LOCAL TEMP TABLE x AS SELECT a FROM t; INSERT INTO o SELECT a FROM u", "t u", "x o"),
    ("oracle", "CREATE OR REPLACE FORCE VIEW o AS SELECT a FROM t", "t", "o"),
    ("mysql", "ALTER VIEW o AS (SELECT a FROM t)", "t", "o"),
    ("clickhouse", "CREATE MATERIALIZED VIEW m.o ENGINE = MergeTree() POPULATE AS SELECT a FROM t", "t", "m.o"),
    # parts of statements
    ("hive", "FROM t INSERT INTO TABLE o SELECT * FROM u INSERT INTO TABLE p SELECT * FROM v", "t u v", "o p"),
    ("oracle", "SELECT * FROM t PIVOT (count(b) FOR b IN (SELECT b FROM u))", "t u", ""),
    ("clickhouse", "SELECT a FROM t FINAL", "t", ""),
    ("postgres", "SELECT a FROM t, LATERAL (VALUES (t.a), ((SELECT max(b) FROM u))) AS x(n)", "t u", ""),
    ("hive", "WITH f AS (SELECT a FROM t) FROM f INSERT OVERWRITE TABLE o SELECT a INSERT INTO TABLE p SELECT a", "t", "o p"),
    ("postgres", "WITH d AS (DELETE FROM t WHERE a = 1 RETURNING *) INSERT INTO o SELECT * FROM d", "t", "t o"),
    ("postgres", "WITH d AS (UPDATE t SET a = 1 FROM u WHERE u.a = t.a RETURNING t.*) SELECT * FROM d", "t u", "t"),
    ("postgres", "WITH c AS (SELECT a FROM t), d AS (INSERT INTO o SELECT a FROM c RETURNING a) SELECT a FROM d", "t", "o"),
    ("postgres", "INSERT INTO o SELECT a FROM t ON CONFLICT (a) DO UPDATE SET a = (SELECT max(a) FROM u)", "t u", "o"),
    ("mysql", "INSERT INTO o SELECT a FROM t ON DUPLICATE KEY UPDATE a = (SELECT max(a) FROM u)", "t u", "o"),
    ("postgres", "INSERT INTO o SELECT a FROM t RETURNING (SELECT max(a) FROM u)", "t u", "o"),
    ("postgres", "CREATE TABLE o (a int CHECK (a > (SELECT max(a) FROM t)))", "t", "o"),
    ("snowflake", "CREATE TABLE o USING TEMPLATE (SELECT a FROM t)", "t", "o"),
    ("snowflake", "SET x = (SELECT max(a) FROM t)", "t", ""),
    ("mysql", "SET @x = (SELECT max(a) FROM t)", "t", ""),
    ("snowflake", "WITH w AS (SELECT a FROM t UNION ALL SELECT t.a FROM t JOIN w ON t.b = w.a) SELECT a FROM w", "t", ""),
    ("snowflake", "WITH t AS (SELECT a FROM t) SELECT a FROM t", "t", ""),
    # scripts
    ("bigquery", "DECLARE d DATE DEFAULT (SELECT max(ds) FROM t); SET d = (SELECT max(ds) FROM u)", "t u", ""),
    ("bigquery", "BEGIN\nCREATE TEMP TABLE x AS SELECT a FROM t;\nINSERT INTO o SELECT a FROM x;\nEND", "t", "o"),
    ("bigquery", "IF (SELECT count(*) FROM t) > 0 THEN INSERT INTO o SELECT a FROM u; END IF", "t u", "o"),
    ("bigquery", "IF EXISTS (SELECT 1 FROM t) THEN SELECT a FROM u; ELSEIF (SELECT TRUE FROM v) THEN SELECT a FROM w; ELSE SELECT a FROM x; END IF", "t u v w x", ""),
    ("bigquery", "WHILE (SELECT count(*) FROM t) > 0 DO INSERT INTO o SELECT a FROM u; END WHILE", "t u", "o"),
    ("bigquery", "FOR r IN (SELECT a FROM t) DO INSERT INTO o SELECT r.a FROM u; END FOR", "t u", "o"),
    ("bigquery", "LOOP SELECT a FROM t; BREAK; END LOOP; REPEAT SELECT a FROM u; UNTIL (SELECT TRUE FROM v) END REPEAT", "t u v", ""),
    ("bigquery", "BEGIN SELECT a FROM t; EXCEPTION WHEN ERROR THEN SELECT a FROM u; END", "t u", ""),
    ("bigquery", "BEGIN TRANSACTION; INSERT INTO o SELECT a FROM t; COMMIT TRANSACTION", "t", "o"),
    ("snowflake", "BEGIN LET x := (SELECT max(a) FROM t); CASE WHEN x > 1 THEN SELECT a FROM u; ELSE SELECT a FROM v; END CASE; END", "t u v", ""),
    ("tsql", "IF EXISTS (SELECT 1 FROM t) BEGIN INSERT INTO o SELECT a FROM u END ELSE BEGIN INSERT INTO p SELECT a FROM v END", "t u v", "o p"),
    ("tsql", "SELECT a FROM t\nGO\nINSERT INTO o SELECT a FROM u\nGO", "t u", "o"),
    ("tsql", "MERGE o USING t ON o.a = t.a WHEN MATCHED THEN DELETE OUTPUT deleted.a INTO p", "t", "o p"),
    ("tsql", "DECLARE @x INT INSERT INTO o SELECT a FROM t", "t", "o"),
    ("postgres", "DO $$ BEGIN SELECT a, b INTO STRICT x, y FROM t; GET DIAGNOSTICS n = ROW_COUNT; END $$", "t", ""),
    ("oracle", "BEGIN SELECT a BULK COLLECT INTO x FROM t; INSERT INTO o SELECT a FROM u; END;", "t u", "o"),
    ("mysql", "CREATE PROCEDURE p() BEGIN SELECT a FROM t INTO x; END", "t", ""),
    ("tsql", "BEGIN SELECT a INTO o FROM t; END", "t", "o"),
    ("postgres", "BEGIN; INSERT INTO o SELECT a FROM t; END", "t", "o"),
    ("postgres", "DO $$ DECLARE x TIMESTAMP WITH TIME ZONE; y INT := 1; BEGIN PERFORM a FROM t; END $$", "t", ""),
    ("postgres", "DECLARE c CURSOR FOR SELECT a FROM t; INSERT INTO o SELECT a FROM u; BEGIN; COMMIT", "t u", "o"),
    ("sqlite", "BEGIN IMMEDIATE; INSERT INTO o SELECT a FROM t; COMMIT", "t", "o"),
    ("tsql", "BEGIN TRY SELECT a FROM t; END TRY BEGIN CATCH SELECT a FROM u; END CATCH", "t u", ""),
    ("mysql", "CREATE PROCEDURE p() BEGIN lab: LOOP SELECT a FROM t; LEAVE lab; END LOOP; END", "t", ""),
    # names
    ("hive", "USE core; INSERT OVERWRITE TABLE o SELECT a FROM t JOIN m.u ON t.a = u.a", "core.t m.u", "core.o"),
    ("hive", "USE core; WITH t AS (SELECT a FROM u) SELECT a FROM t", "core.u", ""),
    ("snowflake", "USE SCHEMA core; CREATE TEMP TABLE x AS SELECT a FROM t; INSERT INTO o SELECT a FROM x", "core.t", "core.o"),
    ("snowflake", "USE WAREHOUSE w; USE ROLE r; USE DATABASE d; SELECT a FROM t", "t", ""),
    ("trino", "USE hive.core; SELECT a FROM t", "hive.core.t", ""),
    ("postgres", "SET search_path TO core, public; SELECT a FROM t", "core.t", ""),
    ("duckdb", "SET schema = 'core'; SELECT a FROM t", "core.t", ""),
    ("snowflake", "INSERT INTO m.w SELECT a FROM t; ALTER TABLE m.o SWAP WITH m.w", "t", "m.o"),
    ("snowflake", "CREATE TABLE m.w AS SELECT a FROM t; ALTER TABLE m.w RENAME TO m.o", "t", "m.o"),
    ("snowflake", "ALTER TABLE m.o SWAP WITH m.w", "m.w", "m.o"),
    ("mysql", "CREATE TABLE w AS SELECT a FROM t; RENAME TABLE w TO o, x TO y", "t", "o"),
    ("snowflake", "ALTER TABLE m.w RENAME TO m.o; SELECT a FROM m.o", "m.o", ""),
]  # fmt: skip

REPORTED = [
    ("bigquery", "EXECUTE IMMEDIATE CONCAT('SELECT a FROM ', x)", "EXECUTE IMMEDIATE"),
    ("snowflake", "EXECUTE IMMEDIATE 'SELECT a FROM t WHERE b = ' || x", "EXECUTE IMMEDIATE"),
    ("trino", "EXECUTE q", "EXECUTE q"),
    ("mysql", "PREPARE q FROM @sql", "PREPARE q"),
    ("mysql", "PREPARE q FROM text_of_it", "PREPARE q"),
    ("bigquery", "CALL m.p(1)", "CALL m.p"),
    ("duckdb", "SELECT * FROM query_table('t' || '1')", "query_table()"),
    ("duckdb", "SELECT * FROM query_table(getvariable('x'))", "query_table()"),
    ("snowflake", "CREATE PROCEDURE p() RETURNS STRING LANGUAGE JAVASCRIPT AS $$ run('SELECT 1') $$", "CREATE PROCEDURE"),
    ("postgres", "CREATE PROCEDURE p(a int)", "CREATE PROCEDURE p(a int)"),
    ("postgres", "CREATE PROCEDURE p(a int) LANGUAGE sql", "CREATE PROCEDURE p(a int) LANGUAGE sql"),
    ("bigquery", "CREATE OR REPLACE PROCEDURE d.p(x INT64) OPTIONS (strict_mode=FALSE)", "CREATE OR REPLACE PROCEDURE"),
    ("snowflake", "CREATE PROCEDURE p() RETURNS STRING LANGUAGE SQL", "CREATE PROCEDURE p()"),
    ("tsql", "CREATE PROCEDURE p @a INT AS", "CREATE PROCEDURE p"),
    ("snowflake", "CREATE TASK t WAREHOUSE = w SCHEDULE = '1 minute'", "CREATE TASK t"),
    ("postgres", "CREATE RULE r AS ON INSERT TO t DO INSERT INTO u SELECT * FROM v", "CREATE RULE"),
    ("postgres", "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "CREATE TRIGGER"),
    ("bigquery", "CREATE AGGREGATE FUNCTION f(v ANY TYPE) AS ((SELECT max(a) FROM t))", "CREATE AGGREGATE FUNCTION"),
    ("mysql", "CREATE VIEW o AS SELECT a FROM t WITH CASCADED CHECK OPTION", "CREATE VIEW o"),
    ("redshift", "ALTER TABLE o APPEND FROM t", "ALTER TABLE o APPEND"),
    ("snowflake", "CREATE SCHEMA o CLONE s", "CREATE SCHEMA"),
    ("clickhouse", "EXCHANGE TABLES a AND b", "EXCHANGE TABLES"),
    ("clickhouse", "INSERT INTO FUNCTION remote('x') SELECT a FROM t", "INSERT INTO"),
    ("tsql", "EXEC p 1", "EXECUTE"),
    ("bigquery", "SELECT * FROM EXTERNAL_QUERY('c', 'SELECT a FROM t')", "external_query()"),
    ("bigquery", "SELECT * FROM m.f(1)", "m.f()"),
    ("duckdb", "SELECT * FROM query('SELECT a FROM t')", "query()"),
    ("duckdb", "SELECT * FROM postgres_scan('x', 'y', 't')", "postgres_scan()"),
    ("trino", "SELECT * FROM TABLE(s.query(query => 'SELECT a FROM t'))", "s.query()"),
    ("snowflake", "SELECT * FROM TABLE(m.f(1))", "m.f()"),
    ("snowflake", "SELECT * FROM TABLE($t)", "FROM TABLE("),
]  # fmt: skip

QUIET = [
    ("postgres", "EXPLAIN SELECT a FROM t"),
    ("postgres", "GRANT SELECT ON t TO x"),
    ("postgres", "VACUUM t"),
    ("postgres", "REFRESH MATERIALIZED VIEW v"),
    ("hive", "MSCK REPAIR TABLE t"),
    ("hive", "ANALYZE TABLE t COMPUTE STATISTICS"),
    ("spark", "OPTIMIZE t ZORDER BY (a)"),
    ("duckdb", "DESCRIBE t"),
    ("mysql", "RENAME TABLE a TO b"),
    ("postgres", "VALUES (1), (2)"),
    ("postgres", "ALTER ROLE a SET b FROM CURRENT"),
    ("bigquery", "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'"),
    ("bigquery", "CREATE EXTERNAL TABLE m.t WITH PARTITION COLUMNS OPTIONS (uris=['x'])"),
    ("duckdb", "SELECT * FROM (DESCRIBE t)"),
    ("duckdb", "PRAGMA table_info('t')"),
    ("duckdb", "CALL pragma_version()"),
    ("duckdb", "CREATE MACRO f(x) AS x + 1"),
    ("duckdb", "FORCE CHECKPOINT"),
    ("spark", "CALL cat.system.rewrite_data_files('t')"),
    ("bigquery", "CREATE PROCEDURE m.p() BEGIN SELECT 1; END; CALL m.p()"),
    ("postgres", "SELECT * FROM generate_series(1, 2)"),
    ("trino", "CALL system.sync_partition_metadata('a', 'b', 'FULL')"),
    ("duckdb", "SELECT * FROM range(10), duckdb_tables(), unnest([1])"),
    ("snowflake", "CREATE STREAM s ON TABLE t"),
    ("snowflake", "SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))"),
    ("bigquery", "DECLARE x INT64; SET x = 1"),
    ("mysql", "SHOW TABLES FROM m"),
]


def problems(script: Script) -> list[str]:
    return [problem.message for problem in script.problems]


@pytest.mark.parametrize(("dialect", "text", "reads", "writes"), READ, ids=lambda value: str(value)[:50])
def test_statements_are_read(dialect: str, text: str, reads: str, writes: str) -> None:
    script = read_script(text, dialect=dialect)
    assert problems(script) == []
    assert {read.table for read in script.reads} == set(reads.split())
    assert {write.table for write in script.writes} == set(writes.split())


@pytest.mark.parametrize(("dialect", "text", "names"), REPORTED, ids=lambda value: str(value)[:50])
def test_statements_that_are_not_understood_are_reported(dialect: str, text: str, names: str) -> None:
    script = read_script(f"SELECT 1;\n{text}", dialect=dialect, file="x.sql")
    problem = script.problems[0]
    assert (problem.code, problem.severity, problem.where.line) == ("unread-statement", "error", 2)
    assert names in problem.message
    assert problem.fix is not None


@pytest.mark.parametrize(("dialect", "text"), QUIET)
def test_statements_that_move_no_rows_are_no_problem(dialect: str, text: str) -> None:
    script = read_script(text, dialect=dialect)
    assert (problems(script), script.reads, script.writes) == ([], (), ())


@pytest.mark.parametrize(
    ("dialect", "text", "days"),
    [
        ("bigquery", "EXECUTE IMMEDIATE \"SELECT a FROM t WHERE ds = '{{ ds }}'\"", "0"),
        ("redshift", "UNLOAD ('SELECT a FROM t WHERE ds = ''{{ macros.ds_add(ds, -1) }}''') TO 's3://x'", "-1"),
        ("postgres", "DO $$ BEGIN PERFORM a FROM t WHERE ds = '{{ ds }}'; END $$", "0"),
        ("bigquery", "IF TRUE THEN SELECT a FROM t WHERE ds = '{{ ds }}'; ELSE SELECT a FROM t WHERE ds = '{{ yesterday_ds }}'; END IF", "-1..0"),
        # What a branch writes may not be written.
        ("bigquery", "IF x THEN CREATE TABLE t AS SELECT 1; END IF; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("bigquery", "IF x THEN SELECT 1; ELSE CREATE TABLE t AS SELECT 1; END IF; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("bigquery", "CREATE PROCEDURE p() BEGIN CREATE TABLE t AS SELECT 1; END; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("tsql", "CREATE PROCEDURE p AS CREATE TABLE t (a INT); SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("postgres", "CREATE PROCEDURE p() AS $$ CREATE TABLE t AS SELECT 1 $$; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("postgres", "PREPARE q AS CREATE TABLE t AS SELECT 1; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("snowflake", "EXECUTE IMMEDIATE 'BEGIN IF (x) THEN CREATE TABLE t AS SELECT 1; END IF; END'; EXECUTE IMMEDIATE 'BEGIN IF (y) THEN SELECT a FROM t WHERE ds = ''{{ ds }}''; END IF; END'", "0"),
        ("duckdb", "CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("hive", "INSERT OVERWRITE TABLE t PARTITION (ds='{{ ds }}') SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        # WHERE comes after rows were followed from one to the next.
        ("snowflake", "SELECT a FROM t MATCH_RECOGNIZE (MEASURES last(ds) AS ds PATTERN (x) DEFINE x AS b > 1) WHERE ds = '{{ ds }}'", "*..*"),
        ("oracle", "SELECT a FROM t WHERE ds = '{{ ds }}' CONNECT BY PRIOR a = b START WITH b IS NULL", "*..*"),
        ("snowflake", "SELECT a FROM (SELECT * FROM t WHERE ds = '{{ ds }}') MATCH_RECOGNIZE (MEASURES last(ds) AS ds PATTERN (x) DEFINE x AS b > 1)", "0"),
        # Rows that were deleted by another column than the partition's are not all that a day had.
        ("spark", "DELETE FROM t WHERE b = 'x'; INSERT INTO t SELECT 1 AS a, DATE '{{ ds }}' AS ds; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("spark", "DELETE FROM t WHERE hour(ds) = 3; INSERT INTO t SELECT 1 AS a, DATE '{{ ds }}' AS ds; SELECT a FROM t WHERE ds = '{{ ds }}'", "0"),
        ("postgres", "WITH d AS (DELETE FROM t WHERE ds = '{{ ds }}' RETURNING *) SELECT * FROM d", "0"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_days_in_scripts_and_texts_in_quotes(dialect: str, text: str, days: str) -> None:
    (read,) = read_script(text, dialect=dialect).reads
    assert str(read.days) == days if days != "*..*" else read.how == "all"


def test_a_day_that_was_deleted_and_written_again_is_no_read() -> None:
    text = "DELETE FROM t WHERE ds = '{{ ds }}'; INSERT INTO t SELECT 1 AS a, DATE '{{ ds }}' AS ds; SELECT a FROM t WHERE ds = '{{ ds }}'"
    assert read_script(text, dialect="spark").reads == ()


def test_pivot_of_a_family_reads_its_members() -> None:
    for text in ("PIVOT f.both ON n USING count(*)", "SUMMARIZE f.both", "SELECT * FROM (UNPIVOT f.both ON n)"):
        script = read_script(text, catalog=FAMILIES)
        assert [read.table for read in script.reads] == ["f.a", "f.b"]
        assert script.families == ("f.both",)


def test_problems_in_texts_in_quotes_have_a_place() -> None:
    script = read_script("SELECT 1;\nDO $$ BEGIN\n  CALL p(); END $$", dialect="postgres")
    (problem,) = script.problems
    assert (problem.where.line, problem.where.column) == (3, 3)


Node = TypeVar("Node", bound=exp.Expr)

# --- no class of the parser falls through ----------------------------------------------------------------------------


def classes(base: type[Node]) -> list[type[Node]]:
    found = {value for value in vars(exp).values() if isinstance(value, type) and issubclass(value, base)}
    return sorted((one for one in found if issubclass(one, exp.Expression)), key=lambda one: one.__name__)


def effects_of(statement: exp.Expr) -> ScriptEffects:
    context = AnalysisContext(
        ConstantFolder("duckdb"), ProbeDays([date(2024, 2, 15)]), SourceBuilder({}, ("ds",), "duckdb")
    )
    effects = ScriptEffects(context)
    effects.run((statement,))
    return effects


# Statements that name a table without reading or writing its rows.
ONLY_NAMED = {
    *("Alter", "AlterSession", "Analyze", "Attach", "Comment", "Commit", "ConnectTo", "Declare", "Describe", "Detach"),
    *("Disconnect", "Drop", "Get", "Grant", "Heredoc", "Install", "Iterate", "Kill", "Leave", "ListStage", "Pragma"),
    *("Put", "Refresh", "Return", "Revoke", "Rollback", "Set", "Show", "Transaction", "TruncateTable", "Uncache"),
    *("Undrop", "Use", "Cache", "Command", "Values"),
}


def test_no_class_of_statement_falls_through() -> None:
    assert [kind.__name__ for kind in classes(exp.Expr) if falls_through(kind)] == []


def falls_through(kind: type[exp.Expr]) -> bool:
    """Whether a statement of a class that names a table has no effect and no problem."""
    statement = kind(this=exp.table_("t", "m"))
    try:
        effects = effects_of(statement)
    except (AttributeError, KeyError, TypeError, NameError, ValueError):
        return False  # no statement looks like this, and it is not silent
    is_expression = isinstance(statement, exp.Condition | exp.Alias | exp.Tuple) and not is_query(statement)
    named = effects.unread or effects.scans or effects.writes
    return not named and not is_expression and kind.__name__ not in ONLY_NAMED


def test_no_class_of_table_function_falls_through() -> None:
    assert [kind.__name__ for kind in classes(exp.Func) if falls_through_in_from(kind)] == []


def falls_through_in_from(kind: type[exp.Func]) -> bool:
    """Whether a function in FROM that gets a table has no effect, no problem, and is not known to read nothing."""
    call = kind(this="f" if kind is exp.Anonymous else exp.table_("t", "m"))
    if call.sql_names()[0].lower() in GENERATORS if kind is not exp.Anonymous else False:
        return False
    ways = [exp.Table(this=call)] if isinstance(call, exp.UDTF) else [exp.Table(this=call), call]
    try:
        found = [effects_of(exp.select("*").from_(way)) for way in ways]
    except (AttributeError, KeyError, TypeError):
        return False
    return not all(effects.unread or effects.scans for effects in found)


# Words before which a query is named and does not run.
ABOUT_QUERIES = {"COMMENT", "EXPLAIN", "GRANT", "REVOKE", "SHOW", "LOCK"}


@cache
def first_words() -> set[tuple[str, str]]:
    """Every dialect's words that may begin a statement."""
    found: set[tuple[str, str]] = set()
    for dialect in Dialects:
        language = Dialect.get_or_raise(dialect.value)
        starts = {*language.parser_class.STATEMENT_PARSERS, *language.tokenizer_class.COMMANDS}
        for keyword, kind in language.tokenizer_class.KEYWORDS.items():
            if kind in starts and keyword.replace(" ", "").isalpha():
                found.add((dialect.value, keyword))
    return found


def test_no_first_word_gives_an_empty_answer() -> None:
    """Whatever begins a statement: a query after it is read, the statement is refused, or reported."""
    assert len(first_words()) > 500
    silent = [
        (dialect, word)
        for dialect, word in sorted(first_words())
        if word not in ABOUT_QUERIES and is_silent(dialect, f"{word} x SELECT a FROM t")
    ]
    assert silent == []


def is_silent(dialect: str, text: str) -> bool:
    try:
        script = read_script(text, dialect=dialect)
    except InputError:
        return False
    return not (script.reads or script.writes or script.problems)


@pytest.mark.parametrize(
    ("dialect", "text", "writes"),
    [
        ("postgres", "DELETE t", ["t"]),
        ("mysql", "DELETE a, b", ["a"]),
        ("postgres", "CREATE PROCEDURE p(a INT) AS", []),
    ],
)
def test_statements_that_are_cut_off_are_read_as_far_as_they_go(dialect: str, text: str, writes: list[str]) -> None:
    analysis = lint_text(LintRequest.from_text(text, dialect=dialect))
    assert [write.table for write in analysis.writes] == writes or analysis.problems
