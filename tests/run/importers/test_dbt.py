"""A dbt project as specs: what is written, what comes out in DuckDB, and what the report says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from drawloom.run.importers.write import config_text
from tests.run.importers.build import DAY, imported, outcomes, rows, run, said

SHOP = {
    "dbt_project.yml": """
        name: shop
        profile: shop
        vars: {smallest: 2}
        models:
          shop:
            marts:
              +materialized: table
              +schema: marts
              +tags: [finance]
        """,
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb}}}",
    "seeds/raw_orders.csv": "id,customer,amount,day\n1,ada,3.5,2026-03-01\n2,bob,1.0,2026-03-02\n3,ada,4.0,2026-03-02\n",
    "models/staging/stg_orders.sql": """
        -- one row per order
        with source as (select * from {{ ref('raw_orders') }})
        select id as order_id, customer, {{ cents('amount') }} as cents, day from source
        """,
    "models/marts/customers.sql": """
        {{ config(materialized='table', unique_key='customer') }}
        select customer, count(*) as orders, sum(o.cents) as cents
        from {{ ref('stg_orders') }} as o
        group by customer
        having count(*) < {{ var('smallest') }} + 10
        """,
    "models/marts/by_day.sql": """
        {{ config(materialized='incremental', incremental_strategy='append') }}
        select day, count(*) as orders from {{ ref('stg_orders') }}
        {% if is_incremental() %}
        where day > (select max(day) from {{ this }})
        {% endif %}
        group by day
        """,
    "models/marts/total.sql": "select sum(by_day.orders) as orders from {{ ref('by_day') }}",
    "models/schema.yml": """
        models:
          - name: stg_orders
            description: One row per order.
            meta: {owner: shop@example.com}
            columns:
              - name: order_id
                description: The number on the receipt.
                tests: [unique, not_null]
              - name: customer
                tests:
                  - accepted_values: {values: [ada, bob]}
          - name: customers
            columns:
              - name: customer
                tests:
                  - relationships: {to: ref('stg_orders'), field: customer}
                  - dbt_expectations.expect_column_to_exist
        unit_tests:
          - name: two_orders
            model: customers
            given:
              - input: ref('stg_orders')
                rows: [{customer: ada, cents: 1}, {customer: ada, cents: 2}]
            expect:
              rows: [{customer: ada, orders: 2, cents: 3}]
        """,
    "macros/cents.sql": "{% macro cents(column) %}cast({{ column }} * 100 as bigint){% endmacro %}",
}


def test_a_view_becomes_a_spec_with_checks_and_the_owner(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path, SHOP)
    assert made.texts["specs/shop.stg_orders.sql"] == (
        "/* drawloom\n"
        "table: shop.stg_orders\n"
        "description: One row per order.\n"
        "owner: shop@example.com\n"
        "until: forever: imported from dbt, where tables have no end\n"
        "checks:\n"
        "- unique: [order_id]\n"
        "- not_null: [order_id]\n"
        "- accepted_values:\n"
        "    customer: [ada, bob]\n"
        "# Columns; declare them with their types under `columns`:\n"
        "# order_id: The number on the receipt.\n"
        "*/\n"
        "-- one row per order\n"
        "with source as (select * from shop.raw_orders)\n"
        "select id as order_id, customer, {{ cents('amount') }} as cents, day from source\n"
    )
    assert made.texts["macros/cents.sql"].strip() == SHOP["macros/cents.sql"]


def test_a_table_reads_the_partition_of_the_day(tmp_path: Path) -> None:
    text = imported("dbt", tmp_path, SHOP).texts["specs/marts.customers.sql"]
    assert "from (SELECT * EXCLUDE (ds) FROM shop.stg_orders WHERE ds = DATE '{{ ds }}') as o\n" in text
    assert "tags: [finance]\n" in text
    assert "params: {smallest: 2}\n" in text
    assert "config(" not in text


def test_an_incremental_model_becomes_daily(tmp_path: Path) -> None:
    text = imported("dbt", tmp_path, SHOP).texts["specs/marts.by_day.sql"]
    assert "where CAST(day AS DATE) = DATE '{{ ds }}'\n" in text
    assert "is_incremental" not in text


def test_the_project_runs_and_has_the_rows(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path / "dbt", SHOP)
    loaded = run(made, tmp_path / "ours", start=date(2026, 3, 1))
    assert rows(loaded, f"SELECT customer, orders, cents FROM marts.customers WHERE ds = '{DAY}' ORDER BY 1") == [
        ("ada", 2, 750),
        ("bob", 1, 100),
    ]
    assert rows(loaded, "SELECT ds, orders FROM marts.by_day ORDER BY 1") == [(date(2026, 3, 1), 1), (DAY, 2)]
    assert rows(loaded, "SELECT ds, orders FROM marts.total ORDER BY 1") == [(date(2026, 3, 1), 1), (DAY, 3)]


def test_seeds_are_sources_with_types(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path, SHOP)
    assert made.texts["seeds/raw_orders.csv"] == SHOP["seeds/raw_orders.csv"]
    assert made.sources == {
        "shop.raw_orders": {
            "files": "seeds/raw_orders.csv",
            "columns": {"id": "BIGINT", "customer": "VARCHAR", "amount": "DOUBLE", "day": "DATE"},
        }
    }
    assert "start: 2026-03-02\n" in config_text(made, DAY)


def test_the_report_names_what_has_no_data_check(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path, SHOP)
    assert said(made, "models/marts/customers.sql") == [
        ": The test dbt_expectations.expect_column_to_exist of customer (models/schema.yml:17) has no data check of ours."
    ]
    assert set(outcomes(made).values()) == {"imported", "with notes"}
