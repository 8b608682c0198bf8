"""Expected values of other people's tools and of exact arithmetic, each within its own tolerance."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from drawloom import statistics as st
from tests.corpora import ASOS, ASOS_EXPECTED, DATA, GOLDEN, SHARED, USERS, is_available, needs
from tests.golden.experiments import KINDS, compute

OWN = DATA / "experiments_golden.json"


def cases(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return found


def differences(case: dict[str, Any]) -> list[str]:
    """The values of a case that are not as expected; a null must be NaN."""
    computed = compute(case)
    wrong = []
    for name, expected in case["expected"].items():
        value = expected["value"]
        if value is None:
            is_right = bool(np.isnan(computed[name]))
        else:
            wanted = np.asarray(value, dtype=float)
            is_right = np.allclose(computed[name], wanted, rtol=expected["rtol"], atol=expected["atol"])
        if not is_right:
            wrong.append(f"{name} == {computed[name]}, must be {value}")
    return wrong


@pytest.mark.parametrize("case", cases(OWN), ids=lambda case: case["id"])
def test_our_own_cases(case: dict[str, Any]) -> None:
    assert differences(case) == []


def test_our_own_cases_are_of_every_kind() -> None:
    assert {case["kind"] for case in cases(OWN)} == set(KINDS)


@needs(GOLDEN)
@pytest.mark.parametrize("case", cases(SHARED / GOLDEN) if is_available(GOLDEN) else [], ids=lambda case: case["id"])
def test_cases_of_gbstats_tea_tasting_scipy_and_statsmodels(case: dict[str, Any]) -> None:
    assert differences(case) == []


def test_a_wrong_value_is_seen() -> None:
    case = json.loads(json.dumps(cases(OWN)[0]))
    name = next(iter(case["expected"]))
    case["expected"][name]["value"] *= 1 + 1e-7
    assert len(differences(case)) == 1


COLUMNS = {
    "effect": "effect",
    "se": "standard_error",
    "df": "df",
    "p_value": "p_value",
    "ci_lower": "ci_low",
    "ci_upper": "ci_high",
    "rel": "effect_relative",
    "rel_se": "se_relative",
    "seq_p_5000": "sequential_p",
    "seq_lower_5000": "sequential_low",
    "seq_upper_5000": "sequential_high",
}


@needs(ASOS)
@needs(ASOS_EXPECTED)
def test_all_checkpoints_of_78_experiments() -> None:
    """ASOS Digital Experiments (Liu et al. 2021, CC BY 4.0). The expected values have 12 digits."""
    data, expected = (
        {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}
        for table in (pq.read_table(SHARED / ASOS), pq.read_table(SHARED / ASOS_EXPECTED))
    )
    control, treatment = (
        st.Moments.of(data[f"count_{arm}"], data[f"mean_{arm}"], data[f"variance_{arm}"] * (data[f"count_{arm}"] - 1))
        for arm in ("c", "t")
    )
    found = st.compare_means(control, treatment, st.Method(expected_units=5000))
    assert found.effect.shape == (24153,)
    nobody = found.reason == "no-units"  # the file has the difference of two means of nobody, 0
    assert nobody.sum() == 8
    assert np.isnan(found.effect[nobody]).all()
    for name, column in COLUMNS.items():
        wanted = np.where(nobody, np.nan, expected[name])
        np.testing.assert_allclose(getattr(found, column), wanted, rtol=1e-11, atol=5e-12, err_msg=name)
    unknown = np.isnan(found.p_value)
    assert unknown.sum() == 787
    np.testing.assert_array_equal(unknown, found.reason != "")


@needs(USERS)
@needs(GOLDEN)
def test_users_as_rows() -> None:
    """4,000 users with covariates, against tea-tasting, whose split alone has a correction for continuity that ours has not."""
    expected = json.loads((SHARED / GOLDEN).read_text())["raw_cases"][0]["expected_tea_tasting"]
    with (SHARED / USERS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    log = st.Method(relative="log")

    def arm(variant: int, *names: str) -> st.Moments:
        chosen = [row for row in rows if int(row["variant"]) == variant]
        return st.Moments.of_values(*([float(row[name]) for row in chosen] for name in names))

    def both(*names: str) -> tuple[st.Moments, st.Moments]:
        return arm(0, *names), arm(1, *names)

    ratio = ("orders", "sessions", "orders_covariate", "sessions_covariate")
    found = {
        "sessions_per_user": st.compare_means(*both("sessions"), log),
        "orders_per_user": st.compare_adjusted_means(*both("orders", "orders_covariate"), log),
        "revenue_per_user": st.compare_adjusted_means(*both("revenue", "revenue_covariate"), log),
        "orders_per_session": st.compare_ratios(*both(*ratio[:2]), log),
        "orders_per_session_cuped": st.compare_adjusted_ratios(*both(*ratio), log, theta_from="pooled"),
    }
    for name, one in found.items():
        wanted = expected[name]
        pairs = {
            "effect_size": one.effect,
            "effect_size_ci_lower": one.ci_low,
            "effect_size_ci_upper": one.ci_high,
            "pvalue": one.p_value,
            "rel_effect_size": one.effect_relative,
            "rel_effect_size_ci_lower": one.ci_low_relative,
            "rel_effect_size_ci_upper": one.ci_high_relative,
        }
        for key, got in pairs.items():
            np.testing.assert_allclose(got, wanted[key], rtol=1e-9, err_msg=f"{name}: {key}")
    users = [expected["srm"]["control"], expected["srm"]["treatment"]]
    assert users == [arm(0, "orders").n, arm(1, "orders").n]
    corrected = st.sample_ratio([min(users) + 0.5, max(users) - 0.5], [1, 1])
    np.testing.assert_allclose(corrected.p_value, expected["srm"]["pvalue"], rtol=1e-9)
