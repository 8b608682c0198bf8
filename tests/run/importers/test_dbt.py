"""A dbt project as specs: what is written, what comes out in DuckDB, and what the report says."""

from __future__ import annotations

from datetime import date
from hashlib import md5
from pathlib import Path

import pytest

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


def converted(folder: Path, text: str, **files: str) -> str:
    """The SQL of a model, and nothing but notes of what it is not."""
    made = imported("dbt", folder, {**SHOP, "models/marts/one.sql": text, **files})
    assert [one.message for one in made.files["models/marts/one.sql"].problems if one.severity == "error"] == []
    return made.texts["specs/marts.one.sql"].partition("*/\n")[2].strip()


TODAY = "(SELECT * EXCLUDE (ds) FROM shop.stg_orders WHERE ds = DATE '{{ ds }}')"


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("select stg_orders.cents from {{ ref('stg_orders') }} where 1=1", f"{TODAY} AS stg_orders where 1=1"),
        ("select 1 from {{ ref('shop', 'stg_orders') }}\n join x on 1=1", f"{TODAY} AS stg_orders\n join x on 1=1"),
        ("select {{ ref('stg_orders') }}.cents from {{ ref('stg_orders') }} o", f"stg_orders.cents from {TODAY} o"),
        ("{% if target.name == 'dev' %}limit 1{% else %}select 1{% endif %}", "select 1"),
        ("select '{{ target.type }}'", "select '{{ 'duckdb' }}'"),
        ("select {{ env_var('LIMIT', '5') }}", "select 5"),
        (
            "{% set t = ref('raw_orders') %}select 1 from {{ t }}",
            '{% set t = ("shop.raw_orders") %}select 1 from {{ t }}',
        ),
        ("select 1 {# {{ ref('nobody') }} #}", "select 1 {# {{ ref('nobody') }} #}"),
    ],
)
def test_tags_become_ours(text: str, sql: str, tmp_path: Path) -> None:
    assert converted(tmp_path, text).endswith(sql)


def test_what_is_computed_in_a_config_is_taken(tmp_path: Path) -> None:
    text = "{{ config(enabled=var('smallest') | int > 5, tags=['a']) }} select 1"
    made = imported("dbt", tmp_path, {**SHOP, "models/off.sql": text})
    assert outcomes(made)["models/off.sql"] == "left out"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select {{ dbt_date.today() }}", "dbt_date.today is not known here."),
        ("select {{ var('nothing') }}", "var('nothing') has no value in dbt_project.yml."),
        ("select 1 from {{ ref(var('smallest')) }}", "ref(var('smallest')) names a table that is computed."),
        ("select {{ env_var('HOME') }}", "env_var('HOME') has no default."),
        ("select {{ live() }}", "The macro live was not imported: it uses run_query, which only a running dbt has."),
        (
            "{% if %}",
            "It is no Jinja template that is read here: Expected an expression, got 'end of statement block'.",
        ),
        ("select {{ 1 | nofilter }}", "It is no Jinja template that is read here: No filter named 'nofilter'."),
    ],
)
def test_what_is_not_expressed_is_named_and_readers_get_a_source(text: str, message: str, tmp_path: Path) -> None:
    live = "{% macro live() %}{% set r = run_query('select 1') %}{{ r }}{% endmacro %}"
    files = {"models/bad.sql": f"select 1\n{text}", "macros/live.sql": live}
    made = imported("dbt", tmp_path, {**SHOP, **files, "models/reader.sql": "select * from {{ ref('bad') }}"})
    assert said(made, "models/bad.sql") == [f"2: {message}"]
    assert "shop.bad" in made.sources
    assert "specs/shop.reader.sql" in made.texts


def test_packages_that_are_known_run(tmp_path: Path) -> None:
    text = """
        select {{ dbt_utils.generate_surrogate_key(['customer', 'order_id']) }} as k,
          {{ dbt_utils.surrogate_key('customer', 'order_id') }} as old,
          {{ dbt.date_trunc('month', 'day') }} as month, {{ dbt_utils.safe_divide('cents', '0') }} as nothing,
          {{ dateadd('day', 1, 'day') }} as tomorrow
        from (select {{ dbt_utils.star(from=ref('stg_orders'), except=['cents']) }}, cents
              from {{ ref('stg_orders') }}) as orders
        where order_id = 1
        """
    made = imported("dbt", tmp_path / "dbt", {**SHOP, "models/keys.sql": text})
    loaded = run(made, tmp_path / "ours")
    found = rows(loaded, "SELECT k, old, CAST(month AS DATE), nothing, CAST(tomorrow AS DATE) FROM shop.keys")
    key = md5(b"ada-1").hexdigest()
    assert found == [(key, key, date(2026, 3, 1), None, DAY)]


def test_a_microbatch_has_the_rows_of_the_day(tmp_path: Path) -> None:
    config = "materialized='incremental', incremental_strategy='microbatch', event_time='day', batch_size='day'"
    text = f"{{{{ config({config}) }}}} select * from {{{{ ref('stg_orders') }}}}"
    made = imported("dbt", tmp_path / "dbt", {**SHOP, "models/batch.sql": text})
    loaded = run(made, tmp_path / "ours", start=date(2026, 3, 1))
    assert rows(loaded, "SELECT ds, order_id FROM shop.batch ORDER BY 2") == [(date(2026, 3, 1), 1), (DAY, 2), (DAY, 3)]


@pytest.mark.parametrize(
    "condition",
    [
        "where cents > 5",
        "where day > (select max(day) from {{ this }}) or cents > 5",
        "where day > current_date - 3",
    ],
)
def test_other_increments_compute_all_rows_each_day(condition: str, tmp_path: Path) -> None:
    config = "{{ config(materialized='incremental', unique_key='customer') }}"
    text = f"{config} select * from {{{{ ref('stg_orders') }}}} {{% if is_incremental() %}} {condition} {{% endif %}}"
    made = imported("dbt", tmp_path, {**SHOP, "models/all.sql": text})
    assert said(made, "models/all.sql") == [
        "1: How it grows is not by the day of one column, so each day computes all of it."
    ]
    assert made.texts["specs/shop.all.sql"].endswith(f"select * from {TODAY} AS stg_orders\n")


def test_a_relationship_to_a_table_that_is_not_read_is_noted(tmp_path: Path) -> None:
    yml = (
        "models: [{name: total, columns: [{name: orders, tests: [{relationships: {to: ref('customers'), field: x}}]}]}]"
    )
    made = imported("dbt", tmp_path, {**SHOP, "models/more.yml": yml})
    assert said(made, "models/marts/total.sql") == [
        ": The test relationships of orders (models/more.yml:1) has no data check of ours."
    ]


def test_the_variant_of_the_dialect_stands_for_the_default(tmp_path: Path) -> None:
    macro = """
        {% macro one() %}{{ return(adapter.dispatch('one')()) }}{% endmacro %}
        {% macro default__one() %}1{% endmacro %}
        {% macro duckdb__one() %}2{% endmacro %}
        {% macro snowflake__one() %}3{% endmacro %}
        """
    made = imported(
        "dbt", tmp_path / "dbt", {**SHOP, "macros/one.sql": macro, "models/one.sql": "select {{ one() }} as n"}
    )
    loaded = run(made, tmp_path / "ours")
    assert rows(loaded, "SELECT n FROM shop.one") == [(2,)]
