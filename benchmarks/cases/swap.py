"""What an engineer sees who swaps scikit-learn's NMF for ours: same arguments, own stopping rules, whole calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod, sqrt
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import NMF as TheirNMF
from sklearn.exceptions import ConvergenceWarning

from benchmarks.cases.case import Case
from benchmarks.interleave import Contender, interleave
from benchmarks.loss import divergence
from benchmarks.matrices import counts, cube, expression, mixtures, portraits, ratings, spectrogram, tf_idf, words
from benchmarks.records import CaseResult, Effort
from benchmarks.targets import Figure, judge
from nmfcore import NMF

TITLE = "scikit-learn's NMF swapped for ours, whole calls with default stopping"
SEEDS = 5
# scikit-learn's reconstruction error may be passed by so much: less than what another seed of its own does.
LEEWAY = 1.0005
LEAST_RATIO, LEAST_MEAN = 3.0, 10.0
# Our calls in a row, beside one of scikit-learn's.
CALLS = 3
KL: Mapping[str, Any] = {"beta_loss": "kullback-leibler", "solver": "mu"}
IS: Mapping[str, Any] = {"beta_loss": "itakura-saito", "solver": "mu"}


@dataclass(frozen=True)
class Entry:
    """A matrix of the panel.

    Attributes
    ----------
    name : str
    make : callable
        ``make(*shape, seed=seed)`` gives X.
    shape : tuple of int
        What ``make`` takes before the seed, rows and columns first.
    n_components : int
    arguments : mapping
        What both estimators are given besides.
    change : callable
        Applied to X: its type, its storage.
    """

    name: str
    make: Callable[..., Any]
    shape: tuple[int, ...]
    n_components: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[Any], Any] = lambda X: X

    @property
    def title(self) -> str:
        """Matrix, number of components and loss."""
        loss = self.arguments.get("beta_loss", "frobenius")
        return f"{self.name} {self.shape[0]:,} x {self.shape[1]:,}, k = {self.n_components}, {loss}"

    def small(self) -> Entry:
        """Return the same with a twelfth of the rows and columns, where that leaves more than components."""
        least = 2 * self.n_components
        rows, columns = (max(size // 12, min(size, least)) for size in self.shape[:2])
        return replace(self, shape=(rows, columns, *self.shape[2:]))


def _single(X: Any) -> Any:
    return X.astype(np.float32)


def _side(n_images: int, n_pixels: int, n_parts: int, seed: int) -> Any:
    return portraits(n_images, round(sqrt(n_pixels)), n_parts, seed)


def _positive(n_frames: int, n_bins: int, n_notes: int, seed: int) -> Any:
    return spectrogram(n_frames, n_bins, n_notes, seed).astype(np.float64) + 1e-8


PANEL = (
    Entry("TF-IDF", tf_idf, (6000, 8000, 12), 10),
    Entry("TF-IDF", tf_idf, (6000, 8000, 12), 50),
    Entry("TF-IDF, float32", tf_idf, (6000, 8000, 12), 20, change=_single),
    Entry("TF-IDF", tf_idf, (2000, 20_000, 12), 20),
    Entry("counts of words", words, (6000, 8000, 12), 10, KL),
    Entry("counts of words", words, (2000, 3000, 8), 5, KL),
    Entry("expression, float32", expression, (3000, 1500, 12), 10),
    Entry("expression, float32", expression, (3000, 1500, 12), 30),
    Entry("expression, CSR", expression, (3000, 1500, 12), 10, change=sp.csr_matrix),
    Entry("Poisson counts", counts, (2000, 500, 8), 8, KL),
    Entry("portraits", _side, (400, 1024, 60), 15),
    Entry("portraits", _side, (400, 1024, 60), 49),
    Entry("portraits, float32", _side, (2000, 4096, 60), 100, change=_single),
    Entry("spectrogram", _positive, (513, 493, 8), 8, KL),
    Entry("spectrogram", _positive, (1000, 257, 12), 12, IS),
    Entry("spectral image", cube, (10_000, 198, 4), 4),
    Entry("spectral image, float32", cube, (40_000, 100, 6), 6, change=_single),
    Entry("ratings, CSR", ratings, (6000, 3700), 20),
    Entry("wide", mixtures, (500, 20_000, 15), 15),
    Entry("tall", mixtures, (50_000, 20, 5), 5),
    Entry("square", mixtures, (1000, 1000, 20), 20),
    Entry("small", mixtures, (150, 20, 3), 3),
    Entry("small", mixtures, (500, 50, 5), 5),
)


def run(effort: Effort) -> CaseResult:
    """Swap the estimator on every matrix of the panel."""
    panel = PANEL if effort.is_full else tuple(entry.small() for entry in PANEL[::8])
    rows = [_row(entry, effort) for entry in panel]
    ratios = [row["ratio"] for row in rows]
    figures = (
        Figure("S1", "smallest ratio of whole calls", min(ratios), least=LEAST_RATIO),
        Figure("S2", "geometric mean of the ratios", prod(ratios) ** (1 / len(ratios)), least=LEAST_MEAN),
        Figure("S3", "largest error over scikit-learn's", max(row["error ratio"] for row in rows), most=LEEWAY),
    )
    result = judge("swap", TITLE, f"{len(panel)} matrices by recipe, {SEEDS} seeds each", figures)
    return replace(result, tables={**result.tables, "Swapped": rows})


def _row(entry: Entry, effort: Effort) -> dict[str, Any]:
    theirs: list[float] = []
    ours: list[float] = []
    errors: list[float] = []
    for seed in range(SEEDS if effort.is_full else 1):
        X = entry.change(entry.make(*entry.shape, seed=seed))
        contenders = (
            Contender("theirs", _call(TheirNMF, entry, X, seed)),
            Contender("ours", _call(NMF, entry, X, seed), _warm_up(entry, X), CALLS),
        )
        measured = interleave(contenders, 1, rest=effort.rest)
        theirs.append(measured["theirs"][0].median)
        ours.append(measured["ours"][0].median)
        errors.append(_error(entry, X, *measured["ours"][1][0]) / _error(entry, X, *measured["theirs"][1][0]))
    ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
    return {
        "matrix": entry.title,
        "scikit-learn s": median(theirs),
        "ours s": median(ours),
        "ratio": median(ratios),
        "smallest of the seeds": min(ratios),
        "error ratio": max(errors),
    }


def _call(estimator: Any, entry: Entry, X: Any, seed: int) -> Callable[[int], tuple[Any, Any]]:
    def call(turn: int) -> tuple[Any, Any]:
        model = estimator(entry.n_components, random_state=seed, **entry.arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit_transform(X), model.components_

    return call


def _warm_up(entry: Entry, X: Any) -> Callable[[], Any]:
    return lambda: _call(NMF, entry, X, 0)(0)


def _error(entry: Entry, X: Any, W: Any, H: Any) -> float:
    return sqrt(2.0 * divergence(X, W, H, entry.arguments.get("beta_loss", "frobenius")))


SWAP = Case(TITLE, run)
