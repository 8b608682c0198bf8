"""Imports real projects of other tools: how many of their files are understood, and what `drawloom check` then says.

``python bench/import_projects.py CLONES`` makes the table of docs/benchmarks.md out of clones at ``CLONES/name`` (of those
that are there); ``--reasons`` prints what was not understood, most frequent first, with the first places.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from drawloom.model import Problem
from drawloom.run.importers.front import import_project
from drawloom.run.importers.imported import Imported
from drawloom.run.importers.write import write_imported
from drawloom.run.project import Project
from drawloom.run.unit_tests.check import check_tests

# Tool, folder below CLONES, and the dialect where the project does not say.
PROJECTS: tuple[tuple[str, str, str | None], ...] = (
    ("dbt", "jaffle-shop", None),
    ("dbt", "mrr-playbook", "snowflake"),
    ("dbt", "data-infra/warehouse", None),
    ("dbt", "tuva", None),
    ("sqlmesh", "sqlmesh/examples/sushi", None),
    ("sqlmesh", "sqlmesh-examples/001_sushi/2_moderate", None),
    ("sqlmesh", "demo-etl-sqlmesh-omop-synthea", None),
    ("bigquery-etl", "bigquery-etl/sql/moz-fx-data-shared-prod/telemetry_derived", None),
    ("bigquery-etl", "bigquery-etl/sql/moz-fx-data-shared-prod/search_derived", None),
    ("bigquery-etl", "bigquery-etl/sql/moz-fx-data-shared-prod/firefox_desktop_derived", None),
    ("bigquery-etl", "bigquery-etl/sql", None),
)
START = date(2026, 1, 1)


@dataclass(slots=True)
class Outcome:
    """What became of a project."""

    tool: str
    folder: str
    made: Imported
    seconds: float
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        return [one for one in self.problems if one.severity == "error"]

    def row(self) -> list[str]:
        counts = Counter(file.outcome for file in self.made.files.values())
        specs = [path for path in self.made.texts if path.startswith("specs/")]
        broken = {one.where.file for one in self.errors if (one.where.file or "").startswith("specs/")}
        numbers = [len(self.made.files), counts["imported"], counts["with notes"], counts["not understood"]]
        return [
            self.tool,
            self.folder,
            *map(str, [*numbers, len(specs), len(self.errors), len(broken)]),
            f"{self.seconds:.1f}",
        ]


def import_one(tool: str, root: Path, folder: str, dialect: str | None) -> Outcome:
    """Import a project into an empty folder and check it."""
    started = time.monotonic()
    made = import_project(tool, root / folder, dialect)
    outcome = Outcome(tool, folder, made, time.monotonic() - started)
    with tempfile.TemporaryDirectory() as into:
        write_imported(made, Path(into), start=START)
        with Project.load(Path(into)) as project:
            found = project.check()
            outcome.problems = [*found, *(one for one in check_tests(project) if one not in found)]
    return outcome


def reasons(problems: Iterator[Problem] | list[Problem], most: int = 3) -> Iterator[str]:
    """The codes of problems, most frequent first, each with its first places."""
    listed = list(problems)
    for (severity, code), count in Counter((one.severity, one.code) for one in listed).most_common():
        yield f"  {count:5}  {severity:5}  {code}"
        found = [one for one in listed if one.code == code and one.severity == severity]
        yield from (f"                {one.where}: {one.message[:150]}" for one in found[:most])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", type=Path, help="the folder of the clones")
    parser.add_argument("--only", nargs="+", help="some folders")
    parser.add_argument("--reasons", action="store_true", help="print what was not understood, and what check says")
    given = parser.parse_args()
    heads = [
        "tool",
        "project",
        "files",
        "imported",
        "with notes",
        "not understood",
        "specs",
        "errors",
        "specs with",
        "s",
    ]
    sys.stdout.write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n")
    details: list[str] = []
    for tool, folder, dialect in PROJECTS:
        if (given.only and folder not in given.only) or not (given.clones / folder).is_dir():
            continue
        outcome = import_one(tool, given.clones, folder, dialect)
        sys.stdout.write(f"| {' | '.join(outcome.row())} |\n")
        sys.stdout.flush()
        details += [f"\n{folder}: import", *reasons(list(outcome.made.problems()))]
        details += [f"{folder}: check", *reasons(outcome.errors, 6)]
    if given.reasons:
        sys.stdout.write("\n".join(details) + "\n")


if __name__ == "__main__":
    main()
