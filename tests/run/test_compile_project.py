from __future__ import annotations

from pathlib import Path

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
