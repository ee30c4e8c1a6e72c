"""The command ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.cases import CASES
from benchmarks.records import FULL, QUICK
from benchmarks.report import write_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen cases and write their report; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute or two: shows that all still runs")
    parser.add_argument("--case", nargs="+", choices=CASES, metavar="NAME", help="only these: " + ", ".join(CASES))
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    options = parser.parse_args(arguments)
    if options.list:
        for name, case in CASES.items():
            print(f"{name:10} {case.title}")
        return 0
    effort = QUICK if options.quick else FULL
    results = []
    for name in options.case or CASES:
        start = perf_counter()
        results.append(CASES[name].run(effort))
        print(f"{name}: {perf_counter() - start:.1f} s", file=sys.stderr)
        for headline in results[-1].headlines:
            print(f"  {headline}", file=sys.stderr)
    for path in write_report(results, effort, options.out):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
