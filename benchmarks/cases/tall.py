"""The main job: pixels of micrographs by six features, whole `fit_transform` calls, initialisation included."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.bandwidth import read_and_write
from benchmarks.cases.case import Case
from benchmarks.cases.contested import collect_outcomes
from benchmarks.contest import Outcome, Problem, contest
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS, SUBJECT, Job
from benchmarks.records import CaseResult, Effort

TITLE = "Factorise the features of micrographs, one image to a hundred"
LAYOUTS = ("feature-major", "sample-major")
# Seconds for the references, whose fits take long; with many images only cd is asked.
PATIENCE = {
    1: {"scikit-learn-cd": 15.0, "scikit-learn-mu": 6.0},
    10: {"scikit-learn-cd": 30.0},
    100: {"scikit-learn-cd": 60.0},
}
LARGEST = 100
LARGEST_COMPONENTS = (2, 6)
# The number of components at which all peers are asked, at one image.
USUAL_K = 3


def run(effort: Effort) -> CaseResult:
    """Measure every number of images and components, warm, and bare passes over memory."""
    outcomes: list[Outcome] = []
    passes: list[dict[str, Any]] = []
    descriptions = []
    for count in effort.images:
        X, description = load_matrix(count, effort.crop)
        descriptions.append(description)
        for k in effort.components:
            if count < LARGEST or k in LARGEST_COMPONENTS:
                outcomes.append(contest(_problem(X, count, k, effort), effort))
            passes.append(_compare_with_memory(X, count, k, effort.repeats))
    result = collect_outcomes("tall", TITLE, "; ".join(descriptions) + "; float32, identical values for all", outcomes)
    tables = {**result.tables, "Passes over memory": passes}
    headlines = (*result.headlines, *_pass_headlines(passes))
    return CaseResult(
        result.name, result.title, result.data, tables, headlines, result.curves, (*result.skipped, *_caps(effort))
    )


def _problem(X: NDArray[np.float32], count: int, k: int, effort: Effort) -> Problem:
    patience = PATIENCE[count]
    return Problem(
        f"{count} image{'s' if count > 1 else ''}, {len(X):,} x {X.shape[1]}",
        X,
        k,
        layouts=LAYOUTS if count < LARGEST else LAYOUTS[:1],
        peers=None if count == 1 and k == USUAL_K else tuple(patience),
        patience=patience if effort.crop is None else {},
    )


def _caps(effort: Effort) -> Iterator[str]:
    for count in effort.images:
        asked = ", ".join(f"{PEERS[name].title} ({seconds:g} s)" for name, seconds in PATIENCE[count].items())
        all_at = f"; all others at k = {USUAL_K} alone" if count == 1 else ""
        few = f", at k = {', '.join(map(str, LARGEST_COMPONENTS))} alone" if count == LARGEST else ""
        yield f"at {count} image{'s' if count > 1 else ''} only {asked} is asked besides nmfcore{few}{all_at}"


def _compare_with_memory(X: NDArray[np.float32], count: int, k: int, repeats: int) -> dict[str, Any]:
    """Time fits and bare passes over memory in turn, feature-major X, W as the fit returns it."""
    job = Job(X, k)
    fit = PEERS[SUBJECT].fit(job)
    fits, memory = [], []
    for _ in range(repeats):
        start = perf_counter()
        fit = PEERS[SUBJECT].fit(job)
        fits.append(perf_counter() - start)
        memory.append(read_and_write(X, np.empty_like(fit.W)))
    moved = X.nbytes + fit.W.nbytes
    return {
        "images": count,
        "rows": len(X),
        "k": k,
        "X and W MB": moved / 1e6,
        "read X, write W s": min(memory),
        "GB/s": moved / 1e9 / min(memory),
        "fit s": float(np.median(fits)),
        "iterations": fit.iterations,
        "fit / (read X, write W)": float(np.median(fits)) / min(memory),
    }


def _pass_headlines(passes: list[dict[str, Any]]) -> Iterator[str]:
    for count in dict.fromkeys(row["images"] for row in passes):
        ratios = [row["fit / (read X, write W)"] for row in passes if row["images"] == count]
        plural = "s" if count > 1 else ""
        yield (
            f"{count} image{plural}: a fit takes {min(ratios):.3g} to {max(ratios):.3g} times as long as reading X and "
            "writing W once"
        )


TALL = Case(TITLE, run)
