"""``scripts/engines up|down|env|status|missing|with COMMAND``: real servers on this machine, for tests and for looking."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.servers import needs
from tests.servers.engines import Engines, EngineSet, cache_folder, private_set
from tests.servers.process import HOST, Running, ServerError


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/engines", description=__doc__)
    parser.add_argument("verb", choices=[*VERBS, "with"])
    parser.add_argument("command", nargs=argparse.REMAINDER, help="of with: what is run beside servers of its own")
    given = parser.parse_args()
    cache = cache_folder()
    try:
        if given.verb == "with":
            return beside(given.command, cache)
        return int(VERBS[given.verb](EngineSet(cache / "run", cache)))
    except ServerError as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        tell("stopped; nothing is left running")
        return 130


def up(servers: EngineSet) -> int:
    """Start all servers, or say that they are up; the exports go to stdout."""
    show(servers.up(tell))
    return 0


def beside(command: list[str], cache: Path) -> int:
    """Run a command with servers that are its own, and end with it."""
    with tempfile.TemporaryDirectory(prefix="drawloom-engines-") as folder, private_set(Path(folder), cache) as engines:
        return subprocess.run(command, env={**os.environ, **engines.exports}, check=False).returncode


def down(servers: EngineSet) -> int:
    """End all servers."""
    ended = servers.down()
    tell(f"ended: {', '.join(ended)}" if ended else "nothing was running")
    return 0


def env(servers: EngineSet) -> int:
    """Print the exports; 1 when the set does not answer."""
    if not (engines := servers.answering()):
        tell("the servers are not up. Run scripts/engines up.")
        return 1
    show(engines)
    return 0


def status(servers: EngineSet) -> int:
    """Print a line for each server; 1 when one does not run."""
    for server in servers.running():
        print(f"{server.name:<10} {state(server)}  log {server.log}")
    if not servers.answering():
        tell("the servers are not all up. Run scripts/engines up.")
        return 1
    return 0


def state(server: Running) -> str:
    """Where a server is and how much memory it has."""
    if not server.leader:
        return "ended"
    memory = 0
    for process in server.members():
        try:
            memory += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return f"{HOST}:{server.port}  pid {server.pid}  {memory / 2**20:.0f} MiB"


def missing(_: EngineSet) -> int:
    """Print the Debian packages of what is not there, and say what each is for; 1 when there are any."""
    lacking = needs.missing()
    for need in lacking:
        print(need.package)
        tell(need.sentence)
    return 1 if lacking else 0


def show(engines: Engines) -> None:
    """Print what a shell evaluates."""
    for name, url in engines.exports.items():
        print(f"export {name}={url}")


def tell(line: str) -> None:
    """Say something to a person, beside what a shell evaluates."""
    print(line, file=sys.stderr, flush=True)


VERBS = {"up": up, "down": down, "env": env, "status": status, "missing": missing}

if __name__ == "__main__":
    sys.exit(main())
