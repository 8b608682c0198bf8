"""Renaming a table: in all texts of a project, in the lake and in the registry, so that everything that is fresh stays so."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.pipeline_json import pipeline_to_dict
from drawloom.model import InputError, Pipeline, Problem, Where, errors, refuse
from drawloom.run.compile_project import Compiled, compile_project
from drawloom.run.refactor.journal import Journal, text_hash
from drawloom.run.refactor.table_names import places_of, rename_in_file
from drawloom.run.registry.renames import FILE, LakeRename, load_renames, renames_text
from drawloom.run.text_file import write_text
from drawloom.specs.config import load_config
from drawloom.specs.document import read_text
from drawloom.specs.fields import check_table
from drawloom.specs.validation import RuleError, did_you_mean

if TYPE_CHECKING:
    from drawloom.run.project import Project

FOLDERS = ("specs", "macros", "tests")
_BY_HAND = "Rename it by hand there, and `drawloom run` again."
_TEXTS = {"sql", "backfill_sql", "macros", "fingerprint", "line"}  # of a pipeline as JSON: these differ in any case


@dataclass(frozen=True, slots=True)
class Rename:
    """What a rename would do. ``texts`` maps files to their texts before and after; ``left`` are mentions that stay.

    ``codes`` are the fingerprints before and after of steps of which only the name differs, by table.
    """

    old: str
    new: str
    texts: Mapping[str, tuple[str, str]]
    codes: Mapping[str, tuple[str, str]]
    partitions: int = 0
    left: tuple[Where, ...] = ()


def plan_rename(project: Project, old: str, new: str) -> Rename:
    """What renaming a table would do; writes nothing.

    Raises:
        InputError: a name is wrong or taken, the specs have errors, the engine cannot move the table, or the name stands
            where it cannot be changed for sure: the project would not be the same with the other name.
    """
    old = _find_old(project, old)
    _check_new(project, old, new)
    partitions = len(project.registry.records([old]).get(old, {}))
    _check_engine(project, old, new, partitions)
    root = project.config.root
    texts: dict[str, tuple[str, str]] = {}
    left: list[Where] = []
    for file in _files(root):
        read_text(root / file, file)  # refuses what is too long and what is no text
        before = (root / file).read_bytes().decode("utf-8")
        after = rename_in_file(before, file, old, new)
        left += places_of(after, file, old)
        if after != before:
            texts[file] = (before, after)
    codes = _compare(project, old, new, texts)
    return Rename(old, new, texts, codes, partitions, tuple(left))


def apply_rename(project: Project, rename: Rename) -> None:
    """Do it. What is killed in the middle is finished by ``finish_rename``.

    Raises:
        InputError: a file was edited meanwhile.
        RunError: the partitions cannot be moved.
    """
    texts = {file: (text_hash(before), after) for file, (before, after) in rename.texts.items()}
    journal = Journal(rename.old, rename.new, texts, rename.codes, time.time_ns())
    project.registry.require_writable()
    journal.save(project.config.root)
    finish_rename(project, journal)


def finish_rename(project: Project, journal: Journal) -> None:
    """Do what is not done yet of a rename that has begun.

    Raises:
        InputError: a file was edited meanwhile.
        RunError: the partitions cannot be moved.
    """
    root = project.config.root
    journal.write_texts(root)
    project.lake.rename(journal.old, journal.new)
    if project.lake.tables():
        done = load_renames(project.lake.root)
        entry = LakeRename(journal.old, journal.new, journal.at, journal.codes)
        if entry not in done:
            write_text(project.lake.root / FILE, renames_text([*done, entry]))
    project.registry.rename(journal.old, journal.new, journal.codes)
    journal.remove(root)


def _find_old(project: Project, name: str) -> str:
    """The table in the spelling of its owner."""
    known = {**{table.lower(): table for table in project.registry.columns()}, **project.compiled.names}
    if name.lower() not in known:
        fix = did_you_mean(name, known.values()) or "`drawloom tables` lists all tables."
        raise refuse("unknown-name", f"table == {name!r}, must be a table of this project.", None, fix)
    source = project.settings.sources.get(known[name.lower()])
    if source and not source.files and not source.landed:
        fix = "Others write it: rename it there, and then in drawloom.yml and the specs."
        raise refuse("not-ours", f"table == {name!r}, must not be in the catalog of the engine only.", None, fix)
    return known[name.lower()]


def _check_new(project: Project, old: str, new: str) -> None:
    try:
        check_table(new)
    except RuleError as error:
        raise refuse("bad-table", f"new name == {new!r}, {error}.") from error
    taken = {*project.compiled.names, *project.compiled.families, *project.registry.columns(), *project.lake.tables()}
    if new.lower() in {table.lower() for table in taken}:
        what = (
            "must differ by more than case" if new.lower() == old.lower() else "must not be a table or family already"
        )
        raise refuse("exists", f"new name == {new!r}, {what}.")
    if wrong := errors(project.check()):
        first = f"{wrong[0].where}: {wrong[0].message}"
        raise refuse("broken-specs", f"The specs have errors, the first in {first}", None, "Correct them first.")


def _check_engine(project: Project, old: str, new: str, partitions: int) -> None:
    kind = project.settings.engine.kind
    if partitions and kind != "duckdb":
        message = f"engine == {kind}, must be duckdb to move the {partitions} partitions of {old}."
        fix = f"Let a new spec fill {new}, or drop {old} and its records, rename it in the specs, and `drawloom run` again."
        raise refuse("rename-engine", message, None, fix)


def _files(root: Path) -> Iterator[str]:
    yield "drawloom.yml"
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            if (
                path.suffix in {".sql", ".yml", ".yaml", ".py"}
                and path.is_file()
                and not any(p[0] in "._" for p in parts)
            ):
                yield "/".join(parts)


def _compare(project: Project, old: str, new: str, texts: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The fingerprints that change, where the project compiles to the same with the new texts, but for the name.

    Raises:
        InputError: it does not.
    """
    before, after = project.compiled, _compile(project, old, new, texts)
    _refuse_remaining(after.pipelines, old)
    known = {(problem.code, problem.where) for problem in project.check()}
    wrong = [one for one in errors(after.problems) if (one.code, one.where) not in known]
    if wrong:
        raise InputError(*(_of_rename(problem, old, new) for problem in wrong))
    pipelines = {pipeline.name: pipeline for pipeline in after.pipelines}
    codes: dict[str, tuple[str, str]] = {}
    for pipeline in before.pipelines:
        renamed = pipelines.get(new if pipeline.name == old else pipeline.name)
        if renamed is None or _plain(renamed) != _plain(pipeline, old, new):
            raise _not_the_same(pipeline, old, new)
        for one, other in zip(pipeline.steps, renamed.steps, strict=True):
            if one.fingerprint != other.fingerprint:
                codes[other.into.name] = (one.fingerprint, other.fingerprint)
    return codes


