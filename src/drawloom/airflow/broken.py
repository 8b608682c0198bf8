"""How a spec that cannot be compiled shows in Airflow: as the import error of a file of its own.

In the loader's file it would take all other DAGs down: Airflow schedules nothing of a file with an import error.
"""

from __future__ import annotations

import json
from pathlib import Path

from drawloom.model import InputError


class SpecError(InputError):
    """What is wrong with a spec, in the words of ``drawloom check``."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


def tell_problems(file: str) -> None:
    """Raise what is written beside the file.

    Raises:
        SpecError: always.
    """
    raise SpecError(*json.loads(Path(file).with_suffix(".json").read_text(encoding="utf-8")))
