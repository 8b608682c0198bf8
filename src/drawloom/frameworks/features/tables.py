"""The tables of features: what they are for, and how long they are kept."""

from __future__ import annotations

from drawloom.frameworks.base import ProjectContext
from drawloom.frameworks.features.spec import FAMILY, Features
from drawloom.frameworks.features.values import TABLES, Values
from drawloom.model import Column, Membership, Table

_DESCRIPTIONS = {
    "days": "The events of each entity on a day, as states that can be merged with those of other days.",
    "state": "The states of each entity: of all days so far, and of the windows that others are put together from.",
    "values": "The values of each entity on a day, and in how many events it had them.",
    "values_state": "All values of each entity so far, the last day of each, and in how many events it had them.",
    "latest": "The newest values of each entity on a day, the newest first.",
    "latest_state": "The newest values of each entity so far, the newest first.",
}
_MORE_KEYS = {
    "values": ("measure", "value"),
    "values_state": ("measure", "value"),
    "latest": ("measure", "place"),
    "latest_state": ("measure", "place"),
}
# Days that states are kept at least. Within them a day that is filled again continues from the state before it; what is
# older is filled from the state of a month end and all events since then, which takes more work.
KEPT_DAYS = 400


def feature_table(spec: Features, values: Values, project: ProjectContext, key: str) -> Table:
    """The table of a key of ``TABLES``. The types of keys and values are those of the sources: columns are not declared."""
    is_state, keys = key.endswith("state"), (*spec.entity.key, *_MORE_KEYS.get(key, ()))
    return Table(
        name=spec.table + TABLES[key],
        cluster=keys,
        unique=keys,
        owner=project.owner(spec),
        description=_DESCRIPTIONS.get(key, spec.description),
        keep=max(KEPT_DAYS, values.reach + 1) if is_state else None,
        keep_month_ends=is_state,
    )


def registry_table(spec: Features, project: ProjectContext) -> Table:
    """The table with a row for each feature of a set, a member of the registry of all features."""
    return Table(
        name=f"{spec.table}_registry",
        columns=_REGISTRY,
        cluster=("feature",),
        unique=("feature",),
        owner=project.owner(spec),
        description="What there is to know of each feature on a day.",
        member_of=Membership(FAMILY, (("set", spec.name),)),
    )


_REGISTRY = (
    Column("feature", "VARCHAR", "its column"),
    Column("version", "VARCHAR", "short for its fingerprint: a changed definition is another version"),
    Column("fingerprint", "VARCHAR", "of its definition"),
    Column("type", "VARCHAR", "its type; '' where it is that of the values, or derived"),
    Column("entity", "VARCHAR", "whom it is about"),
    Column("owner", "VARCHAR"),
    Column("description", "VARCHAR"),
    Column("source", "VARCHAR", "the table it is made of"),
    Column("sql", "VARCHAR", "how it is defined"),
    Column("window", "VARCHAR", "like 28d or ltd; '' where it is derived"),
    Column("first_ds", "DATE", "the first day of an entity that has it"),
    Column("last_ds", "DATE", "the last day of an entity that has it"),
    Column("null_ratio", "DOUBLE", "the share of entities that do not have it; NULL where there are none"),
    Column("distinct", "BIGINT", "how many values it has, approximately"),
    Column("used_by", "VARCHAR", "the models that are scored with it"),
)
