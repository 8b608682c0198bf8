"""SQL checks of a test: SELECTs over its tables that must return no rows. They read no clock, as no step does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drawloom.model import Fix, InputError, Problem, Schedule, Where, errors
from drawloom.specs.validation import did_you_mean
from drawloom.sql import analyze

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.specs.unit_test import UnitTest

_NEVER = {"clock", "random", "limit-without-order"}  # of lint: what gives another answer each time


@dataclass(frozen=True, slots=True)
class SqlCheck:
    """A template of a SELECT, the tables that it reads, and its place."""

    sql: str
    tables: tuple[str, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class ReadChecks:
    """The checks that can run, and what is wrong with the others."""

    checks: tuple[SqlCheck, ...]
    problems: tuple[Problem, ...]


def read_checks(
    test: UnitTest, key: str, texts: Sequence[str], tables: Sequence[str], project: Project, schedule: Schedule
) -> ReadChecks:
    """The checks of an expected table.

    Args:
        test: the test.
        key: the table, as the test names it.
        texts: the SELECTs.
        tables: those that the test has, which they may read.
        project: for its catalog.
        schedule: that of the table.
    """
    checks, problems = [], []
    for number, text in enumerate(texts):
        where = test.place("expect", key, "check", number)
        try:
            analysis = analyze(text, catalog=project.catalog, schedule=schedule, cache=project.cache)
        except InputError as error:
            problems += [_in_test(problem, where) for problem in error.problems]
            continue
        problems += [_in_test(p, where) for p in errors(analysis.problems) if p.code in _NEVER]
        read = [project.compiled.names.get(one.table.lower(), one.table) for one in analysis.reads]
        problems += [_unknown(table, tables, where) for table in read if table not in tables]
        checks.append(SqlCheck(text, tuple(dict.fromkeys(read)), where))
    return ReadChecks(tuple(checks), tuple(problems))


def _unknown(table: str, tables: Sequence[str], where: Where) -> Problem:
    fix = did_you_mean(table, tables) or f"There are: {', '.join(sorted(tables))}."
    return Problem(
        "unknown-table", "error", f"check == ... {table} ..., must read tables of the test.", where, Fix(fix)
    )


def _in_test(problem: Problem, where: Where) -> Problem:
    line = (where.line or 1) + (problem.where.line or 1) - 1 if where.line else None
    return replace(problem, where=Where(where.file, line, problem.where.column))
