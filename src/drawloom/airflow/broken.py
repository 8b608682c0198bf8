"""Reports a spec that does not compile as an import error in Airflow.

Each broken spec gets a file of its own: Airflow schedules nothing from a file with an import error, so raising it in the
loader would take all other DAGs down.
"""

from __future__ import annotations

import json
from pathlib import Path

from drawloom.model import InputError


class SpecError(InputError):
    """The problems of a spec, as ``drawloom check`` prints them."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


def raise_problems(file: str) -> None:
    """Raise the problems that are stored beside the file.

    Raises:
        SpecError: always.
    """
    raise SpecError(*json.loads(Path(file).with_suffix(".json").read_text(encoding="utf-8")))
