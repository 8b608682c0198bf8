"""{name} has no value; give it one, or use a name that Airflow or dbt defines.

The template uses the name and nothing defines it, so it would still be in the SQL that runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "parameter-left"
SEVERITY: Severity = "error"

_PLACEHOLDER = re.compile(r"__([A-Za-z]\w*(?:\.\w+)*?)__")


def check(script: Script) -> Iterator[Problem]:
    """Placeholders that a template expression left in the rendered text."""
    rendered = script.rendered
    seen: set[str] = set()
    for found in _PLACEHOLDER.finditer(rendered.text):
        origin = rendered.origin(found.start())
        if rendered.source.startswith(("{{", "{%"), origin) and found[1] not in seen:
            seen.add(found[1])
            fix = Fix("Add it to params, or use a name such as ds, params.x or macros.ds_add(ds, -7).")
            yield finding(__name__, script, found.start(), fix, name=found[1])
