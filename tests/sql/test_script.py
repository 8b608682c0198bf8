from __future__ import annotations

from sqlglot import exp

from drawloom.sql.script_reader import read_script

TEXT = (
    "SELECT a,\n  count(DISTINCT b) AS n,\n  '{{ ds }}' AS d,\n  f(')', x[1])\nFROM t\nWHERE ds = '{{ ds }}' AND c > 1"
)


def test_nodes_have_lines_and_columns() -> None:
    script = read_script(TEXT, file="x.sql")
    outputs = script.statements[0].expressions
    assert [str(script.where(node)) for node in outputs] == ["x.sql:1:8", "x.sql:2:3", "x.sql:3:3", "x.sql:4:3"]
    assert str(script.where(script.statements[0].args["where"])) == "x.sql:6:7"
    assert str(script.place(0)) == "x.sql:1:1"


def test_a_node_without_a_place_has_that_of_its_parent() -> None:
    script = read_script("SELECT 1 AS a, TRUE FROM t")
    assert str(script.where(script.statements[0].expressions[1])) == "1:8"
    assert script.where(exp.Null()).line is None


def test_nodes_have_spans_in_the_users_text() -> None:
    script = read_script(TEXT)
    outputs = script.statements[0].expressions
    cut = [script.span(node) for node in outputs]
    assert [TEXT[slice(*span)] if span else None for span in cut] == [
        "a",
        "count(DISTINCT b) AS n",
        None,
        "f(')', x[1])",
    ]
    assert script.span(exp.Null()) is None


def test_spans_need_closed_brackets() -> None:
    script = read_script("SELECT f(a) FROM t")
    column = script.statements[0].expressions[0].expressions[0]
    assert script.span(column) == (9, 10)


def test_every_table_reference_has_its_own_days() -> None:
    script = read_script(
        "SELECT 1 FROM t a JOIN t b ON a.k = b.k WHERE a.ds = '{{ ds }}' AND b.ds = '{{ yesterday_ds }}'"
    )
    assert [(one.node.alias, str(one.read.days)) for one in script.table_references] == [("a", "0"), ("b", "-1")]
    assert str(script.reads[0].days) == "-1..0"


def test_tables_read_and_written_are_listed() -> None:
    script = read_script("INSERT INTO Core.O SELECT 1 FROM T", target="x.Y")
    assert script.tables() == ["core.o", "t", "x.y"]
    assert read_script("SELECT 1").tables() == []


def test_table_names_are_as_the_user_wrote_them() -> None:
    script = read_script("SELECT 1 FROM Logs.Ev UNION ALL SELECT 1 FROM logs.ev")
    assert [one.table for one in script.reads] == ["Logs.Ev"]


def test_writes_that_can_be_repeated_are_marked() -> None:
    script = read_script(
        "DELETE FROM o WHERE ds = '{{ ds }}'; INSERT INTO o SELECT a, ds FROM t; INSERT INTO p SELECT 1"
    )
    assert [(write.mode, write.replaces, write.statement) for write in script.writes] == [
        ("delete", False, 0),
        ("append", True, 1),
        ("append", False, 2),
    ]
