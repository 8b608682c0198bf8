"""What a text would be if it were saved as a spec: read, compiled and bound beside the other specs. Nothing is run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drawloom.frameworks.autodag.spec import DIALECTS
from drawloom.frameworks.base import ProjectContext, SpecCompiler, SpecModels
from drawloom.model import Column, Edit, Fix, InputError, Pipeline, Problem, Read, Schedule, errors, refuse
from drawloom.run.broken_specs import BrokenText, broken_files
from drawloom.run.compile_project import (
    StepAnalyzer,
    bind,
    find_macros,
    given_tables,
    known_tables,
    sql_kinds,
    with_bind_problems,
    with_macros,
)
from drawloom.run.project_checks import check_project
from drawloom.run.table_catalog import add_columns, declared_catalog
from drawloom.specs.load import load_text, sql_document

if TYPE_CHECKING:
    from drawloom.run.compile_project import KnownColumns
    from drawloom.run.project import Project
    from drawloom.specs.base import Spec
    from drawloom.sql.catalog import Catalog

MOST_CHARACTERS = 100_000  # of a spec: reading so many takes a second or two
STAND_IN = "drawloom_draft.drawloom_draft"  # the table of a text that names none yet
BLOCKING = frozenset({"two-owners", "same-name", "landed-table"})  # they would break other tables, too


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as a spec.

    ``pipelines`` are what it compiles to, none where it cannot be compiled. ``reads`` are what its SQL reads, as far as that
    can be told without that. ``columns`` are those of its tables, as far as they follow. Problems have places in the text.
    """

    text: str
    file: str
    pipelines: tuple[Pipeline, ...] = ()
    reads: tuple[Read, ...] = ()
    problems: tuple[Problem, ...] = ()
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems with which it must not be saved, as they would break other specs."""
        return tuple(problem for problem in self.problems if problem.code in BLOCKING)


def read_draft(project: Project, text: str, file: str, beside: Sequence[Draft] = ()) -> Draft:
    """A text as a spec of a project, in the place of what this file has now.

    Args:
        project: whose other specs, tables and settings.
        text: the text of a ``.sql`` or YAML spec.
        file: its file, from the folder of the project.
        beside: drafts of other files, whose tables it may read as if they were saved.
    """
    try:
        check_length(text, file)
        specs, problems = load_text(text, file, SpecModels(project.compiled.frameworks))
        pipelines, wrong = _compile(project, specs, file)
    except InputError as error:
        specs, problems, pipelines, wrong = [], list(error.problems), {}, []
    if problems := [*problems, *wrong]:
        reads, told = _read_alone(project, text, file, problems)
        return Draft(text, file, (), reads, (*problems, *told))
    return _analyze(project, text, file, pipelines, beside)


def check_length(text: str, file: str | None = None) -> None:
    """Refuse a text that takes long to read.

    Raises:
        InputError: it is too long.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"{file or 'text'} == {len(text):,} characters, must be at most {MOST_CHARACTERS:,}."
        raise refuse("too-long", message, None, "Long lists of values belong into a table that the SELECT joins.")


def _compile(
    project: Project, specs: Sequence[Spec], file: str
) -> tuple[dict[str, tuple[Spec, Pipeline]], list[Problem]]:
    """The pipelines of the specs by name, with the macros that they use."""
    others = [spec for spec in project.compiled.specs.values() if spec.where.file != file]
    compiler = SpecCompiler(project.compiled.frameworks, [*specs, *others], _context(project))
    macros, problems = find_macros(project.config.root / "macros")
    found: dict[str, tuple[Spec, Pipeline]] = {}
    for spec in specs:
        try:
            pipeline = with_macros(compiler.pipeline(spec), macros)
            found[pipeline.name] = spec, pipeline
        except InputError as error:
            problems += error.problems
    return found, problems


def _context(project: Project) -> ProjectContext:
    landed = project.registry.landed_tables()
    given = given_tables(project.config, project.registry.columns(), project.source_columns, landed)
    return replace(ProjectContext.of(project.config), given=given, column_tags=project.compiled.tags)


def _analyze(
    project: Project,
    text: str,
    file: str,
    compiled: Mapping[str, tuple[Spec, Pipeline]],
    beside: Sequence[Draft] = (),
) -> Draft:
    """The pipelines with their reads, and every problem that saving them would bring to this file."""
    known, config, engine = project.compiled, project.config, project.settings.engine.kind
    specs = {name: spec for name, (spec, _) in compiled.items()}
    made = [pipeline for _, pipeline in compiled.values()]
    tables = {table for pipeline in made for table in pipeline.tables}
    near = [pipeline for draft in beside for pipeline in draft.pipelines]
    written = project.registry.columns() | {name: found for draft in beside for name, found in draft.columns.items()}
    names = {**known.names, **{table.lower(): table for pipeline in (*near, *made) for table in pipeline.tables}}
    of_people = sql_kinds(known.frameworks, made)
    # The SQL of a framework takes longer to read, and mostly stays what it was; that of people is new with each key.
    cache = None if all(pipeline.kind in of_people for pipeline in made) else project.cache
    analyzer = StepAnalyzer(_catalog(project, [*near, *made], written), names, known.families, cache, engine, of_people)
    pipelines = [analyzer.analyze_pipeline(pipeline) for pipeline in made]
    others = [*near, *(pipeline for pipeline in project.pipelines if pipeline.spec.file != file)]
    between = _between(project, pipelines, others, file, [*project.registry.columns()])
    columns = {**written, **{table: found for table, found in known.columns.items() if table not in tables}}
    bound = bind(
        config, made, known_tables(config, columns, project.source_columns, known.families), specs, None, engine
    )
    problems = with_bind_problems(bound, pipelines, [*between, *_landed(project, made), *analyzer.problems])
    reads = tuple(read for pipeline in pipelines for step in pipeline.steps for read in step.reads)
    return Draft(text, file, tuple(pipelines), reads, tuple(problems), bound.columns)


