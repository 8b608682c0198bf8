"""What does not bind, as problems in our words, at their place in the user's text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from drawloom.engines.duckdb.binder import Binder, BindError
from drawloom.model import Check, Column, Edit, Fix, Problem, Step, Where
from drawloom.specs.base import Spec
from drawloom.specs.places import place_of_word
from drawloom.specs.validation import did_you_mean
from drawloom.sql.template.rendering import Rendered
from drawloom.sql.translate.portable import PORTABLE_FUNCTIONS

MAX_NAMES = 20  # in one message


@dataclass(frozen=True, slots=True)
class BoundText:
    """A text of a step as it was bound: rendered, and translated to the SQL that runs."""

    rendered: Rendered
    sql: str


def select_problem(error: BindError, binder: Binder, spec: Spec | None, step: Step, text: BoundText) -> Problem:
    """The problem of a SELECT: in the user's SQL, or at the field of the spec that it was made of."""
    problem = _explain(error, binder, text.sql, step.dialect)
    if spec is None:
        return replace(problem, where=step.where)
    if not _is_own_sql(spec, step):
        where = place_of_word(spec, _last_part(error.name)) if error.name else spec.where
        return spec.explain_problem(replace(problem, where=where))
    return replace(problem, where=_sql_place(error, step, text), fix=_with_edit(problem.fix, error, text))


def check_problem(error: BindError, binder: Binder, spec: Spec | None, step: Step, check: Check, sql: str) -> Problem:
    """The problem of a data check, at the part of the spec that it was made of."""
    problem = _explain(error, binder, sql, "duckdb")
    if spec is None or check not in step.checks or not getattr(spec, "checks", ()):
        placed = replace(problem, where=check.where)
        return spec.explain_problem(placed) if spec else placed
    word = _last_part(error.name) or check.name
    return replace(problem, where=place_of_word(spec, word, "checks", step.checks.index(check)))


def output_problem(problem: Problem, spec: Spec | None, step: Step, text: BoundText) -> Problem:
    """A problem of the columns that a SELECT returns, at the declared column or at its name in the SQL."""
    found = re.match(r"(?:cluster of \S+ == |[\w.]+\.)?(?P<name>\w+)", problem.message)
    if spec is None or found is None:
        return replace(problem, where=step.where)
    declared = "columns" in type(spec).model_fields and any(c.name == found["name"] for c in step.into.columns)
    declared = declared and problem.code != "duplicate-column"
    field = "cluster" if problem.code == "bad-cluster" else "columns" if declared else None
    if field:
        return replace(problem, where=spec.place(field, found["name"]))
    if not _is_own_sql(spec, step):
        return replace(problem, where=place_of_word(spec, found["name"]))
    spots = list(_word(found["name"]).finditer(text.sql))
    error = BindError("", (spots[-1].start(), spots[-1].end()) if spots else None)
    return replace(problem, where=_sql_place(error, step, text))


def unknown_described(step: Step, columns: Sequence[Column], spec: Spec | None) -> Iterator[Problem]:
    """The columns that a spec describes and its SELECT does not return."""
    names = [column.name for column in columns]
    for column in step.into.described:
        if column.name.lower() not in {name.lower() for name in names}:
            where = spec.place("columns", column.name) if spec else step.where
            message = f"columns == {column.name}, must be a column that the SELECT of {step.into.name} returns."
            fix = did_you_mean(column.name, names) or _there_are(names)
            yield replace(_problem("unknown-column", message, fix), where=where)


def _explain(error: BindError, binder: Binder, sql: str, dialect: str) -> Problem:
    name = _last_part(error.name)
    match error.missing:
        case "column":
            names = sorted(
                {*error.candidates, *(c for table in binder.mentioned(sql) for c in binder.columns_of(table))}
            )
            message = f"column == {name}, must be a column of the tables that it is read from."
            return _problem("unknown-column", message, did_you_mean(name, names) or _there_are(names))
        case "function":
            other = "" if dialect == "duckdb" else f", into which the SQL is translated from {dialect}"
            message = f"function == {name}, must be a function of DuckDB{other}."
            return _problem("unknown-function", message, did_you_mean(name, [*binder.functions(), *PORTABLE_FUNCTIONS]))
        case "type":
            message = f"type == {name}, must be a type of DuckDB."
            return _problem("unknown-type", message, did_you_mean(name, error.candidates))
        case "table" | "alias":
            message = f"table == {error.name}, must be a table or an alias of the FROM."
            return _problem(
                "unknown-table", message, did_you_mean(name, error.candidates) or _there_are(error.candidates)
            )
    return _other(error, binder, sql)


