"""``drawloom airflow install``: writes the plan of a project and its loaders into a DAGs folder."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from drawloom.airflow.deployed_project import LOCATION, PROJECT
from drawloom.airflow.plan_files import PlanFiles, compile_files, loader_files
from drawloom.model import Problem, refuse
from drawloom.run.project import Project
from drawloom.run.settings import Settings

MAX_DAGS_PER_LOADER = 200  # Airflow parses a whole file again every half minute
LOADER = '''\
"""The DAGs of a drawloom project. This file never changes; their definitions are in the folder of the same name."""
# Airflow looks for the words dag and airflow before it reads a file.

from drawloom.airflow.loader import load_dags

globals().update(load_dags(__file__))
'''
BROKEN_SPEC = '''\
"""A drawloom spec that could not be compiled: this file shows its problems in Airflow, and is deleted when they are fixed."""
# Airflow looks for the words dag and airflow before it reads a file.

from drawloom.airflow.broken import raise_problems

raise_problems(__file__)
'''


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation changed, and the specs that do not compile with their problems."""

    dags: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    broken: Mapping[str, Sequence[Problem]]


def install(project: Project, folder: Path, prefix: str | None = None) -> Installed:
    """Write the loaders and the plan of a project. Files that have not changed are not touched.

    Args:
        project: the project whose pipelines become DAGs.
        folder: a DAGs folder of Airflow.
        prefix: the start of all DAG ids; the project's name and a dot by default, then that of an environment and a dot.

    Raises:
        InputError: the folder cannot be written, another project there has the same ids, or drawloom.yml is wrong.
    """
    name, environment = project.settings.deployed_name, project.settings.environment
    own = f"{project.settings.name}.{environment.name}." if environment else f"{name}."
    prefix = own if prefix is None else prefix
    _check_prefix(prefix)
    files = compile_files(project, prefix)
    folder = folder.absolute()
    _check_folder(folder)
    base_name = f"drawloom_{name}"
    _check_ids(folder, name, {f"{prefix}{pipeline}" for pipeline in files.pipelines})
    new_files = _files_to_write(files, base_name, project.settings.root)
    written = [path for path, text in new_files.items() if _write(folder / path, text)]
    removed = _remove(folder, base_name, new_files)
    return Installed(len(files.pipelines), tuple(written), tuple(removed), files.broken)


def _files_to_write(files: PlanFiles, base_name: str, root: Path) -> dict[str, str]:
    """All files by path; data comes before the loaders that read it."""
    new_files: dict[str, str] = {}
    shards = _shards(files.pipelines, base_name)
    for loader, pipelines in shards.items():
        new_files |= {f"{loader}/{path}": text for path, text in loader_files(files, pipelines).items()}
        new_files[f"{loader}/{LOCATION}"] = json.dumps({"root": str(root.absolute())}) + "\n"
    for spec, problems in files.broken.items():
        new_files[f"{_broken_spec_name(base_name, spec)}.json"] = (
            json.dumps([str(problem) for problem in problems]) + "\n"
        )
    loaders = {f"{loader}.py": LOADER for loader in shards}
    return new_files | loaders | {f"{_broken_spec_name(base_name, spec)}.py": BROKEN_SPEC for spec in files.broken}


def _shards(pipelines: Iterable[str], base_name: str) -> dict[str, list[str]]:
    """The pipelines of each loader.

    The number of loaders is a power of two, so that a pipeline rarely moves to another one.
    """
    names = sorted(pipelines)
    count = (
        1 if len(names) <= MAX_DAGS_PER_LOADER else 2 ** math.ceil(math.log2(len(names) / (MAX_DAGS_PER_LOADER * 0.75)))
    )
    if count == 1:
        return {base_name: names}
    found: dict[str, list[str]] = {f"{base_name}__{number}": [] for number in range(count)}
    for name in names:
        found[f"{base_name}__{crc32(name.encode()) % count}"].append(name)
    return found


def _broken_spec_name(base_name: str, spec: str) -> str:
    return f"{base_name}__broken__" + re.sub(r"[^\w-]+", "_", spec)


def _write(path: Path, text: str) -> bool:
    """Replace a file atomically. False if it has this text already."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    return True


def _remove(folder: Path, base_name: str, new_files: Mapping[str, str]) -> list[str]:
    """Delete files that an earlier installation wrote and this one did not; loaders first."""
    ours = [
        path
        for path in folder.iterdir()
        if path.name.split(".")[0] == base_name or path.name.startswith(f"{base_name}__")
    ]
    found = [path for path in ours if path.is_file()]
    found += [path for top in ours if top.is_dir() for path in top.rglob("*") if path.is_file()]
    obsolete = [
        path
        for path in found
        if path.relative_to(folder).as_posix() not in new_files and "__pycache__" not in path.parts
    ]
    for path in sorted(obsolete, key=lambda path: (path.suffix != ".py", path)):
        path.unlink()
    for top in ours:
        if top.is_dir() and not (top / PROJECT).exists():
            shutil.rmtree(top)
    return sorted(path.relative_to(folder).as_posix() for path in obsolete)


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"dags folder == {folder}, must be a folder: {error.strerror}."
        raise refuse("bad-dags-folder", message, None, "Name Airflow's own, [core] dags_folder.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"dags folder == {folder}, must be writable by this user."
        fix = "Run this as the user who deploys DAGs, or write to another folder and copy it there."
        raise refuse("bad-dags-folder", message, None, fix)


def _check_prefix(prefix: str) -> None:
    if not re.fullmatch(r"[\w.-]{0,100}", prefix, re.ASCII):
        message = f"prefix == {prefix!r}, must be at most 100 letters, digits, dashes, dots and underscores."
        raise refuse("bad-prefix", message, None, "Such as sales_ or team.")


def _check_ids(folder: Path, name: str, ids: set[str]) -> None:
    """Refuse DAG ids that another project in this folder uses."""
    for path in sorted(folder.glob(f"*/{PROJECT}")):
        data = json.loads(path.read_text(encoding="utf-8"))
        theirs = {f"{data['prefix']}{pipeline}" for pipeline in data["pipelines"]}
        other = Settings.from_json(data["settings"], path.parent).deployed_name
        if other != name and (same := sorted(ids & theirs)):
            message = f"DAG id == {same[0]}, must be of one project only; {other} has it too."
            raise refuse("two-owners", message, None, "Give this project another --prefix.")