def _compile(project: Project, old: str, new: str, texts: Mapping[str, tuple[str, str]]) -> Compiled:
    """The project with other texts, compiled beside it."""
    columns = {new if table == old else table: found for table, found in project.registry.columns().items()}
    sources = {new if table == old else table: found for table, found in project.source_columns.items()}
    with TemporaryDirectory(prefix="drawloom-rename-") as folder:
        root = Path(folder)
        shutil.copy(project.config.root / "drawloom.yml", root)
        for name in FOLDERS[:2]:
            if (project.config.root / name).is_dir():
                shutil.copytree(project.config.root / name, root / name)
        for file, (_, text) in texts.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(text.encode())
        landed = project.registry.landed_tables()
        return compile_project(load_config(root), columns, project.cache, project.settings.engine.kind, sources, landed)


def _plain(pipeline: Pipeline, old: str = "", new: str = "") -> Any:
    """The pipeline without its texts, with the new name wherever the old one is all of a text, in an order of its own."""
    return _renamed(json.loads(json.dumps(pipeline_to_dict(pipeline), default=str)), old, new)


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in _TEXTS}
        return {new if key == old else key: _renamed(one, old, new) for key, one in kept.items()}
    if isinstance(value, list):
        return sorted((_renamed(one, old, new) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return new if value == old else value


def _of_rename(problem: Problem, old: str, new: str) -> Problem:
    message = f"With {new} in the place of {old}: {problem.message}"
    return Problem("rename-unsure", "error", message, problem.where, problem.fix)


def _refuse_remaining(pipelines: Iterable[Pipeline], old: str) -> None:
    """Refuse where a pipeline still fills the table, or reads it, by a name that no text has.

    Raises:
        InputError: there is one.
    """
    for pipeline in pipelines:
        if old in pipeline.tables:
            message = f"{old} is named by the framework of kind {pipeline.kind}, and not in a text."
            raise refuse("rename-unsure", message, pipeline.spec, _BY_HAND)
    for pipeline in pipelines:
        if any(read.table == old for step in pipeline.steps for read in step.reads):
            message = f"{pipeline.name} would still read {old}, by a name that its text does not have in one piece."
            raise refuse("rename-unsure", message, pipeline.spec, _BY_HAND)


def _not_the_same(pipeline: Pipeline, old: str, new: str) -> InputError:
    message = f"{pipeline.name} would not be the same with {new} in the place of {old}."
    return refuse("rename-unsure", message, pipeline.spec, _BY_HAND)
