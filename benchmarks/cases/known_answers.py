"""Factorizations whose factors are known, and how close each engine comes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from sklearn.decomposition import NMF as ReferenceNMF
from sklearn.exceptions import ConvergenceWarning

from benchmarks.cases.case import Case
from benchmarks.records import CaseResult, Effort
from benchmarks.unmixing import PLANTED, Planted, laurberg, match, planted_folder, shares
from nmfcore import NMF

TITLE = "Known answers: factors recovered up to order and scale"
ENGINES = {"nmfcore": NMF, "scikit-learn": ReferenceNMF}
# Share of |X|^2 that near-orthogonality is worth: of the abundance maps (X transposed), and of the swimmer's parts.
ORTHOGONALITY = {"Samson": 3e-3, "EELS": 3e-3, "swimmer": 1e-2}
STRENGTHS = (1e-4, 1e-3, 3e-3, 1e-2)
RESTARTS, ITERATIONS = 10, 500
FEW_RESTARTS, FEW_ITERATIONS = 2, 10
Factors = tuple[NDArray[np.float64], NDArray[np.float64]]


def run(effort: Effort) -> CaseResult:
    """Recover closed forms, and planted factors where the data are present."""
    exact = list(_exact_rows())
    tables: dict[str, list[dict[str, Any]]] = {"Closed forms and a unique factorization": exact}
    folder = planted_folder()
    found: dict[str, list[dict[str, Any]]] = {}
    skipped = ()
    if folder.is_dir():
        found = {name: list(_planted_rows(name, load(folder), effort)) for name, load in PLANTED.items()}
        tables["Planted factors"] = [row for rows in found.values() for row in rows]
        tables["Strength of orthogonality_H, on X transposed"] = list(_strength_rows(folder, effort))
    else:
        skipped = ("planted factors: no folder unmixing/ where NMFCORE_DATA points",)
    worst = max(row["deviation"] for row in exact if row["engine"] == "nmfcore")
    headlines = [f"closed forms and the unique factorization are met to {worst:.2g} or better"]
    for name, rows in found.items():
        best = min((row for row in rows if row["engine"] == "nmfcore"), key=lambda row: row["worst angle"])
        theirs = min((row for row in rows if row["engine"] == "scikit-learn"), key=lambda row: row["worst angle"])
        headlines.append(
            f"{name}: every component within {best['worst angle']:.2g} degrees ({best['setting']}), "
            f"scikit-learn {theirs['worst angle']:.2g}"
        )
    return CaseResult("known_answers", TITLE, "matrices made of known factors", tables, tuple(headlines), (), skipped)


def _fit(model: Any, X: NDArray) -> Factors:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = model.fit_transform(X)
    return W, model.components_


def _exact_rows() -> Iterator[dict[str, Any]]:
    """Yield one row per problem and engine: the largest deviation, relative or as the sine of an angle."""
    X = np.random.default_rng(0).gamma(2.0, 1.0, (40, 15))
    U, S, Vt = np.linalg.svd(X)
    pair = S[0] * np.outer(U[:, 0], Vt[0])
    sums = np.outer(X.sum(axis=1), X.sum(axis=0)) / X.sum()
    tight: dict[str, Any] = {"random_state": 0, "tol": 1e-10, "max_iter": 20_000}
    for engine, NMFClass in ENGINES.items():
        for a in (0.1, 0.3):
            planted = laurberg(a)
            runs = [
                _fit(NMFClass(3, init="random", **{**tight, "random_state": s}), planted.X) for s in range(RESTARTS)
            ]
            H = min(runs, key=lambda run: float(np.linalg.norm(planted.X - run[0] @ run[1])))[1]
            deviation = float(np.sin(np.radians(match(H, planted.H)[1].max())))
            yield {"problem": f"Laurberg, a = {a}", "engine": engine, "solver": "cd", "deviation": deviation}
        for problem, truth, beta_loss, solver in (
            ("rank 1, Frobenius: leading singular pair", pair, "frobenius", "cd"),
            ("rank 1, Kullback-Leibler: row sums x column sums / total", sums, "kullback-leibler", "cd"),
            ("rank 1, Kullback-Leibler: row sums x column sums / total", sums, "kullback-leibler", "mu"),
        ):
            if NMFClass is ReferenceNMF and solver == "cd" and beta_loss != "frobenius":
                continue
            W, H = _fit(NMFClass(1, solver=solver, beta_loss=beta_loss, **tight), X)
            deviation = float(np.abs(W @ H / truth - 1).max())
            yield {"problem": problem, "engine": engine, "solver": solver, "deviation": deviation}


def _planted_rows(name: str, planted: Planted, effort: Effort) -> Iterator[dict[str, Any]]:
    k = len(planted.H)
    restarts, iterations = (RESTARTS, ITERATIONS) if effort.is_full else (FEW_RESTARTS, FEW_ITERATIONS)
    common: dict[str, Any] = {"n_components": k, "random_state": 0, "max_iter": iterations}
    strength = ORTHOGONALITY[name] * float((planted.X**2).sum())
    apart = {**common, "orthogonality_H": strength, "init": "random", "n_restarts": restarts}
    plain: dict[str, Callable[[], Factors]] = {}
    for engine, NMFClass in ENGINES.items():
        plain[engine] = lambda NMFClass=NMFClass: _fit(NMFClass(**common), planted.X)
    for engine, fit in plain.items():
        yield _score(name, planted, engine, "defaults", fit)
    if name != "Samson":
        counts = {**common, "beta_loss": "kullback-leibler"}
        yield _score(
            name, planted, "nmfcore", "KL", lambda: _fit(NMF(**counts, init="random", n_restarts=restarts), planted.X)
        )
        yield _score(name, planted, "scikit-learn", "KL", lambda: _fit(ReferenceNMF(**counts, solver="mu"), planted.X))
    if planted.W is None:
        yield _score(name, planted, "nmfcore", "parts apart", lambda: _fit(NMF(**apart), planted.X))
        return
    yield _score(name, planted, "nmfcore", "maps apart, X transposed", lambda: _transposed(apart, planted.X))
    yield _score(name, planted, "(least squares)", "true maps given", lambda: (planted.W, _spectra(planted)))


def _strength_rows(folder: Any, effort: Effort) -> Iterator[dict[str, Any]]:
    for name in ("Samson", "EELS"):
        planted = PLANTED[name](folder)
        square = float((planted.X**2).sum())
        for share in STRENGTHS:
            iterations = ITERATIONS if effort.is_full else FEW_ITERATIONS
            options: dict[str, Any] = {"n_components": len(planted.H), "random_state": 0, "max_iter": iterations}
            options["orthogonality_H"] = share * square
            W, H = _transposed(options, planted.X)
            row = _score(name, planted, "nmfcore", "", lambda W=W, H=H: (W, H))
            error = float(np.linalg.norm(planted.X - W @ H) / np.sqrt(square))
            yield {
                "data": name,
                "strength / sum of squares of X": share,
                "angles": row["angles"],
                "abundance RMSE": row["abundance RMSE"],
                "relative error": error,
            }


def _transposed(options: dict[str, Any], X: NDArray) -> Factors:
    S, A = _fit(NMF(**options), np.ascontiguousarray(X.T))
    return A.T, S.T


def _spectra(planted: Planted) -> NDArray[np.float64]:
    """Return the spectra that fit X best, given the true maps: the closest that any method should come."""
    assert planted.W is not None
    return np.array([nnls(planted.W, band)[0] for band in planted.X.T]).T


def _score(name: str, planted: Planted, engine: str, setting: str, fit: Callable[[], Any]) -> dict[str, Any]:
    W, H = fit()
    _, matched = match(H, planted.H)
    error = None
    if planted.W is not None and W is not planted.W:
        error = float(np.sqrt(np.mean((shares(W, H, planted.H) - planted.W) ** 2)))
    few = len(matched) <= 6
    return {
        "data": name,
        "engine": engine,
        "setting": setting,
        "angles": ", ".join(f"{angle:.1f}" for angle in matched) if few else f"median {np.median(matched):.1f}",
        "worst angle": float(matched.max()),
        "abundance RMSE": error,
    }


KNOWN_ANSWERS = Case(TITLE, run)
