"""Rendering of SQL with Jinja for a day, with the place in the user's text of every character of the result."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import Template as JinjaTemplate
from jinja2 import TemplateError

from drawloom.model import InputError, Schedule, Where, refuse
from drawloom.sql.template.macro_files import signatures_of
from drawloom.sql.template.macros import add_macros, template_context
from drawloom.sql.template.sandbox import RenderBudget, Sandbox, known_macros, render_budget
from drawloom.sql.template.signatures import MacroCallError, Signatures, known_signatures
from drawloom.sql.template.tags import TAG_START, tag_spans
from drawloom.sql.template.unknown import UndecidedError, Unknowns, unknowns
from drawloom.sql.template.weight import MAX_TEXT, LimitError

_ORIGIN_MARK = re.compile("\ue000(\\d+)\ue001")
_DBT_TAG = re.compile(r"unknown tag '((?:end)?(?:snapshot|materialization|test|docs|data_test|unit_test))'")
_DBT_FIX = "Read what dbt compiled it to (target/compiled), or paste its SELECT."
GIVE_VALUE = "Give it a value in params, or run on compiled SQL."
# Blocks whose text becomes a value: marks inside it could be seen by the template.
_CAPTURING_BLOCK = re.compile(r"\{%-?\s*(?:macro|call|filter|raw|set\s+\w+\s*-?%)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of the rendered text, and where in the user's text it came from.

    With ``literal`` it was copied unchanged; otherwise it is the output of the expression at ``source``.
    """

    start: int
    source: int
    literal: bool
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as rendered for one day."""

    source: str
    text: str
    pieces: tuple[Piece, ...]

    def origin(self, offset: int) -> int:
        """The place in the user's text of a character of the rendered text; inside an expression, its start."""
        piece = self._piece(offset)
        return piece.source + (offset - piece.start if piece.literal else 0)

    def is_verbatim(self, start: int, end: int) -> bool:
        """Whether the characters [start, end) are in the user's text unchanged and without gaps."""
        first, last = self._piece(start), self._piece(max(start, end - 1))
        if not (first.literal and last.literal):
            return False
        source = self.origin(start)
        return self.source[source : source + end - start] == self.text[start:end]

    def _piece(self, offset: int) -> Piece:
        return self.pieces[max(0, bisect_right(self.pieces, offset, key=lambda piece: piece.start) - 1)]


