"""The project's settings: the model of ``drawloom.yml``, and loading it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from drawloom.model import Fix, Problem, refuse
from drawloom.specs.base import SpecModel, SpecPart
from drawloom.specs.columns import Columns
from drawloom.specs.document import Document, parse_yaml, read_text
from drawloom.specs.env import has_password, unset_variables
from drawloom.specs.fields import Day, Lateness, Names, ScheduleText, TableName, Word
from drawloom.specs.validation import RuleError, did_you_mean

FILE = "drawloom.yml"
_SUFFIXES: dict[str, Literal["parquet", "csv", "json"]] = {
    "parquet": "parquet",
    "csv": "csv",
    "tsv": "csv",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
}


def _check_timezone(value: str) -> str:
    if value not in available_timezones():
        raise RuleError("must be a time zone like UTC or Europe/Paris", did_you_mean(value, available_timezones()))
    return value


def _check_memory(value: str) -> str:
    number = value.removesuffix("B").removesuffix("i")
    if not (number[:-1].replace(".", "", 1).isdigit() and number[-1:] in {"M", "G", "T"} and value.endswith("B")):
        raise RuleError("must be an amount of memory like 4GB or 800MB")
    return value


def _as_gaps(value: object) -> object:
    return True if value == "zero" else value


def _as_engine(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


_DAY_MARKS = ("{ds}", "{ds_nodash}", "{yyyy}", "{mm}", "{dd}")
_MARK = re.compile(r"(?<!\$)\{[^{}]*\}")


def _check_files(value: str) -> str:
    marks = set(_MARK.findall(value))
    if marks - set(_DAY_MARKS) or (marks and not marks & {"{ds}", "{ds_nodash}"} and len(marks) < 3):
        rule = "must be a path pattern in which {ds}, {ds_nodash}, or all of {yyyy}, {mm} and {dd} stand for the day"
        raise RuleError(rule, 'Like "landing/rides/ds={ds}/*.csv".')
    return value


class EngineConfig(SpecPart):
    """What runs the SQL: DuckDB in the process, Spark, or Trino."""

    kind: Literal["duckdb", "spark", "trino"] = Field("duckdb", description="the engine")
    threads: Annotated[int, Field(ge=1, le=1024)] = Field(
        1, description="of DuckDB: threads of one query; steps run side by side"
    )
    memory: Annotated[str, AfterValidator(_check_memory)] | None = Field(
        None, description="of DuckDB: the memory of all its queries together, like 4GB"
    )
    url: str | None = Field(
        None,
        description="where it is: trino://user@host:8080/catalog, or the master of Spark such as local[4], yarn or "
        "sc://host:15002; DRAWLOOM_TRINO or DRAWLOOM_SPARK in the environment otherwise",
    )
    metastore: str | None = Field(
        None, description="of Spark: thrift://host:9083; DRAWLOOM_METASTORE in the environment otherwise"
    )
    location: str | None = Field(
        None, description="where its new tables are kept, like s3://bucket/warehouse; in the lake otherwise"
    )
    lake_catalog: str | None = Field(
        None, description="of Trino: the Hive catalog in which files of the lake are shown; that of the url otherwise"
    )
    settings: dict[str, str] = Field({}, description="settings of the session, by name")

    @model_validator(mode="after")
    def _check_kind(self) -> EngineConfig:
        of = {"threads": "duckdb", "memory": "duckdb", "metastore": "spark", "lake_catalog": "trino"}
        for name in sorted(self.model_fields_set - {"kind"}):
            if self.kind == "duckdb" and of.get(name) != "duckdb":
                raise RuleError(f"must not have `{name}`: DuckDB runs in the process, over the lake")
            if self.kind != "duckdb" and of.get(name, self.kind) != self.kind:
                raise RuleError(f"must not have `{name}`, which is a setting of {of[name]}")
        return self


class Defaults(SpecPart):
    """What specs need not repeat."""

    owner: str = Field("", description="the owner of tables whose spec has none")
    schedule: ScheduleText = Field("@daily", description="@daily, @weekly, @monthly or a cron of that rhythm")
    retries: Annotated[int, Field(ge=0, le=20)] = Field(2, description="how often a failed step is tried again")


class UiConfig(SpecPart):
    """What people may do in the UI besides looking at what specs say."""

    allow_preview: bool = Field(
        False, description="whether whoever may look may read rows: samples of tables, and one SELECT at a time"
    )
    preview_rows: Annotated[int, Field(ge=1, le=10_000)] = Field(200, description="the most rows that are shown")
    preview_seconds: Annotated[int, Field(ge=1, le=600)] = Field(10, description="the longest that a SELECT may take")


class SourceConfig(SpecPart):
    """An external table: files that are not written by drawloom, or a table in the catalog of Spark or Trino."""

    files: Annotated[str, AfterValidator(_check_files)] | None = Field(
        None,
        description="path pattern; {ds}, {ds_nodash}, or {yyyy}, {mm} and {dd} stand for the day; "
        "without it, the table is in the catalog of the engine",
    )
    by_day: bool = Field(True, description="of a table in the catalog: whether it is partitioned by ds")
    format: Literal["parquet", "csv", "json"] | None = Field(None, description="by the suffix of files otherwise")
    lateness: Lateness = Field(
        timedelta(0),
        description="how long after the day ends its files are awaited, like 1d or 6h",
        json_schema_extra={"default": "0d"},
    )
    landed: bool = Field(False, description="whether `drawloom land` fills it; it then has no `files`")
    gaps: Annotated[bool, BeforeValidator(_as_gaps, json_schema_input_type=bool | Literal["zero"])] = Field(
        False,
        description="whether a missing day means that nothing happened: it counts as empty once a later one has come; "
        "`zero` means true",
    )
    columns: Columns = Field((), description="column: type; needed for CSV and JSON lines")
    days_from: Names = Field((), description="timestamp columns from which the day of a row is derived")
    owner: str = Field("", description="the person or team responsible for it")
    description: str = Field("", description="what it is, for people")

    @model_validator(mode="after")
    def _check_format(self) -> SourceConfig:
        if self.files is None:
            return self._check_in_catalog()
        if self.landed:
            raise RuleError("must not have `files` where it is `landed`: `drawloom land` is given them")
        if not self.by_day:
            raise RuleError("must not have `by_day`: whether files are by day is in their pattern")
        if self.format is None and self.file_format is None:
            raise RuleError(
                "must have a `format` of parquet, csv or json: it does not follow from the suffix of `files`"
            )
        if self.file_format != "parquet" and not self.columns:
            raise RuleError(
                f"must have `columns`: {self.file_format} files have no types", "Like columns: {id: BIGINT}."
            )
        return self

    def _check_in_catalog(self) -> SourceConfig:
        if self.format:
            raise RuleError("must have `files` where it has a `format`")
        return self

    @property
    def file_format(self) -> Literal["parquet", "csv", "json"] | None:
        """The format of the files, by what is declared or by their suffix; None for a table in the catalog."""
        if self.files is None:
            return None
        stem_and_suffix = self.files.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")
        return self.format or _SUFFIXES.get(stem_and_suffix[2])

    @property
    def partitioned(self) -> bool:
        """Whether each of its files or partitions belongs to one day."""
        return self.by_day if self.files is None else bool(_MARK.search(self.files))


class Config(SpecModel):
    """The settings of a project. Paths are relative to the folder of the file.

    ``${NAME}`` in a text is the value of an environment variable, which is never printed.
    """

    _root: Path = PrivateAttr(default=Path())

    name: Word = Field(description="the name of the project")
    start: Day = Field(description="the first day of history")
    end: Day | None = Field(None, description="the last day of history; yesterday in `timezone` otherwise")
    timezone: Annotated[str, AfterValidator(_check_timezone)] = Field(
        "UTC", description="where a day begins and ends; data_interval_* are its bounds in UTC"
    )
    engine: Annotated[
        EngineConfig,
        BeforeValidator(_as_engine, json_schema_input_type=EngineConfig | Literal["duckdb", "spark", "trino"]),
    ] = Field(EngineConfig(), description="a word, or a mapping of kind and its settings")
    lake: Annotated[str, Field(min_length=1)] = Field("lake", description="the folder of the tables")
    registry: str | None = Field(None, description="the URL of the registry; SQLite in the lake otherwise")
    defaults: Defaults = Field(Defaults(), description="what specs need not repeat")
    sources: dict[TableName, SourceConfig] = Field({}, description="external tables by name")
    ui: UiConfig = Field(UiConfig(), description="what people may do in the UI")

    def problems(self) -> Iterator[Problem]:
        """An end before the start, sources that differ by case only, secrets that are not set or in plain text."""
        if self.end and self.end < self.start:
            message = f"end == {self.end}, must not be before the start, {self.start}."
            yield Problem("empty-range", "error", message, self.place("end"))
        yield from _engine_problems(self)
        yield from _secret_problems(self)
        yield from _case_problems(self)

    @property
    def root(self) -> Path:
        """The folder of the project."""
        return self._root


def load_config(path: Path | str) -> Config:
    """The settings of a project.

    Args:
        path: ``drawloom.yml``, or the folder it is in.

    Raises:
        InputError: it does not exist, or has errors; all of them at once.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        message = f"{path.name} was not found in {path.parent}."
        raise refuse("no-project", message, None, "Run `drawloom init` there, or name the project with -C DIR.")
    documents = parse_yaml(read_text(path, path.name), path.name)
    if len(documents) > 1:
        raise refuse(
            "not-one", f"{path.name} has {len(documents)} YAML documents; it must have one.", documents[1].where()
        )
    document = documents[0] if documents else Document({}, path.name, {(): 1})
    config = Config.model_validate(document.data, context=document)
    config._root = path.parent  # noqa: SLF001 - the model's own loader
    return config


