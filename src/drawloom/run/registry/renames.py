"""The renames of a lake's tables, kept in the lake: the metadata of older files has the names and fingerprints of then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from drawloom.model import Record
from drawloom.run.registry.rename import rename_input

FILE = ".renames.json"


@dataclass(frozen=True, slots=True)
class LakeRename:
    """One rename: ``at`` in nanoseconds, and by table, with its new name, fingerprints before and after."""

    old: str
    new: str
    at: int
    codes: Mapping[str, tuple[str, str]]

    def apply(self, record: Record) -> Record:
        """The record as this rename left it."""
        table = self.new if record.table == self.old else record.table
        before, after = self.codes.get(table, ("", ""))
        code = after if record.code == before and after else record.code
        return replace(record, table=table, code=code, inputs=rename_input(record.inputs, self.old, self.new))


def load_renames(lake: Path) -> tuple[LakeRename, ...]:
    """The renames of a lake, in their order."""
    try:
        found = json.loads((lake / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(
        LakeRename(one["old"], one["new"], one["at"], {name: (a, b) for name, (a, b) in one["codes"].items()})
        for one in found
    )


def renames_text(renames: Iterable[LakeRename]) -> str:
    """The text of the file of renames."""
    return json.dumps([asdict(one) for one in renames], indent=1, ensure_ascii=False)


def apply_renames(record: Record, written: int, renames: Iterable[LakeRename]) -> Record:
    """The record of a file that was written at that time, with what tables are called now."""
    for rename in renames:
        if written <= rename.at:
            record = rename.apply(record)
    return record
