"""The funnel framework: the laws that every framework keeps, and the numbers of one case."""

from datetime import date
from pathlib import Path

from drawloom.testing import FrameworkCase

TUE, WED = date(2026, 1, 6), date(2026, 1, 7)
EVENTS = [(TUE, 1, 1, "visit", 0), (TUE, 1, 2, "signup", 0), (TUE, 1, 3, "ride", 5), (TUE, 2, 1, "signup", 0)]
EVENTS += [(TUE, 2, 2, "visit", 0), (WED, 3, 1, "visit", 0), (WED, 3, 2, "signup", 0), (WED, 3, 3, "ride", 0)]
COUNTS = {TUE: (2, 1, 1), WED: (1, 1, 0)}


def test_a_funnel(tmp_path: Path) -> None:
    rows = [dict(zip(("ds", "user_id", "ts", "event", "fare"), event, strict=True)) for event in EVENTS]
    counts = {ds: [{"number": i, "entities": n} for i, n in enumerate(ns, 1)] for ds, ns in COUNTS.items()}
    spec = Path("specs/signup.yml").read_text()
    FrameworkCase(spec, {"raw.events": rows}, {"funnels.signup": counts, "funnels.all": counts}).check(tmp_path)
