"""Growth accounting: one more day of drawloom against the floor and against SQL without state; history; backfill.

Generated activity (bench/activity.py), one spec with three dimensions, every contender a process of its own with one
thread. The peers are in bench/growth_peers.py; bench/growth_same.py asserts that the numbers are the same.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bench.activity import START, file
from bench.measure import Call, Line, Report, child, side_by_side, watched

PARTS = ("day", "history", "range", "away")
HOT = 0.15  # of the entities of the part "away": so many stay, the others come once
SETTINGS = """name: bench
start: {start}
end: {end}
defaults: {{owner: bench@example.com}}
sources:
  core.events: {{files: "landing/ds={{ds}}/*.parquet"}}
"""
SPEC = """kind: growth
name: people
source: core.events
entity: id
time: moment
activities: {events: true}
windows: [1, 7, 28]
dimensions:
  country: {}
  platform: {}
  app_version: {top: 50}
until: {forever: a benchmark}
"""
PEERS = {
    "DuckDB alone, start-up": "nothing",
    "floor: read events, copy state": "floor",
    "floor with zstd as usual": "floor_usual",
    "rescan of raw events": "rescan",
    "rescan without net_moved": "rescan_unmoved",
    "user-day model": "user_day",
    "user-day model without net_moved": "user_day_unmoved",
    "user-day model, 56 days": "user_day_56",
    "the same without net_moved": "user_day_56_unmoved",
    "count distinct (DAU, WAU, MAU)": "count_distinct",
    "full joins (day step)": "full_joins",
    "lifecycle arrays (total, w=1)": "lifecycle",
}
PLAN = """import sys
import rich.progress, rich.table  # what `drawloom run` imports, too
from drawloom.cli import main, run_output
from drawloom.run import attach, local_runner
from drawloom import Project
with Project.load(sys.argv[1]) as project:
    project.plan()
    project.engine.days("core.none")  # opens DuckDB
