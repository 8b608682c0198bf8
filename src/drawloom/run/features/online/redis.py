"""Redis as an online store: a hash for each entity under a version, and a pointer to the version that readers use.

``GET <table>:version`` gives the version, ``HGETALL <table>:<version>:<key>`` the features of an entity. What has no
value has no field.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from drawloom.model import Fix, Problem, RunError
from drawloom.run.features.online.rows import Version, as_text

if TYPE_CHECKING:
    from redis import Redis

BATCH = 1000  # entities that are sent at a time
GRACE = 3600  # seconds that the old version is kept for readers that have just got its name
CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class RedisStore:
    """A Redis or Valkey; ``url`` may hold a secret, ``name`` is what people are told."""

    url: str
    name: str

    def replace(self, version: Version) -> int:
        """See ``Store``: readers get the new version when the pointer is set, which is one command."""
        from redis import Redis

        with self._errors(), closing(Redis.from_url(self.url, socket_connect_timeout=CONNECT_SECONDS)) as client:
            name = f"{version.ds.isoformat()}-{uuid.uuid4().hex[:8]}"
            rows = _fill(client, version, f"{version.table}:{name}")
            old = client.set(f"{version.table}:version", name, get=True)
            if isinstance(old, bytes):
                _expire(client, f"{version.table}:{old.decode()}")
        return rows

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from redis import RedisError

        try:
            yield
        except RedisError as error:
            message = f"The online store {self.name} (Redis) has the version that it had: {str(error).rstrip('.')}."
            fix = Fix(f"Look at whether it runs, and at the URL in {self.name}.")
            raise RunError(Problem("online-store", "error", message, fix=fix)) from error


def entity_key(values: Sequence[object]) -> str:
    """The end of the key of an entity: its key as text; several are percent-encoded, with | between them."""
    if len(values) == 1:
        return as_text(values[0])
    return "|".join(quote(as_text(value), safe="") for value in values)


def _fill(client: Redis, version: Version, prefix: str) -> int:
    """Write all entities; what a push that is killed leaves is never pointed at, and expires."""
    names = version.schema.names
    key = [names.index(column) for column in version.key]
    rows, count = version.rows(), 0
    while batch := list(islice(rows, BATCH)):
        pipe = client.pipeline(transaction=False)
        for row in batch:
            place = f"{prefix}:{entity_key([row[n] for n in key])}"
            values = {name: as_text(value) for name, value in zip(names, row, strict=True) if value is not None}
            pipe.hset(place, mapping=values)
            if version.expires is not None:
                pipe.expireat(place, version.expires)
        pipe.execute()
        count += len(batch)
    return count


def _expire(client: Redis, prefix: str) -> None:
    """Have all entities of a version expire soon; those that expire sooner anyway stay as they are."""
    found = client.scan_iter(match=f"{_literal(prefix)}:*", count=BATCH)
    while batch := list(islice(found, BATCH)):
        pipe = client.pipeline(transaction=False)
        for place in batch:
            pipe.expire(place, GRACE, lt=True)
        pipe.execute()


def _literal(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in text)
