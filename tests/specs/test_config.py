"""drawloom.yml."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawloom.model import Column, InputError, Problem
from drawloom.specs.config import Config, SourceConfig, load_config

FULL = """\
name: rides
start: 2026-01-01
end: 2026-03-31
timezone: Europe/Paris
engine: {kind: duckdb, threads: 4, memory: 4GB}
lake: data/lake
registry: postgresql://me:${DRAWLOOM_TEST}@host/db
defaults: {owner: data@example.com, schedule: @daily, retries: 3}
sources:
  raw.rides:
    files: landing/rides/ds={ds}/*.parquet
    lateness: 1d
    gaps: true
    columns: {id: bigint, city: {type: text, description: where}}
    days_from: [ts]
  ref.cities: {files: "${DRAWLOOM_TEST}/cities.csv.gz", columns: {id: int}}
""".replace("@daily", '"@daily"')


def load(tmp_path: Path, text: str) -> Config:
    (tmp_path / "drawloom.yml").write_text(text)
    return load_config(tmp_path)


def problems(tmp_path: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    return caught.value.problems


def test_every_setting_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAWLOOM_TEST", "s3cret")
    config = load(tmp_path, FULL)
    source = config.sources["raw.rides"]
    assert (config.name, config.start, config.end) == ("rides", date(2026, 1, 1), date(2026, 3, 31))
    assert (config.engine.threads, config.engine.memory, config.defaults.retries) == (4, "4GB", 3)
    assert (source.lateness, source.file_format, source.gaps, source.partitioned) == (
        timedelta(days=1),
        "parquet",
        True,
        True,
    )
    assert source.columns == (Column("id", "BIGINT"), Column("city", "VARCHAR", "where"))
    assert config.sources["ref.cities"].file_format == "csv"
    assert not config.sources["ref.cities"].partitioned
    assert config.root == tmp_path
    assert "s3cret" not in repr(config)


def test_only_name_and_start_are_required(tmp_path: Path) -> None:
    config = load(tmp_path, "name: x\nstart: 2026-01-01\n")
    assert (config.timezone, config.engine.kind, config.engine.threads, config.lake) == ("UTC", "duckdb", 1, "lake")
    assert (config.defaults.schedule, config.defaults.retries, config.defaults.owner) == ("@daily", 2, "")
    assert config.sources == {}


def test_the_engine_may_be_a_word(tmp_path: Path) -> None:
    assert load(tmp_path, "name: x\nstart: 2026-01-01\nengine: duckdb").engine.kind == "duckdb"
    (problem,) = problems(tmp_path, "name: x\nstart: 2026-01-01\nengine: duckdv")
    assert (
        str(problem)
        == "drawloom.yml:3: engine.kind == 'duckdv', must be 'duckdb', 'spark' or 'trino'. Did you mean duckdb?"
    )


def test_all_problems_are_reported_with_their_lines(tmp_path: Path) -> None:
    text = (
        "nam: x\nstart: soon\ntimezone: Europe/Pariss\nlake: 3\nsources:\n  rides: {files: a}\n  raw.x:\n    file: b\n"
    )
    found = [(problem.where.line, problem.code) for problem in problems(tmp_path, text)]
    assert found == [
        (1, "missing"), (1, "unknown-key"), (2, "invalid"), (3, "invalid"), (4, "invalid"), (6, "invalid"),
        (6, "invalid"), (8, "unknown-key"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("timezon: UTC", "timezon is an unknown key, must be one of name, start, .*Did you mean timezone"),
        ("timezone: Europe/Pariss", "timezone == 'Europe/Pariss', must be a time zone.*Did you mean Europe/Paris"),
        ("end: 2025-01-01", "drawloom.yml:3: end == 2025-01-01, must not be before the start, 2026-01-01"),
        ("end: 2026-02-30", "end == '2026-02-30', must be a day like 2026-01-31"),
        ("engine: {threads: 0}", r"engine.threads == 0, must be at least 1"),
        ("engine: {url: 'trino://here/hive'}", r"must not have `url`: DuckDB runs in the process"),
        ("engine: {kind: trino, threads: 2}", r"must not have `threads`, which is a setting of duckdb"),
        ("engine: {kind: trino, metastore: 'thrift://x:1'}", r"must not have `metastore`, which is a setting of spark"),
        ("engine: {kind: trino, url: 'trino://me:secret@here/hive'}", r"engine.url holds a password, must take it from"),
        ("engine: {kind: spark, url: 'sc://far:15002/;token=hush'}", r"engine.url holds a password, must take it from"),
        ("engine: {kind: spark, settings: {a: '${NOT_SET_ANYWHERE}'}}", r"engine.settings.a == .*must be set in the env"),
        ("sources: {core.x: {}}", r"sources.core.x has no `files`, and DuckDB has no catalog"),
        ("sources: {core.x: {format: csv}}", r"must have `files` where it has a `format`"),
        ("sources: {core.x: {files: 'x.parquet', by_day: false}}", r"must not have `by_day`"),
        ("engine: {threads: true}", r"engine.threads == True, must be a whole number"),
        ("engine: {memory: {}}", r"engine.memory == {}, must be text"),
        ("sources: {core.x: }", r"sources.core.x is empty, must be lines of"),
        ("engine: {memory: 4}", r"engine.memory == 4, must be text"),
        ("engine: {memory: lots}", r"engine.memory == 'lots', must be an amount of memory like 4GB"),
        ("defaults: {schedul: x}", "defaults.schedul is an unknown key.*Did you mean schedule"),
        ("defaults: [1]", r"defaults == \[1\], must be lines of `key: value`"),
        ("defaults: {schedule: '@dayly'}", "defaults.schedule == '@dayly', must be @daily.*Did you mean @daily"),
        ("sources: {raw.x: {files: 'a/{day}.csv'}}", "sources.raw.x.files == .*must be a path pattern in which {ds}, {ds_nodash}, or"),
        ("sources: {raw.x: {files: 'a/{yyyy}.csv'}}", "stand for the day"),
        ("sources: {raw.x: {files: 'a/{ds}.csv'}}", "must have `columns`: csv files have no types"),
        ("sources: {raw.x: {files: 'a/b'}}", "must have a `format` of parquet, csv or json"),
        ("sources: {raw.x: {files: a.csv, lateness: soon}}", "lateness == 'soon', must be days, hours or minutes"),
        ("sources: {raw.x: {files: a.csv, format: xls}}", "format == 'xls', must be 'parquet', 'csv' or 'json'"),
        ("sources: {raw.x: {files: a.csv, columns: {a: intt}}}", "sources.raw.x.columns.a == 'intt', must be a type of DuckDB.*Did you mean INT"),
        ("sources: {raw.x: {files: a.csv, columns: [a]}}", "must be lines of `column: type`"),
        ("sources: {raw.x: {files: a.csv, columns: {ds: date}}}", "must have a name other than ds"),
        ("sources: {raw.x: {files: a.csv, columns: {a: int, A: int}}}", "differ by case only"),
        ("sources: {raw.x: {files: a.csv, columns: {a: {typ: int}}}}", "columns.a.typ == 'int', must be given under type or description or tags. Did you mean type"),
        ("sources: {raw.x: {files: a.csv, columns: {a: 3}}}", "columns.a == 3, must be a type like BIGINT"),
        ("sources: {../x: {files: a.csv}}", r"sources == '../x', must be schema.table"),
        ("sources: {raw.x: {files: a.parquet}, RAW.x: {files: b.parquet}}", "sources.RAW.x and sources.raw.x differ by case only"),
        ("registry: ${DRAWLOOM_NONE}", r"drawloom.yml:3: registry == \${DRAWLOOM_NONE}, must be set in the environment"),
        ("lake: ${DRAWLOOM_NONE}/x", r"lake == \${DRAWLOOM_NONE}, must be set"),
        ("sources: {raw.x: {files: '${DRAWLOOM_NONE}/{ds}.parquet'}}", r"sources.raw.x.files == \${DRAWLOOM_NONE}, must be set"),
        ("name: y", "drawloom.yml:3: name is given twice"),
        ("---\nname: z", "drawloom.yml has 2 YAML documents; it must have one"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, f"name: x\nstart: 2026-01-01\n{line}\n")


def test_a_password_is_refused_and_not_printed(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "name: x\nstart: 2026-01-01\nregistry: postgresql://me:s3cret@host/db")
    assert "s3cret" not in str(problem)
    assert "Write ${NAME} in its place" in str(problem)


def test_a_missing_or_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"drawloom.yml was not found in .*drawloom init"):
        load_config(tmp_path)
    assert [problem.message for problem in problems(tmp_path, "# nothing\n")] == [
        "name is missing.",
        "start is missing.",
    ]


def test_settings_can_be_made_in_python() -> None:
    source = SourceConfig(files="a.csv", columns=(Column("id", "BIGINT"),))
    made = Config(name="x", start=date(2026, 1, 1), sources={"ref.a": source})
    assert made.sources["ref.a"].columns == (Column("id", "BIGINT"),)
    with pytest.raises(InputError, match=r"sources.ref.a.columns.id == 3, must be a type like BIGINT"):
        Config.model_validate(
            {"name": "x", "start": made.start, "sources": {"ref.a": {"files": "a", "columns": {"id": 3}}}}
        )
    with pytest.raises(InputError, match=r"test_config.py:\d+: name == 3, must be text"):
        Config(name=3, start=date(2026, 1, 1))  # type: ignore[arg-type]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*Config.model_fields, "x", "files", "raw.x"])


@pytest.mark.unmeasured
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(KEYS, JUNK | st.dictionaries(KEYS, JUNK, max_size=3), max_size=6))
def test_any_junk_gives_problems(data: dict[str, object]) -> None:
    wrong: tuple[Problem, ...] = ()
    try:
        Config.model_validate({"name": "x", "start": "2026-01-01", **data})
    except InputError as error:
        wrong = error.problems
    assert all(problem.message.endswith(".") for problem in wrong)
