"""Modules that reading specs does not import."""

from __future__ import annotations

import subprocess
import sys


def test_specs_are_read_without_the_engines() -> None:
    code = "import sys, drawloom.specs.load, drawloom.frameworks.base as b; b.frameworks(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlglot", "duckdb", "pyarrow", "airflow", "numpy", "scipy"} & set(done.stdout.split())
