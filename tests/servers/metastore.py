"""The process of the Hive metastore: ``python -m tests.servers.metastore JAVA FOLDER PORT``.

Hive 2's own main class listens on all addresses of the machine, and no setting changes that. So the server is built here
in the same way as in its main class, but with a socket that only this machine can reach.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyspark
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

from tests.servers.process import HOST

JARS = Path(pyspark.__file__).parent / "jars"
OPENED = ("java.lang", "java.util", "java.net", "java.util.concurrent")


def start_java(java: str, folder: Path) -> Any:
    """A Java with PySpark's jars; it ends when this process does."""
    options = [
        "-Xmx512m",
        "-XX:TieredStopAtLevel=1",  # half the time until it is up
        "-XX:+UseSerialGC",
        f"-Dderby.stream.error.file={folder / 'derby.log'}",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
    ]
    port, token = launch_gateway(
        jarpath=str(next(JARS.glob("py4j-*.jar"))),
        classpath=f"{folder / 'conf'}:{JARS}/*",
        javaopts=options,
        java_path=java,
        die_on_exit=True,
        enable_auth=True,
        redirect_stdout=sys.stdout,
        redirect_stderr=sys.stderr,
    )
    return JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=token)).jvm


def make_server(jvm: Any, port: int) -> Any:
    """The metastore as a Thrift server; it listens as soon as it is created."""
    hive, thrift = jvm.org.apache.hadoop.hive, jvm.org.apache.thrift
    conf = hive.conf.HiveConf()
    handler = hive.metastore.HiveMetaStore.newRetryingHMSHandler("metastore", conf, False)
    hive.metastore.txn.TxnDbUtil.prepDb(conf)  # creates the tables for locks, which Iceberg needs
    socket = thrift.transport.TServerSocket(jvm.java.net.InetSocketAddress(HOST, port))
    arguments = thrift.server.TThreadPoolServer.Args(socket)
    return thrift.server.TThreadPoolServer(arguments.processor(hive.metastore.TSetIpAddressProcessor(handler)))


if __name__ == "__main__":
    make_server(start_java(sys.argv[1], Path(sys.argv[2])), int(sys.argv[3])).serve()
