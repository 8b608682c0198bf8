"""Files that keep what was found out about texts: named by the text and all that it depends on, replaced whole."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from drawloom._version import __version__
from drawloom.sql.catalog import Catalog, find_entry


def entry_name(settings: list[Any], kind: str) -> str:
    """The path of an entry in the folder of the cache, made from what it depends on; ``kind`` is the ending."""
    name = _hash(settings)
    return f"{name[:2]}/{name[2:]}.{kind}"


def write(path: Path, content: bytes) -> None:
    """Write under a temporary name and rename, so that concurrent readers never see half a file.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def catalog_hash(tables: Sequence[str], catalog: Catalog) -> str:
    """A hash of what the catalog knows about these tables."""
    return _hash([[name, find_entry(catalog, name)] for name in tables])


@lru_cache(maxsize=1)
def versions() -> list[str]:
    """What an entry depends on besides the text: our own code, and the parser."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        parser = version("sqlglot")
    except PackageNotFoundError:
        parser = ""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    stamps = [f"{file.name} {(found := file.stat()).st_size} {found.st_mtime_ns}" for file in files]
    return [__version__, parser, _hash(stamps)]


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=_plain)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """What JSON knows of a value; asdict would copy it first, which takes longer than all the rest of a hash."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)
