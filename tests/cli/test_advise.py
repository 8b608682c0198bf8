"""``drawloom advise``: the JSON that other tools rely on, options, refusals, fixes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from drawloom.cli.main import run_command
from tests.cli.sample_project import DAILY, SampleProject


def advise_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    found = run_command(["advise", *arguments, "--format", "json"])
    out, err = capsys.readouterr()
    assert found == code, out + err
    return json.loads(out)


def test_json_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "q.sql"
    file.write_text(
        "INSERT OVERWRITE TABLE o.t PARTITION (ds='{{ ds }}')\n"
        "SELECT a.id, b.v FROM x.a a LEFT JOIN x.b b ON a.id = b.id AND b.ds = date_sub(a.ds, 7) WHERE a.ds = '{{ ds }}'"
    )
    found = advise_json(capsys, str(file), "--dialect", "spark")
    assert found["reads"] == {"x.a": [[0, 0]], "x.b": [[-7, -7]]}
    assert found["writes"] == [["o.t", "overwrite", {"ds": 0}]]
    assert found["lineage"] == {"id": ["x.a.id"], "v": ["x.b.v"]}
    assert len(found["waits"]) == 2
    assert found["problems"] == []


def test_keys_catalog_and_schedule_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "q.sql"
    file.write_text(
        "SELECT * FROM e JOIN c ON e.cc = c.cc WHERE e.dt >= '{{ data_interval_start | ds }}' AND e.dt < '{{ data_interval_end | ds }}'"
    )
    catalog = '{"e": ["dt"], "c": []}'
    assert advise_json(capsys, str(file), "--catalog", catalog)["reads"] == {"e": [[0, 0]], "c": "all"}
    assert advise_json(capsys, str(file), "--keys", "dt", "--schedule", "@weekly")["reads"]["e"] == [[-6, 0]]
    assert advise_json(capsys, str(file), "--schedule", "whenever", code=2)["problems"][0]["code"] == "bad-schedule"
    assert advise_json(capsys, str(file), "--catalog", "{", code=2)["problems"][0]["code"] == "catalog"
    assert advise_json(capsys, str(file), "--dialect", "klingon", code=2)["problems"][0]["code"] == "dialect"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-sql"),
        (b"-- only words", "not-sql"),
        (b"\x00\xff\xfe", "not-sql"),
        (b'{"a": 1}', "not-sql"),
        (b"import os\nprint(1)", "not-sql"),
        (b"SELECT FROM WHERE", "syntax-error"),
        (b"SELECT '", "syntax-error"),
        (b"SELECT {{ ds", "template-error"),
        (b"SELECT {{ 'x' * 1000000000 }}", "template-error"),
        (b"SELECT {% for a in range(100000000) %}{% endfor %} 1", "template-error"),
        (b"SELECT " + b"(" * 1000 + b"1" + b")" * 1000, "refused"),
    ],
)
def test_unreadable_text_gives_one_problem(
    data: bytes, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "q.sql"
    file.write_bytes(data)
    found = advise_json(capsys, str(file), code=2)
    assert [problem["code"] for problem in found["problems"]] == [code]
    assert found["reads"] == {}


def test_standard_input_and_missing_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT 1 AS n")))
    assert advise_json(capsys, "-")["problems"] == []
    assert advise_json(capsys, "nosuch.sql", code=2)["problems"][0]["code"] == "missing-file"


def test_fix_applies_safe_fixes_to_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "q.sql"
    file.write_text("SELECT count(*) AS n FROM logs.ev WHERE substr(ds, 1, 7) = '2018-01'")
    assert run_command(["advise", str(file), "--fix"]) == 0
    assert "1 problem fixed" in capsys.readouterr().err
    assert file.read_text() == "SELECT count(*) AS n FROM logs.ev WHERE (ds >= '2018-01-01' AND ds < '2018-02-01')"
    assert run_command(["advise", str(file), "--fix"]) == 0
    assert "0 problems fixed" in capsys.readouterr().err


def test_text_output_shows_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "q.sql"
    file.write_text(
        "INSERT OVERWRITE TABLE o.t PARTITION (ds, country='x') SELECT * FROM a, b, c WHERE a.ds BETWEEN "
        "trunc('{{ ds }}', 'MM') AND '{{ ds }}' AND b.ds = '2018-01-01' AND c.k = a.k AND b.k = a.k"
    )
    assert run_command(["advise", str(file), "--dialect", "hive", "--strict"]) in {0, 2}
    out = capsys.readouterr().out
    assert "2018-01-01" in out
    assert "calendar" in out
    assert "ds = any, country = x" in out


def test_header_and_project_settings_are_used(project: SampleProject, capsys: pytest.CaptureFixture[str]) -> None:
    spark = DAILY.replace("table: core.daily", "table: core.daily\ndialect: spark").replace(
        "'{{ ds }}'", "date_sub('{{ ds }}', 1)"
    )
    file = project.write("specs/daily.sql", spark)
    assert advise_json(capsys, str(file))["reads"] == {"raw.orders": [[-1, -1]]}
    whole = project.write("whole.sql", "SELECT product FROM raw.orders")
    codes = [problem["code"] for problem in advise_json(capsys, str(whole))["problems"]]
    assert codes == ["missing-partition-filter"]
    assert run_command(["advise", str(whole), "--strict"]) == 2


def test_macros_of_a_folder_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.sql").write_text("{% macro today() %}ds = '{{ ds }}'{% endmacro %}")
    file = tmp_path / "q.sql"
    file.write_text("SELECT a FROM core.t WHERE {{ today() }}")
    found = advise_json(capsys, str(file), "--macros", str(tmp_path / "m"))
    assert found["reads"] == {"core.t": [[0, 0]]}
    assert "the macro today is not known here" in str(advise_json(capsys, str(file))["problems"])
    assert "must be a folder" in str(advise_json(capsys, str(file), "--macros", "none", code=2)["problems"])
