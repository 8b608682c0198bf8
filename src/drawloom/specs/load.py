"""Loading specs: files in YAML, SQL and Python -> spec objects."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from drawloom.model import Fix, InputError, Problem, Where, refuse
from drawloom.specs.base import PACKAGE, Spec
from drawloom.specs.document import Document, Keys, parse_yaml, read_text
from drawloom.specs.validation import did_you_mean, display_value

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
    """Like load_specs, but a bad file does not keep the others from loading; the specs and all problems."""
    specs: list[Spec] = []
    problems: list[Problem] = []
    for path, file in spec_files(Path(folder)):
        try:
            found, problems_of_file = load_file(path, file, kinds)
        except InputError as error:
            found, problems_of_file = [], list(error.problems)
        specs += found
        problems += problems_of_file
    return specs, problems


def load_file(path: Path, file: str, kinds: Kinds) -> tuple[list[Spec], list[Problem]]:
    """The specs of one file, and its problems; ``file`` is its name in messages.

    Raises:
        InputError: the file cannot be parsed at all.
    """
    text = read_text(path, file)
    return load_python(path, file, text) if path.suffix == ".py" else load_text(text, file, kinds)


def load_text(text: str, file: str, kinds: Kinds) -> tuple[list[Spec], list[Problem]]:
    """The specs in the text of a ``.sql`` or YAML file, and its problems.

    Raises:
        InputError: it cannot be parsed at all.
    """
    return _validate([sql_document(text, file)] if file.endswith(".sql") else parse_yaml(text, file), kinds)


def find_header(text: str) -> re.Match[str] | None:
    """The header of a SQL text: its ``yaml``, and its ``end``, which is empty where it is not closed."""
    return _HEADER.match(text)


def sql_document(text: str, file: str | None = None) -> Document:
    """The header of a SQL text, and the text below it under the key ``sql``.

    Raises:
        InputError: there is no header, or it is not YAML.
    """
    found = find_header(text)
    if not found:
        raise refuse("no-header", "The header is missing.", Where(file, 1), _HEADER_HELP)
    first = text.count("\n", 0, found.start("yaml")) + 1
    if not found["end"]:
        raise refuse("no-header", "The header is not closed by */.", Where(file, first), _HEADER_HELP)
    documents = parse_yaml(found["yaml"], file, first)
    header = documents[0] if documents else Document({}, file, {(): first})
    if "sql" in header.data or len(documents) > 1:
        raise refuse("bad-header", "`sql` is a key of the header; the SQL is the text below it.", header.where("sql"))
    lines = {**header.lines, ("sql",): text.count("\n", 0, found.end()) + 1}
    return Document({"kind": "autodag", **header.data, "sql": text[found.end() :]}, file, lines)


def spec_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The spec files of a folder, each with its name from the folder above."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        parts = path.relative_to(folder).parts
        hidden = any(part[0] in "._" for part in parts)
        if path.suffix in {".sql", ".yml", ".yaml", ".py"} and not hidden and path.is_file():
            yield path, "/".join((folder.name, *parts))


def _validate(documents: list[Document], kinds: Kinds) -> tuple[list[Spec], list[Problem]]:
    specs: list[Spec] = []
    problems: list[Problem] = []
    for document in documents:
        try:
            specs.append(_validate_spec(document, kinds))
        except InputError as error:
            problems += error.problems
    return specs, problems


def _validate_spec(document: Document, kinds: Kinds) -> Spec:
    kind: Any = document.data.get("kind")
    if isinstance(kind, str) and kind in kinds:
        return _model_of(kind, kinds, document).model_validate(document.data, context=document)
    known = ", ".join(sorted(kinds))
    if kind is None:
        raise refuse("missing", f"kind is missing, must be one of {known}.", document.where())
    fix = did_you_mean(str(kind), kinds)
    message = f"kind == {display_value(kind)}, must be one of {known}."
    raise InputError(Problem("unknown-kind", "error", message, document.where("kind"), Fix(fix) if fix else None))


def _model_of(kind: str, kinds: Kinds, document: Document) -> type[Spec]:
    try:
        return kinds[kind]
    except InputError as error:  # its framework is broken
        raise InputError(*(replace(problem, where=document.where("kind")) for problem in error.problems)) from error


def load_python(path: Path, file: str, text: str) -> tuple[list[Spec], list[Problem]]:
    """The specs in the variables of a module, by themselves or in lists and tuples, in their order.

    The module is imported as ``drawloom_specs.<its path>``, so that its functions have one name on every machine.

    Raises:
        InputError: the module cannot be imported.
    """
    module = import_spec(path, file, text)
    specs = list({id(spec): spec for value in vars(module).values() for spec in _specs(value)}.values())
    own = [spec for spec in specs if spec.where.file == str(path)]
    for spec in own:
        spec.set_place(Document({}, file, _lines(spec, text)), Where(file, spec.where.line))
    return own, []


def module_name(file: str) -> str:
    """The name under which a spec file is imported; ``file`` is its path from the project."""
    return ".".join((PACKAGE, *Path(file).with_suffix("").parts[1:]))


def find_function(name: str, folder: Path) -> Callable[..., Any]:
    """The function of a name ``module:function``; where its module is a spec file that was not imported yet, it is now.

    Args:
        name: as ``function_name`` gives it.
        folder: the project's.

    Raises:
        InputError: the spec file cannot be imported.
    """
    module, _, function = name.partition(":")
    if module not in sys.modules and module.startswith(f"{PACKAGE}."):
        file = f"specs/{module.removeprefix(f'{PACKAGE}.').replace('.', '/')}.py"
        import_spec(folder / file, file)
    found: Any = sys.modules.get(module) or import_module(module)
    for part in function.split("."):
        found = getattr(found, part)
    return cast("Callable[..., Any]", found)


def import_spec(path: Path, file: str, text: str | None = None) -> ModuleType:
    """The module of a spec file, so that its functions can be found by name.

    Raises:
        InputError: the module cannot be imported.
    """
    text = path.read_text(encoding="utf-8") if text is None else text
    module = ModuleType(module_name(file))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        with _on_path(path.parent):
            exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is the user's code
    except InputError as error:
        raise InputError(*(_with_path(problem, path, file) for problem in error.problems)) from error
    except (Exception, SystemExit) as error:
        raise _python_error(error, path, file) from error
    return module


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """Lets a spec import modules of its folder."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _python_error(error: BaseException, path: Path, file: str) -> InputError:
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else None
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = line or (frames[-1].lineno if frames else None)
    text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return refuse("python-error", f"{file} cannot be imported: {text}.", Where(file, line))


def _with_path(problem: Problem, path: Path, file: str) -> Problem:
    return replace(problem, where=replace(problem.where, file=file)) if problem.where.file == str(path) else problem


def _specs(value: object) -> Iterator[Spec]:
    if isinstance(value, Spec):
        yield value
    elif isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Spec))


def _lines(spec: Spec, text: str) -> dict[Keys, int]:
    """The line of the spec, and of its long texts where the module has them literally."""
    lines: dict[Keys, int] = {(): spec.where.line or 1}
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if isinstance(value, str) and "\n" in value and text.count(value) == 1:
            lines[(name,)] = text.count("\n", 0, text.find(value)) + 1
    return lines
