"""Rows from a file that is mapped into memory: time should be linear in them, and memory flat."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from benchmarks.cases.case import Case
from benchmarks.fresh import call_child, reason_to_skip
from benchmarks.records import CaseResult, Effort

TITLE = "Rows from a memory map, a hundred thousand to a hundred million: time a row, and memory"
N_FEATURES, K = 6, 3
ROWS, FEW_ROWS = (100_000, 1_000_000, 10_000_000, 100_000_000), (20_000, 40_000)
# What lies on disk for a row: float32 features and weights; so much again stays free.
ROW_BYTES = 4 * (N_FEATURES + K)


def run(effort: Effort) -> CaseResult:
    """Learn from a file, and write the weights to another, each number of rows in a fresh process."""
    data = f"{N_FEATURES} float32 features a row, one feature after the other in the file, k = {K}"
    if reason := reason_to_skip():
        return CaseResult("out_of_core", TITLE, data, {}, skipped=(reason,))
    rows: list[dict[str, Any]] = []
    skipped = []
    for n_samples in ROWS if effort.is_full else FEW_ROWS:
        with tempfile.TemporaryDirectory() as folder:
            free = shutil.disk_usage(folder).free
            if free < 2 * ROW_BYTES * n_samples:
                skipped.append(f"{n_samples:,} rows: need {2 * ROW_BYTES * n_samples / 2**30:.1f} GiB of free disk")
                continue
            arguments = {"folder": folder, "n_samples": n_samples, "n_features": N_FEATURES, "n_components": K}
            rows.append(_row(n_samples, call_child("stream_rows", arguments)))
    return CaseResult("out_of_core", TITLE, data, {"Rows": rows}, _headlines(rows), skipped=tuple(skipped))


def _row(n_samples: int, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "rows": n_samples,
        "file MiB": answer["file_bytes"] / 2**20,
        "fit s": answer["fit_seconds"],
        "iterations": answer["iterations"],
        "fit ns a row": 1e9 * answer["fit_seconds"] / n_samples,
        "fit CPU ns a row and iteration": 1e9 * answer["fit_cpu_seconds"] / n_samples / max(answer["iterations"], 1),
        "transform s": answer["transform_seconds"],
        "transform ns a row": 1e9 * answer["transform_seconds"] / n_samples,
        "memory of its own above the start MiB": answer["above_bytes"] / 2**20,
    }


def _headlines(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    if not rows:
        return ()
    large = rows[len(rows) // 2 :]
    times = [row["fit ns a row"] + row["transform ns a row"] for row in large]
    memory = [row["memory of its own above the start MiB"] for row in rows]
    return (
        f"fit and transform take {min(times):.3g} to {max(times):.3g} ns a row from {large[0]['rows']:,} to "
        f"{large[-1]['rows']:,} rows",
        f"memory of its own rises by {min(memory):.3g} to {max(memory):.3g} MiB from {rows[0]['rows']:,} to "
        f"{rows[-1]['rows']:,} rows",
    )


OUT_OF_CORE = Case(TITLE, run)