def _catalog(project: Project, pipelines: Sequence[Pipeline], columns: KnownColumns) -> Catalog:
    """The project's catalog, with the tables of these pipelines as these declare them."""
    tables = {table.lower() for pipeline in pipelines for table in pipeline.tables}
    declared = {name: entry for name, entry in declared_catalog(project.config, pipelines).items() if name in tables}
    written = {name: found for name, found in columns.items() if name.lower() in tables}
    return {**project.catalog, **add_columns(declared, written, ())}


def _between(
    project: Project, pipelines: Sequence[Pipeline], others: Sequence[Pipeline], file: str, columns: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong between these pipelines and all others, as it is told in this file."""
    owned = {table for pipeline in (*others, *pipelines) for table in pipeline.tables}
    landed = [table for table in columns if table not in owned]
    unread = BrokenText(project.config.root, broken_files(project.check()) - {file})
    found = check_project(
        [*others, *pipelines], list(project.config.sources), landed, lambda table: unread.file_of(table) is not None
    )
    yield from (problem for problem in found if problem.where.file == file)
    for pipeline in pipelines:
        for table, step in pipeline.tables.items():
            if other := unread.file_of(table):
                message = f"table == {table}, must have one owner: {other}, which has errors, would fill it, too."
                yield Problem("two-owners", "error", message, step.where, Fix("Mend that file, or name another table."))


def _landed(project: Project, pipelines: Sequence[Pipeline]) -> Iterator[Problem]:
    """Tables that hold what was landed: a run would replace what nothing can compute again."""
    steps = {table: step for pipeline in pipelines for table, step in pipeline.tables.items()}
    for table, days in project.registry.records(list(steps)).items():
        if any(record.is_landed for record in days.values()) and not steps[table].landed:
            message = f"table == {table}, must not be one that was landed from files: a run would replace its rows."
            yield Problem("landed-table", "error", message, steps[table].where, Fix("Name another table."))


def _read_alone(
    project: Project, text: str, file: str, problems: Sequence[Problem]
) -> tuple[tuple[Read, ...], list[Problem]]:
    """What the SQL of a text reads, and what is wrong with it, where its header has errors."""
    try:
        check_length(text)
        document = sql_document(text, file)
    except InputError:
        return (), []
    first, data = document.lines["sql",], document.data
    dialect = data.get("dialect")
    request = {
        "dialect": dialect if dialect in DIALECTS else None,
        "schedule": data["schedule"] if _is_schedule(data.get("schedule")) else None,
        "target": data["table"] if isinstance(data.get("table"), str) else None,
        "macros": project.config.root / "macros",
    }
    sql = str(data["sql"])
    if not sql.strip():
        return (), []
    if named := _read_under_a_name(project, sql, first, file, data):
        return named
    try:
        analysis = project.advise("\n" * (first - 1) + sql, file, **request)
    except InputError as error:
        found: tuple[Read, ...] = ()
        told = [replace(one, where=replace(one.where, file=file)) for one in error.problems]
    else:
        found, told = analysis.reads, list(analysis.problems)
    is_told = any((problem.where.line or 0) >= first for problem in errors(problems))
    return found, [] if is_told else told


def _read_under_a_name(
    project: Project, sql: str, first: int, file: str, given: Mapping[str, object]
) -> tuple[tuple[Read, ...], list[Problem]] | None:
    """What the SQL of a text reads, and what is wrong with it beside all tables, under a header that has no errors.

    None where it cannot be compiled under that either.
    """
    header: dict[str, object] = {"table": STAND_IN, "until": {"forever": "a draft"}}
    header |= {"schedule": given["schedule"]} if _is_schedule(given.get("schedule")) else {}
    header |= {"dialect": given["dialect"]} if given.get("dialect") in DIALECTS else {}
    text = f"/* drawloom\n{json.dumps(header)}\n*/\n{sql.lstrip()}"
    moved = first + sql[: len(sql) - len(sql.lstrip())].count("\n") - 4
    try:
        specs, problems = load_text(text, file, {"autodag": project.compiled.frameworks["autodag"].Spec})
        pipelines, wrong = _compile(project, specs, file)
    except InputError:
        return None
    if problems or wrong or not pipelines:
        return None
    draft = _analyze(project, text, file, pipelines)
    return draft.reads, [_moved(one, moved) for one in draft.problems if (one.where.line or 0) >= 4]


def _moved(problem: Problem, lines: int) -> Problem:
    """A problem of a text in front of which there are so many lines more."""
    fix = problem.fix
    edits = tuple(Edit(edit.start + lines, edit.end + lines, edit.text) for edit in fix.edits) if fix else ()
    where = replace(problem.where, line=(problem.where.line or 0) + lines)
    message = problem.message.replace(f"{STAND_IN} reads", "The SELECT reads").replace(STAND_IN, "its table")
    return replace(problem, message=message, where=where, fix=replace(fix, edits=edits) if fix else None)


def _is_schedule(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(Schedule.parse(value))
    except ValueError:
        return False
