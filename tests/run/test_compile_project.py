from __future__ import annotations

from pathlib import Path

from drawloom.frameworks.pipeline_json import pipeline_to_dict
from drawloom.run.compile_project import MIN_PARALLEL, compile_project
from drawloom.specs.config import load_config

SPEC = """/* drawloom
table: core.t{n}
owner: x@example.com
until: "forever: a test"
*/
SELECT {n} AS n, {wrong} AS m FROM {source} WHERE ds = '{{{{ ds }}}}'
"""


def test_many_texts_are_read_in_processes_as_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "drawloom.yml").write_text("name: many\nstart: 2026-01-01\n")
    (tmp_path / "specs").mkdir()
    for n in range(MIN_PARALLEL + 5):
        source = f"core.t{n - 1}" if n else "(SELECT DATE '2026-01-01' AS ds) AS t"
        wrong = "now()" if n == 7 else "(" if n == 9 else "1"
        (tmp_path / f"specs/t{n}.sql").write_text(SPEC.format(n=n, source=source, wrong=wrong))
    config = load_config(tmp_path)
    together = compile_project(config, {}, tmp_path / "cache")
    alone = compile_project(config, {}, None)
    assert together == alone
    assert {problem.code for problem in alone.problems} >= {"clock", "syntax-error"}
    assert len(list((tmp_path / "cache").glob("*/*.json"))) == MIN_PARALLEL + 4


def test_a_change_of_a_macro_makes_the_steps_that_use_it_stale(tmp_path: Path) -> None:
    (tmp_path / "drawloom.yml").write_text("name: one\nstart: 2026-01-01\n")
    for folder in ("specs", "macros"):
        (tmp_path / folder).mkdir()
    plain = SPEC.format(n=0, source="(SELECT DATE '2026-01-01' AS ds) AS t", wrong="1")
    (tmp_path / "specs/t0.sql").write_text(plain)
    (tmp_path / "specs/t1.sql").write_text(SPEC.format(n=1, source="{{ previous('t0') }}", wrong="1"))
    macro = "{% macro previous(name) %}(SELECT ds + DAYS AS ds FROM core.{{ name }}){% endmacro %}"
    found = []
    for days in ("0", "1"):
        (tmp_path / "macros/all.sql").write_text(macro.replace("DAYS", days))
        compiled = compile_project(load_config(tmp_path), {}, None)
        found.append({pipeline.name: pipeline.steps[0] for pipeline in compiled.pipelines})
    before, after = found
    assert [str(one["core.t1"].reads[0].days) for one in found] == ["0", "-1"]
    assert before["core.t1"].fingerprint != after["core.t1"].fingerprint
    assert before["core.t0"] == after["core.t0"]
    (pipeline,) = [pipeline for pipeline in compiled.pipelines if pipeline.name == "core.t1"]
    assert "previous" in pipeline_to_dict(pipeline)["steps"][0]["macros"]
