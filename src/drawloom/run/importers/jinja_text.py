"""Templates of other tools: their tags, the calls in them, and the branches of their conditions, with places in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.meta import find_undeclared_variables

from drawloom.sql.template.sandbox import Sandbox
from drawloom.sql.template.tags import tag_spans

_ENVIRONMENT = Sandbox()  # it knows the filters that our templates have; nothing is rendered here
Known = Callable[[nodes.Expr], bool | None]  # whether a part of a condition holds, None where that is not known


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a template, such as ``dbt.ref('a')``; ``arguments`` are None where they are not all literal.

    ``text`` are the arguments as they are written. Places are in the whole text; ``is_whole`` says whether it is all
    that its tag prints.
    """

    name: str
    arguments: tuple[Any, ...] | None
    keywords: Mapping[str, Any]
    text: str
    start: int
    end: int
    is_whole: bool


@dataclass(frozen=True)
class Tag:
    """A tag of a template; ``word`` is that of a statement, such as ``if``."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def is_comment(self) -> bool:
        """Whether it says nothing."""
        return self.text.startswith("{#")

    @property
    def prints(self) -> bool:
        """Whether it prints a value."""
        return self.text.startswith("{{")

    @cached_property
    def tokens(self) -> list[tuple[str, str, int]]:
        """Kind, text and place of each token, without spaces."""
        if self.is_comment:
            return []
        found, at = [], self.start
        try:
            for _, kind, value in _ENVIRONMENT.lex(self.text):
                if kind != "whitespace":
                    found.append((kind, value, at))
                at += len(value)
        except TemplateError:
            return []
        return found[1:-1]

    @property
    def word(self) -> str:
        """The first word of a statement."""
        return self.tokens[0][1] if not self.prints and self.tokens else ""

    @property
    def condition(self) -> str:
        """The text after the first word."""
        inner = self.text[2:-2].strip("-+ \t\n")
        return inner[len(self.word) :].strip()

    def calls(self) -> Iterator[Call]:
        """All calls of names in it, outer ones first."""
        tokens = self.tokens
        for n, (kind, _, start) in enumerate(tokens):
            if kind != "name" or (n and tokens[n - 1][1] in {".", "|"}) or (n == 0 and not self.prints):
                continue
            name, at = _dotted(tokens, n)
            if at < len(tokens) and tokens[at][1] == "(" and (close := _closing(tokens, at)) is not None:
                end = tokens[close][2] + 1
                text = self.text[tokens[at][2] + 1 - self.start : tokens[close][2] - self.start]
                is_whole = self.prints and n == 0 and close == len(tokens) - 1
                yield Call(name, *_literals(text), text, start, end, is_whole)


def _dotted(tokens: list[tuple[str, str, int]], n: int) -> tuple[str, int]:
    name, at = tokens[n][1], n + 1
    while at + 1 < len(tokens) and tokens[at][1] == "." and tokens[at + 1][0] == "name":
        name, at = f"{name}.{tokens[at + 1][1]}", at + 2
    return name, at


def _closing(tokens: list[tuple[str, str, int]], at: int) -> int | None:
    depth = 0
    for n in range(at, len(tokens)):
        if tokens[n][0] == "operator":
            depth += (tokens[n][1] in "([{") - (tokens[n][1] in ")]}")
            if depth == 0:
                return n
    return None


def _literals(text: str) -> tuple[tuple[Any, ...] | None, dict[str, Any]]:
    """The arguments of a call that are literal: all by place, or None, and those by name."""
    call = expression(f"f({text})")
    if not isinstance(call, nodes.Call):
        return None, {}
    named = {pair.key: value for pair in call.kwargs if (value := _constant(pair.value)) is not _UNKNOWN}
    listed = [_constant(one) for one in call.args]
    return (None if _UNKNOWN in listed or call.dyn_args or call.dyn_kwargs else tuple(listed)), named


_UNKNOWN = object()


def _constant(node: nodes.Expr) -> Any:
    try:
        return node.as_const()
    except nodes.Impossible:
        return _UNKNOWN


def expression(text: str) -> nodes.Expr | None:
    """The expression that a text is; None where it is none."""
    try:
        body = _ENVIRONMENT.parse("{{ " + text + " }}").body
    except (TemplateError, RecursionError):
        return None
    found = body[0].nodes[0] if len(body) == 1 and isinstance(body[0], nodes.Output) else None
    return found if isinstance(found, nodes.Expr) else None


@lru_cache(maxsize=512)
def tags(text: str) -> tuple[Tag, ...]:
    """The tags of a template."""
    return tuple(Tag(text[start:end], start) for start, end in tag_spans(text))


def line_of(text: str, offset: int) -> int:
    """The line of a place."""
    return text.count("\n", 0, offset) + 1


def syntax_error(text: str) -> tuple[str, int] | None:
    """Why a text is no template that ours could be, and the line; such as a filter that is unknown."""
    try:
        find_undeclared_variables(_ENVIRONMENT.parse(text))
    except TemplateError as error:
        return str(error.message).rstrip("."), getattr(error, "lineno", 1)
    except RecursionError:
        return "it is nested too deep", 1
    return None


@lru_cache(maxsize=4096)
def undefined_names(text: str) -> frozenset[str]:
    """The names that a template without errors uses and does not define; with their attributes where it asks for some."""
    tree = _ENVIRONMENT.parse(text)
    names = find_undeclared_variables(tree)
    dotted: set[str] = set()
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name in names:
            dotted.add(f"{node.node.name}.{node.attr}")
    return frozenset(names - {one.partition(".")[0] for one in dotted} | dotted)


def replace_spans(text: str, edits: Mapping[tuple[int, int], str]) -> str:
    """The text with other texts in the place of spans; of spans within others, the outer ones count."""
    parts, at = [], 0
    for (start, end), new in sorted(edits.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start >= at:
            parts += [text[at:start], new]
            at = end
    return "".join([*parts, text[at:]])


def find_line(text: str, word: str) -> int | None:
    """The line of the first tag that has a word."""
    found = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)")
    for tag in tags(text):
        if not tag.is_comment and (match := found.search(tag.text)):
            return line_of(text, tag.start + match.start())
    return None


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a condition: the condition as it is written, empty of an ``else``, and the span of its text."""

    condition: str
    start: int
    end: int


