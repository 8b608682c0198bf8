"""The manifest of a training set: what it was made of, so that it can be made again and models say what they know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from drawloom.model import refuse

MANIFEST = "manifest.json"
TRAINING_SET = "training_set.parquet"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a training set was made of.

    Args:
        features: ``set.feature`` -> the fingerprint of its definition, in the order of the columns.
        columns: ``set.feature`` -> its column in the training set.
        labels: ``set.label`` -> the fingerprint of its definition.
        key: the columns of the spine that identify the entity.
        time: the column of the spine with the moment.
        spine_columns: all columns of the spine, in order.
        spine: the content hash of the spine.
        rows: how many it has.
        accuracy: temporal or snapshot.
        tail: exact or day.
        as_known: whether only events counted that had arrived before the moment.
        assume_utc: whether moments without a zone were taken as UTC.
        partitions: table -> day -> the content hash of what was read.
        content: the content hash of the training set.
        drawloom: the version that made it.
        pyarrow: the version of pyarrow that wrote it, on which its bytes depend.
        engine: what computed it.
    """

    features: dict[str, str]
    columns: dict[str, str]
    labels: dict[str, str]
    key: tuple[str, ...]
    time: str
    spine_columns: tuple[str, ...]
    spine: str
    rows: int
    accuracy: str
    tail: str
    as_known: bool
    assume_utc: bool
    partitions: dict[str, dict[str, str]]
    content: str = ""
    drawloom: str = ""
    pyarrow: str = field(default="")
    engine: str = "duckdb"

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The manifest in a file, or in the folder of a training set.

        Raises:
            InputError: there is none, or it is not one.
        """
        place = Path(path) / MANIFEST if Path(path).is_dir() else Path(path)
        try:
            found = json.loads(place.read_text(encoding="utf-8"))
            return cls(**{**found, "key": tuple(found["key"]), "spine_columns": tuple(found["spine_columns"])})
        except OSError as error:
            message = f"manifest == {place}, must be the manifest of a training set: {error.strerror}."
            raise refuse("bad-manifest", message, None, "Make one: `drawloom features training-set -o DIR`.") from None
        except (ValueError, TypeError, KeyError) as error:
            message = f"manifest == {place}, must be the manifest of a training set: {error}."
            raise refuse("bad-manifest", message, None, "Make the training set again.") from None

    def write(self, folder: Path) -> None:
        """Write it into the folder of its training set."""
        (folder / MANIFEST).write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")

    def to_json(self) -> Mapping[str, Any]:
        """Its fields, as they are written."""
        return asdict(self)
