"""{what}, so it would still be in the SQL that runs.

A name of the template, a variable that another program fills in, or a macro of a package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.rule import finding
from drawloom.sql.parameters import find_parameters
from drawloom.sql.script import Script

CODE = "parameter-left"
SEVERITY: Severity = "error"

_PLACEHOLDER = re.compile(r"__([A-Za-z]\w*(?:\.\w+)*?)__")


def check(script: Script) -> Iterator[Problem]:
    """What a template expression left in the rendered text, and parameters that nothing here fills in."""
    rendered = script.rendered
    seen: set[str] = set()
    for found in _PLACEHOLDER.finditer(rendered.text):
        origin = rendered.origin(found.start())
        if rendered.source.startswith(("{{", "{%"), origin) and found[1] not in seen:
            seen.add(found[1])
            unknown = script.unknown_names.get(found[1])
            what = unknown.what if unknown else f"{found[1]} has no value"
            yield finding(__name__, script, found.start(), Fix(unknown.fix if unknown else _FIX), what=what)
    for parameter in find_parameters(rendered.text, script.dialect):
        what = f"{parameter.text} has no value here"
        yield finding(__name__, script, parameter.start, Fix(parameter.fix), what=what)


_FIX = "Add it to params, or use a name such as ds, params.x or macros.ds_add(ds, -7)."
