"""Tokens to statements: by the parser, and by rules of our own for scripts and for statements that it does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from drawloom.sql.pieces import TEXTS, Piece, Tokens, closing, find_word, queries_inside, split, word

_MAX_NESTING = 4
_SQL_LANGUAGES = {"", "SQL", "PLPGSQL", "PLSQL"}
# Dialects in which a CTE may read itself without the word RECURSIVE.
_SELF_READING_CTES = {"snowflake", "tsql", "oracle", "fabric", "exasol"}
# Commands that move no rows: they name tables, or set up what is around them.
_QUIET = {
    *("ADD", "ADMIN", "ANALYZE", "ATTACH", "BEGIN", "CANCEL", "CHECKPOINT", "CLOSE", "COLLECT", "COMMENT", "COMMIT"),
    *(
        "DEALLOCATE",
        "DECLARE",
        "DESC",
        "DESCRIBE",
        "DETACH",
        "DROP",
        "END",
        "EXPLAIN",
        "FETCH",
        "FORCE",
        "GO",
        "GRANT",
        "HELP",
    ),
    *("INSTALL", "KILL", "LIST", "LOCK", "LS", "MSCK", "OPEN", "OPTIMIZE", "PRAGMA", "PRINT", "REFRESH", "REINDEX"),
    *("REMOVE", "RESET", "REVOKE", "RM", "ROLLBACK", "SAVEPOINT", "SET", "SHOW", "SYSTEM", "UNCACHE", "UNLOCK"),
    *("UNSET", "UPDATE STATISTICS", "USE", "VACUUM", "ASSERT", "GET", "PUT"),
}
# Words that say that CREATE or ALTER moves rows.
_MOVES = {"SELECT", "FROM", "INTO", "CLONE", "COPY", "EXCHANGE", "SWITCH", "SWAP", "UPDATE", "DELETE", "MOVE"}
_WITHOUT_ROWS = {
    *(
        "STREAM",
        "USER",
        "ROLE",
        "DOMAIN",
        "TYPE",
        "CAST",
        "COLLATION",
        "STATISTICS",
        "EXTENSION",
        "POLICY",
        "PUBLICATION",
    ),
    *("SECRET", "LIBRARY", "DATABASE", "FUNCTION", "OPERATOR", "AGGREGATE", "EXTERNAL SCHEMA", "WAREHOUSE", "STAGE"),
}
# What may follow the name of a table that is cloned: an older state of it, and options.
_AFTER_CLONE = {
    "OPTIONS",
    "FOR",
    "AT",
    "BEFORE",
    "TBLPROPERTIES",
    "LOCATION",
    "VERSION",
    "TIMESTAMP",
    "COPY",
    "COMMENT",
}
# Commands that name a query or a right, and run nothing.
_ABOUT_QUERIES = {"COMMENT", "EXPLAIN", "GRANT", "REVOKE", "SHOW", "LOCK"}
# Schemas whose procedures look after an engine.
_SYSTEM = {"SYSTEM", "SYS", "BQ"}


@lru_cache(maxsize=64)
def _tokenizer_class(dialect: str) -> type[Tokenizer]:
    """The dialect's tokenizer, which leaves no statement as one unread text."""
    own = Dialect.get_or_raise(dialect).tokenizer_class
    return type("PlainTokenizer", (own,), {"COMMANDS": set()})


def tokenize(text: str, dialect: str) -> Tokens:
    """The tokens of a text.

    Raises:
        TokenError: a quote is not closed.
    """
    return list(_tokenizer_class(dialect)(dialect=Dialect.get_or_raise(dialect)).tokenize(text))


def read_statements(tokens: Sequence[Token], text: str, dialect: str) -> list[exp.Expr]:
    """The statements of a text; those of scripts one after the other, as if all branches ran.

    What stands in a branch has the numbers of its branches as ``meta["branches"]``; what was a text in quotes has
    ``meta["quoted"]``. A statement that is not understood is a Command.

    Raises:
        SqlglotError: one of them does not parse.
    """
    return _Reader(text, dialect).read(tokens)


def command_text(command: exp.Command) -> str:
    """What stands after the first word of a command."""
    rest: Any = command.args.get("expression")
    return rest.name if isinstance(rest, exp.Expr) else str(rest or "")


