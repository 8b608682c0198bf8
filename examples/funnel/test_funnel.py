"""The funnel, proven: what must always hold for a framework, and the numbers of one case."""

from datetime import date
from pathlib import Path

from drawloom.testing import FrameworkCase

TUE, WED = date(2026, 1, 6), date(2026, 1, 7)
EVENTS = [(TUE, 1, 1, "visit", 0), (TUE, 1, 2, "signup", 0), (TUE, 1, 3, "ride", 5), (TUE, 2, 1, "signup", 0)]
EVENTS += [(TUE, 2, 2, "visit", 0), (WED, 3, 1, "visit", 0), (WED, 3, 2, "signup", 0), (WED, 3, 3, "ride", 0)]
COUNTS = {TUE: (2, 1, 1), WED: (1, 1, 0)}


def test_a_funnel(tmp_path: Path) -> None:
    names = ("ds", "user_id", "ts", "event", "fare")
    expected = [
        {"ds": ds, "funnel": "signup", "step": step, "entities": n}
        for ds, counts in COUNTS.items()
        for step, n in zip(("visit", "signup", "ride"), counts, strict=True)
    ]
    FrameworkCase(
        spec=Path(__file__).with_name("specs").joinpath("signup.yml").read_text(),
        rows={"raw.events": [dict(zip(names, event, strict=True)) for event in EVENTS]},
        expected={"funnels.signup": expected, "funnels.all": expected},
    ).check(tmp_path)
