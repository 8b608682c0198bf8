"""One project with three experiments, that differ in what counts of the day of exposure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drawloom.run.project import Project
from tests.frameworks.experiments.rides import METRICS, experiment, write_project

SPECS = {
    "exact": experiment(
        "exact", exposure_day="exact", window=2, pre_period=3, cuts=["country", "product", "week"], top=2,
        cap={"fare": {"percentile": 0.9}}, activation={"metric": "rode"}, traffic=0.4,
    ),
    "include": experiment("include", exposure_day="include", pre_period=0, cuts=["day"], statistics={"test": "bayesian", "prior": 0.3}),
    "exclude": experiment(
        "exclude", exposure_day="exclude", delay=1, window=2, pre_period=2, cap={"fare": {"value": 60}},
        statistics={"correction": "benjamini-hochberg", "sequential": None},
    ),
}  # fmt: skip


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, run to its end."""
    files = {"rides.yml": METRICS, **{f"{name}.yml": spec for name, spec in SPECS.items()}}
    root = write_project(tmp_path_factory.mktemp("lab") / "project", files)
    with Project.load(root) as project:
        assert not project.check()
        summary = project.run()
        assert not [result for result in summary.results if result.error]
        assert summary.exit_code == 0
        yield project
