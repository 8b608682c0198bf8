"""Hostile names of columns, files, checks and people go through landing, runs, checks and queries as text, or are refused."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from drawloom.model import DrawloomError, InputError
from drawloom.run.project import Project
from tests.helpers import examples

HOSTILE = (
    '"', "'", "''", '"; DROP TABLE raw.t; --', "a.b", "a b", "{{ 7 * 7 }}", "{% raw %}", "{# x", "${HOME}", "$1", "%s%n",
    "../../x", "/etc/passwd", "\\", "\\'", "`x`", "[x]", "-- x", "/* x */", "*/", "<script>alert(1)</script>", "😀", "жук",
    "cafe\u0301", "\u202egnp.exe", "\u200b", "ﬁ", "İ", "select", "NULL", "1", "-", "*", ":x", "?", "@x", "#x", "x" * 300,
    "\t", "a\nb", "=1+1", "a,b", "a;b", "nan", "true", "~", "&a", "*a", "!x", "|", "%TAG", "#{x}", "\x7f", "\x1b[31m",
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)
)
CONFIG = "name: hostile\nstart: 2026-03-01\nend: 2026-03-01\ndefaults: {owner: a@example.com, retries: 0}\n"
DAY = date(2026, 3, 1)
QUICK = HOSTILE[:1] + HOSTILE[6:7]
REFUSED = {"\t", "a\nb", "${HOME}"}  # as columns of a CSV, and as a name in SQL that somebody forgot to fill in


def quoted(name: str) -> str:
    """The name in SQL; braces are no template."""
    text = '"' + name.replace('"', '""') + '"'
    return "{{ " + json.dumps(text, ensure_ascii=False) + " }}" if "{" in text else text


def spec(column: str, words: str) -> str:
    """A step that copies a column of a hostile name, with checks on it, and words of any kind wherever words may stand."""
    head = {
        "table": "core.t",
        "until": {"forever": words},
        "description": words,
        "checks": [
            {"not_null": [column]},
            {"accepted_values": {column: ["v" + words]}},
            {"sql": {"name": words, "query": "SELECT 1 FROM staged WHERE FALSE"}},
        ],
    }
    text = yaml.safe_dump(head, default_style='"').replace("*/", "*\\x2f")
    return f"/* drawloom\n{text}*/\nSELECT {quoted(column)}, 1 AS n FROM raw.t WHERE ds = '{{{{ ds }}}}'\n"


def write(folder: Path, path: str, text: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")
    return file


def refusal(error: DrawloomError) -> str:
    """What a refusal says, which is whole sentences."""
    assert error.problems
    assert all(problem.code and problem.message.strip() for problem in error.problems)
    return "refused"


def outcome_of(folder: Path, column: str, words: str) -> str:
    """``stored`` where the value comes out under its name, ``refused`` where a message says why not."""
    write(folder, "drawloom.yml", CONFIG)
    text = io.StringIO()
    csv.writer(text).writerows([[column, "day"], ["v" + words, DAY]])
    file = write(folder, "landing/rows.csv", text.getvalue())
    try:
        with Project.load(folder) as project:
            project.land("raw.t", [str(file)], ds="day")
        write(folder, "specs/t.sql", spec(column, words))
        with Project.load(folder) as project:
            if errors := [problem for problem in project.check() if problem.severity == "error"]:
                return refusal(InputError(*errors))
            (result,) = project.run(project.plan([], DAY, DAY)).results
            assert result.outcome == "written", result.error
            (row,) = project.query("SELECT * FROM core.t").to_pylist()
    except DrawloomError as error:
        return refusal(error)
    assert row == {column: "v" + words, "n": 1, "ds": DAY}
    return "stored"


@pytest.mark.unmeasured
@examples(3, 150, suppress_health_check=[HealthCheck.too_slow])
@given(column=NAMES, words=NAMES)
def test_hostile_names_are_text_or_refused(column: str, words: str) -> None:
    assume(column.lower() not in ("ds", "n"))
    with TemporaryDirectory() as folder:
        outcome_of(Path(folder), column, words)
        assert {path.name for path in Path(folder).iterdir()} <= {
            "drawloom.yml",
            "landing",
            "specs",
            "lake",
            ".drawloom",
        }


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.nightly] * (n not in QUICK)) for n in HOSTILE])
def test_each_hostile_name(tmp_path: Path, name: str) -> None:
    found = outcome_of(tmp_path, name, name)
    assert found == ("refused" if name in REFUSED else "stored")
