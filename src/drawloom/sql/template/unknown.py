"""Names that a template uses and nothing defines: they show in the text, and what they decide is asked of ``Unknowns``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import NamedTuple

from jinja2 import ChainableUndefined


class UnknownName(NamedTuple):
    """A name that has no value: the last part of it, as it is printed; all of it; and whether it was called."""

    name: str
    path: str
    called: bool

    @property
    def what(self) -> str:
        """What is wrong, in the words of whoever wrote the name."""
        if self.path.partition(".")[0] == "this":
            return "this, dbt's name of the table that the text fills, has no value"
        return f"the macro {self.path} is not known here" if self.is_macro else f"{self.path} has no value"

    @property
    def fix(self) -> str:
        """What to do about it."""
        if self.path.partition(".")[0] == "this":
            return "Give --target with the table's name."
        if self.is_macro:
            return "Run on compiled SQL, or give --macros DIR with its definition."
        return "Add it to params, or use a name such as ds, params.x or macros.ds_add(ds, -7)."

    @property
    def is_macro(self) -> bool:
        """Whether it was called like a macro."""
        return self.called and not self.path.startswith(("params.", "var(", "var."))


class UndecidedError(Exception):
    """A name that has no value decides what the text is."""


class Unknowns:
    """What renderings of a text did with names that have no value.

    ``choices`` answers the questions that they decide, such as ``target.name == 'prod'``; other questions are answered
    with no. ``decided`` are the names by the questions that were asked, ``printed`` those that are in the text.
    With ``refuses`` a question raises ``UndecidedError``.
    """

    __slots__ = ("choices", "decided", "printed", "refuses")

    def __init__(self, choices: Mapping[str, bool] | None = None, *, refuses: bool = False) -> None:
        self.choices = choices or {}
        self.refuses = refuses
        self.decided: dict[str, UnknownName] = {}
        self.printed: dict[str, UnknownName] = {}

    def answer(self, question: str, about: UnknownName) -> bool:
        """The answer to a question about a name without a value."""
        if self.refuses:
            raise UndecidedError(f"{about.path} has no value here and decides what the SQL is")
        self.decided.setdefault(question, about)
        return self.choices.get(question, False)


# Attributes that Jinja looks for in whatever is called.
_ASKED_BY_JINJA = frozenset(["called", "unsafe_callable", "alters_data"])
_MAX_PATH = 200  # characters
unknowns: ContextVar[Unknowns] = ContextVar("unknowns")


class VisibleUndefined(ChainableUndefined):
    """A name that is not defined: it renders as ``__name__``, so that it can be seen in the SQL.

    Python's truth, comparisons and loops are questions; where nobody answers them, they raise ``UndecidedError``.
    """

    __slots__ = ("called",)

    called: bool

    def __str__(self) -> str:
        collector = unknowns.get(None)
        if collector is not None:
            collector.printed.setdefault(str(self._undefined_name), self._described())
        return f"__{self._undefined_name}__"

    def __getattr__(self, name: str) -> VisibleUndefined:
        if name.startswith(("__", "jinja_")) or name in _ASKED_BY_JINJA:
            raise AttributeError(name)
        return VisibleUndefined(hint=f"{self._path()}.{name}", name=name)

    def __getitem__(self, key: object) -> VisibleUndefined:  # type: ignore[override]
        return VisibleUndefined(hint=f"{self._path()}[{key!r}]", name=str(key))

    def __call__(self, *_args: object, **_kwargs: object) -> VisibleUndefined:  # type: ignore[override]
        """A value without a name of its own, so that the function's name still renders."""
        made = VisibleUndefined(hint=self._path(), name=self._undefined_name)
        made.called = True
        return made

    def __bool__(self) -> bool:
        return self._ask(self._path())

    def __eq__(self, other: object) -> bool:
        return self._ask(f"{self._path()} == {other!r}")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: object) -> bool:  # type: ignore[override]
        return self._ask(f"{self._path()} < {other!r}")

    def __le__(self, other: object) -> bool:  # type: ignore[override]
        return not self > other

    def __gt__(self, other: object) -> bool:  # type: ignore[override]
        return self._ask(f"{self._path()} > {other!r}")

    def __ge__(self, other: object) -> bool:  # type: ignore[override]
        return not self < other

    def __contains__(self, item: object) -> bool:
        return self._ask(f"{item!r} in {self._path()}")

    def __iter__(self) -> Iterator[VisibleUndefined]:
        if self._ask(f"for ... in {self._path()}"):
            yield VisibleUndefined(hint=f"{self._path()}[0]", name=self._undefined_name)

    def __len__(self) -> int:
        return int(self._ask(f"for ... in {self._path()}"))

    def __hash__(self) -> int:
        return hash(self._path())

    def __repr__(self) -> str:
        return self._path()

    def passes(self, test: str) -> bool:
        """Whether it passes one of Jinja's tests, such as ``none``; a name without a value is never ``defined``."""
        return self._ask(f"{self._path()} is {test}")

    def _itself(self, *_: object) -> VisibleUndefined:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself  # type: ignore[assignment]
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _itself  # type: ignore[assignment]
    __neg__ = __pos__ = _itself  # type: ignore[assignment]

    def _ask(self, question: str) -> bool:
        collector = unknowns.get(None) or Unknowns(refuses=True)
        return collector.answer(question, self._described())

    def _path(self) -> str:
        return str(self._undefined_hint or self._undefined_name)[:_MAX_PATH]

    def _described(self) -> UnknownName:
        return UnknownName(str(self._undefined_name), self._path(), getattr(self, "called", False))
