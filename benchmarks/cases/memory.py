"""Peak memory of one fit above the matrix itself."""

from __future__ import annotations

from typing import Any

from benchmarks.cases.case import Case
from benchmarks.fresh import ask_each, call_child, reason_to_skip
from benchmarks.peers import PEERS, SUBJECT
from benchmarks.records import CaseResult, Effort

TITLE = "Peak memory of a fit above X, as a multiple of the size of X"
N_FEATURES = 6
ROWS, FEW_ROWS = 1_000_000, 50_000
COMPONENTS = (3, 6)
# What a peer may take; some do thousands of sweeps within an iteration.
SECONDS = 10.0


def run(effort: Effort) -> CaseResult:
    """Fit a float32 matrix of six columns in fresh processes, after compiling; others get two iterations."""
    n_samples, components = (ROWS, COMPONENTS) if effort.is_full else (FEW_ROWS, COMPONENTS[:1])
    data = f"{n_samples:,} x {N_FEATURES} float32, feature-major, random mixtures of three parts with noise"
    if reason := reason_to_skip():
        return CaseResult("memory", TITLE, data, {}, skipped=(reason,))
    rows, skipped = ask_each(effort, lambda name: [_measure(name, k, n_samples) for k in components])
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
