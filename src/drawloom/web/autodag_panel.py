"""What is said about a spec while it is written: problems with their fixes, reads by day, columns, cost, SQL, differences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from markupsafe import Markup

from drawloom.model import Column, Edit, Pipeline, Problem, Read, Step, refuse
from drawloom.model.day_rules import days_in_words, spans_text
from drawloom.run.console import Rows
from drawloom.run.draft import Draft
from drawloom.run.git import diff_text
from drawloom.run.project import Project
from drawloom.run.read_cost import ReadCost, Records, cost_of_day, cost_of_days
from drawloom.run.spec_files import read_spec_text
from drawloom.run.step_columns import ColumnRow, column_rows
from drawloom.run.study import Study, only_step
from drawloom.run.table_graph import graph_of, readers_of
from drawloom.sql.column_lineage import ColumnLineage
from drawloom.sql.lint import apply_fixes
from drawloom.web.autodag_form import Fields, in_words, text_of
from drawloom.web.draw.lineage import MOST_NODES, draw_graph
from drawloom.web.site import Patience, Site

FIELD_OF = {"until": "until_day"}
MOST_PROBLEMS = 200
UNREAD = {
    "name-exists",
    "too-long",
    "too-heavy",
    "busy",
    "no-worker",
}  # with these it is not known what saving would do


@dataclass(frozen=True, slots=True)
class Marked:
    """A problem as it is shown. ``line`` and ``column`` are in the editor, None for one of the header; then ``field`` is set.

    ``key`` names its fix, and is empty where there is no exact one; ``edits`` are those of the fix in UTF-16 offsets, for a script.
    """

    problem: Problem
    line: int | None = None
    column: int | None = None
    field: str = ""
    key: str = ""
    edits: str = ""

    @property
    def is_safe(self) -> bool:
        """Whether its fix changes nothing of what a correct text means."""
        return bool(self.problem.fix and self.problem.fix.safe)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Days of a table that are read: in words, on the chosen day, and what of that there is."""

    table: str
    words: str
    on_day: str
    cost: ReadCost | None