def moves_no_rows(command: exp.Command) -> bool:
    """Whether a command that the parser does not take apart has no effect on rows."""
    if "unread" in command.meta:
        return not command.meta["unread"]
    name = command.name.upper()
    found = [part.strip("();,").upper() for part in command_text(command).split()]
    words = set(found)
    if name in ("ALTER", "CREATE", "DROP"):
        has_rows = set(found[:2]) & {"TABLE", "VIEW"} if name == "ALTER" else not set(found[:4]) & _WITHOUT_ROWS
        moves = words & (_MOVES | {"AS"} if name == "CREATE" else _MOVES)
        return not (has_rows and moves) and ("SELECT" not in words or "GRANT" in words)
    return name.split(" ")[0] in _QUIET and ("SELECT" not in words or name in _ABOUT_QUERIES)


class _Reader:
    """Reads the pieces of one text; texts in quotes that are SQL have a reader of their own."""

    def __init__(self, text: str, dialect: str, nesting: int = 0) -> None:
        self.text = text
        self.dialect = dialect
        self.language = Dialect.get_or_raise(dialect)
        self.commands = self.language.tokenizer_class.COMMANDS
        self.nesting = nesting
        self.prepared: set[str] = set()
        self.made: set[str] = set()

    def read(self, tokens: Sequence[Token]) -> list[exp.Expr]:
        """The statements of all tokens."""
        self.made |= set(_procedures(tokens))
        found = [node for piece in split(tokens, self.dialect) for node in self._piece(piece)]
        return found or ([self.command(list(tokens), quiet=True)] if tokens else [])

    def _rule(self, tokens: Tokens) -> Rule | None:
        rule = _RULES.get(word(tokens))
        if rule is None and tokens[0].token_type in self.commands:
            return _Reader.unknown
        return rule

    def _piece(self, piece: Piece) -> list[exp.Expr]:
        rule = self._rule(piece.tokens)
        nodes = rule(self, piece.tokens) if rule else None
        nodes = self._parse(piece.tokens) if nodes is None else nodes
        if len(nodes) == 1 and isinstance(nodes[0], exp.Command) and word(piece.tokens) in ("CREATE", "ALTER"):
            nodes = self._plain_create(piece.tokens) or nodes
        if word(piece.tokens) == "CREATE" and _has_no_body(piece.tokens, nodes):
            nodes = [self.command(piece.tokens, quiet=False)]
        for node in nodes:
            if isinstance(node, exp.Command) and "start" not in node.meta:
                node.meta.update(_place(piece.tokens[0]))
            node.meta["branches"] = (*piece.branches, *node.meta.get("branches", ()))
            _with_recursion(node, self.dialect)
        return nodes

    def _plain_create(self, tokens: Tokens) -> list[exp.Expr]:
        """CREATE or ALTER TABLE or VIEW name AS query, without the options that the parser does not know."""
        kind = find_word(tokens, ("TABLE", "VIEW"), 1)
        start = find_word(tokens, ("AS",), kind) if kind is not None else None
        query = tokens[start + 1 :] if start is not None else []
        if kind is None or word(query) not in ("SELECT", "WITH", "(", "FROM"):
            return []
        name = kind + 1 + (3 if word(tokens, kind + 1) == "IF" else 0)
        end = name + 1
        while end + 1 < len(tokens) and tokens[end].token_type in (TokenType.DOT, TokenType.DASH):
            end += 2
        first = tokens[0]
        create = Token(TokenType.CREATE, "CREATE", first.line, first.col, first.start, first.end)
        try:
            return self._parse([create, tokens[kind], *tokens[name:end], *tokens[start:]])
        except SqlglotError:
            return []

    def _parse(self, tokens: Tokens) -> list[exp.Expr]:
        parsed = self.language.parser().parse(tokens, self.text)
        return [one for node in parsed if node is not None for one in _flatten(node)]

    def command(self, tokens: Tokens, *, quiet: bool | None = None) -> exp.Command:
        """A statement that is not read; ``quiet`` if that is no problem, None where its first word decides that."""
        rest = self.text[tokens[0].end + 1 : tokens[-1].end + 1].strip()
        node = exp.Command(this=tokens[0].text.upper(), expression=exp.Literal.string(rest))
        node.meta.update(_place(tokens[0]))
        if quiet is not None:
            node.meta["unread"] = not quiet
        return node

    def quoted(self, texts: Sequence[Token], tokens: Tokens) -> list[exp.Expr]:
        """The statements in a text in quotes; the whole as a Command where they cannot be read."""
        inner = "".join(token.text for token in texts)
        try:
            if self.nesting >= _MAX_NESTING:
                return [self.command(tokens)]
            found = _Reader(inner, self.dialect, self.nesting + 1).read(tokenize(inner, self.dialect))
        except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError):
            return [self.command(tokens)]
        start = self.text.find(inner, texts[0].start, texts[0].end + 1) if len(texts) == 1 else -1
        for node in found:
            _move(node, start, texts[0].start + 1)
            node.meta["branches"] = tuple((texts[0].start, branch) for branch in node.meta.get("branches", ()))
        return found

    def queries(self, tokens: Tokens) -> list[exp.Expr]:
        """The queries in a statement that does nothing else."""
        found = [node for query in queries_inside(tokens) for node in self._parse(query)]
        return found or [self.command(tokens, quiet=True)]

    def unknown(self, tokens: Tokens) -> list[exp.Expr] | None:
        """A statement that the parser would leave as one text."""
        return [self.command(tokens)]

    def unload(self, tokens: Tokens) -> list[exp.Expr] | None:
        """UNLOAD ('query') TO ..., and UNLOAD (query) TO ..."""
        if len(tokens) > 1 and tokens[1].token_type == TokenType.STRING and tokens[1].text.startswith("("):
            return [self.command(tokens, quiet=False)]
        inner = tokens[2 : closing(tokens, 1)] if word(tokens, 1) == "(" else []
        if inner and all(token.token_type in TEXTS for token in inner):
            return self.quoted(inner, tokens)
        return self._parse(inner) if inner else [self.command(tokens)]

    def replace(self, tokens: Tokens) -> list[exp.Expr] | None:
        """REPLACE INTO is an INSERT that replaces rows of the same key."""
        first = tokens[0]
        if word(tokens, 1) in ("LOW_PRIORITY", "DELAYED"):
            tokens = [first, *tokens[2:]]
        insert = Token(TokenType.INSERT, "INSERT", first.line, first.col, first.start, first.end)
        into = [] if word(tokens, 1) == "INTO" else [Token(TokenType.INTO, "INTO", first.line, first.col, first.start)]
        nodes = self._parse([insert, *into, *tokens[1:]])
        for node in nodes:
            node.set("alternative", "REPLACE")
        return nodes

    def execute(self, tokens: Tokens) -> list[exp.Expr] | None:
        """EXECUTE IMMEDIATE 'text', and what was prepared before."""
        start = 2 if word(tokens, 1) == "IMMEDIATE" else 1
        end = start
        while end < len(tokens) and tokens[end].token_type in TEXTS:
            end += 1
        if start < end and (end == len(tokens) or word(tokens, end) in ("USING", "INTO", "AS")):
            return self.quoted(tokens[start:end], tokens)
        if start == 1 and len(tokens) > 1 and tokens[1].text.lower() in self.prepared:
            return [self.command(tokens, quiet=True)]
        return [self.command(tokens)] if tokens[0].token_type in self.commands else None

    def prepare(self, tokens: Tokens) -> list[exp.Expr] | None:
        """PREPARE name AS statement, and PREPARE name FROM statement or text; it counts as if it ran."""
        start = find_word(tokens, ("AS", "FROM"), 2)
        rest = tokens[start + 1 :] if start is not None else []
        if rest and not word(rest) and len(rest) == 1:
            found = self.quoted(rest, tokens)
        elif len(rest) > 1 and word(rest) not in ("@", ":"):
            found = self._piece(Piece(rest))
        else:
            return [self.command(tokens)]
        self.prepared.add(tokens[1].text.lower())
        return _in_branch(found, tokens[0])

    def do(self, tokens: Tokens) -> list[exp.Expr] | None:
        """DO $$ ... $$ runs a block, DO value computes it."""
        texts = [token for token in tokens if token.token_type in TEXTS]
        language = _language(tokens)
        if texts and (len(tokens) == 2 or language):
            return self.quoted(texts[:1], tokens) if language in _SQL_LANGUAGES else [self.command(tokens)]
        return self.queries(tokens)

    def explain(self, tokens: Tokens) -> list[exp.Expr] | None:
        """EXPLAIN reads nothing, EXPLAIN ANALYZE runs its statement."""
        if not any(word(tokens, index) == "ANALYZE" for index in range(1, min(len(tokens), 8))):
            return [self.command(tokens, quiet=True)]
        start = find_word(tokens, ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "FROM"), 1)
        return self._parse(tokens[start:]) if start is not None else [self.command(tokens)]

    def check(self, tokens: Tokens) -> list[exp.Expr] | None:
        """ASSERT condition."""
        return self.queries(tokens)

    def call(self, tokens: Tokens) -> list[exp.Expr] | None:
        """CALL of a procedure: known are those of this text, and that those that look after the engine read nothing."""
        end = find_word(tokens, ("(",)) or len(tokens)
        name = [token.text.upper() for token in tokens[1:end]]
        quiet = bool(_SYSTEM.intersection(name)) or word(tokens, 1).startswith("PRAGMA_")
        return [self.command(tokens, quiet=quiet or "".join(name) in self.made)]

    def create(self, tokens: Tokens) -> list[exp.Expr] | None:
        """CREATE TABLE ... AS PIVOT; CREATE PROCEDURE or FUNCTION with a body in quotes, which counts as if it ran."""
        clone = find_word(tokens, ("CLONE",), 1)
        if clone is not None and word(tokens, clone - 2) != "AS":
            end = find_word(tokens, _AFTER_CLONE, clone)
            return self._parse([one for one in tokens[:end] if one.text.upper() not in ("SNAPSHOT", "DEEP")])
        query = find_word(tokens, ("AS",), 1)
        if query is not None and word(tokens, query + 1) in ("PIVOT", "UNPIVOT", "SUMMARIZE"):
            return self._parse([*tokens[: query + 1], *_selected(tokens[query + 1 :])])
        start = find_word(tokens, ("PROCEDURE", "FUNCTION"), 1)
        body = find_word(tokens, ("AS",), start) if start is not None and start < 5 else None
        if start is None or body is None or not (texts := _texts(tokens[body + 1 :])):
            return None
        if _language(tokens) in _SQL_LANGUAGES:
            return _in_branch(self.quoted(texts, tokens), tokens[0])
        return [self.command(tokens, quiet=word(tokens, start) == "FUNCTION")]

    def rename(self, tokens: Tokens) -> list[exp.Expr] | None:
        """RENAME TABLE a TO b, c TO d."""
        found: list[exp.Expr] = []
        rest = tokens[2:] if word(tokens, 1) == "TABLE" else []
        first = tokens[0]
        before = [(TokenType.ALTER, "ALTER"), (TokenType.TABLE, "TABLE")]
        while rest:
            end, to = find_word(rest, (",",)) or len(rest), find_word(rest, ("TO",)) or 0
            start = [Token(kind, text, first.line, first.col, first.start, first.end) for kind, text in before]
            rename = Token(TokenType.RENAME, "RENAME", first.line, first.col, first.start, first.end)
            found += self._parse([*start, *rest[:to], rename, *rest[to:end]])
            rest = rest[end + 1 :]
        return found or [self.command(tokens)]

    def insert(self, tokens: Tokens) -> list[exp.Expr] | None:
        """INSERT INTO t PIVOT ...; INSERT OVERWRITE DIRECTORY 'path' USING format OPTIONS (...) query."""
        query = find_word(tokens, ("PIVOT", "UNPIVOT", "SUMMARIZE"), 3)
        if query is not None and find_word(tokens, ("SELECT", "WITH", "FROM", "VALUES"), 1) is None:
            return self._parse([*tokens[:query], *_selected(tokens[query:])])
        start = find_word(tokens, ("DIRECTORY",), 1)
        using = find_word(tokens, ("USING",), start) if start is not None and start < 4 else None
        if start is None or using is None or using > start + 2:
            return None
        end, path = using + 2, tokens[start + 1 : using]
        if word(tokens, end) == "OPTIONS":
            last = closing(tokens, end + 1)
            path = path or [token for token in tokens[end:last] if token.token_type in TEXTS][-1:]
            end = last + 1
        return self._parse([*tokens[: start + 1], *path, *tokens[end:]])


