"""FrameworkCase: a spec, the rows it reads and the rows expected of it, on which the laws of all frameworks are checked."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from drawloom.frameworks.page import Choice
from drawloom.model import KEY, DrawloomError, errors
from drawloom.run.local_runner import Summary
from drawloom.run.project import Project
from drawloom.testing.laws import BrokenLawError, Law
from drawloom.testing.page import check_page
from drawloom.testing.rows import (
    Contents,
    Rows,
    compare_contents,
    compare_rows,
    name_partitions,
    read_contents,
    typed_rows,
)

CASE_FILE = "case.yml"


@dataclass(frozen=True)
class FrameworkCase:
    """One case that a framework is tested on.

    >>> case = FrameworkCase(spec=SIGNUP, rows={"raw.events": EVENTS}, expected={"funnels.signup": COUNTS})  # doctest: +SKIP
    >>> case.check(tmp_path)  # doctest: +SKIP

    Args:
        spec: a spec, as YAML text.
        rows: the rows of each table that is read, each with its ``ds``; a table whose rows have none has no days.
            A day without rows is an empty day. A key that a row lacks is NULL.
        expected: the rows that tables and families must have, in any order: a list of rows with their ``ds``, or
            lists of rows by day, of which one may be empty. These are all rows of the days that are named, but need not
            name all columns. Floats are compared by nine digits.
        types: DuckDB types of columns of ``rows``, by table, where they do not follow from the values, as for
            columns that are always NULL and tables without rows.
        first: the first day of the history; that of the rows otherwise.
        last: the last day of the history; that of the rows otherwise.
        more: other specs that the spec uses, or that fill tables it reads, as YAML or ``.sql`` text by file name.
        choices: more choices to test the page with, besides its defaults and each value of each choice.
    """

    spec: str
    rows: Mapping[str, Rows]
    expected: Mapping[str, Rows | Mapping[date, Rows]] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    choices: Sequence[Mapping[str, str]] = ()

    def check(self, folder: Path) -> None:
        """Check all laws on DuckDB. A history of a few days is enough, as each is run many times.

        Args:
            folder: an empty folder, for several projects.

        Raises:
            BrokenLawError: one does not hold.
        """
        contents = self._check_expected(folder / "whole", "duckdb")
        self._check_rerun(folder / "whole", contents)
        self._check_rebuild(folder / "whole", contents)
        self._check_splits(folder, contents)
        self._check_page(folder / "whole")

    def check_engine(self, folder: Path, engine: str | Mapping[str, Any]) -> None:
        """Check two laws on another engine: the expected rows come out, and the page's queries run.

        Args:
            folder: an empty folder.
            engine: as after ``engine:`` in drawloom.yml.

        Raises:
            BrokenLawError: one does not hold.
        """
        self._check_expected(folder, engine)
        self._check_page(folder)

    def write_project(self, folder: Path, engine: str | Mapping[str, Any]) -> None:
        """Write the case as a project, to run it in another way than the laws do.

        Args:
            folder: of the project; it must not exist, or be empty.
            engine: as after ``engine:`` in drawloom.yml.
        """
        (folder / "specs").mkdir(parents=True)
        settings = {
            "name": "case",
            "start": self.days[0],
            "end": self.days[-1],
            "defaults": {"owner": "case@example.com", "retries": 0},
            "engine": engine,
            "sources": {table: self._write_source(folder, table, rows) for table, rows in self.rows.items()},
        }
        (folder / "drawloom.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        for name, text in {CASE_FILE: self.spec, **self.more}.items():
            (folder / "specs" / name).write_text(text, encoding="utf-8")

    @property
    def days(self) -> list[date]:
        """The days of the history."""
        known = [row[KEY] for rows in self.rows.values() for row in rows if KEY in row]
        first, last = self.first or min(known), self.last or max(known)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _check_expected(self, folder: Path, engine: str | Mapping[str, Any]) -> Contents:
        self.write_project(folder, engine)
        with _open(folder, "expected") as project:
            if not _run(project, "expected", "a run of all days").results:
                raise BrokenLawError("expected", f"a run of {self.days[0]}..{self.days[-1]} writes nothing.")
            for table, rows in self.expected.items():
                compare_rows(project, table, rows)
            return read_contents(project)

    def _check_rerun(self, folder: Path, contents: Contents) -> None:
        with _open(folder, "rerun") as project:
            if todo := project.plan().todo:
                names = name_partitions(partition.key for partition in todo)
                raise BrokenLawError("rerun", f"a second run would write {names}: {todo[0].reason}.")
            _run(project, "rerun", "a forced run", force=True)
            compare_contents("rerun", "a forced run", contents, read_contents(project))

    def _check_rebuild(self, folder: Path, contents: Contents) -> None:
        shutil.rmtree(folder / "lake")
        with _open(folder, "rebuild") as project:
            _run(project, "rebuild", "a rebuild from nothing")
            compare_contents("rebuild", "a rebuild from nothing", contents, read_contents(project))

    def _check_splits(self, folder: Path, contents: Contents) -> None:
        for number, cuts in enumerate(self._splits()):
            self.write_project(folder / f"split-{number}", "duckdb")
            with _open(folder / f"split-{number}", "split") as project:
                for first, end in pairwise([self.days[0], *cuts, self.days[-1] + timedelta(days=1)]):
                    last = end - timedelta(days=1)
                    _run(project, "split", f"a run of {first}..{last}", first=first, last=last)
                _run(project, "split", "a last run of all days")
                what = f"split before {', '.join(map(str, cuts))}" if number else "day by day"
                compare_contents("split", f"{what}, a run", contents, read_contents(project))

    def _splits(self) -> list[tuple[date, ...]]:
        """The first days of the ranges to run: every day, then one and two random days, always the same."""
        later = self.days[1:]
        chooser = random.Random(len(later))  # noqa: S311 - it must choose the same splits each time
        random_splits = [tuple(sorted(chooser.sample(later, n))) for n in (1, 2) if n < len(later)]
        return [tuple(later), *random_splits]

    def _check_page(self, folder: Path) -> None:
        with _open(folder, "page") as project:
            file = str(Path("specs") / CASE_FILE)
            name = next(p.name for p in project.pipelines if p.spec.file and p.spec.file.endswith(file))
            page = check_page(project, name, {})
            one_by_one = [{choice.name: value} for choice in page.choices for value in self._values(choice)]
            for chosen in [*one_by_one, *self.choices]:
                check_page(project, name, chosen)

    def _values(self, choice: Choice) -> Sequence[str]:
        """The values of a choice; of a day choice one in the middle, and the day before the first."""
        days = self.days
        return choice.values or tuple(map(str, (days[len(days) // 2], days[0] - timedelta(days=1))))

    def _write_source(self, folder: Path, table: str, rows: Rows) -> dict[str, Any]:
        """Write the files of a source; its settings."""
        arrow = typed_rows(table, rows, self.types.get(table, {}))
        files = folder / "input" / table
        files.mkdir(parents=True)
        if rows and not any(KEY in row for row in rows):
            pq.write_table(arrow, files / "all.parquet")
            return {"files": f"input/{table}/all.parquet"}
        for ds in {*self.days, *(row[KEY] for row in rows)}:
            numbers = pa.array([n for n, row in enumerate(rows) if row[KEY] == ds], pa.int64())
            pq.write_table(arrow.take(numbers), files / f"{ds}.parquet")
        return {"files": f"input/{table}/{{ds}}.parquet"}


@contextmanager
def _open(folder: Path, law: Law) -> Iterator[Project]:
    """The project in a folder, whose specs must have no errors; any other refusal breaks the law."""
    try:
        with Project.load(folder) as project:
            if wrong := errors(project.check()):
                raise BrokenLawError("compile", "\n".join(map(str, wrong)))
            yield project
    except DrawloomError as error:
        raise BrokenLawError(law, str(error)) from error


def _run(project: Project, law: Law, what: str, **options: Any) -> Summary:
    """Run ``project.plan(**options)`` in the longest batches."""
    summary = project.run(project.plan(**options), jobs=1)
    if failed := next((result for result in summary.results if result.outcome == "failed"), None):
        raise BrokenLawError(law, f"in {what}, {failed.table} {failed.ds} failed: {failed.error}")
    return summary
