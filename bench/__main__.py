"""`python -m bench [NAME...] [--runs N] [--format json]`."""

from __future__ import annotations

import argparse
import importlib

from bench.measure import show

NAMES = ("overhead", "plan", "rerun", "reading", "flights")


def main() -> None:
    """Run the named benchmarks, all of them without names; each prints when it is done."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all without names")
    parser.add_argument("--runs", type=int, default=3, help="how often each contender runs (default 3)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"name == {', '.join(sorted(unknown))}, must be of {', '.join(NAMES)}")
    as_json = given.format == "json"
    reports = []
    for name in given.names or NAMES:
        made = importlib.import_module(f"bench.{name}").measure(given.runs)
        reports += made
        if not as_json:
            show(made, as_json=False)
    if as_json:
        show(reports, as_json=True)


if __name__ == "__main__":
    main()
