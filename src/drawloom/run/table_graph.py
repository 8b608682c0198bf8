"""Which tables are made of which: the neighbourhood of one table, some hops up and down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drawloom.model import Pipeline


@dataclass(frozen=True, slots=True)
class TableGraph:
    """Tables around one.

    ``distances`` maps table -> hops from it: negative for what it is made of, positive for what is made of it. ``edges`` are
    pairs of input and output. ``hidden`` maps a table at the rim -> how many neighbours beyond it are left out.
    """

    distances: Mapping[str, int]
    edges: tuple[tuple[str, str], ...]
    hidden: Mapping[str, int]


def table_inputs(pipelines: Iterable[Pipeline]) -> dict[str, set[str]]:
    """The tables that each table is made of, but for its own past."""
    return {
        step.into.name: {read.table for read in step.reads} - {step.into.name}
        for pipeline in pipelines
        for step in pipeline.steps
    }


def readers_of(pipelines: Iterable[Pipeline], table: str) -> list[str]:
    """The tables that are made of this one, by name."""
    return sorted(made for made, inputs in table_inputs(pipelines).items() if table in inputs)


def neighbourhood(pipelines: Iterable[Pipeline], table: str, hops: int) -> TableGraph:
    """The tables at most so many hops up and down from one. A table on several ways counts where it is nearest."""
    inputs = table_inputs(pipelines)
    outputs: dict[str, set[str]] = {}
    for made, sources in inputs.items():
        for source in sources:
            outputs.setdefault(source, set()).add(made)
    distances = {table: 0}
    for sign, neighbours in ((-1, inputs), (1, outputs)):
        rim = {table}
        for hop in range(1, hops + 1):
            rim = {other for one in rim for other in neighbours.get(one, ())} - distances.keys()
            distances |= dict.fromkeys(sorted(rim), sign * hop)
    edges = sorted((source, made) for made in distances for source in inputs.get(made, ()) if source in distances)
    hidden = {
        one: len((inputs if distance < 0 else outputs).get(one, set()) - distances.keys())
        for one, distance in distances.items()
        if abs(distance) == hops
    }
    return TableGraph(distances, tuple(edges), {one: count for one, count in hidden.items() if count})


def graph_of(made: Sequence[Pipeline], others: Iterable[Pipeline]) -> TableGraph:
    """The tables of some pipelines in the order in which they are filled, between what these read and who reads them."""
    inputs = table_inputs(made)
    distances = dict.fromkeys(sorted({table for tables in inputs.values() for table in tables} - inputs.keys()), -1)
    for pipeline in made:
        for step in pipeline.order:
            before = (distances.get(table, -1) for table in inputs[step.into.name])
            distances[step.into.name] = max(before, default=-1) + 1
    readers = {table: tables & inputs.keys() for table, tables in table_inputs(others).items() if table not in inputs}
    last = max(distances.values(), default=0)
    distances |= {table: last + 1 for table in sorted(readers) if readers[table] and table not in distances}
    pairs = [*((one, table) for table, tables in inputs.items() for one in tables)]
    pairs += [(one, table) for table, tables in readers.items() for one in tables]
    return TableGraph(distances, tuple(sorted(pairs)), {})
