"""Parsing: from a rendered text to its statements and tokens, or one clear problem."""

from __future__ import annotations

import ast
import json
import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from drawloom.model import InputError, Where, refuse
from drawloom.sql.script import place
from drawloom.sql.statements import read_statements, tokenize
from drawloom.sql.template.rendering import Rendered

MAX_CHARS = 2_000_000
MAX_DEPTH = 250

logging.getLogger("sqlglot").addHandler(logging.NullHandler())

_PYTHON = re.compile(r"(#!|import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|@\w+|print\(|if __name__|async def )")
_HEADERS = {
    re.compile(r"(?:MODEL|AUDIT|METRIC)\s*\(\s*\w", re.IGNORECASE): (
        "sqlmesh-header",
        "SQLMesh's {} header is not read.",
        "Give the text without it, with '{{ ds }}' for @start_ds and @end_ds; or run on what `sqlmesh render` prints.",
    ),
    re.compile(r"JINJA_QUERY_BEGIN\b", re.IGNORECASE): (
        "sqlmesh-header",
        "SQLMesh's {} is not read.",
        "Give the text between JINJA_QUERY_BEGIN and JINJA_END.",
    ),
    re.compile(r"(?:config|js|pre_operations|post_operations)\s*\{"): (
        "dataform-block",
        "Dataform's {} block is not read.",
        "Run on compiled SQL (`dataform compile`), or paste the SELECT.",
    ),
}
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_MISSING = re.compile(r"from (?:line )?(\d+):(\d+)")
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_NAME_CALL = [TokenType.L_PAREN, TokenType.STRING, TokenType.R_PAREN]
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}


def refuse_non_sql(source: str, file: str | None = None) -> None:
    """Refuse a text that is not SQL at all.

    Raises:
        InputError: code ``not-sql`` for an empty, binary, JSON or Python text, ``refused`` for one too large;
            ``sqlmesh-header`` or ``dataform-block`` for a text of another tool.
    """
    where = Where(file, 1, 1)
    if len(source) > MAX_CHARS:
        raise _refused(f"text == {len(source)} characters, must have at most {MAX_CHARS}.", where)
    if not source.strip():
        raise _not_sql("nothing", where)
    if "\0" in source or sum(not char.isprintable() for char in source[:4000] if not char.isspace()) > 8:
        raise _not_sql("binary data", where)
    _refuse_headers(source, file)
    if source.lstrip()[0] in "[{" and _is_json(source):
        raise _not_sql("JSON", where)
    line = next((line for line in source.splitlines() if line.strip() and not line.startswith("# ")), "")
    if _PYTHON.match(line):
        raise _not_sql("Python", where)


def _refuse_headers(source: str, file: str | None) -> None:
    """Refuse the headers of other tools by their names, where a text begins with one."""
    start = match.end() if (match := _COMMENTS.match(source)) else 0
    for pattern, (code, message, fix) in _HEADERS.items():
        if found := pattern.match(source, start):
            raise refuse(
                code, message.format(found[0].split("(")[0].split("{")[0].strip()), place(source, start, file), fix
            )


def parse(rendered: Rendered, dialect: str, file: str | None = None) -> tuple[tuple[exp.Expr, ...], list[Token]]:
    """The statements of a text and its tokens.

    Raises:
        InputError: code ``syntax-error`` with the place, ``not-sql``, or ``refused`` where it is nested too deep.
    """
    try:
        tokens = tokenize(rendered.text, dialect)
        _check_depth(tokens, rendered, file)
        tokens = list(_resolve_identifiers(tokens))
        statements = read_statements(tokens, rendered.text, dialect)
    except ParseError as error:
        raise _parse_error(error, rendered, file) from error
    except TokenError as error:
        raise _token_error(error, rendered, file) from error
    except RecursionError as error:
        raise too_deep_error(file) from error
    except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        message = f"sql == {_short(str(error))}, must be {dialect or 'standard'} SQL."
        raise refuse("syntax-error", message, Where(file, 1, 1), "Fix the statement.") from error
    if not any(token.token_type != TokenType.SEMICOLON for token in tokens):
        raise _not_sql("comments only", Where(file, 1, 1))
    for node in statements:
        if isinstance(node, exp.Condition | exp.Alias | exp.Tuple) and not (
            isinstance(node, exp.Query) or "quoted" in node.meta
        ):
            raise _not_sql("an expression", Where(file, 1, 1))
    return tuple(statements), tokens


