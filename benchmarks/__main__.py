"""The command ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from benchmarks.cases import CASES
from benchmarks.peers import PEERS, SUBJECT
from benchmarks.publish import publish
from benchmarks.records import FULL, QUICK, CaseResult
from benchmarks.report import DATA, add_result, continue_record, start_record, write_pages


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen cases and write their report, or publish one; return the exit code.

    It is 1 if a case failed or, unless it is quick, a figure falls short of its target.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute: shows only that all still runs")
    parser.add_argument(
        "--case",
        nargs="+",
        choices=CASES,
        metavar="NAME",
        help="only these, beside those that DIR has: " + ", ".join(CASES),
    )
    others = [name for name in PEERS if name != SUBJECT]
    parser.add_argument("--peer", nargs="+", choices=others, metavar="NAME", help="only these: " + ", ".join(others))
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), metavar="DIR", help="default: %(default)s")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="folder of labelled sets; default: NMFCORE_DATA, or ../shared/data"
    )
    parser.add_argument("--list", action="store_true", help="list the cases and the peers and stop")
    parser.add_argument(
        "--publish", type=Path, metavar="FILE", help="write docs/benchmarks from a results.json and stop"
    )
    options = parser.parse_args(arguments)
    if options.list:
        for name, case in CASES.items():
            print(f"{name:22} {case.title}")
        for name, peer in PEERS.items():
            print(f"{name:22} {peer.reason_to_skip() or peer.title}")
        return 0
    if options.publish is not None:
        try:
            written = publish(options.publish)
        except (OSError, ValueError) as error:
            parser.error(f"--publish {options.publish}: {error}")
        for path in written:
            print(path)
        return 0
    if options.data is not None:
        if not options.data.is_dir():
            parser.error(f"--data {options.data}: no such folder")
        os.environ["NMFCORE_DATA"] = str(options.data.resolve())
    effort = QUICK if options.quick else FULL
    if options.peer:
        effort = replace(effort, peers=tuple(options.peer))
    record, broken = start_record(effort), False
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        if options.case:
            continue_record(record, options.out)
    except (OSError, ValueError) as error:
        parser.error(f"--out {options.out}: {error}")
    try:
        for name in options.case or CASES:
            start = perf_counter()
            try:
                result = CASES[name].run(effort)
            except Exception as error:  # A case that fails does not keep the others from being measured.
                traceback.print_exc()
                broken = True
                reason = f"failed with {type(error).__name__}: {error}"
                result = CaseResult(name, CASES[name].title, "none", {}, skipped=(reason,))
            result = replace(result, seconds=perf_counter() - start)
            add_result(record, result, tuple(CASES), options.out)
            # Figures of small sizes show that all still runs, and no more.
            broken |= effort.is_full and bool(result.missed)
            print(f"{name}: {result.seconds:.1f} s", file=sys.stderr, flush=True)
            for headline in (*result.headlines, *(f"skipped {reason}" for reason in result.skipped)):
                print(f"  {headline}", file=sys.stderr, flush=True)
    finally:
        if record["cases"]:
            for path in (options.out / DATA, *write_pages(record, options.out)):
                print(path)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
