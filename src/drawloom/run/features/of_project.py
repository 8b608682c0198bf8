"""What training sets need of a project, which itself offers them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import Engine
    from drawloom.model import Column, Pipeline
    from drawloom.run.attach import Wanted as Partitions
    from drawloom.run.compile_project import Compiled
    from drawloom.run.owners import History
    from drawloom.run.registry import Registry
    from drawloom.run.snapshot import WarehouseSnapshot


class FeatureProject(Protocol):
    """A project with sets of features."""

    @property
    def compiled(self) -> Compiled:
        """The specs, and what they compile to."""
        ...

    @property
    def valid_pipelines(self) -> tuple[Pipeline, ...]:
        """What the specs without errors compile to."""
        ...

    @property
    def source_columns(self) -> Mapping[str, tuple[Column, ...]]:
        """The columns of the files of sources that declare none."""
        ...

    @property
    def history(self) -> History:
        """Its days."""
        ...

    @property
    def registry(self) -> Registry:
        """Which partitions were produced."""
        ...

    @property
    def engine(self) -> Engine:
        """The engine that runs the steps."""
        ...

    def query(self, sql: str) -> pa.Table:
        """The result of one SELECT over any tables."""
        ...

    def snapshot(self, tables: Collection[str] | None = None) -> WarehouseSnapshot:
        """Which partitions exist now."""
        ...

    def attach(self, snapshot: WarehouseSnapshot, wanted: Partitions) -> None:
        """Make these partitions readable for the engine."""
        ...
