"""``drawloom growth show`` and ``--force-source``, on the orders of a shop."""

from __future__ import annotations

import pytest

from tests.cli.shop import LAND, Shop

SPEC = """kind: growth
name: buyers
source: raw.orders
entity: product
activities: {orders: true, dear: amount > 30}
windows: [1, 7]
until: "forever: a test"
"""


@pytest.fixture
def grown(shop: Shop) -> Shop:
    shop.write("specs/buyers.yml", SPEC)
    shop.run("run")
    return shop


def test_show_tells_each_activity_with_its_last_days(grown: Shop) -> None:
    out = grown.run("growth", "show", "buyers", "--days", "3")
    assert "buyers: orders on 2026-03-10" in out
    assert "buyers: dear on 2026-03-10" in out
    assert "Too early to say: on the first 13 days everybody looks new." in out
    assert "2026-03-08" in out
    assert "2026-03-07" not in out
    assert "█" in out


def test_show_for_machines(grown: Shop) -> None:
    (report,) = grown.json("growth", "show", "buyers", "--activity", "orders", "--window", "1")
    assert report["last"] == "2026-03-10"
    assert [(line["window"], line["now"]) for line in report["actives"]] == [(1, 3), (7, 3)]
    assert report["window"] == 1
    assert report["days"][-1]["flows"] == {"new": 0, "retained": 3, "resurrected": 0, "churned": 0}


def test_show_refuses_what_it_cannot_show(shop: Shop) -> None:
    out = shop.run("growth", "show", "core.daily", code=2)
    assert "name == 'core.daily', must be a growth spec." in out
    assert "Write a spec of `kind: growth` first." in out
    shop.write("specs/buyers.yml", SPEC)
    assert "There are: buyers." in shop.run("growth", "show", "core.daily", code=2)
    assert "growth.buyers == no partitions, must have been filled." in shop.run("growth", "show", "buyers", code=2)
    shop.run("run")
    assert "no rows of nothing" in shop.run("growth", "show", "buyers", "--activity", "nothing", code=2)


def test_a_source_can_be_taken_for_changed(grown: Shop) -> None:
    plan = grown.json("plan", "--from", "2026-03-09", "--force-source", "raw.orders")
    run = {(cell["table"], cell["ds"]) for cell in plan["cells"] if cell["run"]}
    assert {ds for _, ds in run} == {"2026-03-09", "2026-03-10"}
    assert {"core.daily", "core.rolling", "growth.buyers", "growth.buyers_state"} <= {table for table, _ in run}
    summary = grown.json("run", "--from", "2026-03-09", "--force-source", "raw.orders")
    assert {row["outcome"] for row in summary["results"]} == {"unchanged", "fresh"}
    out = grown.run("plan", "--force-source", "raw.order", code=2)
    assert "source == 'raw.order', must be a table that a step reads." in out
    assert "Did you mean raw.orders?" in out


def test_a_warning_is_told_once(shop: Shop) -> None:
    shop.write("landing/nobody.csv", "id,day,product,amount\n91,2026-03-01,,1\n92,2026-03-02,,1\n")
    shop.run(*LAND, "--replace")
    shop.write("specs/buyers.yml", SPEC)
    out = shop.run("run", "buyers")
    assert out.count("rows without product") == 1
    assert "growth.buyers_days 2026-03-02 and 1 more day" in out
