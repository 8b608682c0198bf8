"""Which pipelines people mean by names, globs, tags and graph operators, as in ``+core.rides``, ``tag:nightly`` or ``'core.*'``.

A selection is a list of arguments, whose union is selected. An argument is one selector, or several with commas between
them, of which all must hold. A selector is a name or a glob of pipelines, tables and families, or a method with a value;
``+`` before it adds what it is made of, ``+`` after it what is made of it, a number there how many hops.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from drawloom.model import Family, InputError, Pipeline, refuse
from drawloom.specs.validation import did_you_mean

NAME, STATE = "name", "state"
METHODS = ("tag", "owner", "kind", "path", STATE)
CHANGED = "changed"
MOST_LISTED = 30  # names in a message
_SELECTOR = re.compile(r"(?:(?P<up>\d*)\+)?(?P<atom>[^+].*?)(?:\+(?P<down>\d*))?", re.DOTALL)
_METHOD = re.compile(r"(?P<method>[a-z]+):(?P<value>.*)", re.DOTALL)
_GLOB = re.compile(r"[*?\[]")
_FORMS = "Like core.rides, 'core.*', +core.rides, core.rides+, 2+core.rides, tag:nightly, owner:ana@example.com, kind:growth, path:specs/finance/ or state:changed."


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector: a method and its value, and how many hops up and down are added; None is all, 0 none."""

    text: str
    method: str
    value: str
    up: int | None = 0
    down: int | None = 0

    @classmethod
    def parse(cls, text: str) -> Selector:
        """The selector of a text.

        Raises:
            InputError: it is none.
        """
        found = _SELECTOR.fullmatch(text.strip())
        if not found:
            raise refuse("bad-selector", f"selector == {text!r}, must be a name or a selector.", None, _FORMS)
        up, down = _hops(found["up"]), _hops(found["down"])
        method = _METHOD.fullmatch(found["atom"])
        if not method:
            return cls(text, NAME, found["atom"], up, down)
        if method["method"] not in METHODS or not method["value"]:
            known = ", ".join(f"{one}:" for one in METHODS)
            fix = did_you_mean(f"{method['method']}:", [f"{one}:" for one in METHODS]) or _FORMS
            raise refuse(
                "bad-selector", f"selector == {text!r}, must begin with one of {known}, and a value.", None, fix
            )
        return cls(text, method["method"], method["value"], up, down)

    @property
    def is_exact(self) -> bool:
        """Whether it names one pipeline, table or family, and not whatever there is of some kind."""
        return self.method == NAME and not _GLOB.search(self.value)

    @property
    def is_plain(self) -> bool:
        """Whether it is a name and nothing else."""
        return self.is_exact and self.up == self.down == 0


def _hops(text: str | None) -> int | None:
    return 0 if text is None else int(text) if text else None


def parse_argument(text: str) -> tuple[Selector, ...]:
    """The selectors of one argument, all of which must hold.

    Raises:
        InputError: one is no selector.
    """
    return tuple(Selector.parse(part) for part in text.split(","))


def exact_names(arguments: Iterable[str]) -> set[str]:
    """The names in these arguments that are no globs."""
    return {selector.value for text in arguments for selector in parse_argument(text) if selector.is_exact}


def is_plain(arguments: Iterable[str]) -> bool:
    """Whether all arguments are names and nothing else."""
    return all(len(found) == 1 and found[0].is_plain for found in map(parse_argument, arguments))


Node = tuple[bool, str]  # whether it is a pipeline, and its name; otherwise a table that no pipeline fills
Graph = Mapping[Node, Collection[Node]]