@dataclass(frozen=True, eq=False)
class Panel:
    """Everything that is said about a form. What is not shown is not found out."""

    project: Project
    fields: Fields
    text: str
    saved: str | None
    study: Study
    sample_rows: Rows | None = None
    sample_problem: str = ""

    @property
    def draft(self) -> Draft:
        """The text as a spec."""
        return self.study.draft

    @cached_property
    def problems(self) -> list[Marked]:
        """Its problems in the order of their places: of the header first. Of a form that nobody has begun, none."""
        if not (self.fields.sql.strip() or self.fields.file or self.fields.table):
            return []
        found = [self._mark(problem) for problem in merge_equal((*self._own_problems(), *self.draft.problems))]
        return sorted(found[:MOST_PROBLEMS], key=lambda one: (one.line or 0, one.column or 0))

    def _own_problems(self) -> Iterator[Problem]:
        if not self.fields.file and self.saved is not None:
            message = f"{self.draft.file} exists already, must be a new file."
            yield refuse("name-exists", message, None, "Open it, or name another table.").problems[0]

    @cached_property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(one.problem.severity == "error" for one in self.problems)

    @cached_property
    def fixes(self) -> int:
        """How many problems can be fixed at once, as that changes nothing of what the SELECT means."""
        return sum(bool(one.key) and one.is_safe for one in self.problems)

    @property
    def blocked(self) -> bool:
        """Whether it must not be saved, also not on purpose: it would break other specs, or has no file."""
        return bool(self.draft.blocking) or any(one.problem.code in UNREAD for one in self.problems)

    @cached_property
    def verdict(self) -> tuple[str, str]:
        """The tone and the text of the sentence at the top."""
        if not self.fields.sql.strip():
            return "neutral", "Paste a SELECT: what it reads and what it would give is told here. Nothing is run."
        if self.errors:
            return "bad", f"{_counted(self.errors, 'error')}: it would not run as it is."
        if not self.pipelines:
            return "neutral", "It has no pipeline."
        tables = [table for pipeline in self.pipelines for table in pipeline.tables]
        reads = len({read.table for read in self.draft.reads} - set(tables))
        makes = tables[0] if len(tables) == 1 else _counted(len(tables), "table")
        return "good", f"It reads {_counted(reads, 'table')} and fills {makes}, {self.pipelines[0].schedule.text}."

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """What it compiles to."""
        return self.draft.pipelines

    @property
    def step(self) -> Step | None:
        """The one step, where there is one with SQL that people write."""
        return only_step(self.pipelines)

    @property
    def day(self) -> date:
        """The day that is shown: the chosen one, or the newest of the history."""
        return self.study.day

    @cached_property
    def reads(self) -> list[ReadRow]:
        """What it reads, by table."""
        reads = self.draft.reads
        costs = {cost.table: cost for cost in cost_of_day(reads, self.day, self._records, self.project.history)}
        return [
            ReadRow(read.table, days_in_words(read), _on_day(read.on(self.day)), costs.get(read.table))
            for read in reads
        ]

    @cached_property
    def _records(self) -> Records:
        return self.project.registry.records({read.table for read in self.draft.reads})

    @cached_property
    def total(self) -> tuple[int, int, int] | None:
        """Rows and bytes that all runs of the history read, and how many runs there are; None where nothing is recorded."""
        if not self.pipelines or not self._records:
            return None
        pipeline, history = self.pipelines[0], self.project.history
        start = max(pipeline.start or history.start, history.start)
        end = min(pipeline.until or history.end, history.end)
        return cost_of_days(self.draft.reads, pipeline.schedule, start, end, self._records)

    @cached_property
    def waits(self) -> list[str]:
        """What a run waits for, in words."""
        reads = [Read(wait.table, wait.days, "offset") for pipeline in self.pipelines for wait in pipeline.waits]
        moving = (read for pipeline in self.pipelines for read in pipeline.reads)
        reads += [read for read in moving if read.how in {"calendar", "fixed"} and read.exact]
        return list(dict.fromkeys(f"{read.table}: {days_in_words(read)}" for read in reads))

    @cached_property
    def readers(self) -> list[str]:
        """The tables that read one of its tables already."""
        tables = [table for pipeline in self.pipelines for table in pipeline.tables]
        return sorted({one for table in tables for one in readers_of(self.project.pipelines, table)} - set(tables))

    def graph(self, href: Callable[[str], str]) -> Markup | None:
        """The tables that it fills, between what they read and who reads them; None where there is too much to draw."""
        if not self.pipelines:
            return None
        graph = graph_of(self.pipelines, self.project.pipelines)
        return draw_graph(graph, [*self.pipelines[-1].tables][-1], href) if len(graph.distances) <= MOST_NODES else None

    @property
    def lineage(self) -> ColumnLineage | None:
        """Where the columns come from."""
        return self.study.lineage

    @cached_property
    def columns(self) -> list[ColumnRow]:
        """The columns of its table, with where they come from."""
        known: Sequence[Column] = self.draft.columns.get(self.step.into.name, ()) if self.step else ()
        return column_rows(self.lineage, known) if self.lineage else []

    @property
    def rendered(self) -> Sequence[tuple[str, str, str]]:
        """The SQL of the chosen day: the dialect, the text, or why it cannot be translated."""
        return self.study.rendered

    @cached_property
    def difference(self) -> list[tuple[str, str]]:
        """What saving would change in the file, line by line: the kind of a line, and the line."""
        return marked_diff(diff_text(self.saved, self.text, self.draft.file))

    def _mark(self, problem: Problem) -> Marked:
        """A problem with its place in the editor, and its fix."""
        line = problem.where.line
        above, empty = self._lines_above
        shown = replace(problem, where=replace(problem.where, file=None, line=None, column=None))
        if line is None or line <= above:
            field = self._field(problem)
            return Marked(in_words(shown, field) if field else shown, field=field)
        edits = self._edits(problem)
        key = f"{problem.code}:{','.join(f'{e.start}-{e.end}' for e in edits)}" if edits else ""
        units = json.dumps([[_units(self.fields.sql, e.start), _units(self.fields.sql, e.end), e.text] for e in edits])
        return Marked(shown, line - above + empty, problem.where.column, key=key, edits=units if edits else "")

    @cached_property
    def _lines_above(self) -> tuple[int, int]:
        """The lines of the file above its SQL, and the empty ones with which the editor's text begins."""
        if self.fields.whole:
            return 0, 0
        head, _, sql = self.text.partition("*/")
        return head.count("\n") + _empty_lines(sql), _empty_lines(self.fields.sql)

    def _field(self, problem: Problem) -> str:
        """The field of the form that a problem of the header is about."""
        if self.fields.whole:
            return ""
        word = problem.message.partition(" ")[0].partition(".")[0].partition("[")[0]
        name = FIELD_OF.get(word, word)
        return name if name in Fields.__dataclass_fields__ and name not in {"sql", "file"} else ""

    def _edits(self, problem: Problem) -> tuple[Edit, ...]:
        """The edits of a fix, as offsets in the editor's text; what was analyzed ends as that does."""
        fix = problem.fix
        if fix is None or not fix.edits or self.fields.whole:
            return ()
        # What was analyzed has other lines above, and ends as the editor's text does.
        shift = self._analyzed_end - len(self.fields.sql.rstrip())
        moved = tuple(Edit(edit.start - shift, edit.end - shift, edit.text) for edit in fix.edits)
        return moved if all(0 <= edit.start <= edit.end <= len(self.fields.sql) for edit in moved) else ()

    @cached_property
    def _analyzed_end(self) -> int:
        """The end of the text that was analyzed, in which as many line feeds stand for the header as it has."""
        if self.step:
            return len((self.step.sql or "").rstrip())
        head, _, sql = self.text.partition("*/")
        return head.count("\n") + len(sql.rstrip())

    def fixed(self, key: str) -> str | None:
        """The SQL with one fix applied, or with all of them; None where there is no such problem any more."""
        chosen = [one for one in self.problems if one.key and (key == one.key or (key == "all" and one.is_safe))]
        if not chosen:
            return None
        moved = [
            replace(one.problem, fix=replace(fix, edits=tuple(self._edits(one.problem))))
            for one in chosen
            if (fix := one.problem.fix)
        ]
        return apply_fixes(self.fields.sql, moved, unsafe=key != "all")


