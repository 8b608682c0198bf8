"""SQL functions of a project's own, which drawloom cannot call: their text is written where they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError

from drawloom.run.importers.jinja_text import replace_spans
from drawloom.run.importers.sql_tables import tokens_of

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

MOST = 40_000  # characters of a text in which functions were written out
_DEEPEST = 12
_NAMES = frozenset({"VAR", "IDENTIFIER"})
_ALONE = re.compile(r"[\w.]+|'[^'\\]*'|\"[^\"\\]*\"")  # what needs no more parentheses
_COMMENT = re.compile(r"--|#")


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its parameters in lower case, and its expression; ``refused`` says why it cannot be written out."""

    name: str
    parameters: tuple[str, ...]
    body: str
    refused: str = ""


class CannotWriteOutError(Exception):
    """A call cannot be replaced by the function's text without changing what it means."""


def read_function(text: str, dialect: str) -> Function | None:
    """The function that a ``CREATE FUNCTION`` makes; None where the text is another one."""
    try:
        tokens = tokens_of(text, dialect)
    except SqlglotError:
        return None
    words = [token.text.upper() for token in tokens]
    if "FUNCTION" not in words[:4] or words[:1] != ["CREATE"]:
        return None
    at = words.index("FUNCTION") + 1
    at += 3 if words[at : at + 3] == ["IF", "NOT", "EXISTS"] else 0
    start = at
    while at < len(tokens) and tokens[at].text != "(":
        at += 1
    name = "".join(token.text for token in tokens[start:at]).lower()
    close = _closing(tokens, at)
    if close is None:
        return None
    parameters = tuple(part[0].text.lower() for part in _arguments(tokens, at, close) if part)
    rest = tokens[close + 1 :]
    if any(token.text.upper() == "LANGUAGE" for token in rest[:12]):
        return Function(name, parameters, "", "it is written in another language")
    body = next((n for n in range(close + 1, len(tokens) - 1) if words[n] == "AS" and tokens[n + 1].text == "("), None)
    end = _closing(tokens, body + 1) if body is not None else None
    if body is None or end is None:
        return Function(name, parameters, "", "it has no expression")
    return Function(name, parameters, text[tokens[body + 1].end + 1 : tokens[end].start].strip())


