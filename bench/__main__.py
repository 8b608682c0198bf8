"""`python -m bench [NAME...] [--runs N] [--format json]`; `growth` also takes `--entities`, `--days` and `--parts`,
`engines` takes `--parts`, `experiments` takes `--peers`, `airflow_parse` takes `--shapes`, `airflow_task` takes `--tasks`."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from bench.engines import PARTS as ENGINE_PARTS
from bench.growth import PARTS
from bench.measure import show

NAMES = (
    "overhead",
    "start",
    "plan",
    "environments",
    "day_reads",
    "rerun",
    "reading",
    "flights",
    "growth",
    "experiments",
    "experiments_raw",
    "features",
    "features_training",
    "stats",
    "anomalies",
    "ui",
    "unit_tests",
    "airflow_parse",
    "airflow_task",
)
WITH_SERVERS = ("engines", "comparison")  # named only: they need servers, or the network


def main() -> None:
    """Run the named benchmarks, all of them without names; each prints when it is done."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all without names")
    parser.add_argument("--runs", type=int, default=3, help="how often each contender runs (default 3)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--entities", type=int, default=100_000, help="of growth (default 100000)")
    parser.add_argument("--days", type=int, default=93, help="of growth: how long history is (default 93)")
    parts = f"of growth: {', '.join(PARTS)}; of engines: {', '.join(ENGINE_PARTS)} (default all)"
    parser.add_argument("--parts", nargs="+", choices=(*PARTS, *ENGINE_PARTS), help=parts)
    parser.add_argument("--tasks", type=int, default=30, help="of airflow_task: how long the chains are (default 30)")
    parser.add_argument("--smoothed", type=int, default=0, help="of anomalies: series that `forecast` judges as well")
    parser.add_argument(
        "--peers",
        help="a Python that has the peers: of experiments gbstats and tea-tasting (default this one); of features_training Feast; of stats polars",
    )
    parser.add_argument(
        "--shapes",
        nargs="+",
        help="of airflow_parse: DAGs x steps; of experiments_raw: experiments x metrics; like 100x10; of features: sparse, dense, large; of stats: columns x rows",
    )
    given = parser.parse_args()
    if unknown := set(given.names) - {*NAMES, *WITH_SERVERS}:
        parser.error(f"name == {', '.join(sorted(unknown))}, must be of {', '.join((*NAMES, *WITH_SERVERS))}")
    as_json = given.format == "json"
    reports = []
    for name in given.names or NAMES:
        for report in importlib.import_module(f"bench.{name}").measure(given.runs, **options(name, given)):
            reports.append(report)
            if not as_json:
                show([report], as_json=False)
    if as_json:
        show(reports, as_json=True)


def options(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """The arguments of a benchmark besides the number of runs."""
    if name == "growth":
        return {"entities": given.entities, "days": given.days, "parts": given.parts or PARTS}
    if name == "stats":
        return {"peers": given.peers, **({"shapes": given.shapes} if given.shapes else {})}
    if name in {"experiments", "features_training"}:
        return {"peers": given.peers}
    if name == "engines":
        return {"parts": given.parts or ENGINE_PARTS}
    if name == "anomalies":
        return {"smoothed": given.smoothed}
    if name == "airflow_task":
        return {"tasks": given.tasks}
    with_shapes = {"airflow_parse", "experiments_raw", "features"}
    return {"shapes": given.shapes} if name in with_shapes and given.shapes else {}


if __name__ == "__main__":
    main()
