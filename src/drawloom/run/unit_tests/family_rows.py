"""Rows that are given for a family: each belongs to the member that its constants name."""

from __future__ import annotations

from collections.abc import Sequence

from drawloom.model import Family, Member, refuse
from drawloom.run.unit_tests.rows import Row


def split_by_member(family: Family, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each member's table.

    Raises:
        InputError: a row does not say which member it is of.
    """
    found: dict[str, list[Row]] = {member.table: [] for member in family.members}
    for row in rows:
        members = [member for member in family.members if _is_of(row, member)]
        if len(members) != 1:
            keys = [name for name, _ in family.members[0].constants]
            given = ", ".join(f"{key} = {_value(row, key)}" for key in keys)
            known = "; ".join(", ".join(f"{k} = {v}" for k, v in member.constants) for member in family.members)
            message = f"row of {family.name} == {given}, must name one member."
            raise refuse("no-member", message, row.where, f"There are: {known}.")
        found[members[0].table].append(row)
    return found


def _is_of(row: Row, member: Member) -> bool:
    """Whether the constants that the row has are those of the member."""
    given = {name.lower(): value for name, value in row.values.items()}
    return all(str(given.get(name.lower(), constant)) == str(constant) for name, constant in member.constants)


def _value(row: Row, key: str) -> object:
    return next((value for name, value in row.values.items() if name.lower() == key.lower()), "not given")
