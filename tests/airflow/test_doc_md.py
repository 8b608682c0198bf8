"""The documentation page of a DAG."""

from __future__ import annotations

from drawloom.airflow.doc_md import dag_page
from drawloom.model import Bound, Days, Pipeline, Read, Step, Table


def test_a_page_lists_steps_reads_and_the_spec() -> None:
    reads = (
        Read("raw.all"), Read("raw.cal", how="calendar", calendar=((Bound("month"), Bound()),)), Read("raw.fix", how="fixed"),
        Read("raw.day", Days.of(0), "offset"), Read("raw.week", Days.span(-6, 0), "offset"),
    )  # fmt: skip
    step = Step("first", Table("a.b", keep=7, keep_month_ends=True), sql="SELECT 1", reads=reads)
    text = dag_page(
        Pipeline("p", "autodag", (step, Step("a.c", Table("a.c", keep=3), sql="SELECT 1")), description="What it is."),
        "specs/p.sql",
        "SELECT 1\n",
    )
    assert text.startswith("What it is.\n")
    assert (
        "- **first** fills `a.b`, reads `raw.all` (all days), `raw.cal` (by the calendar), `raw.day`, `raw.fix` (fixed days), "
        "`raw.week` (days -6..0). Kept for 7 days, month ends for ever.\n"
    ) in text
    assert "- **a.c** reads nothing. Kept for 3 days.\n" in text
    assert text.endswith("The spec, `specs/p.sql`:\n\n```sql\nSELECT 1\n```\n")