def _texts_with_variables(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("lake",), config.lake
    yield ("registry",), config.registry or ""
    for name in ("url", "metastore", "location"):
        yield ("engine", name), getattr(config.engine, name) or ""
    for name, text in config.engine.settings.items():
        yield ("engine", "settings", name), text
    for name, source in config.sources.items():
        yield ("sources", name, "files"), source.files or ""


def _engine_problems(config: Config) -> Iterator[Problem]:
    for name, source in config.sources.items():
        if source.files is None and not source.landed and config.engine.kind == "duckdb":
            message = f"sources.{name} has no `files`, and DuckDB has no catalog to find the table in."
            fix = Fix(
                'Write files: "path/ds={ds}/*.parquet", or landed: true if `drawloom land` fills it, or set engine to spark or trino.'
            )
            yield Problem("no-files", "error", message, config.place("sources", name), fix)


def _secret_problems(config: Config) -> Iterator[Problem]:
    for keys, text in _texts_with_variables(config):
        where = config.place(*keys)
        for name in unset_variables(text):
            message = f"{'.'.join(keys)} == ${{{name}}}, must be set in the environment."
            yield Problem("not-set", "error", message, where, Fix(f"export {name}=..."))
        if has_password(text):
            message = f"{'.'.join(keys)} holds a password, must take it from the environment."
            yield Problem("secret", "error", message, where, Fix("Write ${NAME} in its place, and export NAME=..."))


def _case_problems(config: Config) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name in config.sources:
        other = first.setdefault(name.lower(), name)
        if other != name:
            message = f"sources.{name} and sources.{other} differ by case only; table names ignore case."
            yield Problem("two-owners", "error", message, config.place("sources", name))
