"""``specs/**``: files -> spec objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drawloom.model import Fix, InputError, Problem, Where, refuse
from drawloom.specs.base import Spec
from drawloom.specs.document import Document, parse_yaml, read_text
from drawloom.specs.faults import nearest, shown
from drawloom.specs.python import load_python

Kinds = Mapping[str, type[Spec]]

_HEADER = re.compile(r"\s*/\*[ \t]*drawloom\b:?(?P<yaml>.*?)(?P<end>\*/|\Z)", re.DOTALL)
_HEADER_HELP = "Begin the file with /* drawloom, lines of `key: value` such as table, owner and until, and */."


def load_specs(folder: Path | str, kinds: Kinds) -> list[Spec]:
    """All specs of a folder, sorted by file and place.

    Args:
        folder: the folder; files and folders whose names begin with ``_`` or ``.`` are left out.
        kinds: the model of each kind of spec.

    Raises:
        InputError: with every problem of every file.
    """
    specs, problems = read_specs(folder, kinds)
    if problems:
        raise InputError(*problems)
    return specs


def read_specs(folder: Path | str, kinds: Kinds) -> tuple[list[Spec], list[Problem]]:
    """Like load_specs, but one bad file does not take the others down."""
    specs: list[Spec] = []
    problems: list[Problem] = []
    for path, file in _files(Path(folder)):
        try:
            found, wrong = load_file(path, file, kinds)
        except InputError as error:
            found, wrong = [], list(error.problems)
        specs += found
        problems += wrong
    return specs, problems


def load_file(path: Path, file: str, kinds: Kinds) -> tuple[list[Spec], list[Problem]]:
    """The specs of one file, and what is wrong in it; ``file`` is how messages call it.

    Raises:
        InputError: nothing of the file can be used.
    """
    text = read_text(path, file)
    match path.suffix:
        case ".py":
            return load_python(path, file, text)
        case ".sql":
            return _validated([sql_document(text, file)], kinds)
        case _:
            return _validated(parse_yaml(text, file), kinds)


def sql_document(text: str, file: str | None = None) -> Document:
    """The header of a SQL text, and the text below it under the key ``sql``.

    Raises:
        InputError: there is no header, or it is no YAML.
    """
    found = _HEADER.match(text)
    if not found:
        raise refuse("no-header", "header is missing, must be given.", Where(file, 1), _HEADER_HELP)
    first = text.count("\n", 0, found.start("yaml")) + 1
    if not found["end"]:
        raise refuse("no-header", "header has no end, must be closed by */.", Where(file, first), _HEADER_HELP)
    documents = parse_yaml(found["yaml"], file, first)
    header = documents[0] if documents else Document({}, file, {(): first})
    if "sql" in header.data or len(documents) > 1:
        raise refuse("bad-header", "sql == a key of the header, must be the text below it.", header.where("sql"))
    lines = {**header.lines, ("sql",): text.count("\n", 0, found.end()) + 1}
    return Document({"kind": "autodag", **header.data, "sql": text[found.end() :]}, file, lines)


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        parts = path.relative_to(folder).parts
        hidden = any(part[0] in "._" for part in parts)
        if path.suffix in {".sql", ".yml", ".yaml", ".py"} and not hidden and path.is_file():
            yield path, "/".join((folder.name, *parts))


def _validated(documents: list[Document], kinds: Kinds) -> tuple[list[Spec], list[Problem]]:
    specs: list[Spec] = []
    problems: list[Problem] = []
    for document in documents:
        try:
            specs.append(_spec(document, kinds))
        except InputError as error:
            problems += error.problems
    return specs, problems


def _spec(document: Document, kinds: Kinds) -> Spec:
    kind: Any = document.data.get("kind")
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind].model_validate(document.data, context=document)
    known = ", ".join(sorted(kinds))
    if kind is None:
        raise refuse("missing", f"kind is missing, must be one of {known}.", document.where())
    fix = nearest(str(kind), kinds)
    message = f"kind == {shown(kind)}, must be one of {known}."
    raise InputError(Problem("unknown-kind", "error", message, document.where("kind"), Fix(fix) if fix else None))
