"""The sandbox: Jinja for templates that are not trusted, without unsafe attributes, with limits on time and size."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import date
from functools import wraps
from typing import Any, cast

from jinja2 import nodes
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from drawloom.sql.template.signatures import known_signatures
from drawloom.sql.template.unknown import UndecidedError, VisibleUndefined
from drawloom.sql.template.weight import MAX_TEXT, LimitError, check_depth, weigh

MAX_MADE = 10_000_000  # characters and elements that one rendering may make, all values together
MAX_ITEMS = 10_000
MAX_SECONDS = 4.0
_MAX_WIDTH = 1_000
_MAX_BITS = 4_096
_MAX_TICKS = 2_000_000

_FILTERS = frozenset(
    [
        "abs",
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "format",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "sort",
        "string",
        "sum",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "wordcount",
    ]
)
_PADDING_METHODS = frozenset(["center", "ljust", "rjust", "zfill", "expandtabs"])
# Airflow's filters of times.
_TIME_FILTERS = {
    "ds": "%Y-%m-%d",
    "ds_nodash": "%Y%m%d",
    "ts": "%Y-%m-%dT%H:%M:%S+00:00",
    "ts_nodash": "%Y%m%dT%H%M%S",
    "ts_nodash_with_tz": "%Y%m%dT%H%M%S+0000",
}
_NUMBER = re.compile(r"\d+")


class RenderBudget:
    """The steps and CPU time that renderings may take; shared by all renderings of one text."""

    __slots__ = ("end", "made", "ticks")

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self.end = time.thread_time() + seconds
        self.ticks = 0
        self.made = 0

    def charge(self, units: int) -> None:
        """Count what a rendering makes; a new rendering begins with nothing.

        Raises:
            LimitError: it is too much.
        """
        self.made += units
        if self.made > MAX_MADE:
            raise LimitError(f"it makes more than {MAX_MADE} characters and elements")

    def tick(self) -> None:
        """Count one step.

        Raises:
            LimitError: there were too many, or this thread has used too much CPU time.
        """
        self.ticks += 1
        if self.ticks > _MAX_TICKS or (self.ticks % 64 == 0 and time.thread_time() > self.end):
            raise LimitError("the template takes too long")


render_budget: ContextVar[RenderBudget] = ContextVar("render_budget")
known_macros: ContextVar[Mapping[str, Any]] = ContextVar("known_macros")


class _LimitInserter(NodeTransformer):
    """Makes loops count their steps, and ``~`` check the size of its result."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        node.iter = _filter(node.iter, "drawloom_counted", node.lineno)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        return self._weighed(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        return self._weighed(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        return self._weighed(node) if node.ctx == "load" else node

    def _weighed(self, node: nodes.Expr) -> nodes.Filter:
        self.generic_visit(node)
        return _filter(node, "drawloom_weighed", node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "join", node.lineno)


class Sandbox(SandboxedEnvironment):
    """The Jinja environment that renders users' texts."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=VisibleUndefined,
            finalize=_weighed,
            keep_trailing_newline=True,
            extensions=["jinja2.ext.do"],
            cache_size=0,
        )
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters |= {"drawloom_counted": _counted, "join": _join, "replace": _replace, "indent": _indent}
        self.filters = {name: _measured(function) for name, function in self.filters.items()}
        self.filters["drawloom_weighed"] = _weighed
        self.filters |= {name: _time_filter(pattern) for name, pattern in _TIME_FILTERS.items()}
        self.filters |= {"format": lambda text, *values: _percent_format(str(text), values)}
        self.filters |= {name: _keeps_unknown(function) for name, function in _CONVERSIONS.items()}
        self.tests = {
            name: _asks_unknown(name, cast("Callable[..., Any]", function)) for name, function in self.tests.items()
        }
        self.globals = {"range": _range, "dict": dict, "namespace": self.globals["namespace"]}
        self.concat = _concat  # type: ignore[method-assign]

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        check_depth(source)
        return super()._generate(_LimitInserter().visit(source), *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A binary operator, unless its result would be huge."""
        render_budget.get().tick()
        if operator == "%" and isinstance(left, str):
            weigh(right)
            return _percent_format(left, right)
        if operator == "**" and _bits(left) * abs(_int_or_zero(right)) > _MAX_BITS:
            raise LimitError("the power is too large")
        if operator == "*" and (
            _size(left) * _int_or_zero(right) > MAX_TEXT or _size(right) * _int_or_zero(left) > MAX_TEXT
        ):
            raise LimitError("the product is too large")
        if operator == "*" and _bits(left) + _bits(right) > _MAX_BITS:
            raise LimitError("the product is too large")
        if operator == "*":
            render_budget.get().charge(
                weigh(left) * max(_int_or_zero(right), 0) + weigh(right) * max(_int_or_zero(left), 0)
            )
        elif operator == "+":
            render_budget.get().charge(weigh(left, right))
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063
        """A call, unless it is a method that could make a huge text."""
        render_budget.get().tick()
        if isinstance(__obj, Macro) and (signature := known_signatures.get({}).get(__obj.name)):
            signature.check_call(args, kwargs)
        method = getattr(__obj, "__wrapped__", __obj)
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str):
            _check_method(owner, method.__name__, args)
            weigh(*args, *kwargs.values())
        elif isinstance(owner, list | dict | set) or __obj is dict:
            render_budget.get().charge(weigh(*args, *kwargs.values()))
        try:
            result = super().call(__context, __obj, *args, **kwargs)
        except TypeError:
            unknown = next((arg for arg in (*args, *kwargs.values()) if isinstance(arg, VisibleUndefined)), None)
            if unknown is None:
                raise
            raise UndecidedError(f"{unknown!r} has no value here and decides what the SQL is") from None
        if isinstance(result, str | list | tuple | dict):
            render_budget.get().charge(weigh(result))
        return result

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute; of a package that has no value, the macro of that name, if the project has one."""
        if isinstance(obj, VisibleUndefined) and attribute in known_macros.get({}):
            return known_macros.get()[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may read this attribute; bytes have none, for only methods of str are checked for size."""
        return not isinstance(obj, bytes) and super().is_safe_attribute(obj, attr, value)