def too_deep_error(file: str | None = None) -> InputError:
    """The error for a text that is nested too deep to be parsed."""
    return _refused(f"nesting == more than {MAX_DEPTH} levels, must be less.", Where(file, 1, 1))


def _resolve_identifiers(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens with ``IDENTIFIER('core.t')`` as the name that it is."""
    at = 0
    while at < len(tokens):
        call = tokens[at : at + 4]
        if [token.token_type for token in call[1:]] == _NAME_CALL and call[0].text.upper() == "IDENTIFIER":
            name = call[2]
            for number, part in enumerate(name.text.split(".")):
                places = name.line, name.col, name.start, name.end
                if number:
                    yield Token(TokenType.DOT, ".", *places)
                kind = TokenType.VAR if part.isidentifier() else TokenType.IDENTIFIER
                yield Token(kind, part, *places, name.comments)
            at += 4
        else:
            yield tokens[at]
            at += 1


def _check_depth(tokens: Iterable[Token], rendered: Rendered, file: str | None) -> None:
    depth = 0
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                where = place(rendered.source, rendered.origin(token.start), file)
                raise _refused(f"nesting == more than {MAX_DEPTH} levels, must be less.", where)
        elif kind in _CLOSING and depth:
            depth -= 1


def _parse_error(error: ParseError, rendered: Rendered, file: str | None) -> InputError:
    if _is_python(rendered.source):
        return _not_sql("Python", Where(file, 1, 1))
    first = error.errors[0] if error.errors else {}
    word = str(first.get("highlight") or "")
    offset = _offset(rendered.text, first.get("line") or 1, first.get("col") or 1) - max(0, len(word) - 1)
    message = str(first.get("description") or error).rstrip(".")
    near = f" near {_short(word)!r}" if word else ""
    return _syntax(f"sql == {_short(message)}{near}, must be a whole statement.", rendered, offset, file)


def _token_error(error: TokenError, rendered: Rendered, file: str | None) -> InputError:
    found = _MISSING.search(str(error))
    offset = _offset(rendered.text, int(found[1]), int(found[2]) + 1) if found else _last_quote(rendered.text)
    return _syntax(f"sql == {_short(str(error.__cause__ or error))}, must have closed quotes.", rendered, offset, file)


def _last_quote(text: str) -> int:
    return max(text.rfind("'"), text.rfind('"'), text.rfind("`"), text.rfind("/*"), 0)


def _syntax(message: str, rendered: Rendered, offset: int, file: str | None) -> InputError:
    origin = rendered.origin(min(max(0, offset), max(0, len(rendered.text) - 1)))
    return refuse("syntax-error", message, place(rendered.source, origin, file), "Fix the statement.")


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1


def _is_python(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            body = ast.parse(source[:100_000]).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return any(not isinstance(part, ast.Expr) or isinstance(part.value, ast.Call) for part in body)


def _is_json(source: str) -> bool:
    try:
        json.loads(source)
    except (ValueError, RecursionError):
        return bool(re.match(r'\s*(\{\s*"[^"]*"\s*:|\[\s*[\[{"])', source))
    return True


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."


def _not_sql(what: str, where: Where) -> InputError:
    return refuse("not-sql", f"text == {what}, must be SQL.", where, "Give a SELECT or a script of statements.")


def _refused(message: str, where: Where) -> InputError:
    return refuse("refused", message, where, "Split the text.")
