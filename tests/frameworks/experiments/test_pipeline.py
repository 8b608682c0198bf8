"""Units, statistics and results as of each day are those of the reference, in which nothing is SQL."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawloom.run.project import Project
from tests.frameworks.experiments.conftest import SPECS
from tests.frameworks.experiments.reference import Reference
from tests.frameworks.experiments.rides import END, METRICS, START, experiment, rows, write_project

pytestmark = pytest.mark.unmeasured

TABLES = rows()
OPEN, CLOSED = START + timedelta(days=2), END + timedelta(days=2)
AS_OF = [("exact", OPEN), ("exact", CLOSED), ("include", END), ("exclude", CLOSED), ("exclude", OPEN)]


def select(project: Project, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.query(sql).to_pylist()
    return found


@pytest.mark.parametrize(("name", "day"), AS_OF)
def test_units(lab: Project, name: str, day: date) -> None:
    found = select(lab, f"SELECT * FROM experiments.{name}_units WHERE ds = DATE '{day}' ORDER BY subject")
    expected = Reference(SPECS[name], TABLES, day).units()
    assert [(r["subject"], r["variant"], r["first_exposed_at"], r["country"], r["exposures"]) for r in found] == [
        (unit.subject, unit.variant, unit.first, unit.country, unit.exposures) for unit in expected
    ]
    assert len(expected) > 20


@pytest.mark.parametrize(("name", "day"), AS_OF)
def test_moments(lab: Project, name: str, day: date) -> None:
    found = select(lab, f"SELECT * FROM experiments.{name}_statistics WHERE ds = DATE '{day}'")
    cells = {(r["metric"], r["variant"], r["cut"], r["cut_value"]): r for r in found}
    expected = Reference(SPECS[name], TABLES, day).moments()
    assert set(cells) == set(expected)
    for cell, numbers in expected.items():
        assert cells[cell]["quantile"] == numbers.pop("quantile", None), cell
        assert {key: cells[cell][key] for key in numbers} == pytest.approx(numbers, rel=1e-12, abs=1e-9), cell
    for row in found:
        if row["quantile"] is not None:
            assert row["quantile_low"] <= row["quantile"] <= (row["quantile_high"] or math.inf)


def test_an_experiment_may_have_quantiles_only(tmp_path: Path) -> None:
    spec = experiment("exact", exposure_day="exact", metrics={"goal": ["wait_median"]}, cuts=["country"])
    root = write_project(tmp_path / "project", {"rides.yml": METRICS, "exact.yml": spec})
    with Project.load(root) as project:
        assert project.run(project.plan(["rides"], last=OPEN)).exit_code == 0
        assert project.run(project.plan(["exact"], first=OPEN, last=OPEN)).exit_code == 0
        found = select(project, "SELECT * FROM experiments.exact_statistics")
    expected = Reference(spec | {"pre_period": 0, "metrics": {}}, TABLES, OPEN).moments()
    wanted = {cell[1:]: numbers for cell, numbers in expected.items() if cell[0] == "wait_median"}
    assert {(r["variant"], r["cut"], r["cut_value"]): (r["n"], r["quantile"]) for r in found} == {
        cell: (numbers["n"], numbers["quantile"]) for cell, numbers in wanted.items()
    }


def test_slices_add_up_to_the_total(lab: Project) -> None:
    sql = (
        "SELECT metric, variant, cut, sum(n) AS n, sum(n * mean) AS total FROM experiments.exact_statistics "
        f"WHERE ds = DATE '{CLOSED}' AND metric = 'rides' GROUP BY ALL"
    )
    found = {(row["variant"], row["cut"]): row for row in select(lab, sql)}
    for variant in ("control", "treatment"):
        whole = found[variant, ""]
        assert {found[variant, cut]["n"] for cut in ("country", "week", "activation")} == {whole["n"]}
        for cut in ("country", "week", "product", "activation"):
            assert found[variant, cut]["total"] == pytest.approx(whole["total"])


def test_results_are_those_of_the_statistics(lab: Project) -> None:
    from drawloom.statistics import Method, Moments, compare_adjusted_means

    reference = Reference(SPECS["exact"], TABLES, CLOSED)
    arms = []
    for variant in ("control", "treatment"):
        units = [unit for unit in reference.units() if unit.variant == variant]
        arms.append(Moments.of_values(*reference.capped(units, "fare")))
    expected = compare_adjusted_means(arms[0], arms[1], Method(expected_units=5000))
    (row,) = select(lab, f"SELECT * FROM experiments.exact WHERE ds = DATE '{CLOSED}' AND metric = 'fare' AND cut = ''")
    for name in (
        "effect",
        "standard_error",
        "ci_low",
        "ci_high",
        "p_value",
        "effect_relative",
        "sequential_low",
        "theta",
    ):
        assert row[name] == pytest.approx(float(getattr(expected, name)), rel=1e-7), name
    assert (row["role"], row["higher_is"], row["baseline"], row["variant"]) == (
        "goal",
        "better",
        "control",
        "treatment",
    )
    units = row["n_baseline"] + row["n_variant"]
    assert row["impact_per_day"] == pytest.approx(row["effect"] * units / (0.4 * ((END - START).days + 1)))
    assert row["p_adjusted"] >= row["p_value"]


def test_one_row_is_one_test_and_unknown_is_null(lab: Project) -> None:
    found = select(lab, f"SELECT * FROM experiments.results WHERE ds = DATE '{CLOSED}'")
    assert {row["experiment"] for row in found} == {"exact", "exclude"}, (
        "results of `include` are final on its last day"
    )
    for row in found:
        assert (row["p_value"] is None) == (row["reason"] not in {None, "zero-baseline"}), row
        assert row["effect"] is not None or row["reason"]


def test_a_bayesian_experiment_has_chances_and_no_p_values(lab: Project) -> None:
    found = select(lab, f"SELECT * FROM experiments.include WHERE ds = DATE '{END}' AND cut = '' ORDER BY metric")
    assert {row["p_value"] for row in found} == {None}
    rides, longest = (next(row for row in found if row["metric"] == name) for name in ("rides", "longest"))
    assert (rides["chance_to_win"] > 0.5) == (rides["effect_relative"] > 0)
    assert (longest["chance_to_win"] > 0.5) == (longest["effect_relative"] < 0), "longer waits are worse"
    assert all(0 <= row["risk"] < 1 for row in found)


def test_results_end_when_the_last_window_has_closed(lab: Project) -> None:
    last = {name: select(lab, f"SELECT max(ds) AS ds FROM experiments.{name}")[0]["ds"] for name in SPECS}
    assert last == {"exact": END + timedelta(days=2), "include": END, "exclude": END + timedelta(days=3)}


def test_health(lab: Project) -> None:
    found = select(lab, f"SELECT * FROM experiments.health WHERE experiment = 'exact' AND ds = DATE '{CLOSED}'")
    checks = {row["check"]: row for row in found if row["cut"] == ""}
    assert checks["sample-ratio"]["verdict"] == "ok"
    assert checks["several-variants"]["detail"].startswith("1 subject was seen in several variants and is left out")
    assert checks["unknown-variants"]["verdict"] == "warn"
    assert checks["unknown-variants"]["detail"] == "1 id has a variant that the experiment does not have: purple"
    assert checks["no-id"]["detail"].startswith("1 row has no id and is left out")
    assert checks["outside"]["value"] > 0
    assert checks["several-subjects"]["detail"].startswith("3 ids are mapped to several subjects")
    assert checks["missing-days"]["verdict"] == "ok"
    assert checks["full-week"]["detail"] == "5 of 7 days: weekdays differ, so wait for a whole week"
    assert {row["cut"] for row in found if row["check"] == "covariate-imbalance"} == {"country", "week"}
    assert {row["cut_value"] for row in found if row["check"] == "pre-exposure-bias"} == {
        "rides",
        "fare",
        "rode",
        "longest",
    }
    assert {row["check"] for row in found} >= {"activation-imbalance"}
