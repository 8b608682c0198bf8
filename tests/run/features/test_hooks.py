"""A callback gets each training set of a set's features, and may refuse it: then nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from tests.frameworks.features.scoring.rides import ACTIVITY, SETTINGS, write

SPEC = f"""import yaml

from drawloom.frameworks.features.spec import Features


def refuse_few(made):
    if made.rows.num_rows < 2:
        raise ValueError(f"only {{made.rows['rides_count_ltd'].to_pylist()}}")


activity = Features(**yaml.safe_load({ACTIVITY!r}), on_training_set=refuse_few)
"""


def test_a_callback_refuses_a_training_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "drawloom.yml", SETTINGS)
    write(tmp_path / "specs" / "activity.py", SPEC)
    for day, rider in (("2026-03-01", 1), ("2026-03-02", 2), ("2026-03-03", 1)):
        write(
            tmp_path / "raw" / "rides" / f"ds={day}" / "rows.csv",
            f"rider,at,fare,city\n{rider},{day} 08:00:00,1.0,sf\n",
        )
    write(tmp_path / "few.csv", "rider,at\n1,2026-03-03 00:00:00Z\n")
    write(tmp_path / "many.csv", "rider,at\n1,2026-03-03 00:00:00Z\n2,2026-03-03 00:00:00Z\n")
    command = ["-C", str(tmp_path), "features", "training-set", "--features", "activity.*", "-o", str(tmp_path / "out")]
    assert run_command(["-C", str(tmp_path), "run", "features.activity_days"]) == 0
    capsys.readouterr()
    assert run_command([*command, "--spine", str(tmp_path / "few.csv")]) == 1
    told = capsys.readouterr().err
    assert "The callback on_training_set == drawloom_specs.activity:refuse_few raised ValueError: only [1]" in told
    assert not (tmp_path / "out").exists()
    assert run_command([*command, "--spine", str(tmp_path / "many.csv")]) == 0
    assert (tmp_path / "out" / "manifest.json").exists()
