"""``scripts/engines up|down|env|status|missing|with COMMAND``: real servers on this machine, for tests and by hand."""

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
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="for with: the command to run with servers of its own"
    )
    given = parser.parse_args()
    cache = cache_folder()
    try:
        if given.verb == "with":
            return run_with_servers(given.command, cache)
        return int(VERBS[given.verb](EngineSet(cache / "run", cache)))
    except ServerError as error:
        log(str(error))
        return 1
    except KeyboardInterrupt:
        log("stopped; nothing is left running")
        return 130


def up(servers: EngineSet) -> int:
    """Start all servers, unless they are up; print the exports."""
    print_exports(servers.up(log))
    return 0


def run_with_servers(command: list[str], cache: Path) -> int:
    """Run a command with servers of its own, which stop when it ends."""
    with tempfile.TemporaryDirectory(prefix="drawloom-engines-") as folder, private_set(Path(folder), cache) as engines:
        return subprocess.run(command, env={**os.environ, **engines.exports}, check=False).returncode


def down(servers: EngineSet) -> int:
    """Stop all servers."""
    ended = servers.down()
    log(f"ended: {', '.join(ended)}" if ended else "nothing was running")
    return 0


def env(servers: EngineSet) -> int:
    """Print the exports; 1 when the set is not up."""
    if not (engines := servers.addresses()):
        log("the servers are not up. Run scripts/engines up.")
        return 1
    print_exports(engines)
    return 0


def status(servers: EngineSet) -> int:
    """Print a line for each server; 1 when one does not run."""
    for server in servers.running():
        print(f"{server.name:<10} {state(server)}  log {server.log}")
    if not servers.addresses():
        log("the servers are not all up. Run scripts/engines up.")
        return 1
    return 0


def state(server: Running) -> str:
    """A server's address, process id and memory."""
    if not server.main_process:
        return "ended"
    memory = 0
    for process in server.processes():
        try:
            memory += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return f"{HOST}:{server.port}  pid {server.pid}  {memory / 2**20:.0f} MiB"


def missing(_: EngineSet) -> int:
    """Print the Debian packages of missing software, and on stderr what each is for; 1 when there are any."""
    lacking_needs = needs.missing()
    for need in lacking_needs:
        print(need.package)
        log(need.message)
    return 1 if lacking_needs else 0


def print_exports(engines: Engines) -> None:
    """Print the exports for a shell's eval."""
    for name, url in engines.exports.items():
        print(f"export {name}={url}")


def log(line: str) -> None:
    """Print a line for people, on stderr, as stdout is for a shell's eval."""
    print(line, file=sys.stderr, flush=True)


VERBS = {"up": up, "down": down, "env": env, "status": status, "missing": missing}

if __name__ == "__main__":
    sys.exit(main())
