"""The pieces of a script: its tokens cut at semicolons, and at BEGIN, IF, loops and the headers of procedures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token, TokenType

Tokens = list[Token]

TEXTS = {
    *(TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING),
    *(TokenType.NATIONAL_STRING, TokenType.BYTE_STRING),
}
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
_TRANSACTION = {"TRANSACTION", "TRAN", "WORK", "ISOLATION", "READ", "IMMEDIATE", "DEFERRED", "EXCLUSIVE", "AND"}
_CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "TRUNCATE", "ALTER")
# After WITH, these words begin no query: TIMESTAMP WITH TIME ZONE, UNNEST(...) WITH OFFSET.
_NO_QUERY = {"TIME", "LOCAL", "OFFSET", "ORDINALITY"}
_ENDS = {"IF", "WHILE", "FOR", "LOOP", "REPEAT", "CASE", "TRY", "CATCH"}
_ROUTINES = {"PROCEDURE", "PROC", "FUNCTION", "TASK", "PIPE", "EVENT", "TRIGGER", "ALERT"}
_MODIFIERS = {"OR", "REPLACE", "ALTER", "REFRESH", "TEMP", "TEMPORARY", "SECURE", "AGGREGATE"}
_QUERY_STARTS = {"SELECT", "WITH", "FROM"}
# Dialects whose DECLARE begins a list of declarations, which ends with BEGIN.
_DECLARE_LISTS = {"snowflake", "oracle", "postgres", "redshift"}

_INTO_TABLES = {"tsql", "fabric", "bigquery"}  # In blocks of the others, SELECT INTO sets variables.
_AFTER_INTO = ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "FETCH", "FOR")
_BATCHES = {"tsql", "fabric"}  # GO ends a batch of statements.


@dataclass(frozen=True, slots=True)
class Piece:
    """The tokens of one statement.

    ``branches``: the branches and loops around it, outermost first; what it does may not happen.
    """

    tokens: Tokens
    branches: tuple[int, ...] = ()


def word(tokens: Sequence[Token], index: int = 0) -> str:
    """The unquoted word or sign at an index in upper case, empty where there is none."""
    if index >= len(tokens) or tokens[index].token_type in TEXTS or tokens[index].token_type == TokenType.IDENTIFIER:
        return ""
    return tokens[index].text.upper()


def find_word(tokens: Sequence[Token], words: Collection[str], start: int = 0) -> int | None:
    """The index of the first of some words outside of brackets and of CASE ... END."""
    depth = 0
    for index in range(start, len(tokens)):
        kind = tokens[index].token_type
        if depth == 0 and word(tokens, index) in words:
            return index
        if kind in _OPENING or kind == TokenType.CASE:
            depth += 1
        elif (kind in _CLOSING or kind == TokenType.END) and depth:
            depth -= 1
    return None


def queries_inside(tokens: Sequence[Token]) -> Iterator[Tokens]:
    """The queries in a value or declaration: those in brackets, and one that stands at the end without."""
    index = 0
    while index < len(tokens):
        kind = tokens[index].token_type
        if word(tokens, index) in ("SELECT", "WITH") and word(tokens, index + 1) not in _NO_QUERY:
            yield list(tokens[index:])
            return
        if kind == TokenType.L_PAREN and word(tokens, index + 1) in _QUERY_STARTS:
            end = closing(tokens, index)
            yield list(tokens[index + 1 : end])
            index = end
        index += 1


def closing(tokens: Sequence[Token], start: int) -> int:
    """The index of the bracket that closes the one at an index; the end of the tokens where none does."""
    depth = 0
    for index in range(start, len(tokens)):
        if tokens[index].token_type in _OPENING:
            depth += 1
        elif tokens[index].token_type in _CLOSING:
            depth -= 1
            if depth == 0:
                return index
    return len(tokens)


def _without_into(tokens: Tokens) -> Tokens:
    """A query without INTO and the variables after it."""
    start = find_word(tokens, ("INTO", "BULK COLLECT INTO")) if word(tokens) in ("SELECT", "WITH") else None
    if start is None or find_word(tokens, _CHANGES) is not None:
        return tokens
    end = find_word(tokens, _AFTER_INTO, start)
    return tokens[:start] + (tokens[end:] if end is not None else [])


def split(tokens: Sequence[Token], dialect: str) -> list[Piece]:
    """The pieces of a text in their order: all branches one after the other, a loop's body once."""
    splitter = _Splitter(dialect)
    chunks = list(_chunks(tokens, dialect))
    begins = [index for index, chunk in enumerate(chunks) if word(chunk) == "BEGIN"]
    for index, chunk in enumerate(chunks):
        splitter.begins_later = bool(begins) and begins[-1] > index
        splitter.add(chunk)
    return splitter.pieces


