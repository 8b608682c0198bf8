"""Pages: what people see of a spec: a verdict, facts, charts and tables, and what the viewer may choose.

A page holds queries and how their rows are to be drawn, never rows: the terminal, the web, Superset and the docs each
draw it with one renderer. Queries are SELECTs in the canonical dialect over the tables that the spec fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from drawloom.model import Fix, InputError, Problem, Where, refuse

Row = Mapping[str, Any]
Compute = Callable[[Sequence[Row]], Sequence[Row]]
Colour = Literal["blue", "teal", "amber", "red", "purple", "orange", "navy", "grey"]
Format = Literal["text", "integer", "decimal", "significant", "percent", "day"]
Form = Literal["bars", "lines", "areas", "histogram", "heatmap", "forest", "strip"]
Tone = Literal["good", "bad", "neutral", "unknown"]

HEX: Mapping[Colour, str] = {
    "blue": "#4a72b0",
    "teal": "#1b8a7a",
    "amber": "#d89a2b",
    "red": "#c9445c",
    "purple": "#6b3fa0",
    "orange": "#b8500c",
    "navy": "#0b5cab",
    "grey": "#9aa5b1",
}
TAKEN = frozenset({"brief", "format", "project", "help"})  # options of `drawloom show`
LATEST = "latest"  # the value of a day that was not chosen


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that the viewer may choose: its values, the default first, and the one that is chosen.

    Without values it is a day, or ``latest``.
    """

    name: str
    values: tuple[str, ...] = ()
    label: str = ""
    value: str = ""

    @property
    def flag(self) -> str:
        """How it is chosen on the command line; with _ instead of - as well."""
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A sentence about how things are, and whether that is good."""

    text: str
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first thing on a page: what the rows of a query mean, in words.

    ``judge`` takes all rows, at least one; without rows the page shows ``empty``.
    """

    query: str
    judge: Callable[[Sequence[Row]], Judgement]
    empty: str = "There is nothing to judge yet."


@dataclass(frozen=True, slots=True)
class Fact:
    """One number: the column ``value`` of the query's last row.

    Where ``day`` names the column of the rows' days, the earlier rows are its history, and it is compared with
    its values so many days before as ``compare`` lists. ``higher_is_better`` gives changes their colour; None leaves them without.
    """

    label: str
    query: str
    value: str
    format: Format = "integer"
    day: str = ""
    compare: tuple[int, ...] = ()
    higher_is_better: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One column of a chart's rows. ``below`` draws it below the zero line; ``low`` and ``high`` are the columns of its interval.

    ``adds_up``: the sum over days means something, as of rows and not of people, who may come on several days. Where a
    range is too long to be drawn day by day, weeks or months show the sum, or else their last value.
    In a strip it is one state: the value that ``Chart.value`` may have.
    """

    column: str
    label: str
    colour: Colour
    below: bool = False
    low: str = ""
    high: str = ""
    adds_up: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the rows of a query and how they are drawn.

    ==========  =====================================================================================
    bars        stacked, one for each ``x``; series that are ``below`` hang from the zero line
    lines       a line for each series over ``x``; with ``low`` and ``high`` a band around it
    areas       stacked over ``x``
    histogram   ``x`` is a number, one series counts it
    heatmap     ``value`` for each ``x`` (columns) and ``y`` (rows)
    forest      a row for each ``y``: the first series' estimate with its interval
    strip       a row for each ``y``: the state in ``value`` over ``x``; series are the states
    ==========  =====================================================================================

    ``line`` is a value at which a line is drawn across. ``compute`` makes the rows that are drawn out of those of the query.
    """

    name: str
    title: str
    form: Form
    query: str
    x: str
    series: tuple[Series, ...]
    caption: str = ""
    y: str = ""
    value: str = ""
    line: float | None = None
    format: Format = "integer"
    empty: str = "There are no rows yet."
    compute: Compute | None = None