def _keeps_unknown(function: Callable[..., Any]) -> Callable[..., Any]:
    """A conversion that leaves a name without a value as it is, where Jinja would make a zero of it."""

    def convert(value: Any, *args: Any, **kwargs: Any) -> Any:
        return value if isinstance(value, VisibleUndefined) else function(value, *args, **kwargs)

    return convert


def _asks_unknown(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A test that asks about a name without a value, where Jinja would say no."""
    if name in ("defined", "undefined"):
        return function

    @wraps(function)
    def test(*args: Any, **kwargs: Any) -> Any:
        about = next((arg for arg in args[:2] if isinstance(arg, VisibleUndefined)), None)
        return function(*args, **kwargs) if about is None else about.passes(name)

    return test


def _as_bool(value: Any) -> Any:
    """dbt's ``as_bool``: the truth that a text like "true" names; other values as they are."""
    return {"true": True, "false": False}.get(str(value).strip().lower(), value)


def _as_number(value: Any) -> Any:
    """dbt's ``as_number``: the number that a text is; other values as they are."""
    number = _as_native(value)
    return number if isinstance(number, int | float) and not isinstance(number, bool) else value


def _as_native(value: Any) -> Any:
    """dbt's ``as_native``: what a text is as a literal of Python; other values as they are."""
    if not isinstance(value, str) or len(value) > _MAX_WIDTH:
        return value
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value


_CONVERSIONS: dict[str, Callable[..., Any]] = {
    "int": FILTERS["int"],
    "float": FILTERS["float"],
    "abs": FILTERS["abs"],
    "round": FILTERS["round"],
    "as_bool": _as_bool,
    "as_number": _as_number,
    "as_native": _as_native,
    "as_text": str,
}


def _filter(node: Any, name: str, line: int) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=line)


def _time_filter(pattern: str) -> Callable[[date], str]:
    return lambda moment: moment.strftime(pattern)


def _measured(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes and gives no more than any text should have."""

    @wraps(function)
    def measured(*args: Any, **kwargs: Any) -> Any:
        budget = render_budget.get(None) or RenderBudget()
        budget.tick()
        weigh(*args, *kwargs.values())
        result = function(*args, **kwargs)
        if isinstance(result, str | list | tuple | dict):
            budget.charge(weigh(result))
        return result

    return measured


def _weighed(value: Any) -> Any:
    weigh(value)
    return value


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    ticker = render_budget.get()
    for item in items:
        ticker.tick()
        yield item


def _range(*args: int) -> range:
    numbers = range(*args)
    if len(numbers) > MAX_ITEMS:
        raise LimitError(f"range has {len(numbers)} items, must have at most {MAX_ITEMS}")
    return numbers


def _concat(parts: Iterable[str]) -> str:
    texts = list(parts)
    made = "".join(_check_total_size(texts))
    render_budget.get().charge(len(made))
    return made


def _check_total_size(texts: list[str]) -> list[str]:
    if sum(map(len, texts)) > MAX_TEXT:
        raise LimitError(f"the text has more than {MAX_TEXT} characters")
    return texts


def _join(values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    texts = [str(value[attribute] if attribute else value) for value in _counted(values)]
    if len(texts) * len(between) > MAX_TEXT:
        raise LimitError("the joined text is too large")
    return between.join(_check_total_size(texts))


def _replace(text: object, old: str, new: str, count: int = -1) -> str:
    _check_method(str(text), "replace", (old, new))
    return str(text).replace(old, new, count)


def _indent(text: object, width: int = 4, first: bool = False, blank: bool = False) -> str:
    if width > _MAX_WIDTH or len(str(text)) * (width + 1) > MAX_TEXT:
        raise LimitError("the indented text is too large")
    lines = str(text).splitlines(keepends=True)
    pad = " " * width
    return "".join(pad + line if (i or first) and (line.strip() or blank) else line for i, line in enumerate(lines))


def _percent_format(text: str, values: Any) -> str:
    if "*" in text or any(int(n) > _MAX_WIDTH for n in _NUMBER.findall(text) if len(n) > 3):
        _refuse_width(text)
    return text % values  # type: ignore[no-any-return]


def _refuse_width(text: str) -> None:
    if re.search(r"%[^a-zA-Z%]*(\*|\d{4,})", text):
        raise LimitError("the format's width is too large")


def _check_method(owner: str, name: str, args: tuple[Any, ...]) -> None:
    if name in _PADDING_METHODS and any(_int_or_zero(arg) > _MAX_WIDTH for arg in args):
        raise LimitError(f"{name} is too wide")
    if name in ("format", "format_map") and re.search(r"\{[^}]*(\{|:[^}]*\d{4,})", str(owner)):
        raise LimitError("the format's width is too large")
    if name == "replace" and (len(owner) + 1) * _size(args[1] if len(args) > 1 else "") > MAX_TEXT * 8:
        raise LimitError("the replaced text is too large")
    if name == "translate":
        raise LimitError("translate is not available")
    if name == "join" and args:
        _join(args[0] if isinstance(args[0], list | tuple) else [], str(owner))


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0


def _int_or_zero(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0