def _procedures(tokens: Sequence[Token]) -> Iterator[str]:
    """The names of the procedures that a text makes, in upper case."""
    for index in range(1, len(tokens)):
        if word(tokens, index) in ("PROCEDURE", "PROC") and word(tokens, index - 1) in ("CREATE", "REPLACE", "ALTER"):
            end = find_word(tokens, ("(", "AS", "BEGIN"), index) or index
            yield "".join(token.text.upper() for token in tokens[index + 1 : end])


def _has_no_body(tokens: Sequence[Token], nodes: Sequence[exp.Expr]) -> bool:
    """Whether a CREATE PROCEDURE or TASK is nothing but a header: what it does stands elsewhere, or is left out."""
    kind = find_word(tokens[:5], ("PROCEDURE", "PROC", "TASK"), 1)
    if kind is None or len(nodes) > 1 or find_word(tokens[:-1], ("AS", "CLONE"), kind) is not None:
        return False
    return all(isinstance(node, exp.Command) or not node.args.get("expression") for node in nodes)


def _place(token: Token) -> dict[str, int]:
    return {"start": token.start, "end": token.end, "line": token.line, "col": token.col}


def _texts(tokens: Tokens) -> list[Token]:
    """The texts at the beginning of some tokens."""
    end = next((index for index, token in enumerate(tokens) if token.token_type not in TEXTS), len(tokens))
    return tokens[:end]


