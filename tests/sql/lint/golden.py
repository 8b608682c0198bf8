"""Golden texts: the cases in rules/<rule>.sql, each with what the rule of that name finds in it.

A case has `# key: value` lines, the text, and perhaps `=>` and the text with the rule's fixes applied; cases are
separated by `----`. `# at: 1:14, 2:3` lists the places of findings, `# quiet` means that there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drawloom.model import Problem, Schedule
from drawloom.sql.catalog import load_catalog
from drawloom.sql.lint import lint_script
from drawloom.sql.script import Script
from drawloom.sql.script_reader import read_script

RULES = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Case:
    name: str
    code: str
    head: dict[str, str]
    text: str
    fixed: str | None

    @property
    def places(self) -> list[str]:
        return [place.strip() for place in self.head["at"].split(",")] if "at" in self.head else []

    def read(self, text: str | None = None) -> Script:
        return read_script(
            self.text if text is None else text,
            dialect=self.head.get("dialect", "duckdb"),
            catalog=load_catalog(self.head.get("catalog", "{}")),
            target=self.head.get("target"),
            schedule=Schedule.parse(*self.head.get("schedule", "@daily").split(" ")),
        )

    def problems(self, text: str | None = None) -> list[Problem]:
        return [problem for problem in lint_script(self.read(text)) if problem.code == self.code]


def cases() -> list[Case]:
    return [case for path in sorted(RULES.glob("*.sql")) for case in _cases(path)]


def _cases(path: Path) -> list[Case]:
    return [_case(path, n, block) for n, block in enumerate(path.read_text().split("----\n"), 1)]


def _case(path: Path, number: int, block: str) -> Case:
    lines = block.rstrip("\n").split("\n")
    head = {}
    while lines[0].startswith("# "):
        key, _, value = lines.pop(0)[2:].partition(":")
        head[key.strip()] = value.strip()
    text, _, fixed = "\n".join(lines).partition("\n=>\n")
    return Case(f"{path.stem}-{number}", path.stem.replace("_", "-"), head, text, fixed or None)