class Template:
    """A user's text, ready to be rendered for many days; ``macros`` are definitions that it may use.

    Raises:
        InputError: it is not a valid template; code ``template-error``, with the line.
    """

    def __init__(self, source: str, where: Where | None = None, macros: str = "") -> None:
        self.source = source
        self.where = where or Where()
        self.mark_origins: list[tuple[int, bool]] = [(0, True)]
        self.compiled = self._compile(self._markable()) if TAG_START.search(source) else None
        self.macros = self._compile(macros) if macros and self.compiled else None
        self.signatures: Signatures = signatures_of(macros) if self.macros else {}

    @property
    def is_static(self) -> bool:
        """Whether the text is the same for every day."""
        return self.compiled is None

    def render(self, names: Mapping[str, Any]) -> Rendered:
        """The text with these names.

        Raises:
            InputError: an expression fails, or takes too much time or space; code ``template-error``.
        """
        if self.compiled is None:
            self._require_whole_characters(self.source)
            return Rendered(self.source, self.source, (Piece(0, 0, True, self.source),))
        macros: dict[str, Any] = {}
        tokens = render_budget.set(_current_budget()), known_macros.set(macros)
        typed = known_signatures.set(self.signatures)
        render_budget.get().made = 0
        try:
            if self.macros:
                names = add_macros(self.macros, names, macros)
            text = "".join(self._chunks(self.compiled, names))
        except (RecursionError, MemoryError) as error:
            raise self._refuse("the template is nested too deep", None) from error
        except UndecidedError as error:
            raise refuse("unknown-condition", f"{error}.", self._place(_template_line(error)), GIVE_VALUE) from error
        except MacroCallError as error:
            where = self._place(_template_line(error, outermost=True))
            raise refuse("macro-call", f"{error}.", where, error.fix) from error
        except Exception as error:
            raise self._refuse(str(error) or type(error).__name__, _template_line(error)) from error
        finally:
            render_budget.reset(tokens[0])
            known_macros.reset(tokens[1])
            known_signatures.reset(typed)
        self._require_whole_characters(text)
        return self._split_marks(text)

    def _require_whole_characters(self, text: str) -> None:
        r"""Refuse a text with half a character, such as that of the expression ``"\ud800"``: no database can take it."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = text[error.start : error.start + 1].encode("unicode-escape").decode()
            raise self._refuse(f"the SQL has half a character, {half}", None) from error

    def _markable(self) -> str:
        return self.source if _CAPTURING_BLOCK.search(self.source) else self._marked()

    def _compile(self, text: str) -> JinjaTemplate:
        try:
            return _environment().from_string(text)
        except TemplateError as error:
            if tag := _DBT_TAG.search(str(error.message)):
                message = f"dbt's {{% {tag[1]} %}} is not read: only the SQL of one table is."
                raise refuse("dbt-block", message, self._place(getattr(error, "lineno", None)), _DBT_FIX) from error
            raise self._refuse(str(error.message), getattr(error, "lineno", None)) from error
        except (RecursionError, MemoryError, OverflowError, ValueError, LimitError, SyntaxError) as error:
            raise self._refuse(f"the template cannot be read ({error})", None) from error

    def _marked(self) -> str:
        """The text with a mark before each run of plain characters and each expression.

        Jinja does not report where its output comes from. The marks are characters of Unicode's private use area that
        survive the rendering; the output is then split at them.
        """
        parts: list[str] = []
        self.mark_origins = []
        at, strip = 0, False
        for start, end in tag_spans(self.source):
            self._mark_data(parts, at, start, strip)
            block = self.source[start:end]
            if block.startswith("{{"):
                mark = self._mark(start, False)
                parts.append(mark if not block.startswith("{{-") else "")
                parts.append(block)
            else:
                parts.append(block)
            at, strip = end, end - 3 >= start and self.source[end - 3] == "-"
        self._mark_data(parts, at, len(self.source), strip)
        return "".join(parts)

    def _mark_data(self, parts: list[str], start: int, end: int, strip: bool) -> None:
        if strip:
            while start < end and self.source[start].isspace():
                start += 1
        if start < end:
            parts += [self._mark(start, True), self.source[start:end]]

    def _mark(self, source: int, literal: bool) -> str:
        self.mark_origins.append((source, literal))
        return f"\ue000{len(self.mark_origins) - 1}\ue001"

    def _chunks(self, compiled: JinjaTemplate, names: Mapping[str, Any]) -> list[str]:
        chunks: list[str] = []
        size = 0
        budget = render_budget.get()
        for chunk in compiled.generate(names):
            chunks.append(chunk)
            size += len(chunk)
            budget.tick()
            if size > MAX_TEXT:
                raise LimitError(f"the text has more than {MAX_TEXT} characters")
        return chunks

    def _split_marks(self, text: str) -> Rendered:
        parts = _ORIGIN_MARK.split(text)
        pieces: list[Piece] = []
        at = 0
        for index, run in zip([None, *parts[1::2]], parts[::2], strict=True):
            if not run:
                continue
            source, literal = self.mark_origins[int(index)] if index is not None else (0, False)
            pieces.append(Piece(at, source, literal, run))
            at += len(run)
        return Rendered(self.source, "".join(parts[::2]), tuple(pieces) or (Piece(0, 0, True, ""),))

    def _refuse(self, message: str, line: int | None) -> InputError:
        where = self._place(line)
        return refuse("template-error", f"template == {message}, must render to SQL.", where, "Fix the template.")

    def _place(self, line: int | None) -> Where:
        return Where(self.where.file, (self.where.line or 1) + (line or 1) - 1, 1 if line else None)


def render(
    text: str,
    day: date,
    *,
    schedule: Schedule | None = None,
    params: Mapping[str, Any] | None = None,
    where: Where | None = None,
    hour: int = 0,
    to_run: bool = False,
    macros: str = "",
    **extra: Any,
) -> Rendered:
    """The text as it runs for a day, with Airflow's and dbt's names; names without a value print as ``__name__``.

    Args:
        text: SQL with Jinja.
        day: the day that the run fills; the last day of its interval.
        schedule: decides what ``data_interval_*`` are.
        params: the values of ``params``.
        where: the file, for errors.
        hour: the hour of an hourly run.
        macros: definitions of macros that the text may use.
        to_run: whether names without a value are refused, as they must not be in a text that runs.
        extra: further names; ``target`` is the table's name for ``{{ this }}``.

    Raises:
        InputError: code ``template-error``, with the line; ``unknown-condition`` where a name without a value decides;
            ``parameter-left`` where one is printed and the text shall run.
    """
    names = template_context(day, hour, schedule or Schedule(), params, extra)
    if not to_run:
        return _template(text, where, macros).render(names)
    found = Unknowns(refuses=True)
    token = unknowns.set(found)
    try:
        rendered = _template(text, where, macros).render(names)
    finally:
        unknowns.reset(token)
    for name in found.printed.values():
        raise refuse("parameter-left", f"{name.path} has no value.", where, GIVE_VALUE)
    return rendered


@lru_cache(maxsize=512)
def _template(text: str, where: Where | None, macros: str) -> Template:
    """Cached: a backfill renders one text for hundreds of days."""
    return Template(text, where, macros)


@lru_cache(maxsize=1)
def _environment() -> Sandbox:
    return Sandbox()


def _current_budget() -> RenderBudget:
    try:
        return render_budget.get()
    except LookupError:
        return RenderBudget()


def _template_line(error: BaseException, *, outermost: bool = False) -> int | None:
    """The line of the innermost template that an error comes from; the outermost one is the user's text, not a macro."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
            if outermost:
                break
        trace = trace.tb_next
    return line