@dataclass(frozen=True, slots=True)
class DataColumn:
    """One column of a table on a page.

    ``tone`` is the column of the rows that says whether the value is ``better`` or ``worse``, which gives it its colour.
    ``is_table``: the values are names of tables, which lead to their pages.
    """

    name: str
    label: str = ""
    format: Format = "text"
    tone: str = ""
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table: the rows of a query, or what ``compute`` makes of them. Without ``columns`` all of them are shown as they are.

    ``raw``: the query gives rows as they are in a table, and not numbers of many: the web shows them where the project allows that.
    """

    name: str
    title: str
    query: str
    columns: tuple[DataColumn, ...] = ()
    caption: str = ""
    empty: str = "There are no rows yet."
    compute: Compute | None = None
    raw: bool = False


Block = Chart | DataTable


@dataclass(frozen=True, slots=True)
class Page:
    """What people see of a spec, in the order in which they look: verdict, facts, blocks.

    ``before`` is what is said while one of the spec's tables has no partition. A page without it is refused while none has one.
    """

    title: str
    blocks: tuple[Block, ...] = ()
    facts: tuple[Fact, ...] = ()
    verdict: Verdict | None = None
    choices: tuple[Choice, ...] = ()
    description: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Choices(Mapping[str, str]):
    """The chosen values by the names of the choices that a page offers.

    >>> chosen = Choices.of({"window": "28"}, Choice("window", ("7", "1", "28")), Choice("as_of"))
    >>> chosen["window"], chosen.day("as_of")
    ('28', None)
    """

    choices: tuple[Choice, ...] = field(default=())

    @classmethod
    def of(cls, given: Mapping[str, str], *offered: Choice) -> Choices:
        """The chosen values; what is not given has its default. A value may be given alone, as a name without a value.

        Raises:
            InputError: a name or a value is not offered.
        """
        given = dict(_named(name, value, offered) for name, value in given.items())
        problems = [*_unknown_names(given, offered), *(p for one in offered for p in _wrong_value(given, one))]
        if problems:
            raise InputError(*problems)
        return cls(tuple(_chosen(given, one) for one in offered))

    def __getitem__(self, name: str) -> str:
        return {one.name: one.value for one in self.choices}[name]

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in self.choices)

    def __len__(self) -> int:
        return len(self.choices)

    def day(self, name: str) -> date | None:
        """A chosen day; None for the latest."""
        return None if self[name] == LATEST else date.fromisoformat(self[name])


def _named(name: str, value: str, offered: Sequence[Choice]) -> tuple[str, str]:
    """The choice that is meant: ``absolute`` alone is the one that has this value."""
    owners = [one.name for one in offered if not value and name in one.values]
    return (owners[0], name) if len(owners) == 1 and name not in {one.name for one in offered} else (name, value)


def _chosen(given: Mapping[str, str], offered: Choice) -> Choice:
    default = offered.values[0] if offered.values else LATEST
    return Choice(offered.name, offered.values, offered.label, given.get(offered.name, default))


def _unknown_names(given: Mapping[str, str], offered: Sequence[Choice]) -> Iterator[Problem]:
    names = [one.name for one in offered]
    for name in given:
        if name not in names:
            fix = Fix(f"There are: {', '.join(one.flag for one in offered)}." if offered else "Leave it out.")
            yield Problem(
                "unknown-choice", "error", f"choice == {name!r}, must be one that the page offers.", Where(), fix
            )


def _wrong_value(given: Mapping[str, str], offered: Choice) -> Iterator[Problem]:
    value = given.get(offered.name)
    if value is None:
        return
    if not value:
        yield Problem("bad-choice", "error", f"choice == {offered.flag!r}, must be given as {offered.flag} value.")
    elif offered.values and value not in offered.values:
        rule = f"must be one of {', '.join(map(repr, offered.values))}"
        yield Problem("unknown-choice", "error", f"{offered.name} == {value!r}, {rule}.")
    elif not offered.values and value != LATEST and not _is_day(value):
        yield Problem("unknown-choice", "error", f"{offered.name} == {value!r}, must be a day like 2026-01-31.")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def drawn_columns(block: Block) -> set[str]:
    """The columns that the query of a block must return."""
    if isinstance(block, DataTable):
        return {name for column in block.columns for name in (column.name, column.tone) if name}
    columns = {block.x, block.y, block.value, *(s.low for s in block.series), *(s.high for s in block.series)}
    if block.form not in {"strip", "heatmap"}:
        columns |= {one.column for one in block.series}
    return columns - {""}


def check_page(page: Page) -> Page:
    """The page, if it can be drawn.

    Raises:
        InputError: two blocks have the same name, or a chart lacks a column that its form needs.
    """
    for choice in page.choices:
        if choice.name in TAKEN or not choice.name.isidentifier():
            rule = f"must be a word like as_of, and none of {', '.join(sorted(TAKEN))}: it is an option"
            raise refuse("bad-page", f"choice == {choice.name!r}, {rule}.")
    names = [block.name for block in page.blocks]
    double = next((name for name in names if names.count(name) > 1), None)
    if double:
        raise refuse("bad-page", f"block == {double!r}, must have a name of its own on the page {page.title!r}.")
    for block in page.blocks:
        if isinstance(block, Chart) and (missing := _missing_columns(block)):
            raise refuse(
                "bad-page", f"chart == {block.name!r}, must have {missing}, as it is of the form {block.form}."
            )
    return page


def _missing_columns(chart: Chart) -> str:
    needs = {"heatmap": ("y", "value"), "strip": ("y", "value"), "forest": ("y",)}
    missing = [name for name in needs.get(chart.form, ()) if not getattr(chart, name)]
    if not chart.series and chart.form != "heatmap":
        missing.append("series")
    return " and ".join(missing)