def _other(error: BindError, binder: Binder, sql: str) -> Problem:
    reason = error.message.partition("\n")[0].rstrip(".")
    shown = " ".join(sql[slice(*error.span)].split()) if error.span else ""
    head = f"sql == {shown if len(shown) <= 60 else shown[:57] + '...'}, must" if shown else "The SQL must"
    message = f"{head} be SQL that DuckDB can run: {reason}."
    fix = "Cast one of the values, like CAST(x AS DOUBLE)." if "explicit" in reason else None
    if "syntax error" in reason and error.span:
        words = re.findall(r"\w+", sql[: error.span[1]])[-2:]
        if reserved := next((word for word in words if binder.is_reserved(word)), None):
            fix = f'As a name, {reserved} must be in double quotes: "{reserved}".'
    return _problem("does-not-bind", message, fix)


def _problem(code: str, message: str, fix: str | None) -> Problem:
    return Problem(code, "error", message, fix=Fix(fix) if fix else None)


def _there_are(names: Iterable[str]) -> str | None:
    known = sorted(names)
    more = ", ..." if len(known) > MAX_NAMES else ""
    return f"There are: {', '.join(known[:MAX_NAMES])}{more}." if known else None


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]


def _is_own_sql(spec: Spec, step: Step) -> bool:
    """Whether the SQL of a step is what its author wrote, and was not made by a framework."""
    given = getattr(spec, "sql", None)
    return isinstance(given, str) and given.rstrip().endswith((step.sql or "").strip())


def _sql_place(error: BindError, step: Step, text: BoundText) -> Where:
    """The line and column, in the user's file, of what is wrong in the SQL; of its first line without a place."""
    if error.span is None:
        name = _last_part(error.name)
        spots = [found.start() for found in _word(name).finditer(text.sql)] if name else []
        start = spots[0] if spots else len(text.sql) - len(text.sql.lstrip())
    else:
        start = _start_of_name(error, text.sql)
    source = text.rendered.origin(start if text.sql == text.rendered.text else _same_word(text, start))
    before = text.rendered.source[:source]
    column = len(before) - before.rfind("\n")
    in_file = (step.where.file or "").endswith(".sql")  # elsewhere the text is indented
    return Where(step.where.file, before.count("\n") + 1, column if in_file else None)


def _with_edit(fix: Fix | None, error: BindError, text: BoundText) -> Fix | None:
    """The fix with the edit that puts the name that was probably meant in the place of the one that does not exist."""
    meant = re.fullmatch(r"Did you mean ([\w.]+)\?", fix.title) if fix else None
    name = _last_part(error.name) if error.missing == "column" else error.name
    if fix is None or meant is None or error.span is None or meant[1].count(".") != name.count("."):
        return fix
    start, word = _start_of_name(error, text.sql), _word(name)
    before, there = ([hit.start() for hit in word.finditer(one)] for one in (text.sql, text.rendered.text))
    if start not in before or len(before) != len(there):
        return fix
    place = there[before.index(start)]
    if not text.rendered.is_verbatim(place, place + len(name)):
        return fix
    source = text.rendered.origin(place)
    return Fix(fix.title, (Edit(source, source + len(name), meant[1]),))


def _start_of_name(error: BindError, sql: str) -> int:
    """Where the missing name begins, after the table's name in front of it."""
    assert error.span
    start, end = error.span
    name = _last_part(error.name) if error.missing == "column" else ""
    return max(sql.rfind(name, start, end), start) if name else start


def _same_word(text: BoundText, start: int) -> int:
    """The place in the rendered text of a word of the translated text: the same one of its occurrences, if there are as many."""
    found = re.compile(r"\w+").search(text.sql, start)
    if not found:
        return 0
    word = _word(found[0])
    before = [hit.start() for hit in word.finditer(text.sql)]
    there = [hit.start() for hit in word.finditer(text.rendered.text)]
    if not there:
        return len(text.rendered.text) - len(text.rendered.text.lstrip())
    return there[before.index(found.start())] if len(before) == len(there) else there[0]


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