class Selection:
    """Finds out what arguments select among pipelines.

    Args:
        pipelines: all of the project.
        families: the tables that are made of many.
        changed: returns the names of the pipelines that compute something else than what is stored; called if it is needed.
        broken_file: returns the file of a name whose spec could not be compiled; such a name selects nothing.
    """

    def __init__(
        self,
        pipelines: Sequence[Pipeline],
        families: Iterable[Family] = (),
        changed: Callable[[], Collection[str]] = frozenset,
        broken_file: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._pipelines = pipelines
        self._changed = changed
        self._broken_file = broken_file
        self._owners = {table: p.name for p in pipelines for table in p.tables}
        self._names: dict[str, set[str]] = {name: {p.name} for p in pipelines for name in (*p.tables, p.name)}
        self._names |= {f.name: {self._owners[member.table] for member in f.members} for f in families}

    def select(self, arguments: Sequence[str], exclude: Sequence[str] = ()) -> tuple[Pipeline, ...]:
        """The pipelines that the arguments select, all without any, but for those that ``exclude`` selects.

        Raises:
            InputError: a name is unknown, the message offers the nearest one; or nothing is selected. Only ``state:``
                may select nothing.
        """
        wanted = self._union(arguments) if arguments else {(True, pipeline.name) for pipeline in self._pipelines}
        left = wanted - self._union(exclude) if exclude else wanted
        chosen = tuple(pipeline for pipeline in self._pipelines if (True, pipeline.name) in left)
        if not chosen and (arguments or exclude) and not self._may_be_empty((*arguments, *exclude)):
            raise self._nothing(arguments, exclude, wanted)
        return chosen

    def named(self, arguments: Iterable[str]) -> set[str]:
        """The pipelines of the names in these arguments, and those of the members of a family that is named."""
        return {pipeline for name in exact_names(arguments) for pipeline in self._names.get(name, ())}

    def broken_files(self, arguments: Iterable[str]) -> set[str]:
        """The files of the names in these arguments whose specs could not be compiled."""
        return {file for name in exact_names(arguments) - self._names.keys() if (file := self._broken_file(name))}

    def files(self, arguments: Sequence[str], exclude: Sequence[str] = ()) -> Container[str | None]:
        """The spec files of what is selected; unless all arguments are names, with those of which that is not known.

        Of a spec that could not be compiled nothing is known, of SQL that could not be analyzed not what it reads.

        Raises:
            InputError: as ``select``.
        """
        files = {pipeline.spec.file for pipeline in self.select(arguments, exclude)}
        named = self.broken_files(arguments)
        if arguments and is_plain(arguments):
            return files | named
        compiled = {pipeline.spec.file for pipeline in self._pipelines}
        if any(selector.down != 0 for text in arguments for selector in parse_argument(text)):
            compiled -= {pipeline.spec.file for pipeline in self._pipelines if _has_unknown_reads(pipeline)}
        return _AllBut((compiled - files) | (self.broken_files(exclude) - named))

    def _may_be_empty(self, arguments: Iterable[str]) -> bool:
        """Whether that may select nothing today: what has changed, and what is broken."""
        parsed = (selector for text in arguments for selector in parse_argument(text))
        return any(selector.method == STATE for selector in parsed) or bool(self.broken_files(arguments))

    def _union(self, arguments: Sequence[str]) -> set[Node]:
        return set().union(*(self._of_argument(text) for text in arguments))

    def _of_argument(self, text: str) -> set[Node]:
        selectors = parse_argument(text)
        found = set.intersection(*(self._of_selector(selector) for selector in selectors))
        if not found and len(selectors) > 1 and not self._may_be_empty([text]):
            fix = "A comma selects what is in all of its parts; several arguments select what is in any."
            raise refuse("empty-selection", f"selector == {text!r}, must select something together.", None, fix)
        return found

    def _of_selector(self, selector: Selector) -> set[Node]:
        found = self._of_atom(selector)
        return found | walk(found, self._inputs, selector.up) | walk(found, self._outputs, selector.down)

    def _of_atom(self, selector: Selector) -> set[Node]:
        if selector.method == NAME:
            return self._of_name(selector)
        if selector.method == STATE:
            return self._of_state(selector)
        values = {pipeline.name: values_of(pipeline, selector.method) for pipeline in self._pipelines}
        wanted = _folder(selector.value) if selector.method == "path" else selector.value
        found = {(True, name) for name, some in values.items() if any(_fits(wanted, value) for value in some)}
        if not found:
            known = sorted({value for some in values.values() for value in some} - {""})
            raise _no_such(selector, known)
        return found

    def _of_state(self, selector: Selector) -> set[Node]:
        if selector.value != CHANGED:
            raise refuse("bad-selector", f"selector == {selector.text!r}, must be state:{CHANGED}.")
        return {(True, name) for name in self._changed()}

    def _of_name(self, selector: Selector) -> set[Node]:
        if not selector.is_exact:
            found = {(True, p) for name, some in self._names.items() if _fits(selector.value, name) for p in some}
            found |= {(False, table) for table in self._sources if _fits(selector.value, table)}
            if not found:
                raise _no_such(selector, sorted(self._names))
            return found
        if selector.value in self._names:
            return {(True, name) for name in self._names[selector.value]}
        if selector.value in self._sources and not selector.is_plain:
            return {(False, selector.value)}
        if self._broken_file(selector.value):
            return set()
        raise self._unknown(selector.value)

    def _unknown(self, name: str) -> InputError:
        message = f"name == {name!r}, must be a pipeline or table of this project."
        if name in self._sources:
            fix = f"No spec fills it; {name}+ is what is made of it."
        else:
            fix = did_you_mean(name, self._names) or f"There are: {_listed(sorted(self._names))}."
        return refuse("unknown-name", message, None, fix)

    def _nothing(self, arguments: Sequence[str], exclude: Sequence[str], wanted: Collection[Node]) -> InputError:
        if exclude and any(is_pipeline for is_pipeline, _ in wanted):
            message = f"--exclude == {' '.join(exclude)!r}, must leave something of what is selected."
            return refuse("empty-selection", message)
        tables = ", ".join(sorted(name for _, name in wanted))
        fix = f"No spec fills {tables}; a + after the name adds what is made of it." if tables else None
        return refuse("empty-selection", f"selector == {' '.join(arguments)!r}, must select a pipeline.", None, fix)

    @cached_property
    def _inputs(self) -> dict[Node, set[Node]]:
        """What each pipeline is made of: other pipelines, and tables that none fills."""
        return {
            (True, pipeline.name): {self._node(table) for table in read_tables(pipeline)} - {(True, pipeline.name)}
            for pipeline in self._pipelines
        }

    @cached_property
    def _outputs(self) -> dict[Node, set[Node]]:
        found: dict[Node, set[Node]] = {}
        for made, inputs in self._inputs.items():
            for one in inputs:
                found.setdefault(one, set()).add(made)
        return found

    @cached_property
    def _sources(self) -> frozenset[str]:
        """The tables that are read and that no pipeline fills."""
        return frozenset(name for inputs in self._inputs.values() for is_pipeline, name in inputs if not is_pipeline)

    def _node(self, table: str) -> Node:
        return (True, self._owners[table]) if table in self._owners else (False, table)


@dataclass(frozen=True, slots=True)
class _AllBut(Container[str | None]):
    """All files but these."""

    others: Collection[str | None]

    def __contains__(self, file: object) -> bool:
        return file not in self.others


def read_tables(pipeline: Pipeline) -> set[str]:
    """All tables that a pipeline reads, day by day or in a range; of families the members that it reads."""
    daily = {read.table for step in pipeline.steps for read in step.reads}
    return daily | {read.table for step in pipeline.steps for read in step.backfill_reads or ()}


def _has_unknown_reads(pipeline: Pipeline) -> bool:
    """Whether the SQL of a step could not be analyzed."""
    return any(step.sql is not None and not step.fingerprint for step in pipeline.steps)


def walk(start: Collection[Node], graph: Graph, hops: int | None) -> set[Node]:
    """What can be reached from these nodes in so many hops, None for any number; without the nodes themselves."""
    seen, rim = set(start), set(start)
    while rim and hops != 0:
        rim = {other for one in rim for other in graph.get(one, ())} - seen
        seen |= rim
        hops = None if hops is None else hops - 1
    return seen - set(start)


def values_of(pipeline: Pipeline, method: str) -> tuple[str, ...]:
    """What a method compares with of a pipeline: its tags, its owners, its kind, or its file and the folders that it is in."""
    if method == "tag":
        return pipeline.tags
    if method == "owner":
        return tuple(dict.fromkeys((pipeline.owner, *(step.into.owner for step in pipeline.steps))))
    if method == "kind":
        return (pipeline.kind,)
    return tuple(_folders(pipeline.spec.file or ""))


def _folders(file: str) -> Iterator[str]:
    yield file
    while file := posixpath.dirname(file):
        yield file


def _folder(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))


def _fits(pattern: str, value: str) -> bool:
    return fnmatchcase(value.lower(), pattern.lower())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more or "none yet"


def _no_such(selector: Selector, known: Sequence[str]) -> InputError:
    what = "pipelines and tables" if selector.method == NAME else f"{selector.method}s"
    near = did_you_mean(selector.value, known)
    fix = near or (f"There are these {what}: {_listed(known)}." if known else f"There are no {what} yet.")
    return refuse("empty-selection", f"selector == {selector.text!r}, must select something.", None, fix)
