"""A SQLMesh project as specs: what is written, what comes out in DuckDB, and what the report says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.run.importers.build import DAY, imported, outcomes, rows, run, said

CAFE = {
    "config.yaml": """
        model_defaults: {dialect: duckdb}
        variables: {least: 2}
        """,
    "seeds/menu.csv": "item,price\ntea,3\ncake,5\n",
    "models/menu.sql": """
        MODEL (name cafe.menu, kind SEED (path '../seeds/menu.csv'), columns (item text, price double));
        """,
    "external_models.yaml": """
        - name: raw.sales
          description: What the tills send.
          columns: {item: text, amount: int, day: date}
        """,
    "models/sales.sql": """
        /* Sales by item and day. */
        MODEL (
          name cafe.sales,
          kind INCREMENTAL_BY_TIME_RANGE (time_column (day, '%Y-%m-%d'), batch_size 30),
          owner ann,
          tags (finance, core),
          cron '@hourly',
          audits (
            not_null(columns := (item, day)),
            unique_combination_of_columns(columns := (item, day)),
            not_too_many(most := 100),
            number_of_rows(threshold := 0)
          ),
          column_descriptions (item = 'What was sold.')
        );

        SELECT s.item, sum(s.amount)::INT AS amount, s.day::DATE AS day -- by day
        FROM raw.sales AS s
        WHERE s.day BETWEEN @start_date AND @end_date
        GROUP BY s.item, s.day
        """,
    "audits/sales.sql": """
        AUDIT (name not_too_many);
        SELECT * FROM @this_model WHERE amount > @most;
        """,
    "models/revenue.sql": """
        MODEL (name cafe.revenue, kind FULL, grain item);
        SELECT sales.item, sum(amount * price) AS revenue
        FROM cafe.sales JOIN cafe.menu USING (item)
        GROUP BY 1 HAVING sum(amount) >= @least
        """,
    "models/week.sql": """
        MODEL (name cafe.week, kind INCREMENTAL_BY_TIME_RANGE (time_column day));
        SELECT @end_date AS day, sum(amount) AS amount
        FROM cafe.sales WHERE day BETWEEN @start_date - INTERVAL 1 DAY AND @end_date
        """,
    "models/people.py": """
        from sqlmesh import model
        @model("cafe.people", columns={"name": "text"}, kind="full")
        def run(context, **kwargs):
            raise SystemExit("nobody runs this")
        """,
    "models/history.sql": """
        MODEL (name cafe.history, kind SCD_TYPE_2 (unique_key name));
        SELECT name FROM cafe.people
        """,
    "models/macro.sql": """
        MODEL (name cafe.macro, kind VIEW);
        SELECT @ADD_ONE(1) AS one FROM cafe.people
        """,
    "tests/test_sales.yaml": """
        test_sales:
          model: cafe.sales
          inputs:
            raw.sales:
              rows:
                - {item: tea, amount: 1, day: 2026-03-01}
                - {item: tea, amount: 2, day: 2026-03-01}
          outputs:
            query:
              - {item: tea, amount: 3, day: 2026-03-01}
          vars: {start: 2026-03-01, end: 2026-03-01}
        """,
}


def test_an_incremental_model_becomes_daily_with_its_audits(tmp_path: Path) -> None:
    made = imported("sqlmesh", tmp_path, CAFE)
    assert made.texts["specs/cafe.sales.sql"] == (
        "/* drawloom\n"
        "table: cafe.sales\n"
        "description: Sales by item and day.\n"
        "owner: ann\n"
        "tags: [finance, core]\n"
        "until: forever: imported from SQLMesh, where tables have no end\n"
        "checks:\n"
        "- not_null: [item, day]\n"
        "- unique: [item, day]\n"
        "- sql: {name: 'not_too_many(most := 100)', query: SELECT * FROM staged WHERE amount > 100}\n"
        "- rows: {min: 1}\n"
        "# Columns; declare them with their types under `columns`:\n"
        "# item: What was sold.\n"
        "*/\n"
        "SELECT s.item, sum(s.amount)::INT AS amount, s.day::DATE AS day -- by day\n"
        "FROM raw.sales AS s\n"
        "WHERE s.day BETWEEN DATE '{{ ds }}' AND DATE '{{ ds }}'\n"
        "GROUP BY s.item, s.day\n"
    )
    assert made.sources["raw.sales"]["columns"] == {"item": "VARCHAR", "amount": "INTEGER", "day": "DATE"}


def test_the_time_column_is_the_day_of_the_partition_for_readers(tmp_path: Path) -> None:
    text = imported("sqlmesh", tmp_path, CAFE).texts["specs/cafe.week.sql"]
    daily = "(SELECT * EXCLUDE (ds) REPLACE (ds AS day) FROM cafe.sales WHERE ds <= DATE '{{ ds }}') AS sales"
    assert f"FROM {daily} WHERE day BETWEEN DATE '{{{{ ds }}}}' - INTERVAL 1 DAY" in text


def test_the_project_runs_and_reads_only_the_days_it_needs(tmp_path: Path) -> None:
    made = imported("sqlmesh", tmp_path / "theirs", CAFE)
    made.sources["raw.sales"] = {**made.sources["raw.sales"], "files": "landing/sales.csv"}
    made.texts["landing/sales.csv"] = (
        "item,amount,day\ntea,1,2026-02-28\ntea,2,2026-03-01\ncake,1,2026-03-02\ntea,4,2026-03-02\n"
    )
    loaded = run(made, tmp_path / "ours", start=date(2026, 2, 28))
    assert rows(loaded, f"SELECT item, revenue FROM cafe.revenue WHERE ds = '{DAY}' ORDER BY 1") == [("tea", 21.0)]
    assert rows(loaded, f"SELECT day, amount FROM cafe.week WHERE ds = '{DAY}'") == [(DAY, 7)]
    week = loaded.find("cafe.week")
    assert [(read.table, str(read.days)) for read in week.reads] == [("cafe.sales", "-1..0")]


def test_the_tests_of_models_become_unit_tests(tmp_path: Path) -> None:
    assert imported("sqlmesh", tmp_path, CAFE).texts["tests/cafe.sales.yml"] == (
        "test_sales:\n"
        "  ds: 2026-03-01\n"
        "  given:\n"
        "    raw.sales:\n"
        "    - {item: tea, amount: 1, day: 2026-03-01}\n"
        "    - {item: tea, amount: 2, day: 2026-03-01}\n"
        "  expect:\n"
        "    cafe.sales:\n"
        "    - {item: tea, amount: 3, day: 2026-03-01}\n"
        "  checks: false\n"
    )


def test_the_report_names_what_is_not_understood(tmp_path: Path) -> None:
    made = imported("sqlmesh", tmp_path, CAFE)
    found = outcomes(made)
    assert [name for name, outcome in found.items() if outcome == "not understood"] == [
        "models/history.sql",
        "models/macro.sql",
        "models/people.py",
    ]
    assert said(made, "models/history.sql") == [
        "1: The kind SCD_TYPE_2 keeps rows in a way that a partition a day cannot."
    ]
    assert said(made, "models/macro.sql") == ["2: @ADD_ONE(...) is not known here."]
    assert said(made, "models/people.py") == ["2: The model cafe.people is in Python."]
    assert said(made, "models/sales.sql") == ["7: It runs @hourly there, and daily here."]
    assert made.sources["cafe.people"]["columns"] == {"name": "VARCHAR"}


def test_casts_keep_the_names_that_sqlmesh_gives_them(tmp_path: Path) -> None:
    text = """
        MODEL (name cafe.names, kind FULL, audits (not_null(columns=[item])));
        SELECT item::TEXT, CAST(amount AS INT), (day)::DATE, s.day::DATE -- the day
        FROM (SELECT item, amount::INT, day FROM raw.sales) AS s
        """
    made = imported("sqlmesh", tmp_path, {**CAFE, "models/names.sql": text})
    assert made.texts["specs/cafe.names.sql"].partition("*/\n")[2] == (
        "SELECT item::TEXT AS item, CAST(amount AS INT) AS amount, (day)::DATE, s.day::DATE AS day -- the day\n"
        "FROM (SELECT item, amount::INT AS amount, day FROM raw.sales) AS s\n"
    )
    assert "- not_null: [item]\n" in made.texts["specs/cafe.names.sql"]


def test_an_audit_of_a_table_that_is_not_read_is_noted(tmp_path: Path) -> None:
    files = {
        "models/one.sql": "MODEL (name cafe.one, kind FULL, audits (known, own));\nSELECT item FROM raw.sales",
        "audits/all.sql": """
            AUDIT (name known);
            SELECT * FROM @this_model WHERE item NOT IN (SELECT item FROM cafe.menu);
            AUDIT (name own);
            SELECT * FROM cafe.one WHERE item IS NULL;
            """,
    }
    made = imported("sqlmesh", tmp_path, {**CAFE, **files})
    assert said(made, "models/one.sql") == ["1: The audit known has no data check of ours."]
    assert "query: SELECT * FROM staged AS one WHERE item IS NULL" in made.texts["specs/cafe.one.sql"]
