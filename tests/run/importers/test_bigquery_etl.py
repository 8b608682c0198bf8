"""A project in the layout of bigquery-etl as specs: what is written, what comes out in DuckDB, and what the report says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.run.importers.build import DAY, imported, outcomes, rows, run, said

AT = "sql/shared-prod/shop_derived"
SHOP = {
    f"{AT}/orders_v1/query.sql": """
        SELECT
          DATE(submission_timestamp) AS submission_date,
          order_id,
          SAFE_CAST(amount AS INT64) AS amount, -- cents
        FROM
          `shared-prod.shop_live.orders_v1`
        WHERE
          DATE(submission_timestamp) = @submission_date
        """,
    f"{AT}/orders_v1/metadata.yaml": """
        friendly_name: Orders
        description: One row per order.
        owners: [ann@example.com, bob@example.com]
        labels: {application: shop, incremental: true, schedule: daily}
        scheduling: {dag_name: bqetl_shop}
        bigquery:
          time_partitioning: {type: day, field: submission_date, expiration_days: 90}
          clustering: {fields: [order_id]}
        """,
    f"{AT}/orders_v1/schema.yaml": """
        fields:
          - {name: submission_date, type: DATE, mode: NULLABLE}
          - {name: order_id, type: INT64, mode: NULLABLE, description: The number on the receipt.}
          - {name: amount, type: INT64, mode: NULLABLE}
        """,
    f"{AT}/orders_v1/checks.sql": """
        #fail
        {{ is_unique(["order_id"], where="submission_date = @submission_date") }}
        #warn
        {{ min_row_count(1, "submission_date = @submission_date") }}
        #fail
        ASSERT (SELECT COUNT(*) FROM x) > 1
        """,
    f"{AT}/week_v1/query.sql": """
        SELECT @submission_date AS submission_date, SUM(amount) AS amount
        FROM `shared-prod`.shop_derived.orders_v1
        WHERE submission_date BETWEEN DATE_SUB(@submission_date, INTERVAL 6 DAY) AND @submission_date
        """,
    f"{AT}/week_v1/metadata.yaml": """
        bigquery: {time_partitioning: {type: day, field: submission_date}}
        """,
    f"{AT}/week_v1/schema.yaml": """
        fields: [{name: submission_date, type: DATE}, {name: amount, type: INT64}]
        """,
    f"{AT}/total_v1/query.sql": "SELECT SUM(amount) AS amount FROM shop_derived.orders_v1",
    f"{AT}/total_v1/metadata.yaml": "scheduling: {date_partition_parameter: null}",
    f"{AT}/norm_v1/query.sql": "SELECT mozfun.norm.os(os) AS os\nFROM shop_derived.orders_v1",
    f"{AT}/model_v1/query.py": "raise SystemExit",
    f"{AT}/old_v1/script.sql": "DECLARE x INT64;",
    "sql/mozfun/map/get_key/udf.sql": """
        CREATE OR REPLACE FUNCTION map.get_key(entries ANY TYPE, k ANY TYPE) AS (
          (SELECT entry.value FROM UNNEST(entries) AS entry WHERE entry.key = k LIMIT 1)
        );
        SELECT assert.equals(1, 1);
        """,
    "sql/mozfun/js/one/udf.sql": "CREATE FUNCTION js.one() RETURNS INT64 LANGUAGE js AS 'return 1';",
    "sql/shared-prod/shop/orders/view.sql": """
        CREATE OR REPLACE VIEW `shared-prod.shop.orders` AS
        SELECT * EXCEPT (amount) FROM `shared-prod.shop_derived.orders_v1`
        """,
    f"{AT}/ids_v1/query.sql": """
        SELECT mozfun.map.get_key([STRUCT(1 AS key, orders.order_id AS value)], 1) AS id FROM `shared-prod.shop.orders`
        WHERE submission_date = @submission_date
        """,
    f"{AT}/caught_v1/query.sql": "SELECT mozfun.map.get_key(entry, 1) AS id FROM shop_derived.orders_v1",
}


def test_a_query_becomes_a_spec_in_its_dialect(tmp_path: Path) -> None:
    made = imported("bigquery-etl", tmp_path, SHOP)
    assert made.texts["specs/shop_derived.orders_v1.sql"] == (
        "/* drawloom\n"
        "table: shop_derived.orders_v1\n"
        "description: One row per order.\n"
        "owner: ann@example.com\n"
        "tags: [shop]\n"
        "until: forever: imported from bigquery-etl, where tables have no end\n"
        "keep: 90d\n"
        "dialect: bigquery\n"
        "columns:\n"
        "  submission_date: DATE\n"
        "  order_id: {type: BIGINT, description: The number on the receipt.}\n"
        "  amount: BIGINT\n"
        "cluster: [order_id]\n"
        "checks:\n"
        "- unique: [order_id]\n"
        "- rows: {min: 1}\n"
        "  severity: warn\n"
        "*/\n"
        "SELECT\n"
        "  DATE(submission_timestamp) AS submission_date,\n"
        "  order_id,\n"
        "  SAFE_CAST(amount AS INT64) AS amount, -- cents\n"
        "FROM\n"
        "  (SELECT * EXCEPT (ds) FROM shop_live.orders_v1 WHERE ds <= DATE '{{ ds }}') AS orders_v1\n"
        "WHERE\n"
        "  DATE(submission_timestamp) = DATE '{{ ds }}'\n"
    )
    assert made.sources["shop_live.orders_v1"] == {
        "files": "landing/shop_live.orders_v1/ds={ds}/*.parquet",
        "description": "By the day of submission_timestamp, as its readers filter it.",
        "days_from": ["submission_timestamp"],
    }


def test_the_project_runs_and_reads_only_the_days_it_needs(tmp_path: Path) -> None:
    made = imported("bigquery-etl", tmp_path / "theirs", SHOP)
    source = {"files": "landing/orders/ds={ds}/orders.csv", "days_from": ["submission_timestamp"]}
    columns = {"submission_timestamp": "TIMESTAMP", "order_id": "BIGINT", "amount": "VARCHAR"}
    made.sources["shop_live.orders_v1"] = {**source, "columns": columns}
    for day, amount in ((date(2026, 2, 28), 1), (date(2026, 3, 1), 4), (DAY, 8)):
        text = f"submission_timestamp,order_id,amount\n{day} 10:00:00,{amount},{amount}\n"
        made.texts[f"landing/orders/ds={day}/orders.csv"] = text
    loaded = run(made, tmp_path / "ours", start=date(2026, 2, 28))
    assert rows(loaded, f"SELECT amount FROM shop_derived.week_v1 WHERE ds = '{DAY}'") == [(13,)]
    assert rows(loaded, f"SELECT amount FROM shop_derived.total_v1 WHERE ds = '{DAY}'") == [(13,)]
    reads = {name: loaded.find(f"shop_derived.{name}").reads for name in ("orders_v1", "week_v1")}
    assert [str(read.days) for read in reads["orders_v1"]] == ["0"]
    assert [str(read.days) for read in reads["week_v1"]] == ["-6..0"]
    assert rows(loaded, f"SELECT id FROM shop_derived.ids_v1 WHERE ds = '{DAY}'") == [(8,)]


def test_the_report_names_what_is_not_understood(tmp_path: Path) -> None:
    made = imported("bigquery-etl", tmp_path, SHOP)
    found = outcomes(made)
    assert sorted(name.removeprefix(f"{AT}/") for name, what in found.items() if what == "not understood") == [
        "caught_v1/query.sql",
        "model_v1/query.py",
        "norm_v1/query.sql",
        "old_v1/script.sql",
        "sql/mozfun/js/one/udf.sql",
    ]
    assert said(made, f"{AT}/norm_v1/query.sql") == [
        "1: mozfun.norm.os is a function of its own, which drawloom cannot call."
    ]
    assert said(made, f"{AT}/orders_v1/checks.sql") == ["5: The check with SQL of its own has no data check of ours."]
    assert said(made, f"{AT}/caught_v1/query.sql") == [
        "1: A function cannot be written out: map.get_key has names of its own like entry."
    ]


def test_functions_and_views_are_written_where_they_are_read(tmp_path: Path) -> None:
    made = imported("bigquery-etl", tmp_path, SHOP)
    text = made.texts["specs/shop_derived.ids_v1.sql"]
    assert text.endswith(
        "SELECT ((SELECT entry.value FROM UNNEST(([STRUCT(1 AS key, orders.order_id AS value)])) AS entry "
        "WHERE entry.key = 1 LIMIT 1)) AS id FROM (\n"
        "SELECT * EXCEPT (amount) FROM (SELECT * EXCEPT (ds) REPLACE (ds AS submission_date) "
        "FROM shop_derived.orders_v1 WHERE ds <= DATE '{{ ds }}') AS orders_v1\n"
        ") AS orders\n"
        "WHERE submission_date = DATE '{{ ds }}'\n"
    )
