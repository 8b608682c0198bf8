"""A Spark in this process, with its tables in a metastore."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.jdk import find_jdk
from tests.servers.process import HOST

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Halves the time of tests' small queries; the JVM's default code cache would then be too small for many of them.
# One collector of garbage, in one thread, is a tenth less work: there is little garbage and few processors.
QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=400m -XX:+UseSerialGC"
LOGGING = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c{1}: %m%n
"""


def settings(metastore: str, folder: Path) -> dict[str, str]:
    """The session's settings, except for logging."""
    return {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": HOST,
        "spark.driver.host": HOST,
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": f"{QUICK} -Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
        "spark.hadoop.hive.metastore.uris": metastore,
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",  # as in drawloom's own sessions
        "spark.ui.showConsoleProgress": "false",
    }


@contextlib.contextmanager
def session(metastore: str, folder: Path) -> Iterator[SparkSession]:
    """A session while the block lasts; schemas without a location lie under the folder."""
    from pyspark.sql import SparkSession

    (folder / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
    with _environment({"JAVA_HOME": str(find_jdk(17, "Spark").home), "PYSPARK_PYTHON": sys.executable}):
        builder = SparkSession.builder.master("local[2]").appName("drawloom").enableHiveSupport()
        one = builder.config(map=dict(settings(metastore, folder))).getOrCreate()
        try:
            yield one
        finally:
            one.stop()


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
