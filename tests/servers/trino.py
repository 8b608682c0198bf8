"""A real Trino: its tarball from Maven's central repository, unpacked once, and one set of catalogs."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import trino

from tests.servers.jdk import find_jdk
from tests.servers.process import HOST, Launch, ServerError

NAME = "trino"
VERSION = "476"
PLUGINS = {"hive", "iceberg", "memory", "tpch"}
ARTIFACT = f"io.trino:trino-server:{VERSION}:tar.gz"
TARBALL = Path("io/trino/trino-server") / VERSION / f"trino-server-{VERSION}.tar.gz"
USER = "drawloom"

HIVE = """\
connector.name=hive
hive.metastore.uri={metastore}
fs.hadoop.enabled=true
hive.storage-format=PARQUET
hive.compression-codec=ZSTD
hive.timestamp-precision=MICROSECONDS
hive.non-managed-table-writes-enabled=true
hive.allow-register-partition-procedure=true
hive.security={security}
"""
ICEBERG = """\
connector.name=iceberg
iceberg.catalog.type=hive_metastore
hive.metastore.uri={metastore}
fs.hadoop.enabled=true
iceberg.file-format=PARQUET
iceberg.compression-codec=ZSTD
iceberg.security=allow-all
"""
# Only the first compiler level: a third less work until it is up, and tests run few queries. Drop it for benchmarks.
JVM = """\
-XX:TieredStopAtLevel=1
-Xmx3G
-XX:+ExitOnOutOfMemoryError
-XX:ReservedCodeCacheSize=256M
-Djdk.attach.allowAttachSelf=true
--enable-native-access=ALL-UNNAMED
"""
CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
catalog.management=static
"""
NODE = """\
node.environment=tests
node.id=drawloom
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
node.data-dir={data}
"""


def launch(folder: Path, port: int, metastore: str, server: Path) -> Launch:
    """A fresh Trino with its settings and data under a folder, and its Hive and Iceberg tables in a metastore."""
    etc = folder / "etc"
    for name, text in _settings(folder, port, metastore).items():
        (etc / name).parent.mkdir(parents=True, exist_ok=True)
        (etc / name).write_text(text, encoding="utf-8")
    home = find_jdk(24, "Trino").home
    command = (str(server / "bin" / "launcher"), "run", "--etc-dir", str(etc))
    path = f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    return Launch(NAME, port, command, folder / "log", lambda: ready(port), {"JAVA_HOME": str(home), "PATH": path})


def _settings(folder: Path, port: int, metastore: str) -> dict[str, str]:
    return {
        "node.properties": NODE.format(data=folder / "data"),
        "jvm.config": JVM,
        "config.properties": CONFIG.format(port=port),
        "catalog/hive.properties": HIVE.format(metastore=metastore, security="allow-all"),
        "catalog/guarded.properties": HIVE.format(metastore=metastore, security="read-only"),
        "catalog/iceberg.properties": ICEBERG.format(metastore=metastore),
        "catalog/memory.properties": "connector.name=memory\n",
        "catalog/tpch.properties": "connector.name=tpch\n",
    }


def ready(port: int) -> bool:
    """Whether queries run, both those that need a node, which comes a while after the start, and the metastore."""
    with contextlib.suppress(trino.exceptions.Error, requests.RequestException, ValueError, KeyError):
        with requests.Session() as session:
            session.trust_env = False
            if session.get(f"http://{HOST}:{port}/v1/info", timeout=5).json()["starting"]:
                return False
        return bool(run_sql(port, "SELECT count(*) FROM tpch.tiny.nation") and run_sql(port, "SHOW SCHEMAS FROM hive"))
    return False


def run_sql(port: int, sql: str) -> list[list[Any]]:
    """The rows of a query; without a proxy, as the server is on this machine."""
    with requests.Session() as session:
        session.trust_env = False
        connection = trino.dbapi.Connection(host=HOST, port=port, user=USER, catalog="hive", http_session=session)
        with contextlib.closing(connection), contextlib.closing(connection.cursor()) as cursor:
            return list(cursor.execute(sql).fetchall())


def unpack_server(cache: Path, report: Callable[[str], None]) -> Path:
    """The folder of the server, downloaded and unpacked where it does not exist yet.

    Raises:
        ServerError: it cannot be downloaded or unpacked.
    """
    server = cache / f"trino-{VERSION}"
    if server.exists():
        return server
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "unpack.lock"):
        if not server.exists():
            part = cache / f"trino-{VERSION}.part"  # another name, so that an interrupted run does not look finished
            shutil.rmtree(part, ignore_errors=True)
            _unpack(tarball(report), part, report)
            part.rename(server)
    return server


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def check_tarball() -> Path:
    """The path of the server's tarball, where Maven downloads it to.

    Raises:
        ServerError: it does not exist, and Maven is not installed.
    """
    path = Path.home() / ".m2" / "repository" / TARBALL
    if not path.exists() and not shutil.which("mvn"):
        raise ServerError("Maven (mvn) is not installed (Debian: maven); it downloads the Trino server.")
    return path


def tarball(report: Callable[[str], None]) -> Path:
    """The server's tarball in Maven's local repository; Maven downloads it where it is missing."""
    path = check_tarball()
    if not path.exists():
        report(f"{NAME}: getting {ARTIFACT} (820 MB, once)")
        command = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not path.exists():
            raise ServerError(f"{' '.join(command)} did not download {path}: {done.stdout[-1500:]}")
    return path


def _unpack(tarball: Path, folder: Path, report: Callable[[str], None]) -> None:
    """Unpack all of it, as files are linked across plugins, and then delete the plugins that are not needed."""
    report(f"{NAME}: unpacking {tarball.name} (once)")
    folder.mkdir()
    try:
        subprocess.run(
            ["tar", "-xzf", str(tarball), "-C", str(folder), "--strip-components=1"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise ServerError(f"{tarball} cannot be unpacked: {error.stderr[-300:]} Delete it, and try again.") from error
    for plugin in (folder / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)
