"""Writes the plan of a project, and the files by which Airflow finds it, into a folder of DAGs."""

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

from drawloom.airflow.compile import Files, compile_files, files_of
from drawloom.airflow.site import LOCATION, PROJECT
from drawloom.model import Problem, refuse
from drawloom.run.project import Project

MOST = 200  # DAGs of one file: Airflow reads a whole file again every half minute
LOADER = '''\
"""The DAGs of a drawloom project. This file never changes: what they are is in the folder of the same name."""
# Airflow looks for the words dag and airflow before it reads a file.

from drawloom.airflow.loader import load_dags

globals().update(load_dags(__file__))
'''
BROKEN = '''\
"""A drawloom spec that could not be compiled: this file shows in Airflow what is wrong with it, and goes with it."""
# Airflow looks for the words dag and airflow before it reads a file.

from drawloom.airflow.broken import tell_problems

tell_problems(__file__)
'''


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did: files by what became of them, and the specs that are broken."""

    dags: int
    written: tuple[str, ...]
    removed: tuple[str, ...]
    broken: Mapping[str, Sequence[Problem]]


def install(project: Project, folder: Path, prefix: str | None = None) -> Installed:
    """Write the loaders and the plan of a project; what has not changed is not touched.

    Args:
        project: whose pipelines to make DAGs of.
        folder: a folder of DAGs of Airflow.
        prefix: what the ids of the DAGs begin with; the project's name and a dot without.

    Raises:
        InputError: the folder cannot be written, another project there has the same ids, or drawloom.yml is wrong.
    """
    name = project.settings.name
    prefix = f"{name}." if prefix is None else prefix
    _check_prefix(prefix)
    files = compile_files(project, prefix)
    folder = folder.absolute()
    _check_folder(folder)
    mine = f"drawloom_{name}"
    _check_ids(folder, name, {f"{prefix}{pipeline}" for pipeline in files.pipelines})
    wanted = _wanted(files, mine, project.settings.root)
    written = [path for path, text in wanted.items() if _write(folder / path, text)]
    removed = _remove(folder, mine, wanted)
    return Installed(len(files.pipelines), tuple(written), tuple(removed), files.broken)


def _wanted(files: Files, mine: str, root: Path) -> dict[str, str]:
    """All files by their path, data before the loaders that read it."""
    wanted: dict[str, str] = {}
    shards = _shards(files.pipelines, mine)
    for loader, pipelines in shards.items():
        wanted |= {f"{loader}/{path}": text for path, text in files_of(files, pipelines).items()}
        wanted[f"{loader}/{LOCATION}"] = json.dumps({"root": str(root.absolute())}) + "\n"
    for spec, problems in files.broken.items():
        wanted[f"{_broken_name(mine, spec)}.json"] = json.dumps([str(problem) for problem in problems]) + "\n"
    loaders = {f"{loader}.py": LOADER for loader in shards}
    return wanted | loaders | {f"{_broken_name(mine, spec)}.py": BROKEN for spec in files.broken}


def _shards(pipelines: Iterable[str], mine: str) -> dict[str, list[str]]:
    """The pipelines of each loader. A pipeline stays where it is while the number of loaders does: a power of two."""
    names = sorted(pipelines)
    count = 1 if len(names) <= MOST else 2 ** math.ceil(math.log2(len(names) / (MOST * 0.75)))
    if count == 1:
        return {mine: names}
    found: dict[str, list[str]] = {f"{mine}__{number}": [] for number in range(count)}
    for name in names:
        found[f"{mine}__{crc32(name.encode()) % count}"].append(name)
    return found


def _broken_name(mine: str, spec: str) -> str:
    return f"{mine}__broken__" + re.sub(r"[^\w-]+", "_", spec)


def _write(path: Path, text: str) -> bool:
    """Put a text in its place in one step; false where it is there already."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    return True


def _remove(folder: Path, mine: str, wanted: Mapping[str, str]) -> list[str]:
    """Take away what an earlier installation wrote and this one does not; loaders first."""
    ours = [path for path in folder.iterdir() if path.name.split(".")[0] == mine or path.name.startswith(f"{mine}__")]
    found = [path for path in ours if path.is_file()]
    found += [path for top in ours if top.is_dir() for path in top.rglob("*") if path.is_file()]
    gone = [
        path for path in found if path.relative_to(folder).as_posix() not in wanted and "__pycache__" not in path.parts
    ]
    for path in sorted(gone, key=lambda path: (path.suffix != ".py", path)):
        path.unlink()
    for top in ours:
        if top.is_dir() and not (top / PROJECT).exists():
            shutil.rmtree(top)
    return sorted(path.relative_to(folder).as_posix() for path in gone)


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
    """Refuse DAG ids that another project in this folder has."""
    for path in sorted(folder.glob(f"*/{PROJECT}")):
        data = json.loads(path.read_text(encoding="utf-8"))
        theirs = {f"{data['prefix']}{pipeline}" for pipeline in data["pipelines"]}
        if data["settings"]["name"] != name and (same := sorted(ids & theirs)):
            message = f"DAG id == {same[0]}, must be of one project only; {data['settings']['name']} has it too."
            raise refuse("two-owners", message, None, "Give this project another --prefix.")
