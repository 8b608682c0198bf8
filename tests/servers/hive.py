"""A Hive metastore from the jars that PySpark ships."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.sax.saxutils import escape

from tests.servers.jdk import find_jdk
from tests.servers.process import Launch, listens

NAME = "metastore"
ROOT = Path(__file__).parents[2]


def launch(folder: Path, port: int) -> Launch:
    """A fresh metastore with its database and its warehouse under a folder."""
    conf = folder / "conf"
    conf.mkdir(parents=True)
    (conf / "hive-site.xml").write_text(_site(folder), encoding="utf-8")
    java = find_jdk(17, "the Hive metastore").java
    command = (sys.executable, "-m", "tests.servers.metastore", java, str(folder), str(port))
    return Launch(NAME, port, command, folder / "log", lambda: listens(port), {"PYTHONPATH": str(ROOT)})


def _site(folder: Path) -> str:
    settings = {
        "javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder / 'db'};create=true",
        "datanucleus.schema.autoCreateAll": "true",
        "datanucleus.connectionPoolingType": "none",  # a schema cannot be dropped with the default: PySpark lacks its jar
        "hive.metastore.schema.verification": "false",
        "hive.metastore.warehouse.dir": (folder / "warehouse").as_uri(),
        "hive.async.log.enabled": "false",  # it would need a class that PySpark does not ship
    }
    lines = [
        f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>"
        for name, value in settings.items()
    ]
    return "\n".join(["<configuration>", *lines, "</configuration>", ""])
