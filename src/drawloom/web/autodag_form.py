"""The form of a spec: its fields as they come from a browser, and the text of the spec that they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Request

from drawloom.model import InputError, Problem
from drawloom.run.spec_files import new_spec_file, read_spec_text, version_of
from drawloom.specs.fields import Forever, as_until
from drawloom.specs.load import find_header
from drawloom.specs.sql_file import SqlFile, join_sql_file, split_sql_file
from drawloom.specs.validation import RuleError
from drawloom.web.context import read_form
from drawloom.web.site import Site

DRAFT = "specs/draft.sql"  # where problems of a text are that has no file yet
FOREVER, UNTIL_DAY = "forever", "day"
NEEDED = {
    "table": "Give the table that it fills a name, such as core.orders.",
    "until_day": "Choose the last day on which it is scheduled, a year ahead at most, or say why it never ends.",
    "owner": "Say who owns it: a person or a team.",
}
WRONG = re.compile(r"[\w.\[\]]+ == (.+?), must (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form has, as text. ``file`` is the spec that is edited, empty for a new one; ``began_from`` its version then.

    ``whole``: ``sql`` is the text of the whole file, as the other fields are not shown.
    """

    file: str = ""
    began_from: str = ""
    whole: str = ""
    table: str = ""
    description: str = ""
    owner: str = ""
    schedule: str = ""
    until: str = UNTIL_DAY
    until_day: str = ""
    until_reason: str = ""
    dialect: str = ""
    others: str = ""
    sql: str = ""
    day: str = ""

    @property
    def place(self) -> str:
        """The file in which problems are told: its own, or the one that it would be saved in."""
        try:
            return self.file or new_spec_file(self.table.strip())
        except InputError:
            return DRAFT

    @property
    def title(self) -> str:
        """What is edited, for the heading."""
        return self.file.removeprefix("specs/") if self.whole else self.table


async def read_fields(request: Request) -> Fields:
    """The fields of the form that was sent. Lines end with a line feed, as browsers do not send them."""
    form = await read_form(request)
    given = {one.name: value for one in fields(Fields) if isinstance(value := form.get(one.name), str)}
    return take_header(
        Fields(**{name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in given.items()})
    )


SentFields = Annotated[Fields, Depends(read_fields)]


def take_header(sent: Fields) -> Fields:
    """The fields, with what the header of a pasted spec says in the place of what they said."""
    if sent.whole or not find_header(sent.sql):
        return sent
    try:
        parts = split_sql_file(sent.sql)
    except InputError:
        return sent  # it is told as a problem of the SQL, which begins with it
    others = "\n".join(filter(None, (sent.others.strip("\n"), parts.others)))
    return replace(sent, **values_as_text(parts.values), others=others, sql=parts.sql)


def fields_of_file(site: Site, file: str) -> Fields:
    """The fields of a saved spec: as a whole where its header cannot be told apart.

    Raises:
        InputError: there is no such file, or it is not text.
    """
    text = read_spec_text(site.root, file)
    known = Fields(file=file, began_from=version_of(text))
    try:
        parts = split_sql_file(text or "", file) if file.endswith(".sql") else None
    except InputError:
        parts = None
    if parts is None or not all(isinstance(value, str | date | Mapping) for value in parts.values.values()):
        return replace(known, whole="yes", sql=text or "")
    return replace(known, **values_as_text(parts.values), others=parts.others, sql=parts.sql)


def values_as_text(values: Mapping[str, Any]) -> dict[str, str]:
    """The values of a header as the fields of a form."""
    found = {key: str(value) for key, value in values.items() if key != "until"}
    if "until" in values:
        try:
            until = as_until(values["until"])
        except RuleError:
            until = values["until"]
        forever = isinstance(until, Forever)
        found["until"] = FOREVER if forever else UNTIL_DAY
        found["until_reason" if forever else "until_day"] = until.reason if isinstance(until, Forever) else str(until)
    return found


def text_of(sent: Fields, base: str | None) -> str:
    """The text of the spec that the fields mean. ``base`` is what is saved, whose layout is kept."""
    if sent.whole:
        return sent.sql.rstrip() + "\n"
    until: Any = sent.until_day.strip()
    if sent.until == FOREVER:
        until = {"forever": sent.until_reason.strip()} if sent.until_reason.strip() else None
    elif until:
        until = _as_date(until)
    values = {
        "table": sent.table.strip(),
        "description": sent.description.strip(),
        "owner": sent.owner.strip(),
        "schedule": sent.schedule.strip(),
        "until": until,
        "dialect": "" if sent.dialect == "duckdb" else sent.dialect,
    }
    return join_sql_file(SqlFile(values, sent.others, sent.sql), base)


def _as_date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def in_words(problem: Problem, field: str) -> Problem:
    """What is wrong with a field of the form, as it is said to somebody who looks at the form and not at a file."""
    if problem.code == "missing":
        return replace(problem, message=NEEDED.get(field, f"{_label(field)} is missing."), fix=None)
    told = WRONG.match(problem.message)
    return replace(problem, message=f"{_label(field)} is {told[1]}; it must {told[2]}") if told else problem


def _label(field: str) -> str:
    return {"until_day": "The last day"}.get(field, f"The {field.replace('_', ' ')}")
