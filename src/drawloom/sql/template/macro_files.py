"""Macros that are kept in files, as in dbt: the definitions that a text uses, also those that these use in turn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from jinja2 import TemplateError, nodes

from drawloom.model import Fix, InputError, Problem, Where
from drawloom.sql.template.sandbox import Sandbox
from drawloom.sql.template.signatures import Signature, SignatureError, read_signature
from drawloom.sql.template.tags import tag_spans

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_ABOVE = re.compile(r"\{#-?((?:(?!#\}).)*?)-?#\}\s*\Z", re.DOTALL)
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
_NAME = re.compile(r"\w+")
_DISPATCHED = "default__"


@dataclass(frozen=True, slots=True)
class Definition:
    """One macro of a text: its name, its source, what the comment above it says, and its line."""

    name: str
    source: str
    comment: str
    line: int

    @property
    def whole(self) -> str:
        """The source with its comment."""
        return f"{{# {self.comment} #}}\n{self.source}" if self.comment else self.source

    def signature(self) -> Signature:
        """Its arguments, and what the comment says of them.

        Raises:
            SignatureError: the comment does not fit.
        """
        try:
            macro = next(_parser().parse(self.source).find_all(nodes.Macro), None)
        except TemplateError:
            macro = None  # reported where it is used
        return read_signature(macro, self.comment) if macro else Signature(self.name)


@dataclass(frozen=True, slots=True)
class Macros:
    """Definitions of macros by name, with their comments; where each is, and its signature."""

    sources: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Where] = field(default_factory=dict)
    signatures: Mapping[str, Signature] = field(default_factory=dict)

    def names_in(self, *texts: str | None, deep: bool = True) -> set[str]:
        """The macros whose names are in the tags of these texts; with ``deep`` those that these name in turn, too."""
        found: set[str] = set()
        todo = [text for text in texts if text] if self.sources else []
        while todo:
            words = _tag_words(todo.pop())
            words |= {_DISPATCHED + word for word in words}
            new = (words & self.sources.keys()) - found
            found |= new
            todo += [self.sources[name] for name in new] if deep else []
        return found

    def used_by(self, *texts: str | None) -> str:
        """The definitions of the macros that these texts name, and of those that they name; in the order of names."""
        return "\n".join(self.sources[name] for name in sorted(self.names_in(*texts)))


def load_macros(folder: Path) -> Macros:
    """The macros in all ``.sql`` files of a folder and of the folders in it; none where it does not exist.

    Raises:
        InputError: a file cannot be read, two macros have one name, or a comment is no signature of the macro below it.
    """
    sources: dict[str, str] = {}
    places: dict[str, Where] = {}
    signatures: dict[str, Signature] = {}
    problems: list[Problem] = []
    for file in sorted(folder.rglob("*.sql")):
        for found in definitions(_read(file)):
            name, where = found.name, Where(file.relative_to(folder.parent).as_posix(), found.line)
            if name in sources and sources[name] != found.whole:
                problems.append(_twice(name, where, places[name]))
                continue
            sources[name], places[name] = found.whole, where
            try:
                signatures[name] = found.signature()
            except SignatureError as error:
                said = " ".join(found.comment.split())
                message = f"signature of {name} == {said!r:.100}, {error}."
                problems.append(Problem("bad-signature", "error", message, where, Fix("Correct the comment above it.")))
    if problems:
        raise InputError(*problems)
    return Macros(sources, places, signatures)


def definitions(text: str) -> Iterator[Definition]:
    """The macros of a text. Those in comments are none."""
    visible = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    for found in _MACRO.finditer(visible):
        above = _ABOVE.search(text, 0, found.start())
        comment = above[1].strip() if above else ""
        yield Definition(found[1], text[slice(*found.span())], comment, text.count("\n", 0, found.start()) + 1)


@lru_cache(maxsize=512)
def signatures_of(macros: str) -> Mapping[str, Signature]:
    """The signatures of the definitions that ``Macros.used_by`` gives."""
    return {one.name: one.signature() for one in definitions(macros)}


@lru_cache(maxsize=512)
def part_for(macros: str, text: str) -> str:
    """Those of some definitions that a text uses."""
    found = {one.name: one.whole for one in definitions(macros)}
    return Macros(found).used_by(text)


def _twice(name: str, where: Where, other: Where) -> Problem:
    message = f"macro == {name}, must be defined once; it is in {other} and {where}."
    return Problem("duplicate-macro", "error", message, where, Fix("Rename one of them."))


def _tag_words(text: str) -> set[str]:
    tags = (text[start:end] for start, end in tag_spans(text) if not text.startswith("{#", start))
    return {word for tag in tags for word in _NAME.findall(tag)}


@lru_cache(maxsize=1)
def _parser() -> Sandbox:
    return Sandbox()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            Problem("missing-file", "error", f"{file} cannot be read: {error}.", Where(str(file)))
        ) from error
