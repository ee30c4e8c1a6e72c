"""The rules that suggest a number of phases. A new rule is one function and one line in `RULES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Matched components of two seeds whose mean cosine is below this are other components.
STABLE = 0.95
# Relative error that is asked of a factorization in `segment.evaluate.Quality`, too.
ERROR = 0.10


@dataclass(frozen=True)
class Evidence:
    """What the rules look at: one row for each number of phases, ascending.

    Attributes
    ----------
    k : ndarray of int64, shape (n_ks,)
    objective : ndarray of float64, shape (n_ks,)
        Lowest objective of the restarts.
    stability : ndarray of float64, shape (n_ks,)
        Mean cosine between matched components of two seeds.
    holdout : ndarray of float64, shape (n_ks,)
        Mean squared error of an entry of X that was held out.
    holdout_best : int
        Smallest k within one standard error of the least.
    remainder : ndarray of float64, shape (n_ks,)
        Relative error of the best approximation of X by rank k, of any sign.
    """

    k: NDArray[np.int64]
    objective: NDArray[np.float64]
    stability: NDArray[np.float64]
    holdout: NDArray[np.float64]
    holdout_best: int
    remainder: NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """A curve over the number of phases, and what it suggests.

    Attributes
    ----------
    title : str
        What the curve shows.
    reason : str
        How the suggestion follows from it.
    curve : callable
        ``curve(evidence)`` returns its values, one for each number.
    suggest : callable
        ``suggest(evidence)`` returns one of the numbers, or None where none fits.
    """

    title: str
    reason: str
    curve: Callable[[Evidence], NDArray[np.float64]]
    suggest: Callable[[Evidence], int | None]


def find_elbow(evidence: Evidence) -> int | None:
    """Return the number at which the objective lies farthest below the line from its first value to its last.

    References
    ----------
    V. Satopaa et al., "Finding a kneedle in a haystack", doi 10.1109/ICDCSW.2011.20, section III.
    """
    if len(evidence.k) < 3:
        return None
    across = (evidence.k - evidence.k[0]) / (evidence.k[-1] - evidence.k[0])
    line = evidence.objective[0] + across * (evidence.objective[-1] - evidence.objective[0])
    below = line - evidence.objective
    return int(evidence.k[below.argmax()]) if below.max() > 0 else None


def find_stable(evidence: Evidence) -> int | None:
    """Return the largest number above 1 whose components agree between seeds."""
    is_stable = (evidence.stability >= STABLE) & (evidence.k > 1)
    return int(evidence.k[is_stable].max()) if is_stable.any() else None


def find_rank(evidence: Evidence) -> int | None:
    """Return the smallest number whose truncated spectrum leaves a relative error of at most 0.10.

    References
    ----------
    J. Yuan, D. Wang and A. M. Cheriyadat, "Factorization-based texture segmentation", doi 10.1109/TIP.2015.2446948,
    section III-B: a threshold on what is left of the spectrum.
    """
    is_enough = evidence.remainder <= ERROR
    return int(evidence.k[is_enough].min()) if is_enough.any() else None


RULES: dict[str, Rule] = {
    "elbow": Rule(
        "objective of the fit",
        "where the curve bends: farthest below the line between its ends",
        lambda evidence: evidence.objective,
        find_elbow,
    ),
    "stability": Rule(
        "agreement of seeds",
        f"the largest number whose phases are found again from other seeds (cosine at least {STABLE:g})",
        lambda evidence: evidence.stability,
        find_stable,
    ),
    "hold-out": Rule(
        "error of held-out entries",
        "the smallest number within one standard error of the least",
        lambda evidence: evidence.holdout,
        lambda evidence: evidence.holdout_best,
    ),
    "eigenvalues": Rule(
        "residual of the spectrum",
        f"the smallest number whose eigenvalues leave a relative error of at most {ERROR:g}",
        lambda evidence: evidence.remainder,
        find_rank,
    ),
}
