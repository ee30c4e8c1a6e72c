"""How micrographs become a case of the main job: pixels by six features, whole calls, and what memory allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.bandwidth import read_and_write
from benchmarks.cases.case import Case
from benchmarks.cases.contested import MATRICES, collect_outcomes
from benchmarks.contest import Outcome, Problem, contest
from benchmarks.micrographs import load_matrix
from benchmarks.peers import PEERS, SUBJECT
from benchmarks.records import CaseResult, Effort
from benchmarks.verdict import Row

REFERENCE = "scikit-learn-cd"
FEATURE_MAJOR, SAMPLE_MAJOR = "feature-major", "sample-major"


@dataclass(frozen=True)
class Pixels:
    """So many micrographs in one matrix, and who is asked to factorise it.

    Attributes
    ----------
    images : int
    seconds : float
        What a call of the reference, scikit-learn's `cd`, may take; one that would take longer gets fewer iterations.
    calls : int
        Calls of the reference.
    components : tuple of int or None
        Numbers of components at which it is asked; None: all.
    everybody : mapping of str to float
        Peers that take part besides, and what each may spend in seconds.
    everybody_components : tuple of int
        Numbers of components at which they do, and at which the time to equal loss is looked for.
    layouts : tuple of str
        In which X is tried.
    """

    images: int
    seconds: float
    calls: int
    components: tuple[int, ...] | None = None
    everybody: dict[str, float] = field(default_factory=dict)
    everybody_components: tuple[int, ...] = ()
    layouts: tuple[str, ...] = (FEATURE_MAJOR, SAMPLE_MAJOR)

    def problem(self, X: NDArray[np.float32], k: int, is_full: bool) -> Problem:
        """Pose the problem of one number of components; in a quick run peers get the time that the effort allows."""
        meets_all, plural = k in self.everybody_components, "s" if self.images > 1 else ""
        is_asked = self.components is None or k in self.components
        patience = ({REFERENCE: self.seconds} if is_asked else {}) | (self.everybody if meets_all else {})
        return Problem(
            f"{self.images} image{plural}, {X.shape[0]:,} x {X.shape[1]}",
            X,
            k,
            layouts=self.layouts,
            peers=tuple(patience),
            patience=patience if is_full else {},
            whole_calls=None if meets_all else self.calls,
        )

    def limits(self) -> Iterator[str]:
        """Say what is not asked of whom."""
        title = PEERS[REFERENCE].title
        where = "" if self.components is None else f" at k = {_listed(self.components)} alone"
        yield (
            f"{title} is asked{where} for {self.calls} whole call{'s' if self.calls > 1 else ''}, "
            f"cut short where one would take more than {self.seconds:g} s"
        )
        if self.everybody:
            yield f"other peers, and the time to equal loss: at k = {_listed(self.everybody_components)} alone"
        else:
            yield f"no peer but {title}, and no time to equal loss"


def pixels_case(name: str, title: str, pixels: Pixels) -> Case:
    """Make the case of so many micrographs.

    Parameters
    ----------
    name, title : str
    pixels : Pixels

    Returns
    -------
    Case
        With the tables of `benchmarks.cases.contested.collect_outcomes`, and "Fits", a row a number of components:
        nmfcore beside the reference; and "Passes over memory": a fit beside one read of X and one write of W.
    """

    def run(effort: Effort) -> CaseResult:
        # In a quick run so many images have as many pixels as one.
        crop = effort.crop and effort.crop // isqrt(pixels.images)
        X, description = load_matrix(pixels.images, crop)
        outcomes: list[Outcome] = []
        passes: list[Row] = []
        for k in effort.components:
            before = _bare_pass(X, k)
            outcomes.append(contest(pixels.problem(X, k, effort.is_full), effort))
            passes.append(_compare(X, outcomes[-1].rows, min(before, _bare_pass(X, k))))
        result = collect_outcomes(name, title, f"{description}; float32, identical values for all", outcomes)
        cells = [cell for cell in result.tables[MATRICES] if cell["speed-up"] is not None]
        fits = {"Fits": [_fit(cell) for cell in cells]} if cells else {}
        return replace(
            result,
            tables={**fits, **result.tables, "Passes over memory": passes},
            headlines=(*_mean(cells), *result.headlines, *_against_memory(passes)),
            skipped=(*result.skipped, *(pixels.limits() if effort.is_full else ())),
        )

    return Case(title, run)


def _fit(cell: Row) -> Row:
    """Return what a hurried reader compares; the ratio to a call that was cut short is a lower bound."""
    return {
        "components": cell["k"],
        "nmfcore s": cell["nmfcore s"],
        "scikit-learn s": cell["scikit-learn s"],
        "ratio": f"{'> ' if cell['capped'] else ''}{cell['speed-up']:.3g}",
        "ratio at its loss": f"{cell['to its loss']:.3g}" if cell["to its loss"] else "",
        "final loss, nmfcore / scikit-learn": 1.0 + cell["our loss / its loss - 1"],
    }


def _mean(cells: Sequence[Row]) -> Iterator[str]:
    if cells:
        cut = [cell["k"] for cell in cells if cell["capped"]]
        mean = prod(cell["speed-up"] for cell in cells) ** (1 / len(cells))
        of = "geometric mean of " if len(cells) > 1 else ""
        yield (
            f"{'at least ' if cut else ''}{mean:.3g} times as fast as scikit-learn, {of}k = "
            f"{_listed([cell['k'] for cell in cells])}"
        )
        if cut:
            yield f"scikit-learn was cut short at k = {_listed(cut)}: the ratio there is a lower bound"


def _bare_pass(X: NDArray[np.float32], k: int) -> float:
    return read_and_write(X, np.empty((X.shape[0], k), dtype=X.dtype))


def _compare(X: NDArray[np.float32], rows: Sequence[Row], memory: float) -> Row:
    """Put a fit of feature-major X beside the quickest bare pass before and after it."""
    (fit,) = (row for row in rows if row["peer"] == SUBJECT and row["setting"] == FEATURE_MAJOR)
    moved = X.nbytes + X.shape[0] * fit["k"] * X.itemsize
    return {
        "rows": X.shape[0],
        "k": fit["k"],
        "X and W MB": moved / 1e6,
        "read X, write W s": memory,
        "GB/s": moved / 1e9 / memory,
        "fit s": fit["seconds"],
        "iterations": fit["iterations"],
        "fit / (read X, write W)": fit["seconds"] / memory,
    }


def _against_memory(passes: Sequence[dict[str, Any]]) -> Iterator[str]:
    ratios = [row["fit / (read X, write W)"] for row in passes]
    yield f"a fit takes {min(ratios):.3g} to {max(ratios):.3g} times as long as reading X and writing W once"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
