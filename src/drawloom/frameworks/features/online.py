"""Where the newest features of a set are pushed to, for services that read them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from drawloom.specs.base import SpecPart
from drawloom.specs.fields import Duration
from drawloom.specs.validation import RuleError

LONGEST = 63  # letters of a name in PostgreSQL


def _check_table(value: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)?", value):
        raise RuleError("must be a table, or schema.table, each a word of letters, digits and _")
    if any(len(part.encode()) > LONGEST for part in value.split(".")):
        raise RuleError(f"must have names of at most {LONGEST} letters")
    return value


def _check_connection(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", value):
        fix = "Like ONLINE_STORE, with `export ONLINE_STORE=postgresql://...`: a URL may hold a secret."
        raise RuleError("must be the name of an environment variable that holds the URL of the store", fix)
    return value


def _check_path(value: str) -> str:
    if not value.strip() or "://" in value:
        raise RuleError("must be the path of a file, from the project's folder")
    return value


class Online(SpecPart):
    """A store that services read features from; `drawloom features push` replaces what it has by the newest ones."""

    push: Literal["sqlite", "postgres", "redis"] = Field(description="sqlite, postgres or redis")
    table: Annotated[str, AfterValidator(_check_table)] = Field(
        description="the table; of Redis the beginning of its keys"
    )
    connection: Annotated[str, AfterValidator(_check_connection)] | None = Field(
        None, description="of postgres and redis: the environment variable that holds the URL of the store"
    )
    path: Annotated[str, AfterValidator(_check_path)] | None = Field(
        None, description="of sqlite: the file, from the project's folder"
    )
    ttl: Duration | None = Field(
        None, description="how long features are used after their day, like 3d; Redis drops them then"
    )

    def problems_of(self) -> list[tuple[str, object, str, str]]:
        """Fields that do not fit the store: the field, its value, the rule, and what to do."""
        found: list[tuple[str, object, str, str]] = []
        needed, other = ("path", "connection") if self.push == "sqlite" else ("connection", "path")
        if getattr(self, needed) is None:
            example = "Like var/online.db." if needed == "path" else "Like ONLINE_STORE."
            found.append((needed, "null", f"must be given for {self.push}", example))
        if getattr(self, other) is not None:
            found.append((other, getattr(self, other), f"must be left out for {self.push}", f"Write {needed}."))
        if self.push == "redis" and self.ttl is None:
            fix = "Like 3d: what is not replaced, or left by a push that was killed, is dropped then."
            found.append(("ttl", "null", "must be given for redis", fix))
        if self.ttl is not None and self.ttl < timedelta(0):
            found.append(("ttl", self.ttl, "must not be negative", "Like 3d."))
        return found
