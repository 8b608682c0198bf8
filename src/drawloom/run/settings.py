"""The settings that a run needs besides the pipelines: where tables, sources, engine and registry are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from drawloom.engines.overlay import OverlaidTable, Overlay
from drawloom.model import Column
from drawloom.specs.env import expand

if TYPE_CHECKING:
    from drawloom.engines.landing.source import Source
    from drawloom.specs.config import Config


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """An external table.

    ``files`` is relative to the project; without, it is a table in the engine's catalog, partitioned by ``ds`` if ``by_day``,
    or a ``landed`` one.
    """

    files: str | None
    format: str
    columns: tuple[Column, ...] = ()
    lateness: timedelta = timedelta()
    gaps: bool = False
    by_day: bool = True
    landed: bool = False


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The engine that runs the SQL; see ``specs.config.EngineConfig``."""

    kind: str = "duckdb"
    threads: int = 1
    memory: str | None = None
    url: str | None = None
    metastore: str | None = None
    location: str | None = None
    lake_catalog: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """An environment that lies over production.

    ``tables`` maps each table that it fills to the table with its partitions, and to the code of the step that fills it.
    ``first`` is the first day that it fills, None for that of the project.
    """

    name: str
    tables: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    first: date | None = None

    def overlay(self) -> Overlay:
        """Its overlay; which days it has is found out when records are read."""
        overlay = Overlay(self.name)
        overlay.set_tables(OverlaidTable(name, stored, code) for name, (stored, code) in self.tables.items())
        return overlay


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a project. Texts have ``${NAME}`` as written; the properties have their values.

    ``root`` is the project's folder, to which paths are relative. It is not in the JSON, which is the same on every
    machine.
    """

    root: Path
    name: str
    start: date
    end: date | None
    timezone: str
    lake: str
    registry: str | None
    engine: EngineSettings = EngineSettings()
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    environment: EnvironmentSettings | None = None

    @classmethod
    def of(cls, config: Config) -> Self:
        """The settings of a ``drawloom.yml``."""
        sources = {
            name: SourceSettings(
                source.files,
                source.file_format or "parquet",
                source.columns,
                source.lateness,
                source.gaps,
                source.by_day,
                source.landed,
            )
            for name, source in config.sources.items()
        }
        return cls(
            config.root,
            config.name,
            config.start,
            config.end,
            config.timezone,
            config.lake,
            config.registry,
            EngineSettings(**config.engine.model_dump()),
            sources,
        )

    @property
    def deployed_name(self) -> str:
        """The name by which a scheduler knows it: that of the project, with that of its environment."""
        return f"{self.name}-env-{self.environment.name}" if self.environment else self.name

    @property
    def lake_path(self) -> Path:
        """The folder of the lake."""
        return self.root / expand(self.lake)

    @property
    def registry_url(self) -> str:
        """The URL of the registry, with its secrets."""
        return expand(self.registry) if self.registry else f"sqlite:///{(self.lake_path / 'registry.db').resolve()}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which a day begins and ends."""
        return ZoneInfo(self.timezone)

    @property
    def last_day(self) -> date:
        """The last day of the project's history: its end, or yesterday in its time zone."""
        return self.end or datetime.now(self.zone).date() - timedelta(days=1)

    def source(self, name: str) -> Source:
        """An external table of files, for reading."""
        from drawloom.engines.landing.source import Source

        source = self.sources[name]
        text = expand(source.files or "")
        files = text if "://" in text else str(self.root / text)
        return Source(name, files, source.format, source.columns, source.lateness, source.gaps)  # type: ignore[arg-type]

    def complete_until(self, name: str) -> date:
        """The newest day of a source that ended at least its lateness ago; the last of all days without lateness."""
        lateness = self.sources[name].lateness if name in self.sources else timedelta()
        if not lateness:
            return date.max
        return (datetime.now(UTC).astimezone(self.zone) - lateness).date() - timedelta(days=1)

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the root and with ``${NAME}`` as written."""
        return {
            "name": self.name,
            "start": self.start.isoformat(),
            "end": self.end.isoformat() if self.end else None,
            "timezone": self.timezone,
            "lake": self.lake,
            "registry": self.registry,
            "engine": asdict(self.engine),
            "sources": {name: _source_json(source) for name, source in sorted(self.sources.items())},
            **({"environment": _environment_json(self.environment)} if self.environment else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], root: Path) -> Self:
        """The settings that ``to_json`` gave, for a project in this folder."""
        return cls(
            root,
            data["name"],
            date.fromisoformat(data["start"]),
            date.fromisoformat(data["end"]) if data["end"] else None,
            data["timezone"],
            data["lake"],
            data["registry"],
            EngineSettings(**data["engine"]),
            {name: _source_from_json(source) for name, source in data["sources"].items()},
            _environment_from_json(data["environment"]) if "environment" in data else None,
        )


def _source_json(source: SourceSettings) -> dict[str, Any]:
    columns = [[column.name, column.type] for column in source.columns]
    return asdict(source) | {"columns": columns, "lateness": int(source.lateness.total_seconds())}


def _source_from_json(data: Mapping[str, Any]) -> SourceSettings:
    columns = tuple(Column(name, kind) for name, kind in data["columns"])
    return SourceSettings(**{**data, "columns": columns, "lateness": timedelta(seconds=data["lateness"])})


def _environment_json(environment: EnvironmentSettings) -> dict[str, Any]:
    tables = {name: list(pair) for name, pair in sorted(environment.tables.items())}
    first = environment.first.isoformat() if environment.first else None
    return {"name": environment.name, "tables": tables, "first": first}


def _environment_from_json(data: Mapping[str, Any]) -> EnvironmentSettings:
    tables = {name: (stored, code) for name, (stored, code) in data["tables"].items()}
    return EnvironmentSettings(data["name"], tables, date.fromisoformat(data["first"]) if data["first"] else None)