def _language(tokens: Tokens) -> str:
    found = find_word(tokens, ("LANGUAGE",), 1)
    return tokens[found + 1].text.upper() if found is not None and found + 1 < len(tokens) else ""


def _selected(query: Tokens) -> Tokens:
    """``SELECT * FROM (query)``, for a query that the parser only knows in FROM."""
    first = query[0]
    kinds = {"SELECT": TokenType.SELECT, "*": TokenType.STAR, "FROM": TokenType.FROM, "(": TokenType.L_PAREN}
    before = [Token(kind, text, first.line, first.col, first.start) for text, kind in kinds.items()]
    return [*before, *query, Token(TokenType.R_PAREN, ")", first.line, first.col, query[-1].end, query[-1].end)]


def _flatten(node: exp.Expr | None) -> list[exp.Expr]:
    """The statements in a block of the parser, the queries of its condition first."""
    if node is None or isinstance(node, exp.EndStatement | exp.Semicolon):
        return []
    if isinstance(node, exp.Create) and isinstance(node.expression, exp.Block):
        return _in_branch(_flatten(node.expression), node)
    if isinstance(node, exp.Block):
        return [one for inner in node.expressions for one in _flatten(inner)]
    if not isinstance(node, exp.IfBlock | exp.WhileBlock | exp.LoopBlock | exp.RepeatBlock):
        return [node]
    found: list[exp.Expr] = []
    for part in list(node.iter_expressions()):
        inner: list[exp.Expr] = _flatten(part) if isinstance(part, exp.Block) else [exp.Return(this=part)]
        found += _in_branch(inner, part)
    return found


