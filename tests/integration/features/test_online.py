"""Features are pushed to a real PostgreSQL and a real Redis: a reader sees the old version or the new one, whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from drawloom.cli.main import run_command
from drawloom.model import InputError, RunError
from drawloom.run.features.online.postgres import PostgresStore
from drawloom.run.features.online.redis import GRACE, RedisStore
from tests.run.features.online_project import DAYS, a_version, kill_half_way, write_project
from tests.servers import postgres, redis

pytestmark = pytest.mark.integration
COUNT = 1500  # rows of each half: more than what is sent to Redis at a time


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    with postgres.serving(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Server]:
    with redis.serving(tmp_path_factory.mktemp("redis")) as server:
        yield server


def url(database: postgres.Server) -> str:
    return f"postgresql://{database.url}"


def test_a_day_is_pushed_to_postgresql_with_its_types(
    tmp_path: Path, database: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLINE_STORE", url(database))
    root = write_project(tmp_path, "{push: postgres, table: online.activity, connection: ONLINE_STORE, ttl: 3d}")
    for day in DAYS:
        assert run_command(["features", "push", "activity", "--ds", str(day), "-C", str(root)]) == 0
    found = database.run_sql(
        "SELECT rider, ds, fare_count_7d, fare_sum_7d, fare_last_k_7d FROM online.activity ORDER BY 1"
    )
    assert found == [(f"r{n}", DAYS[1], n, None if n % 2 else n + 0.5, [str(n), str(n + 1)]) for n in range(4)]
    types = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'online' ORDER BY ordinal_position"
    assert database.run_sql(types) == [
        ("rider", "text"), ("ds", "date"), ("first_ds", "date"), ("last_ds", "date"), ("fare_count_7d", "bigint"),
        ("fare_sum_7d", "double precision"), ("fare_last_k_7d", "ARRAY"),
    ]  # fmt: skip


def test_readers_of_postgresql_see_whole_versions_and_keep_their_privileges(database: postgres.Server) -> None:
    store = PostgresStore(url(database), "ONLINE_STORE")
    store.replace(a_version("served.t", DAYS[0], COUNT))
    database.run_sql("CREATE ROLE reader LOGIN")
    database.run_sql("GRANT USAGE ON SCHEMA served TO reader")
    database.run_sql("GRANT SELECT ON served.t TO reader")
    seen: list[tuple[int, object, object]] = []
    done = threading.Event()

    def read() -> None:
        with psycopg.connect(url(database).replace("drawloom@", "reader@"), autocommit=True) as connection:
            while not done.is_set():
                seen.extend(connection.execute("SELECT count(*), min(ds), max(ds) FROM served.t").fetchall())

    reader = threading.Thread(target=read)
    reader.start()
    while not seen:
        time.sleep(0.01)
    for n in range(4):
        store.replace(a_version("served.t", DAYS[(n + 1) % 2], COUNT + n))
    done.set()
    reader.join()
    assert {first for _, first, last in seen if first == last} == set(DAYS)
    assert all(first == last for _, first, last in seen)
    assert {count for count, _, _ in seen} <= {2 * (COUNT + n) for n in range(4)}


def test_a_push_to_postgresql_that_is_killed_half_way_leaves_the_old_version(database: postgres.Server) -> None:
    store = PostgresStore(url(database), "ONLINE_STORE")
    store.replace(a_version("killed.t", DAYS[0], 10))
    kill_half_way(f"PostgresStore({url(database)!r}, 'X')", "killed.t", COUNT)
    assert database.run_sql("SELECT count(*), min(ds) FROM killed.t") == [(20, DAYS[0])]
    assert store.replace(a_version("killed.t", DAYS[1], 30)) == 60
    assert database.run_sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'killed'") == [
        ("t",)
    ]


def test_what_postgresql_refuses_leaves_the_old_version_and_is_told(database: postgres.Server) -> None:
    store = PostgresStore(url(database), "ONLINE_STORE")
    store.replace(a_version("viewed.t", DAYS[0], 10))
    database.run_sql("CREATE VIEW viewed.v AS SELECT * FROM viewed.t")
    with pytest.raises(RunError, match=r"(?s)The online store ONLINE_STORE \(PostgreSQL\) was not changed: .*depend"):
        store.replace(a_version("viewed.t", DAYS[1], 10))
    assert database.run_sql("SELECT count(*), min(ds) FROM viewed.v") == [(20, DAYS[0])]


def served(client: Redis, table: str, rider: str) -> dict[bytes | str, bytes | str]:
    """What a service reads of a rider."""
    version = client.get(f"{table}:version")
    assert isinstance(version, bytes)
    return dict(client.hgetall(f"{table}:{version.decode()}:{rider}"))


def test_a_day_is_pushed_to_redis_and_expires(
    tmp_path: Path, cache: redis.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLINE_STORE", cache.url)
    root = write_project(tmp_path, "{push: redis, table: online.activity, connection: ONLINE_STORE, ttl: 3d}")
    client = Redis.from_url(cache.url)
    assert run_command(["features", "push", "activity", "--ds", str(DAYS[0]), "-C", str(root)]) == 0
    (old,) = client.scan_iter("online.activity:*:r0")
    assert client.ttl(old) > GRACE
    assert run_command(["features", "push", "activity", "-C", str(root)]) == 0
    expected = {b"rider": b"r1", b"ds": str(DAYS[1]).encode(), b"fare_count_7d": b"1", b"fare_last_k_7d": b'["1", "2"]'}
    found = served(client, "online.activity", "r1")
    assert {name: found[name] for name in expected} == expected
    assert b"fare_sum_7d" not in found
    assert served(client, "online.activity", "r3")
    assert 0 < client.ttl(old) <= GRACE
    (new,) = (key for key in client.scan_iter("online.activity:*:r0") if key != old)
    assert 2 * 86400 < client.ttl(new) <= 3 * 86400 + 86400


def test_a_push_to_redis_that_is_killed_half_way_leaves_the_old_version(cache: redis.Server) -> None:
    client = Redis.from_url(cache.url)
    store = RedisStore(cache.url, "ONLINE_STORE")
    store.replace(a_version("killed", DAYS[0], COUNT))
    kill_half_way(f"RedisStore({cache.url!r}, 'X')", "killed", COUNT)
    left = list(client.scan_iter("killed:*:r1"))
    assert len(left) == 2, "the push was killed before it wrote anything"
    assert all(client.ttl(key) > 0 for key in left)
    for n in (0, COUNT, 2 * COUNT - 1):
        assert served(client, "killed", f"r{n}")[b"ds"] == str(DAYS[0]).encode()
    store.replace(a_version("killed", DAYS[1], COUNT))
    assert served(client, "killed", "r0")[b"ds"] == str(DAYS[1]).encode()


def test_a_type_that_postgresql_lacks_is_refused() -> None:
    import pyarrow as pa

    from drawloom.run.features.online.postgres import _type

    with pytest.raises(InputError, match="must have a type that PostgreSQL has, too"):
        _type("x", pa.struct([("a", pa.int64())]))