def split_functions(text: str, masked: str, dialect: str) -> tuple[dict[str, Function], str]:
    """The functions that a text makes for itself before its query, and the rest of it.

    Args:
        text: the text.
        masked: the same without the tags of its template, of equal length.
        dialect: that of the text.

    Raises:
        SqlglotError: it has no tokens in this dialect.
    """
    found: dict[str, Function] = {}
    start, depth = 0, 0
    for token in tokens_of(masked, dialect):
        depth += (token.text == "(") - (token.text == ")") if token.token_type.name != "STRING" else 0
        if token.text != ";" or depth:
            continue
        function = read_function(text[start : token.start], dialect)
        if function is None:
            break
        found[function.name] = function
        start = token.end + 1
    return found, text[start:]


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions that texts may call, by the last two parts of their names, or the only one, in lower case."""

    known: Mapping[str, Function]
    dialect: str

    def write_out(self, text: str, depth: int = 0) -> str:
        """The text with the expressions of functions in the place of their calls.

        Raises:
            CannotWriteOutError: a function cannot be written out, or the text becomes too large.
        """
        if depth > _DEEPEST or len(text) > MOST:
            raise CannotWriteOutError("what they call is nested too deep, or too long")
        tokens = tokens_of(text, self.dialect)
        edits: dict[tuple[int, int], str] = {}
        for start, at, function in self._calls(tokens):
            close = _closing(tokens, at)
            if function.refused or close is None:
                raise CannotWriteOutError(f"{function.name}: {function.refused or 'its call is not closed'}")
            if edits and tokens[start].start < max(end for _, end in edits):
                continue  # inside of another call, whose arguments are written out with it
            given = [_span(text, part) for part in _arguments(tokens, at, close) if part]
            given = [self.write_out(one, depth + 1) for one in given]
            body = self.write_out(_fill(function, given, self.dialect), depth + 1)
            edits[(tokens[start].start, tokens[close].end + 1)] = f"({body})"
        return replace_spans(text, edits)

    def _calls(self, tokens: list[Token]) -> Iterator[tuple[int, int, Function]]:
        """The first token of each call, that of its parenthesis, and the function."""
        for at, token in enumerate(tokens):
            if token.text != "(" or at == 0 or tokens[at - 1].token_type.name == "STRING":
                continue
            start = at - 1
            while (
                start >= 2 and tokens[start - 1].text in {".", "-"} and tokens[start].start == tokens[start - 1].end + 1
            ):
                start -= 2
            name = ".".join("".join(one.text for one in tokens[start:at]).lower().split(".")[-2:])
            if name in self.known:
                yield start, at, self.known[name]


def _fill(function: Function, given: list[str], dialect: str) -> str:
    """The expression of a function with the arguments in the place of its parameters."""
    if len(given) != len(function.parameters):
        raise CannotWriteOutError(f"{function.name} takes {len(function.parameters)} arguments")
    values = dict(zip(function.parameters, given, strict=True))
    tokens = tokens_of(function.body, dialect)
    inner = {token.text.lower() for token in tokens if token.token_type.name in _NAMES} - set(values)
    for text in given:
        bare = _bare_names(tokens_of(text, dialect))
        if caught := sorted(bare & inner):
            raise CannotWriteOutError(f"{function.name} has names of its own like {caught[0]}")
    edits: dict[tuple[int, int], str] = {}
    for n, token in enumerate(tokens):
        before = tokens[n - 1].text.upper() if n else ""
        called = n + 1 < len(tokens) and tokens[n + 1].text == "("
        if (
            token.text.lower() in values
            and token.token_type.name != "STRING"
            and before not in {".", "AS"}
            and not called
        ):
            value = values[token.text.lower()]
            edits[(token.start, token.end + 1)] = value if _ALONE.fullmatch(value) else f"({value})"
    filled = replace_spans(function.body, edits)
    return filled + "\n" if _COMMENT.search(filled.rpartition("\n")[2]) else filled


def _bare_names(tokens: list[Token]) -> set[str]:
    """The names in a text that another scope could catch: columns that are not qualified."""
    found = set()
    for n, token in enumerate(tokens):
        qualified = n and tokens[n - 1].text.upper() in {".", "AS"}
        called = n + 1 < len(tokens) and tokens[n + 1].text == "("
        if token.token_type.name in _NAMES and not qualified and not called:
            found.add(token.text.lower())
    return found


def _closing(tokens: list[Token], at: int) -> int | None:
    depth = 0
    for n in range(at, len(tokens)):
        if tokens[n].token_type.name != "STRING":
            depth += (tokens[n].text in {"(", "["}) - (tokens[n].text in {")", "]"})
        if depth == 0:
            return n
    return None


def _arguments(tokens: list[Token], at: int, close: int) -> Iterator[list[Token]]:
    part: list[Token] = []
    depth = 0
    for token in tokens[at + 1 : close]:
        if token.token_type.name != "STRING":
            depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        depth += (token.text == "<") - (token.text == ">") if token.text in {"<", ">"} and _in_type(part) else 0
        if token.text == "," and depth == 0 and token.token_type.name != "STRING":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _in_type(part: list[Token]) -> bool:
    """Whether < and > are brackets: after ARRAY or STRUCT."""
    return any(token.text.upper() in {"ARRAY", "STRUCT"} for token in part)


def _span(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end + 1] if tokens else ""


def own_functions(tree: exp.Expr) -> set[str]:
    """The functions with a dataset that a query calls."""
    found = set()
    for dot in tree.find_all(exp.Dot):
        if isinstance(dot.expression, exp.Func):
            inner = dot.expression
            name = inner.name if isinstance(inner, exp.Anonymous) else inner.sql_name().lower()
            found.add(".".join([*(one.name for one in dot.this.find_all(exp.Identifier)), name]))
    return found
