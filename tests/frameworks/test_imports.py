"""Modules that reading specs does not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from drawloom.run.init import init_shop


def test_specs_are_read_without_the_engines() -> None:
    code = "import sys, drawloom.specs.load, drawloom.frameworks.base as b; b.frameworks(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlglot", "duckdb", "pyarrow", "airflow", "numpy", "scipy"} & set(done.stdout.split())


def test_a_project_loads_the_frameworks_of_its_specs(tmp_path: Path) -> None:
    init_shop(tmp_path / "shop")
    code = "import sys; from drawloom import Project\nwith Project.load(sys.argv[1]) as p: assert p.pipelines; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "shop"], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("drawloom.frameworks.")}
    assert "drawloom.frameworks.autodag" in loaded
    assert (
        not {f"drawloom.frameworks.{kind}" for kind in ("growth", "experiments", "features", "stats", "anomalies")}
        & loaded
    )
