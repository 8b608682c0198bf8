"""Errors of PostgreSQL: each gives one clear message without the password."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from drawloom.model import Record, RunError
from drawloom.run.registry import Registry
from tests.run.old_registry import database, make_old
from tests.servers.postgres import Server

pytestmark = pytest.mark.integration
RECORD = Record("core.a", date(2026, 1, 1), "run1", 3, 100, "abc", "v1")


@dataclass
class Guarded:
    """A database whose owner is ``drawloom``, and a user who must give a password and may do nothing yet."""

    owner_url: str
    user: str
    password: str = "hunter2"

    def url(self, password: str | None = None, **parts: str | int) -> str:
        """The URL of the user, with other parts than the right ones."""
        made = sa.engine.make_url(self.owner_url).set(username=self.user, password=password or self.password)
        return made.set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]

    def grant(self, *statements: str) -> None:
        with database(self.owner_url).begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(user=self.user))

    def refused(self, url: str) -> str:
        with pytest.raises(RunError) as caught:
            Registry(url)
        message = str(caught.value)
        assert "hunter2" not in message
        assert "wrong!" not in message
        assert message.startswith(f"The registry postgresql+psycopg2://{self.user}:***@")
        return message


@pytest.fixture
def guarded(postgres: Server, postgres_url: str) -> Iterator[Guarded]:
    user = f"user_{postgres_url[-8:]}"
    rules = Path(postgres.run_sql("SHOW hba_file")[0][0])
    before = rules.read_text()
    postgres.run_sql(f"CREATE ROLE {user} LOGIN PASSWORD 'hunter2'")
    rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{before}")
    postgres.run_sql("SELECT pg_reload_conf()")
    yield Guarded(postgres_url, user)
    rules.write_text(before)
    postgres.run_sql("SELECT pg_reload_conf()")


def test_a_wrong_password(guarded: Guarded) -> None:
    guarded.grant("GRANT CREATE ON SCHEMA public TO {user}")
    Registry(guarded.url()).close()
    assert "password authentication failed for user" in guarded.refused(guarded.url("wrong!"))


def test_a_missing_database(guarded: Guarded) -> None:
    assert 'database "nowhere" does not exist' in guarded.refused(guarded.url(database="nowhere"))


def test_a_host_that_refuses(guarded: Guarded) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert "Connection refused" in guarded.refused(guarded.url(port=held.getsockname()[1]))


def test_a_host_that_is_unknown(guarded: Guarded) -> None:
    assert 'could not translate host name "nowhere.invalid"' in guarded.refused(guarded.url(host="nowhere.invalid"))


def test_a_host_that_does_not_answer(guarded: Guarded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = guarded.refused(guarded.url(port=silent.getsockname()[1]))
    assert "timeout expired" in message


def test_connect_timeout_of_the_url_is_used(guarded: Guarded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = guarded.url(port=silent.getsockname()[1]) + "?connect_timeout=2&sslpassword=hunter2"
        message = guarded.refused(url)
    assert "timeout expired" in message
    assert "connect_timeout=2" in message


def test_a_user_who_may_not_create_tables(guarded: Guarded) -> None:
    message = guarded.refused(guarded.url())
    assert "failed: permission denied for schema public. GRANT CREATE ON SCHEMA" in message
    with database(guarded.owner_url).connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_a_user_who_may_not_alter_the_tables_of_an_old_registry(guarded: Guarded) -> None:
    make_old(guarded.owner_url)
    guarded.grant("GRANT CREATE ON SCHEMA public TO {user}", "GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}")
    assert "must be owner of table drawloom_partitions. GRANT CREATE" in guarded.refused(guarded.url())
    with database(guarded.owner_url).connect() as connection:
        assert "drawloom_version" not in sa.inspect(connection).get_table_names()


def test_a_user_who_may_not_read_the_version(guarded: Guarded) -> None:
    Registry(guarded.owner_url).close()
    assert "permission denied for table drawloom_version. GRANT" in guarded.refused(guarded.url())


def test_the_grants_of_the_message_are_enough(guarded: Guarded) -> None:
    Registry(guarded.owner_url).close()
    guarded.grant("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}")
    registry = Registry(guarded.url())
    registry.save([RECORD])
    registry.forget(RECORD.table, [RECORD.ds])
    assert registry.empty()
    registry.close()


def test_a_user_with_select_only_can_read_but_not_write(guarded: Guarded) -> None:
    Registry(guarded.owner_url).close()
    guarded.grant("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}")
    registry = Registry(guarded.url())
    assert registry.records() == {}
    with pytest.raises(RunError, match=r"permission denied for table drawloom_partitions\. GRANT") as caught:
        registry.save([RECORD])
    assert "hunter2" not in str(caught.value)
    registry.close()


def test_a_broken_connection_is_reopened(postgres: Server, postgres_url: str) -> None:
    registry = Registry(postgres_url)
    registry.save([RECORD])
    name = sa.engine.make_url(postgres_url).database
    cut = postgres.run_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert cut == [(True,)]
    assert not registry.empty()
    registry.close()
