"""The name of a table in the files of a project: SQL with a header, YAML, Python and macros."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import replace

import yaml

from drawloom.model import Edit, InputError, Problem, Where, refuse
from drawloom.specs.load import find_header
from drawloom.sql.rename import mentions, rename_in_sql

# Keys whose values are no names of tables and no SQL, though they may look like it.
FREE = frozenset({"name", "description", "owner", "alerts", "tags", "kind", "schedule", "until", "forever", "files"})
_UNQUOTED = re.compile(r"^([ ]*[\w-]+:[ \t]+)(@\w+|forever:[ \t][^\"'\n#]*?)([ \t]*(?:#.*)?)$", re.MULTILINE)
_LITERAL = re.compile(r"(?P<prefix>[a-zA-Z]*)(?P<quote>\"{3}|'{3}|\"|')(?P<inner>.*)(?P=quote)", re.DOTALL)


def rename_in_file(text: str, file: str, old: str, new: str) -> str:
    """The text of a file with the table's new name.

    Args:
        text: the text of the file.
        file: its path in the project, which says what it is.
        old: ``schema.table``.
        new: ``schema.table``.

    Raises:
        InputError: the name stands where it cannot be changed for sure; with the place.
    """
    if not mentions(text, old):
        return text
    try:
        edits = sorted(set(_edits(text, file, old, new)), key=lambda edit: edit.start)
    except InputError as error:
        raise InputError(*(replace(p, where=replace(p.where, file=file)) for p in error.problems)) from error
    parts, at = [], 0
    for edit in edits:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def places_of(text: str, file: str, table: str) -> list[Where]:
    """The lines of a text that seem to name a table."""
    lines = dict.fromkeys(text.count("\n", 0, start) + 1 for start in mentions(text, table))
    return [Where(file, line) for line in lines]


def _edits(text: str, file: str, old: str, new: str) -> Iterator[Edit]:
    if file.endswith((".yml", ".yaml")):
        yield from _Yaml(text, 0, old, new, in_config=file == "drawloom.yml").edits()
    elif file.endswith(".py"):
        yield from _in_python(text, old, new)
    else:
        header = find_header(text)
        if header is None:  # macros
            yield from rename_in_sql(text, old, new)
            return
        document = _Yaml(header["yaml"], header.start("yaml"), old, new)
        yield from document.edits()
        yield from _shifted(text, header.end(), len(text), old, new, document.dialect)


def _shifted(text: str, start: int, end: int, old: str, new: str, dialect: str) -> Iterator[Edit]:
    """The edits of the SQL in a part of a text."""
    try:
        found = rename_in_sql(text[start:end], old, new, dialect)
    except InputError as error:
        above = text.count("\n", 0, start)
        raise InputError(*(_below(problem, above) for problem in error.problems)) from error
    yield from (Edit(edit.start + start, edit.end + start, edit.text) for edit in found)


def _below(problem: Problem, lines: int) -> Problem:
    """The problem of a part of a text, at its line of the whole."""
    return replace(problem, where=replace(problem.where, line=(problem.where.line or 1) + lines))


class _Yaml:
    """The scalars of a YAML text that name a table or are SQL that does.

    Args:
        text: the YAML.
        shift: where it begins in its file.
        old: the table's name.
        new: its new one.
        in_config: whether it is drawloom.yml, in which tables are keys of ``sources`` only.
    """

    def __init__(self, text: str, shift: int, old: str, new: str, *, in_config: bool = False) -> None:
        self._text, self._shift, self._old, self._new, self._in_config = text, shift, old, new, in_config
        readable = _UNQUOTED.sub(lambda found: found[1] + "x" * len(found[2]) + found[3], text)
        try:
            self._documents = [node for node in yaml.compose_all(readable, Loader=yaml.SafeLoader) if node]
        except yaml.YAMLError as error:
            raise self._unsure(0, f"the YAML cannot be read: {error}") from error
        self.dialect = "duckdb"

    def edits(self) -> Iterator[Edit]:
        """The edits, with offsets from the beginning of the file."""
        for document in self._documents:
            self.dialect = _value_of(document, "dialect") or "duckdb"
            found = self._of_node(document, ())
            yield from (Edit(edit.start + self._shift, edit.end + self._shift, edit.text) for edit in found)

    def _of_node(self, node: yaml.Node, keys: tuple[str, ...]) -> Iterator[Edit]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and (not self._in_config or keys == ("sources",)):
                    yield from self._of_name(key)
                yield from self._of_node(value, (*keys, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from self._of_node(item, keys)
        elif isinstance(node, yaml.ScalarNode) and not self._in_config and not FREE.intersection(keys[-1:]):
            yield from self._of_name(node) if node.value.lower() == self._old.lower() else self._of_sql(node)

    def _of_name(self, node: yaml.ScalarNode) -> Iterator[Edit]:
        if node.value.lower() == self._old.lower():
            start, end = self._inner(node)
            yield Edit(start, end, self._new)

    def _of_sql(self, node: yaml.ScalarNode) -> Iterator[Edit]:
        if mentions(node.value, self._old):
            start, end = self._inner(node)
            yield from _shifted(self._text, start, end, self._old, self._new, self.dialect)

    def _inner(self, node: yaml.ScalarNode) -> tuple[int, int]:
        """The span of a scalar without its quotes."""
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in {"|", ">"}:
            return self._text.index("\n", start), end
        if node.style:
            start, end = start + 1, end - 1
        if " ".join(self._text[start:end].split()) != " ".join(node.value.split()):
            raise self._unsure(start, "it is written with escapes")
        return start, end

    def _unsure(self, offset: int, why: str) -> InputError:
        line = self._text.count("\n", 0, offset) + 1
        message = f"{self._old} stands in YAML in which it cannot be changed for sure: {why}."
        return refuse("rename-unsure", message, Where(None, line), "Write it as plain text.")


def _value_of(document: yaml.Node, key: str) -> str:
    pairs = document.value if isinstance(document, yaml.MappingNode) else ()
    return next((str(value.value) for name, value in pairs if name.value == key), "")


def _in_python(text: str, old: str, new: str) -> Iterator[Edit]:
    """The edits of strings that are the name, or SQL that has it; documentation is left as it is."""
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    documentation = _documentation(text)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.STRING or token.start in documentation or not mentions(token.string, old):
            continue
        literal = _LITERAL.fullmatch(token.string)
        start = lines[token.start[0] - 1] + token.start[1]
        if not literal or "f" in literal["prefix"].lower() or ast.literal_eval(token.string) != literal["inner"]:
            message = f"{old} stands in a string with escapes or braces, in which it cannot be changed for sure."
            raise refuse("rename-unsure", message, Where(None, token.start[0]), "Write it as a plain string.")
        inner = start + literal.start("inner")
        if literal["inner"].lower() == old.lower():
            yield Edit(inner, inner + len(old), new)
        else:
            yield from _shifted(text, inner, start + literal.end("inner"), old, new, "duckdb")


def _documentation(text: str) -> set[tuple[int, int]]:
    """Where strings begin that are statements of their own, such as docstrings."""
    statements = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr))
    return {(one.lineno, one.col_offset) for one in statements if isinstance(one, ast.Constant)}
