"""Families: tables made of many. Each member has a pipeline, partitions and an expiry of its own; readers see one table."""

from __future__ import annotations

from dataclasses import dataclass

from drawloom.model.table import Column, Constant


@dataclass(frozen=True, slots=True)
class Member:
    """One table of a family: its constants, and its columns without ``ds``."""

    table: str
    constants: tuple[tuple[str, Constant], ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A table with the rows of all its members. It can be read wherever a table can, and is never written.

    ``columns`` are those of all members without ``ds``; rows of a member that lacks one have NULL there.
    """

    name: str
    columns: tuple[Column, ...]
    members: tuple[Member, ...]
