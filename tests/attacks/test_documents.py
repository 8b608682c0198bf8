"""YAML that is a bomb, in settings, specs and headers: refused or read, within bounds of work and memory, by a message."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from tests.attacks.child import run
from tests.cli.sample_project import CONFIG, DAILY, SampleProject

LIMITS = {resource.RLIMIT_AS: 4 << 30, resource.RLIMIT_CPU: 300}  # seconds of CPU: a bomb takes hours
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGED = "m0: &m0 {k: v}\n" + "".join(f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 9)}]\n" for n in range(1, 12))
BOMBS = {
    "aliases": ALIASES,
    "aliases as keys": ALIASES + "? *a9\n: x\n",
    "merged": MERGED,
    "a circle": "a: &a [*a]\n",
    "a circle of mappings": "a: &a\n  b: *a\n",
    "flow depth": "a: " + "[" * 20_000 + "]" * 20_000 + "\n",
    "block depth": "".join(f"{' ' * n}k{n}:\n" for n in range(3_000)) + " " * 3_000 + "x: 1\n",
    "list depth": "a:\n " + "- " * 5_000 + "x\n",
    "many keys": "".join(f"k{n}: {n}\n" for n in range(100_000)),
    "many documents": "---\na: 1\n" * 20_000,
    "a long text": f"description: {'x' * 5_000_000}\n",
    "a long number": f"retries: {'9' * 1_000_000}\n",
    "a long hexadecimal": f"retries: 0x{'f' * 1_000_000}\n",
    "a long number in base 60": "retries: 1" + ":59" * 100_000 + "\n",
    "a long fraction": f"retries: 0.{'1' * 1_000_000}e{'9' * 1_000}\n",
    "no day": "start: 99999-99-99\n",
    "a day too far": "start: 9999-12-31T23:59:59.999999999-23:59\n",
    "tags of python": "a: !!python/object/apply:os.system [exit]\n",
    "tags of binaries": f"a: !!binary {'A' * 3_000_000}\n",
    "sets and pairs": "a: !!set {b, c}\nd: !!omap [e: f]\ng: !!pairs [h: i]\n",
    "control characters": "a: \x01\x02\n",
    "directives": "%YAML 9.9\n%TAG ! tag:x,2000:\n---\na: 1\n",
    "long anchors": f"a: &{'x' * 500_000} 1\nb: *{'x' * 500_000}\n",
    "many quotes": "a: " + "'" * 200_001 + "\n",
    "escapes": 'a: "' + "\\x41\\u0041\\U00000041" * 50_000 + '"\n',
    "a surrogate": 'a: "\\ud800"\n',
    "half a document": "a: [1, 2\nb: {c: \n",
    "comments": "# x\n" * 200_000,
}
QUICK = {"merged", "a long hexadecimal"}
PLACES: dict[str, Callable[[SampleProject, str], object]] = {
    "settings": lambda project, bomb: project.write("drawloom.yml", CONFIG + bomb),
    "a spec": lambda project, bomb: project.write(
        "specs/bomb.yml", f"kind: growth\ntable: core.bomb\nuntil: 'forever: x'\n{bomb}"
    ),
    "a header": lambda project, bomb: project.write(
        "specs/bomb.sql", DAILY.replace("core.daily", "core.bomb").replace("checks:", f"{bomb}checks:")
    ),
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.nightly] * (n not in QUICK)) for n in BOMBS])
def test_a_bomb_is_a_message(project: SampleProject, name: str, place: str) -> None:
    PLACES[place](project, BOMBS[name])
    done = run(project.folder, "check", limits=LIMITS)
    assert done.returncode in (0, 2), (done.returncode, done.stderr[-2_000:])
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == 0 or "error" in done.stdout + done.stderr
    assert len(done.stdout) + len(done.stderr) < 100_000 + 20 * len(BOMBS[name])
