"""What metadata.yaml and schema.yaml say of a table: its owner, how it is partitioned, and its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drawloom.run.importers.columns import duckdb_type
from drawloom.run.importers.imported import ImportedFile
from drawloom.specs.document import Document

_PARAMETER = "submission_date"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a table; without a file, nothing is known."""

    data: Mapping[str, Any] = field(default_factory=dict)
    document: Document = field(default_factory=lambda: Document({}))

    def _of(self, *keys: str) -> Any:
        found: Any = self.data
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    @property
    def description(self) -> str:
        """What it is, for people."""
        return str(self._of("description") or self._of("friendly_name") or "").strip()

    @property
    def owner(self) -> str:
        """The first owner."""
        owners = self._of("owners")
        return str(owners[0]) if isinstance(owners, list) and owners else ""

    @property
    def day_column(self) -> str:
        """The column by whose day the table is partitioned; empty where it is not."""
        kind = str(self._of("bigquery", "time_partitioning", "type") or "")
        return str(self._of("bigquery", "time_partitioning", "field") or "") if kind.lower() == "day" else ""

    @property
    def parameter(self) -> str | None:
        """The parameter that names the partition which a run writes; None where it writes the whole table."""
        scheduling = self._of("scheduling")
        if isinstance(scheduling, Mapping) and "date_partition_parameter" in scheduling:
            named = scheduling["date_partition_parameter"]
            return str(named).lower() if named else None
        return _PARAMETER

    @property
    def parameters(self) -> list[str]:
        """The names of all parameters that mean the run's day."""
        given = self._of("scheduling", "parameters")
        listed = [str(one).split(":") for one in given] if isinstance(given, list) else []
        days = [
            parts[0].lower()
            for parts in listed
            if len(parts) > 2 and parts[1].upper() in {"DATE", "STRING"} and "ds" in parts[2]
        ]
        return [*([self.parameter] if self.parameter else []), *days]

    @property
    def constants(self) -> dict[str, str]:
        """The parameters that are the same every day, as literals."""
        given = self._of("scheduling", "parameters")
        found: dict[str, str] = {}
        for one in given if isinstance(given, list) else ():
            name, kind, value = [*str(one).split(":", 2), "", ""][:3]
            if kind.upper() in {"INT64", "FLOAT64"} and re.fullmatch(r"-?[\d.]+", value):
                found[name.lower()] = value
            elif kind.upper() in {"STRING", "DATE"} and value and "{" not in value and "'" not in value:
                found[name.lower()] = f"'{value}'" if kind.upper() == "STRING" else f"DATE '{value}'"
        return found

    @property
    def cluster(self) -> list[str]:
        """The columns by which it is clustered."""
        fields = self._of("bigquery", "clustering", "fields")
        return [str(one) for one in fields] if isinstance(fields, list) else []

    @property
    def keep(self) -> str:
        """How long its partitions are kept."""
        days = self._of("bigquery", "time_partitioning", "expiration_days")
        return f"{int(days)}d" if isinstance(days, int | float) and days >= 1 else ""

    @property
    def tags(self) -> list[str]:
        """Its labels that are words."""
        labels = self._of("labels")
        found = labels.items() if isinstance(labels, Mapping) else ()
        return [
            str(value) for key, value in found if key in {"application", "domain", "level"} and isinstance(value, str)
        ]

    @property
    def start(self) -> str:
        """The first day of its schedule."""
        return str(self._of("scheduling", "start_date") or "")

    def note_schedule(self, entry: ImportedFile) -> None:
        """Name what of the schedule is not expressed."""
        kind = str(self._of("bigquery", "time_partitioning", "type") or "").lower()
        if kind not in {"", "day", "none"}:
            line = self.document.where("bigquery", "time_partitioning", "type").line
            message = f"It is partitioned by {kind} ({self.document.file}:{line}); here each day has a partition of all of it."
            entry.note("partition", message)
        labels = self._of("labels")
        rhythm = str(labels.get("schedule", "daily")) if isinstance(labels, Mapping) else "daily"
        if rhythm.lower() not in {"daily", "none"}:
            message = (
                f"It runs {rhythm} there ({self.document.file}:{self.document.where('labels').line}), and daily here."
            )
            entry.note("schedule", message, None, "Give it a `schedule`; its readers then see its days only.")


def columns_of(document: Document | None) -> dict[str, Any]:
    """The columns of a schema.yaml; nothing where a type is not known here."""
    fields = document.data.get("fields") if document else None
    found: dict[str, Any] = {}
    for one in fields if isinstance(fields, list) else ():
        kind = _type(one)
        name = str(one.get("name")) if isinstance(one, Mapping) else ""
        if kind is None or not name or name.lower() == "ds":
            return {}
        said = " ".join(str(one.get("description") or "").split())
        found[name] = {"type": kind, "description": said} if said else kind
    return found


def _type(data: Any) -> str | None:
    text = _bigquery_type(data)
    return duckdb_type(text, "bigquery") if text else None


def _bigquery_type(data: Any, depth: int = 0) -> str:
    if not isinstance(data, Mapping) or depth > 15:
        return ""
    kind = str(data.get("type") or "").upper()
    if kind in {"RECORD", "STRUCT"}:
        inner = data.get("fields")
        parts = [
            (str(one.get("name")), _bigquery_type(one, depth + 1)) for one in inner or () if isinstance(one, Mapping)
        ]
        if not parts or not all(text for _, text in parts):
            return ""
        kind = f"STRUCT<{', '.join(f'`{name}` {text}' for name, text in parts)}>"
    return f"ARRAY<{kind}>" if str(data.get("mode") or "").upper() == "REPEATED" else kind
