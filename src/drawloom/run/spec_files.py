"""Spec files as people save them: where a table's spec is, whether somebody else changed it, and writing it as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from drawloom.engines.lake.lock import hold, open_lock
from drawloom.model import Fix, InputError, Pipeline, Problem, RunError, refuse
from drawloom.run.text_file import write_text
from drawloom.specs.document import read_text
from drawloom.specs.fields import check_table
from drawloom.specs.load import spec_files
from drawloom.specs.validation import RuleError

TEXT_SUFFIXES = (".sql", ".yml", ".yaml")
MOST_FOLDERS, MOST_BYTES = 20, 250  # of a path, and of each name in it


def new_spec_file(table: str) -> str:
    """The file of a new spec, ``specs/schema.table.sql``.

    Raises:
        InputError: it is not the name of a table.
    """
    try:
        return f"specs/{check_table(table)}.sql"
    except RuleError as error:
        raise refuse("invalid", f"table == {table!r:.80}, {error}.") from error


def list_spec_files(root: Path) -> list[str]:
    """All spec files of a project, from its folder."""
    return [file for _, file in spec_files(root / "specs")]


def editable_file(pipeline: Pipeline | None) -> str:
    """The spec file of a pipeline that people may edit as text; empty where there is none, or it is code."""
    file = pipeline.spec.file or "" if pipeline else ""
    return file if file.startswith("specs/") and file.endswith(TEXT_SUFFIXES) else ""


def read_spec_text(root: Path, file: str) -> str | None:
    """The text of a spec file; None where there is none.

    Raises:
        InputError: it is not a file of a spec, or not text.
    """
    path = _path(root, file)
    return read_text(path, file) if path.is_file() else None


def version_of(text: str | None) -> str:
    """What tells two texts of a file apart; empty where there is no file."""
    return "" if text is None else sha256(text.encode()).hexdigest()[:16]


def save_spec_text(root: Path, file: str, text: str, began_from: str) -> None:
    """Write a spec file, as a whole or not at all.

    Args:
        root: the folder of the project.
        file: the file, from there.
        text: what it shall be.
        began_from: the version of the text that was edited; empty for a new file.

    Raises:
        InputError: somebody else changed the file since (``changed-file``), or made it (``name-exists``).
        RunError: it cannot be written.
    """
    path = _path(root, file)
    with _one_writer(root):
        now = version_of(read_spec_text(root, file))
        if now not in {began_from, version_of(text)}:
            raise _changed(file, began_from)
        try:
            write_text(path, text)
        except OSError as error:
            message = f"{file} cannot be written: {error.strerror}."
            raise RunError(Problem("unwritable", "error", message, fix=Fix("Give this user the right to."))) from error


def _changed(file: str, began_from: str) -> InputError:
    if not began_from:
        fix = "Open it, or name another table."
        return refuse("name-exists", f"{file} exists already, must be a new file.", None, fix)
    message = f"{file} was changed since this page was opened."
    return refuse("changed-file", message, None, "Compare with what is saved now, then save over it, or open it again.")


def _path(root: Path, file: str) -> Path:
    """The path of a spec file: in ``specs``, with a suffix of specs, and no way out of it."""
    parts = file.split("/")
    plain = len(parts) <= MOST_FOLDERS and all(map(_is_plain, parts[1:]))
    if len(parts) < 2 or parts[0] != "specs" or not plain or not file.endswith(TEXT_SUFFIXES):
        rule = "must be a .sql or YAML file in specs/, such as specs/core.rides.sql"
        raise refuse("bad-file", f"file == {file!r:.120}, {rule}.")
    path = root.joinpath(*parts)
    try:
        inside = path.resolve().is_relative_to((root / "specs").resolve())
    except (OSError, RuntimeError):  # a circle of links
        inside = False
    if not inside:
        raise refuse("bad-file", f"file == {file!r:.120}, must lie in specs/: a link leads out of it.")
    return path


def _is_plain(part: str) -> bool:
    """Whether a part of a path is a name that everybody reads alike: no hidden file, no control and no direction marks."""
    printable = part.isprintable() and not set(part) & set("\\:")  # what is no text in UTF-8 is not printable
    return printable and part[:1] not in {"", ".", "_"} and len(part.encode()) <= MOST_BYTES


@contextmanager
def _one_writer(root: Path) -> Iterator[None]:
    """One at a time, of all processes."""
    with hold(open_lock(root / ".drawloom" / "specs.lock"), lambda: None):
        yield
