"""The case of a framework on real engines: the same rows come out, and its page can be drawn."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from secrets import token_hex

import pytest
import yaml

from drawloom.testing import FrameworkCase
from tests.conformance.trino_client import drop_metastore_schema
from tests.integration.engines.small_project import engine_line
from tests.servers.fixtures import servers
from tests.servers.jdk import find_jdk
from tests.testing.toys import install_funnel

__all__ = ["servers"]

DAY = date(2026, 1, 6)
EVENTS = [(1, 1, "visit", 0), (1, 2, "signup", 0), (1, 3, "ride", 5), (2, 1, "signup", 0), (2, 2, "visit", 0)]
SIGNUP = [{"ds": DAY, "funnel": "signup", "number": i, "entities": n} for i, n in enumerate((2, 1, 1), 1)]
SHORT = [{"ds": DAY, "funnel": "short", "number": i, "entities": n} for i, n in enumerate((2, 1), 1)]
ENDS = [{"ds": DAY, "funnel": "short", "steps": 2, "entities": 1}]
LAST_STEPS = """/* drawloom
table: funnels.ends
until: "forever: a test"
*/
SELECT funnel, CAST(count(*) AS BIGINT) AS steps, CAST(min(entities) AS BIGINT) AS entities
FROM funnels.all WHERE ds = DATE '{{ ds }}' AND funnel = 'short' GROUP BY funnel
"""


def funnel_case(root: Path, raw: str) -> FrameworkCase:
    """The example's spec over a table in this schema."""
    rows = [dict(zip(("ds", "user_id", "ts", "event", "fare"), (DAY, *event), strict=True)) for event in EVENTS]
    spec = (root / "examples/funnel/specs/signup.yml").read_text().replace("raw.events", f"{raw}.events")
    short = spec.replace("name: signup", "name: short").replace("  signup: event = 'signup'\n", "")
    expected = {"funnels.signup": SIGNUP, "funnels.all": [*SIGNUP, *SHORT], "funnels.ends": ENDS}
    more = {"short.yml": short, "ends.sql": LAST_STEPS}
    return FrameworkCase(spec, {f"{raw}.events": rows}, expected, last=date(2026, 1, 7), more=more)


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["spark", "trino-hive"])
def test_the_funnel(kind: str, servers: object, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(find_jdk(17, "Spark").home))
    install_funnel(monkeypatch, root)
    raw = f"con_{token_hex(4)}"
    try:
        funnel_case(root, raw).check_engine(tmp_path / "project", yaml.safe_load(engine_line(kind)))
    finally:
        drop_metastore_schema(raw)
        drop_metastore_schema("funnels")
