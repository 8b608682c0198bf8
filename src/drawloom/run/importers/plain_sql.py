"""SQL that names its tables and the run's day in its own words, as the SQL of a spec; only these names are replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError

from drawloom.run.importers.functions import own_functions
from drawloom.run.importers.imported import ImportedFile
from drawloom.run.importers.jinja_text import find_line, line_of, replace_spans, syntax_error, undefined_names
from drawloom.run.importers.sql_tables import TableName, parse, scan_tables, table_names, tokens_of
from drawloom.run.importers.upstream import Upstream
from drawloom.sql.rename import mask_tags

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_NAMES = frozenset({"ds", "params", "macros", "range", "dict", "namespace", "loop"})


@dataclass(frozen=True, slots=True)
class Query:
    """A text that was read: its tables and tokens, its tree where it has one, and more texts to insert, by their spans."""

    text: str
    tables: tuple[TableName, ...]
    tokens: list[Token]
    tree: exp.Query | None
    extra: Mapping[tuple[int, int], str] = field(default_factory=dict)


@dataclass(slots=True)
class PlainSql:
    """Converts the SQL of one tool.

    Args:
        dialect: that of the texts.
        parameters: what stands for the day in our words, by parameter without its ``@``, in lower case.
        resolve: the table that a name means, for the text of a table; None where it is a table of another kind.
        shifted: the lines of the file above the text.
    """

    dialect: str
    parameters: Mapping[str, str]
    resolve: Callable[[tuple[str, ...]], Upstream | None]
    shifted: int = 0
    used: set[str] = field(default_factory=set)

    def read(self, text: str, entry: ImportedFile) -> Query | None:
        """The text with its tables; where it is not one query, the entry says why."""
        masked = mask_tags(text)
        try:
            tokens = tokens_of(masked, self.dialect)
        except SqlglotError as error:
            self._refuse_syntax(error, entry)
            return None
        try:
            statements = parse(masked, self.dialect)
        except (SqlglotError, RecursionError) as error:
            if not _TEMPLATE.search(text):
                self._refuse_syntax(error, entry)
                return None
            return Query(text, tuple(scan_tables(tokens)), tokens, None)
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            what = ", ".join(list(dict.fromkeys(one.key.upper() for one in statements))[:4]) or "nothing"
            fix = "Write the SELECT of one table, and what others fill as specs of their own."
            entry.refuse("not-one-select", f"It is {what}, and not one SELECT.", self.shifted + 1, fix)
            return None
        return Query(text, tuple(table_names(statements[0])), tokens, statements[0])

    def fill(self, text: str) -> str:
        """The text with what stands for its parameters, as a text that is not read yet."""
        edits: dict[tuple[int, int], str] = {}
        tokens = tokens_of(text, self.dialect)
        for token, name in pairwise(tokens):
            if token.token_type.name == "PARAMETER" and name.start == token.end + 1:
                value = self.parameters.get(name.text.lower())
                edits |= {(token.start, name.end + 1): value} if value is not None else {}
        return replace_spans(text, edits)

    def convert(self, query: Query, entry: ImportedFile, own: str = "") -> str:
        """The text in our words; ``own`` is the table that it fills. What is not expressed is named in the entry."""
        self._check_functions(query, entry)
        edits = {**query.extra, **dict(self._parameters(query, entry))}
        for name in query.tables:
            upstream = self.resolve(name.parts)
            if upstream is None or name.start < 0:
                line = self.shifted + line_of(query.text, max(name.start, 0))
                fix = "Read the tables that it stands for."
                entry.refuse("table-name", f"{'.'.join(name.parts)} is no table that a spec can read.", line, fix)
                continue
            alias = "" if name.has_alias else _quoted(name.parts[-1].rpartition(".")[2], self.dialect)
            read = upstream.read_past if upstream.table == own else upstream.read
            edits[(name.start, name.end)] = read(self.dialect, alias)
        self._check_names(query.text, entry)
        return replace_spans(query.text, edits).strip().rstrip(";")

    def _parameters(self, query: Query, entry: ImportedFile) -> Iterator[tuple[tuple[int, int], str]]:
        tokens = query.tokens
        for n, token in enumerate(tokens[:-1]):
            if token.token_type.name != "PARAMETER" or tokens[n + 1].start != token.end + 1:
                continue
            name = tokens[n + 1].text
            called = n + 2 < len(tokens) and tokens[n + 2].text == "("
            if name.lower() in self.parameters and not called:
                self.used.add(name.lower())
                yield (token.start, tokens[n + 1].end + 1), self.parameters[name.lower()]
            else:
                line = self.shifted + line_of(query.text, token.start)
                fix = "Write the SQL that it stands for."
                entry.refuse("parameter", f"@{name}{'(...)' if called else ''} is not known here.", line, fix)

    def _check_functions(self, query: Query, entry: ImportedFile) -> None:
        for name in sorted(own_functions(query.tree)) if query.tree else ():
            found = re.search(re.escape(name.rpartition(".")[2]) + r"`?\s*\(", query.text)
            line = self.shifted + line_of(query.text, found.start() if found else 0)
            fix = "Write its SQL into the text, or as a macro in macros/."
            entry.refuse("function", f"{name} is a function of its own, which drawloom cannot call.", line, fix)

    def _check_names(self, text: str, entry: ImportedFile) -> None:
        if not _TEMPLATE.search(text):
            return
        if error := syntax_error(text):
            entry.refuse("template", f"It is no template that is read here: {error[0]}.", self.shifted + error[1])
            return
        for name in sorted(undefined_names(text)):
            if name.partition(".")[0] not in _NAMES:
                line = self.shifted + (find_line(text, name) or 1)
                fix = "Give it under `params`, or write what it stands for."
                entry.refuse("unknown-name", f"{name} of the template is not known here.", line, fix)

    def _refuse_syntax(self, error: Exception, entry: ImportedFile) -> None:
        details = error.errors[0] if getattr(error, "errors", None) else {}  # type: ignore[attr-defined]
        said = str(details.get("description") or str(error).partition("\n")[0] or "it is nested too deep")
        line = self.shifted + int(details.get("line") or 1)
        message = f"It cannot be read as {self.dialect}: {said.rstrip('.')}."
        entry.refuse("syntax", message, line, "Correct it, or say which --dialect it is.")


def uses(query: Query, parameter: str) -> bool:
    """Whether a query names a parameter."""
    named = (b.text.lower() for a, b in pairwise(query.tokens) if a.token_type.name == "PARAMETER")
    return parameter.lower() in named


def _quoted(name: str, dialect: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else exp.to_identifier(name, quoted=True).sql(dialect)


def filtered_days(tree: exp.Expr | None, name: TableName, parameters: frozenset[str]) -> tuple[str, bool] | None:
    """The column by whose day a query filters a table, and whether it is a time; None where it does not.

    It is a column that is compared with the run's day in the WHERE of the SELECT that reads the table first.
    """
    for select in tree.find_all(exp.Select) if tree else ():
        source = select.args.get("from_") or select.args.get("from")
        table = source.this if isinstance(source, exp.From) else None
        where = select.args.get("where")
        if not isinstance(table, exp.Table) or where is None:
            continue
        if name.start not in {part.meta.get("start") for part in table.parts}:
            continue
        for compared in where.find_all(exp.EQ, exp.Between, exp.GTE, exp.LTE, exp.GT, exp.LT):
            days = [p for p in compared.find_all(exp.Parameter) if p.name.lower() in parameters]
            side = compared.this
            column = side if isinstance(side, exp.Column) else side.find(exp.Column)
            if days and column is not None and column.table.lower() in {"", table.alias_or_name.lower()}:
                return column.name, not isinstance(side, exp.Column)
    return None
