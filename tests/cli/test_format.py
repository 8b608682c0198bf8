"""``drawloom format``: texts change, fingerprints do not, and what is not safe is left and named."""

from __future__ import annotations

from tests.cli.sample_project import DAILY, SampleProject

UNTIL = "until: 'forever: a test'"
UGLY = f"""/* drawloom
table:   core.ugly   # mine
{UNTIL}
*/


select   product,sum(orders) as orders -- of all
from core.daily where ds='{{{{ ds }}}}'
group by product
"""
PRETTY = f"""/* drawloom
table:   core.ugly   # mine
{UNTIL}
*/
select product, sum(orders) as orders  -- of all
from core.daily
where ds = '{{{{ ds }}}}'
group by product
"""


def test_files_are_formatted_and_nothing_becomes_stale(project: SampleProject) -> None:
    spec = project.write("specs/ugly.sql", UGLY)
    spec.chmod(0o640)
    project.run("run", "core.ugly")
    assert "would format specs/ugly.sql" in project.run("format", "core.ugly", "--check", code=1)
    assert spec.read_text() == UGLY
    assert project.run("format", "core.ugly") == "formatted specs/ugly.sql\n1 file: 1 formatted\n"
    assert (spec.read_text(), spec.stat().st_mode & 0o777) == (PRETTY, 0o640)
    assert set(project.json("status", "+core.ugly")["tables"]["core.ugly"]["counts"]) == {"fresh"}
    assert project.run("format", "core.ugly", "--check") == "1 file: 0 to format\n"


def test_all_files_without_names_also_broken_ones(project: SampleProject) -> None:
    project.write(
        "specs/ugly.sql", UGLY.replace("core.ugly", "core.wrong").replace("from core.daily", "from core.nothing")
    )
    project.write("specs/other.yml", "kind: autodag\ntable: core.other\nsql: select   1\n" + UNTIL)
    found = project.json("format")
    assert (found["changed"], found["files"], found["left"]) == (["specs/ever.sql", "specs/ugly.sql"], 4, [])
    assert "tag:zzz" in project.run("format", "tag:zzz", code=2)
    assert project.json("format", "--exclude", "core.daily", "--check")["files"] == 3


def test_what_is_not_safe_is_left_and_named(project: SampleProject) -> None:
    project.write("macros/a.sql", "{% macro total() %}sum(amount) -- of all{% endmacro %}")
    header = f"/* drawloom\ntable: core.x\n{UNTIL}\n*/\n"
    texts = {
        "inline.sql": header
        + "SELECT product {% if true %}, 1 AS one{% endif %} FROM raw.orders WHERE ds='{{ ds }}'\n",
        "macro.sql": header.replace("core.x", "core.y")
        + "SELECT {{ total() }}\n  AS total FROM raw.orders WHERE ds='{{ ds }}'\n",
        "unread.sql": header.replace("core.x", "core.z") + "SELECT 'x FROM raw.orders\n",
        "bare.sql": "SELECT 1\n",
    }
    for name, text in texts.items():
        project.write(f"specs/{name}", text)
    out = project.run("format")
    assert "left as it is: specs/inline.sql:5: template == '{% if true %}', must be on a line of its own" in out
    assert "left as it is: specs/macro.sql:4: A tag of the template would render to another SQL" in out
    assert "left as it is: specs/unread.sql:4: sql cannot be read as duckdb" in out
    assert "left as it is: specs/bare.sql:1: The header is missing" in out
    assert "7 files: 1 formatted, 4 left as they are" in out
    assert {name: (project.folder / "specs" / name).read_text() for name in texts} == texts
    assert (project.folder / "specs/daily.sql").read_text() == DAILY


def test_line_ends_stay_and_what_is_no_text_is_left(project: SampleProject) -> None:
    spec = project.write("specs/ugly.sql", "")
    spec.write_bytes(UGLY.replace("\n", "\r\n").encode())
    (project.folder / "specs/latin.sql").write_bytes(b"/* drawloom \xe9 */ SELECT 1")
    out = project.run("format", code=0)
    assert "left as it is: specs/latin.sql:1: specs/latin.sql is not UTF-8 text" in out
    assert spec.read_bytes() == PRETTY.replace("\n", "\r\n").encode()
