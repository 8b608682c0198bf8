"""Spark Connect: its own server, and a client without Java."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.engines import Engines
from tests.servers.jdk import find_jdk
from tests.servers.process import HOST, Launch, end, listens, reserved_ports, start, wait

pytestmark = [pytest.mark.integration, pytest.mark.nightly]
SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


@pytest.fixture
def server(servers: Engines, tmp_path: Path) -> Iterator[str]:
    """The url of a Spark Connect server whose tables are in the metastore."""
    with reserved_ports(1) as (port,):
        launch = Launch(
            "spark-connect",
            port,
            (*_command(servers.metastore, port, tmp_path), "spark-internal"),
            tmp_path / "connect.log",
            lambda: listens(port),
            {"JAVA_HOME": str(find_jdk(17, "Spark").home)},
        )
        running = start(launch)
    try:
        wait([(launch, running)], lambda *_: None)
        yield f"sc://{HOST}:{port}"
    finally:
        end(running)


def _command(metastore: str, port: int, folder: Path) -> list[str]:
    import pyspark

    conf = {
        "spark.connect.grpc.binding.address": HOST,
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.bindAddress": HOST,
        "spark.driver.host": HOST,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.hive.metastore.uris": metastore,
        "spark.local.dir": str(folder / "spark"),
    }
    command = [str(Path(pyspark.__file__).parent / "bin/spark-submit"), "--class", SERVER, "--master", "local[2]"]
    return command + [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]


def test_days_are_filled_replaced_and_dropped_over_spark_connect(server: str, tmp_path: Path) -> None:
    schema = f"con_{secrets.token_hex(4)}"
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.engines.connect_child"]
    env = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    done = subprocess.run(
        [*command, server, (tmp_path / "lake").as_uri(), schema], capture_output=True, text=True, check=False, env=env
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["days"] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert found["rows"] == [{"a": 1, "s": "x", "ds": "2026-01-01"}, {"a": 3, "s": "x", "ds": "2026-01-02"}]
    assert "nope" in found["refused"]
    assert "LINE " in found["refused"]
    assert found["stopped"] == "interrupted"
    assert found["left"] == ["2026-01-02", "2026-01-03"]