def _chunks(tokens: Sequence[Token], dialect: str) -> Iterator[Tokens]:
    chunk: Tokens = []
    for token in tokens:
        ends = dialect in _BATCHES and token.token_type == TokenType.COMMAND and token.text.upper() == "GO"
        if token.token_type != TokenType.SEMICOLON and not ends:
            chunk.append(token)
        elif chunk:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@dataclass(slots=True)
class _Splitter:
    """Takes the words of scripts away from the beginning of each chunk; what is left is a statement.

    Each rule gets the tokens from its word on and gives those that are still to be read. ``blocks`` are the open blocks:
    BEGIN, or the word that ends them (``END IF``), or ONCE for a branch that ends with its one statement or BEGIN ... END.
    """

    dialect: str
    pieces: list[Piece] = field(default_factory=list)
    blocks: list[tuple[str, int]] = field(default_factory=list)
    begins_later: bool = False
    _declares: bool = False
    _count: int = 0

    def add(self, chunk: Tokens) -> None:
        """Take one chunk apart."""
        rest: Tokens | None = chunk
        while rest:
            rule = _RULES.get(word(rest))
            self._declares = self._declares and word(rest) not in _CHANGES
            if rule is not None and not (self._declares and word(rest) != "BEGIN"):
                rest = rule(self, rest)
            else:
                rest = self._other(rest)

    def _emit(self, tokens: Tokens) -> None:
        branches = tuple(number for kind, number in self.blocks if kind != "BEGIN")
        if self.blocks and self.dialect not in _INTO_TABLES:
            tokens = _without_into(tokens)
        if tokens:
            self.pieces.append(Piece(tokens, branches))

    def _read_value(self, tokens: Sequence[Token]) -> None:
        for query in queries_inside(tokens):
            self._emit(query)

    def _push(self, kind: str) -> None:
        self._count += 1
        self.blocks.append((kind, self._count))

    def _next_branch(self, kind: str = "") -> None:
        if self.blocks:
            self._push(kind or self.blocks.pop()[0])

    def _top(self) -> str:
        return self.blocks[-1][0] if self.blocks else ""

    def _other(self, tokens: Tokens) -> Tokens | None:
        if len(tokens) > 2 and tokens[1].text == ":" and word(tokens, 2) in _RULES:
            return tokens[2:]
        if word(tokens) == "<<" and word(tokens, 2) == ">>":
            return tokens[3:]
        end = find_word(tokens, ("END",), 1) if self.blocks else None
        if self._declares or word(tokens, 1) == ":=" or (self.blocks and word(tokens) in _STEPS):
            self._read_value(tokens[:end])
        else:
            self._emit(tokens[:end])
        if self._top() == "ONCE" and not self._declares:
            self.blocks.pop()
        return tokens[end:] if end is not None else None

    def begin(self, tokens: Tokens) -> Tokens | None:
        if len(tokens) == 1 or word(tokens, 1) in _TRANSACTION:
            self._emit(tokens)
            return None
        self._declares = False
        skipped = {"ATOMIC": 2, "NOT": 3, "TRY": 2, "CATCH": 2}.get(word(tokens, 1), 1)
        self._push("IF" if word(tokens, 1) in ("TRY", "CATCH") else "BEGIN")
        return tokens[skipped:]

    def branch(self, tokens: Tokens) -> Tokens | None:
        found = find_word(tokens, ("THEN", "BEGIN"), 1)
        if found is None:
            return self._other(tokens)
        self._read_value(tokens[1:found])
        self._push("IF" if word(tokens, found) == "THEN" else "ONCE")
        return tokens[found + 1 :] if word(tokens, found) == "THEN" else tokens[found:]

    def next_branch_if(self, tokens: Tokens) -> Tokens | None:
        found = find_word(tokens, ("THEN",), 1) or 0
        self._next_branch()
        self._read_value(tokens[1:found])
        return tokens[found + 1 :]

    def last_branch(self, tokens: Tokens) -> Tokens | None:
        if self._top() in ("IF", "CASE"):
            self._next_branch()
        else:
            self._push("ONCE")
        return tokens[1:]

    def loop(self, tokens: Tokens) -> Tokens | None:
        kind = word(tokens)
        if kind in ("LOOP", "REPEAT") and word(tokens, 1) != "(":
            self._push(kind)
            return tokens[1:]
        found = find_word(tokens, ("DO", "LOOP", "BEGIN"), 1)
        if found is None or kind in ("LOOP", "REPEAT"):
            return self._other(tokens)
        self._read_value(tokens[1:found])
        once = word(tokens, found) == "BEGIN"
        self._push("ONCE" if once else kind)
        return tokens[found:] if once else tokens[found + 1 :]

    def until(self, tokens: Tokens) -> Tokens | None:
        found = find_word(tokens, ("END",), 1)
        self._read_value(tokens[1:found])
        return tokens[found:] if found is not None else None

    def case(self, tokens: Tokens) -> Tokens | None:
        found = find_word(tokens, ("THEN",), 1)
        if not self.blocks or found is None:
            return self._other(tokens)
        self._push("CASE")
        self._read_value(tokens[1:found])
        return tokens[found + 1 :]

    def when(self, tokens: Tokens) -> Tokens | None:
        found = find_word(tokens, ("THEN",), 1)
        if not self.blocks or found is None:
            return self._other(tokens)
        self._next_branch()
        self._read_value(tokens[1:found])
        return tokens[found + 1 :]

    def exception(self, tokens: Tokens) -> Tokens | None:
        found = find_word(tokens, ("THEN",), 1)
        if not self.blocks or found is None:
            return self._other(tokens)
        self.blocks.pop()
        self._push("IF")
        return tokens[found + 1 :]

    def end(self, tokens: Tokens) -> Tokens | None:
        if not self.blocks:  # of a transaction
            return tokens[1:] if len(tokens) > 1 and word(tokens, 1) not in _ENDS | _TRANSACTION else None
        self.blocks.pop()
        if self._top() == "ONCE":
            self.blocks.pop()
        rest = tokens[2:] if word(tokens, 1) in _ENDS else tokens[1:]
        if rest and word(rest) not in _RULES and len(rest) == 1:
            return None  # the name of the block
        return rest

    def declare(self, tokens: Tokens) -> Tokens | None:
        change = find_word(tokens, _CHANGES, 1)
        queries = list(queries_inside(tokens[:change]))
        if self.dialect in _DECLARE_LISTS and self.begins_later:
            self._declares = True
        elif not queries and change is None:
            return self._other(tokens)
        for query in queries:
            self._emit(query)
        return tokens[change:] if change is not None else None

    def perform(self, tokens: Tokens) -> Tokens | None:
        first = tokens[0]
        select = Token(TokenType.SELECT, "SELECT", first.line, first.col, first.start, first.end)
        return self._other([select, *tokens[1:]])

    def create(self, tokens: Tokens) -> Tokens | None:
        """The body of a procedure or task counts as if it ran; a body in quotes stays with its header."""
        kind = next((name for index in range(1, 7) if (name := word(tokens, index)) not in _MODIFIERS), "")
        kind = kind if kind in _ROUTINES else ""
        start = find_word(tokens, ("AS",)) or 0
        has_text = any(token.token_type in TEXTS for token in tokens[start + 1 : start + 2])
        if not kind or (start and has_text):
            return self._other(tokens)
        marks = {"TASK": ("AS",), "PIPE": ("AS",), "EVENT": ("DO",), "ALERT": ("IF",)}
        found = find_word(tokens, marks.get(kind, ("DECLARE", "BEGIN")), 1)
        if found is not None and word(tokens, found - 1) == "EXECUTE":  # EXECUTE AS USER name
            found = find_word(tokens, ("AS",), found + 1)
        if found is None:
            return self._other(tokens)
        self._push("ONCE")  # it may not run
        return tokens[found + 1 :] if kind in ("TASK", "PIPE", "EVENT") else tokens[found:]


Rule = Callable[[_Splitter, Tokens], Tokens | None]
# Statements of scripts that read nothing, unless a query stands in them.
_STEPS = {
    *("BREAK", "LEAVE", "CONTINUE", "ITERATE", "EXIT", "RAISE", "SIGNAL", "RESIGNAL", "NULL", "GO", "PRINT"),
    *("FETCH", "GET", "MOVE", "NOTIFY", "OPEN", "CLOSE", "COMMIT", "ROLLBACK", "RETURN", "LET"),
}
_RULES: dict[str, Rule] = {
    "BEGIN": _Splitter.begin,
    "IF": _Splitter.branch,
    **dict.fromkeys(("ELSEIF", "ELSIF", "ELIF"), _Splitter.next_branch_if),
    "ELSE": _Splitter.last_branch,
    **dict.fromkeys(("LOOP", "REPEAT", "WHILE", "FOR"), _Splitter.loop),
    "UNTIL": _Splitter.until,
    "CASE": _Splitter.case,
    "WHEN": _Splitter.when,
    "EXCEPTION": _Splitter.exception,
    "END": _Splitter.end,
    "DECLARE": _Splitter.declare,
    "PERFORM": _Splitter.perform,
    "CREATE": _Splitter.create,
}