"""
CLI = "from drawloom.cli.main import main; main()"
AWAY = {"groups": "", "rows": "from drawloom.frameworks.growth import values; values.RATIO = 10**9\n"}
DAY_NOTES = (
    "every contender has one thread and reads the same files; the numbers were compared after the last run",
    "drawloom: all growth tables of one more day, with start-up, plan, content hashes, registry, expired state dropped",
    "rescan, user-day: accounting (both steps), engagement, ratios; top 50 versions without hysteresis, no keep list",
    "user-day: the day's increment is in it, the table of the days before is not",
    "user-day, 56 days: first days kept beside it; who was silent for 56 days counts in the total only",
    "count distinct, full joins: dimensions of events, so that their sums exceed the total; no L7 and L28",
    "lifecycle: 31 days of one window without dimensions; everybody's first day is given",
)


def measure(runs: int, entities: int = 100_000, days: int = 93, parts: Sequence[str] = PARTS) -> Iterator[Report]:
    """A report of each part, all over the same events."""
    measures = {"day": _day, "history": _history, "range": _range, "away": _away}
    for once in sorted({part == "away" for part in parts}):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            stay = round(HOT * entities) if once else entities
            numbers = {"--entities": stay, "--days": days + 1, "--once": entities - stay}
            child(*_module("activity"), root / "events", *(str(word) for pair in numbers.items() for word in pair))()
            for part in parts:
                if (part == "away") == once:
                    yield from measures[part](root, runs, days, f"{entities:,} entities")


def _day(root: Path, runs: int, days: int, size: str) -> list[Report]:
    ds = START + timedelta(days=days)
    build(root, days)
    watched(*_peer(root, "prepare", ds))()
    calls = {
        "drawloom run, one day": _run(root / "work"),
        "drawloom run, jobs by the machine": _run(root / "work", jobs=None),
        "drawloom started, planned, DuckDB opened": watched(sys.executable, "-c", PLAN, root / "work"),
        **{label: watched(*_peer(root, name, ds)) for label, name in PEERS.items()},
    }
    found = side_by_side(calls, runs, lambda: reset(root, days + 1))
    reset(root, days + 1)
    _run(root / "work")()
    child(*_module("growth_same"), "peers", root, str(ds))()
    lines = [Line(name, costs) for name, costs in found.items()]
    title = f"Growth, one day after {days} days: {size}"
    return [Report(title, lines, "day", lines[0].name, [*DAY_NOTES, *_without_start(lines)])]


def _without_start(lines: Sequence[Line]) -> list[str]:
    """The same ratios when start-up is left out on both sides."""
    cpu = {line.name: line.median for line in lines}
    ours = cpu["drawloom run, one day"] - cpu["drawloom started, planned, DuckDB opened"]
    start = cpu["DuckDB alone, start-up"]
    floor, rescan = (cpu[name] - start for name in ("floor: read events, copy state", "rescan of raw events"))
    goals = f"drawloom is {ours / floor:.1f} x the floor (goal at 1M <= 2.0), the rescan {rescan / ours:.1f} x drawloom"
    return [
        f"without start-up and plan: drawloom {ours:.2f} s, floor {floor:.2f} s, rescan {rescan:.2f} s of CPU;",
        f"{goals} (goal at 1M >= 8); goal for memory at 1M <= 250 MB",
    ]


def _history(root: Path, runs: int, days: int, size: str) -> list[Report]:
    """One more day after a third, two thirds, and all of the days, with the rescan beside it."""
    lines = []
    for count in (days // 3, 2 * days // 3, days):
        build(root, count)
        calls = {
            f"drawloom run after {count} days": _run(root / "work"),
            f"rescan of {count + 1} days": watched(*_peer(root, "rescan", START + timedelta(days=count))),
        }
        found = side_by_side(calls, runs, partial(reset, root, count + 1))
        lines += [Line(name, costs) for name, costs in found.items()]
    note = "60 % of the entities are there on the first day, the others come evenly: state has that many more rows"
    return [Report(f"Growth, one day as history grows: {size}", lines, "day", lines[0].name, [note])]


def _away(root: Path, runs: int, days: int, size: str) -> list[Report]:
    """One more day where most have been away for long, when they are groups in the state, and when they are rows."""
    sides = {name: root / name for name in AWAY}
    for name, side in sides.items():
        side.mkdir()
        (side / "events").symlink_to(root / "events")
        build(side, days, name)

    def rebuild() -> None:
        for side in sides.values():
            reset(side, days + 1)

    work = {name: _run(side / "work", away=name) for name, side in sides.items()}
    calls = {f"drawloom run, who is away in {name}": call for name, call in work.items()}
    calls["drawloom started, planned, DuckDB opened"] = watched(sys.executable, "-c", PLAN, sides["groups"] / "work")
    found = side_by_side(calls, runs, rebuild)
    rebuild()
    for call in work.values():
        call()
    folders = [side / "work" for side in sides.values()]
    child(*_module("growth_same"), "projects", *folders, "growth.people_state")()
    lines = [Line(label, costs) for label, costs in found.items()]
    note = f"{HOT:.0%} of the entities stay, the others came once in the first thirty days, and few of them come back"
    return [Report(f"Growth, one day after {days} days, most are away: {size}", lines, "day", lines[0].name, [note])]


def _range(root: Path, runs: int, days: int, size: str) -> Iterator[Report]:
    """All days in one go against day after day, for all outputs and for the day step."""
    specs = {"all outputs": SPEC, "day step": f"{SPEC}steps: [day]\n"}
    return (_one_range(root, runs, days, f"{kind}, {size}", spec) for kind, spec in specs.items())


def _one_range(root: Path, runs: int, days: int, title: str, spec: str) -> Report:
    folders = root / "at_once", root / "by_day"

    def rebuild() -> None:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            write_project(folder, spec, days)
            link_days(root, folder, days)

    calls = {
        "day after day, in one process": watched(*_module("growth_days"), folders[1]),
        "drawloom run, all days": _run(folders[0]),
    }
    found = side_by_side(calls, runs, rebuild)
    rebuild()
    for call in calls.values():
        call()
    child(*_module("growth_same"), "projects", *folders)()
    lines = [Line(name, costs, days) for name, costs in found.items()]
    ratio = lines[0].median / lines[1].median
    goal = "goal >= 5" if "steps" in spec else "goal >= 1"
    notes = [
        f"day after day takes {ratio:.1f} x the CPU of all at once ({goal})",
        "both write all tables: days, state, counts, keep, accounting, engagement, ratios; start-up once in each",
    ]
    return Report(f"Growth, {days} days: {title}", lines, "day", lines[1].name, notes)


def build(root: Path, days: int, away: str = "") -> None:
    """The project with its first days run. It is built in ``work`` and moved: the registry has the paths of sources."""
    for name in ("built", "work"):
        shutil.rmtree(root / name, ignore_errors=True)
    write_project(root / "work", SPEC, days)
    link_days(root, root / "work", days)
    _run(root / "work", away=away)()
    (root / "work").rename(root / "built")


def write_project(folder: Path, spec: str, days: int) -> None:
    """drawloom.yml and the spec, with so many days of history."""
    (folder / "specs").mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.format(start=START, end=_last(days))
    (folder / "drawloom.yml").write_text(settings, encoding="utf-8")
    (folder / "specs/people.yml").write_text(spec, encoding="utf-8")


def link_days(root: Path, folder: Path, days: int) -> None:
    """The events of the first days, as files of the project."""
    for ds in (START + timedelta(days=n) for n in range(days)):
        target = file(folder / "landing", ds)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.link(file(root / "events", ds), target)


def reset(root: Path, days: int) -> None:
    """The project as it was built, with so many days of events: the last has just come."""
    shutil.rmtree(root / "work", ignore_errors=True)
    shutil.copytree(root / "built", root / "work", copy_function=link_data)
    write_project(root / "work", SPEC, days)
    link_days(root, root / "work", days)


def link_data(source: str, target: str) -> None:
    """Link data files, which are never written in place; copy the others, such as the registry."""
    if source.endswith(".parquet"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _run(project: Path, jobs: int | None = 1, away: str = "") -> Call:
    """The command line; with ``away`` started by Python, with groups in the state as usual or never."""
    command = (sys.executable, "-c", AWAY[away] + CLI) if away else (_drawloom(),)
    return watched(*command, "-C", project, "run", *(("--jobs", str(jobs)) if jobs else ()))


def _drawloom() -> Path:
    return Path(sys.executable).with_name("drawloom")


def _peer(root: Path, name: str, ds: date) -> tuple[str | Path, ...]:
    return (*_module("growth_peers"), name, root, str(ds))


def _module(name: str) -> tuple[str, ...]:
    return sys.executable, "-m", f"bench.{name}"


def _last(days: int) -> date:
    return START + timedelta(days=days - 1)
