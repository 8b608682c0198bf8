"""The documentation page of a DAG."""

from __future__ import annotations

from datetime import date

from drawloom.airflow.doc_md import dag_page
from drawloom.model import Bound, Days, Pipeline, Read, Step, Table

D = date(2026, 1, 1)


def test_a_page_lists_steps_reads_and_the_spec() -> None:
    reads = (
        Read("raw.all"), Read("raw.cal", how="calendar", calendar=((Bound("month"), Bound()),)),
        Read("raw.fix", how="fixed", dates=((D, D),)), Read("raw.odd", Days.span(-9, 0), "calendar"), Read("raw.day", Days.of(0), "offset"), Read("raw.week", Days.span(-6, 0), "offset"),
    )  # fmt: skip
    step = Step("first", Table("a.b", keep=7, keep_month_ends=True), sql="SELECT 1", reads=reads)
    text = dag_page(
        Pipeline("p", "autodag", (step, Step("a.c", Table("a.c", keep=3), sql="SELECT 1")), description="What it is."),
        "specs/p.sql",
        "SELECT 1\n",
    )
    assert text.startswith("What it is.\n")
    assert (
        "- **first** fills `a.b`, reads `raw.all` (all days), `raw.cal` (month to date), `raw.day`, `raw.fix` (2026-01-01), "
        "`raw.odd` (by the calendar), "
        "`raw.week` (days -6..0). Kept for 7 days, month ends for ever.\n"
    ) in text
    assert "- **a.c** reads nothing. Kept for 3 days.\n" in text
    assert text.endswith("The spec, `specs/p.sql`:\n\n```sql\nSELECT 1\n```\n")
