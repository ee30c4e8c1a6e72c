"""Peak memory of one fit above the matrix itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.cases.case import Case
from benchmarks.fresh import call_child
from benchmarks.peers import PEERS, SUBJECT
from benchmarks.records import CaseResult, Effort

TITLE = "Peak memory of a fit above X, as a multiple of the size of X"
N_FEATURES = 6
COMPONENTS = (3, 6)
# What a peer may take; some do thousands of sweeps within an iteration.
SECONDS = 10.0


def run(effort: Effort) -> CaseResult:
    """Fit a float32 matrix of six columns in fresh processes, after compiling; others get two iterations."""
    data = f"{effort.memory_rows:,} x {N_FEATURES} float32, feature-major, random mixtures of three parts with noise"
    if not Path("/proc/self/status").is_file():
        return CaseResult("memory", TITLE, data, {}, skipped=("needs /proc/self/status, which this system has not",))
    rows: list[dict[str, Any]] = []
    skipped = []
    for name, peer in PEERS.items():
        if effort.peers is not None and name not in (SUBJECT, *effort.peers):
            continue
        if peer.reason_to_skip() is not None or peer.reason_to_refuse("frobenius", is_sparse=False) is not None:
            continue
        try:
            rows += [_measure(name, k, effort.memory_rows) for k in COMPONENTS]
        except (RuntimeError, TimeoutError) as error:
            skipped.append(f"{peer.title}: {error}")
    worst = max(row["peak above X / X"] for row in rows if row["peer"] == SUBJECT)
    headlines = [f"nmfcore's peak lies at most {worst:.2f} times the size of X above X itself"]
    others = [row for row in rows if row["peer"] != SUBJECT]
    if others:
        least = min(others, key=lambda row: row["peak above X / X"])
        headlines.append(
            f"the least of another peer is {least['peak above X / X']:.2f} times ({PEERS[least['peer']].title}, "
            f"k = {least['k']})"
        )
    return CaseResult("memory", TITLE, data, {"Peaks": rows}, tuple(headlines), skipped=tuple(skipped))


def _measure(peer: str, k: int, n_samples: int) -> dict[str, Any]:
    arguments = {"peer": peer, "n_features": N_FEATURES, "n_components": k}
    seconds = SECONDS
    if peer == SUBJECT:
        # The compiler needs memory of its own: a first process compiles, a second one is measured.
        seconds = None
        call_child("peak_memory", {**arguments, "n_samples": min(n_samples, 50_000)})
    answer = call_child("peak_memory", {**arguments, "n_samples": n_samples}, seconds=seconds)
    above = answer["peak_bytes"] - answer["held_bytes"]
    return {
        "peer": peer,
        "k": k,
        "X MiB": answer["x_bytes"] / 2**20,
        "peak above X MiB": above / 2**20,
        "peak above X / X": above / answer["x_bytes"],
    }


MEMORY = Case(TITLE, run)