def _in_branch(nodes: list[exp.Expr], branch: object) -> list[exp.Expr]:
    """What may not run, or not now."""
    for node in nodes:
        node.meta["branches"] = (id(branch), *node.meta.get("branches", ()))
    return nodes


def _move(node: exp.Expr, start: int, place: int) -> None:
    """Positions in a text in quotes become those in the whole text; all the same one where quotes are escaped in it."""
    node.meta["quoted"] = True
    for part in node.walk():
        meta = part._meta  # noqa: SLF001 - `part.meta` would make an empty dict
        if meta and "start" in meta:
            meta["start"] = meta["start"] + start if start >= 0 else place
            meta["end"] = meta["end"] + start if start >= 0 else place


def _with_recursion(node: exp.Expr, dialect: str) -> exp.Expr:
    """Marks CTEs that read themselves where the dialect needs no word for that."""
    for cte in node.find_all(exp.CTE) if dialect in _SELF_READING_CTES else ():
        query = cte.this
        if isinstance(query, exp.SetOperation):
            tables: Iterable[exp.Table] = query.expression.find_all(exp.Table)
            if any(table.name.lower() == cte.alias.lower() and not table.db for table in tables):
                cte.meta["recursive"] = True
    return node


Rule = Callable[[_Reader, Tokens], list[exp.Expr] | None]
_RULES: dict[str, Rule] = {
    "UNLOAD": _Reader.unload,
    "REPLACE": _Reader.replace,
    "EXECUTE": _Reader.execute,
    "EXEC": _Reader.execute,
    "PREPARE": _Reader.prepare,
    "DO": _Reader.do,
    "EXPLAIN": _Reader.explain,
    "ASSERT": _Reader.check,
    "CALL": _Reader.call,
    "CREATE": _Reader.create,
    "INSERT": _Reader.insert,
    "RENAME": _Reader.rename,
}
