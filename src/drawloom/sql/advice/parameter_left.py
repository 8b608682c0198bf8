"""{name} has no value, must be given or spelled as Airflow and dbt name it.

The name stands in the template and nothing was given for it, so it is still there in the SQL that would run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "parameter-left"
SEVERITY: Severity = "error"

_HOLDER = re.compile(r"__([A-Za-z]\w*(?:\.\w+)*?)__")


def check(script: Script) -> Iterator[Problem]:
    """Place-holders that came out of a template expression."""
    rendered = script.rendered
    seen: set[str] = set()
    for found in _HOLDER.finditer(rendered.text):
        origin = rendered.origin(found.start())
        if rendered.source.startswith(("{{", "{%"), origin) and found[1] not in seen:
            seen.add(found[1])
            fix = Fix("Give it among params, or use a name such as ds, params.x or macros.ds_add(ds, -7).")
            yield tell(__name__, script, found.start(), fix, name=found[1])
