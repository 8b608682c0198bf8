"""A small framework for tests: each spec counts rows into a table of its own, and all of them are the family counters.all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from drawloom.frameworks.base import Framework, ProjectContext
from drawloom.model import Column, Membership, Step, Table
from drawloom.specs.base import Spec
from drawloom.specs.fields import Names, Plain, TableName, Word


class Counter(Spec):
    """Counts the rows of a source, times a factor; ``adds`` are counters whose factors are added to its own."""

    kind: Literal["counter"] = Field("counter", description="counter")
    name: Word
    source: TableName = "raw.events"
    factor: int = 1
    adds: Names = ()
    columns: dict[str, str] | None = None
    constants: dict[str, Plain] | None = None
    family: str = "counters.all"
    note: str = ""


def compile_counter(spec: Counter, project: ProjectContext) -> Iterator[Step]:
    """One step; counters that are named in ``adds`` are compiled before it."""
    others = [project.spec("counter", name, spec.place("adds")) for name in spec.adds]
    factor = spec.factor + sum(getattr(other, "factor", 0) for other in others)
    columns = {"n": "BIGINT"} if spec.columns is None else spec.columns
    constants: Mapping[str, Any] = {"counter": spec.name} if spec.constants is None else spec.constants
    into = Table(
        f"counters.{spec.name}",
        tuple(Column(name, kind) for name, kind in columns.items()),
        owner=project.owner(spec),
        member_of=Membership(spec.family, tuple(constants.items())),
    )
    items = ", ".join(f"CAST(count(*) * {factor} AS {kind}) AS {name}" for name, kind in columns.items())
    sql = f"SELECT {items or '1'} FROM {spec.source} WHERE ds = DATE '{{{{ ds }}}}'"
    yield Step(into.name, into, sql=sql, where=spec.where)


framework = Framework("counter", Counter, compile_counter)