def make_panel(site: Site, sent: Fields, patience: Patience | None = None, beside: Sequence[Draft] = ()) -> Panel:
    """What is said about a form.

    Args:
        site: the project.
        sent: the form.
        patience: what is left of the time for all that were sent together.
        beside: drafts of other files, whose tables it may read as if they were saved.
    """
    project = site.project
    saved = read_spec_text(site.root, sent.place) if sent.place.startswith("specs/") else None
    text = text_of(sent, saved if sent.file else None)
    if sent.sql.strip() or sent.file or sent.table:
        study = site.study(text, sent.place, sent.day, patience, beside)
    else:
        study = Study(Draft(text, sent.place), project.history.end)
    return Panel(project, sent, text, saved, study)


def make_panels(site: Site, sent: Sequence[Fields], patience: Patience) -> list[Panel]:
    """What is said about several forms, whose SELECTs may read each other's tables: in an order in which they can be saved."""
    todo = [make_panel(site, one, patience) for one in sent]
    fills = {table.lower(): panel.draft.file for panel in todo for one in panel.pipelines for table in one.tables}

    def needs(panel: Panel) -> set[str]:
        return {fills[name] for read in panel.draft.reads if (name := read.table.lower()) in fills} - {panel.draft.file}

    found: list[Panel] = []
    while todo:
        files = {panel.draft.file for panel in todo}
        ready = [panel for panel in todo if not needs(panel) & files] or list(todo)
        for panel in ready:
            beside = [one.draft for one in (*found, *todo) if one.draft.file != panel.draft.file]
            todo.remove(panel)
            found.append(make_panel(site, panel.fields, patience, beside) if needs(panel) else panel)
    return found


def merge_equal(problems: Sequence[Problem]) -> list[Problem]:
    """The problems, those that say the same of the same line as one, with the edits of all."""
    found: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        title = problem.fix.title if problem.fix else ""
        key = problem.code, problem.severity, problem.message, problem.where.file, problem.where.line, title
        first = found.setdefault(key, problem)
        if first is not problem and first.fix and problem.fix:
            edits = tuple(dict.fromkeys((*first.fix.edits, *problem.fix.edits)))
            found[key] = replace(first, fix=replace(first.fix, edits=edits))
    return list(found.values())


def marked_diff(text: str) -> list[tuple[str, str]]:
    """The lines of a unified difference, each with what it is."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = text.split("\n")[2:]
    return [(kinds.get(line[:1], "same"), line) for line in lines if line]


def _empty_lines(text: str) -> int:
    """How many line feeds a text begins with."""
    return len(text) - len(text.lstrip("\n"))


def _units(text: str, offset: int) -> int:
    """An offset in UTF-16, as browsers count."""
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def _on_day(spans: Sequence[tuple[date | None, date | None]]) -> str:
    return spans_text(spans) if spans != ((None, None),) else "all"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