def conditions(text: str) -> Iterator[tuple[int, int, list[Branch]]]:
    """Every ``{% if %}`` of a template, outer ones first: its span, and its branches."""
    found: list[tuple[int, int, list[Branch]]] = []
    open_: list[tuple[Tag, list[tuple[str, int, int]]]] = []
    for tag in tags(text):
        if tag.word == "if":
            open_.append((tag, [(tag.condition, tag.start, tag.end)]))
        elif tag.word in {"elif", "else"} and open_:
            open_[-1][1].append((tag.condition, tag.start, tag.end))
        elif tag.word == "endif" and open_:
            first, marks = open_.pop()
            ends = [start for _, start, _ in marks[1:]] + [tag.start]
            branches = [Branch(c, end, stop) for (c, _, end), stop in zip(marks, ends, strict=True)]
            found.append((first.start, tag.end, branches))
    yield from sorted(found, key=lambda item: item[0])


def truth(condition: str, known: Known) -> bool | None:
    """Whether a condition holds, by what is known of its parts; None where that does not decide it."""
    if not condition:
        return True
    node = expression(condition)
    return None if node is None else _truth(node, known)


def _truth(node: nodes.Expr, known: Known) -> bool | None:
    if isinstance(node, nodes.Not):
        inner = _truth(node.node, known)
        return None if inner is None else not inner
    if isinstance(node, nodes.And | nodes.Or):
        deciding = isinstance(node, nodes.Or)
        sides = [_truth(node.left, known), _truth(node.right, known)]
        return deciding if deciding in sides else None if None in sides else not deciding
    return known(node)


def choose_branches(text: str, known: Known, change: Callable[[str], str] = str) -> tuple[str, list[int]]:
    """The text with the branches that are known to be taken, and the lines of those conditions.

    ``change`` gets the text of each branch that is taken and returns what takes its place.
    """
    lines: list[int] = []
    for _ in range(1000):
        for start, end, branches in conditions(text):
            taken = _taken(branches, known)
            if taken is not None:
                lines.append(line_of(text, start))
                inner = change(text[taken.start : taken.end]) if taken.end > taken.start else ""
                text = text[:start] + inner + text[end:]
                break
        else:
            break
    return text, lines


def _taken(branches: list[Branch], known: Known) -> Branch | None:
    """The branch that is taken, an empty one where none is; None where that is not known."""
    for branch in branches:
        holds = truth(branch.condition, known)
        if holds is None:
            return None
        if holds:
            return branch
    return Branch("", 0, 0)
