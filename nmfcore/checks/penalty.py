"""`check_penalty`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.exceptions import ConvergenceWarning

from nmfcore.checks.cases import agreement, require, slopes
from nmfcore.checks.solver import check_solver
from nmfcore.factorization import factorize
from nmfcore.objectives import objective
from nmfcore.penalties import Penalty, Terms

__all__ = ["check_penalty"]

_SLOPE = 1e-6
_ITERATIONS = 30


def check_penalty(
    make: Callable[[float], Penalty],
    *,
    shape: tuple[int, int, int] = (12, 8, 3),
    dtype: DTypeLike = np.float64,
    solver: str = "cd",
    beta_loss: float | str = "frobenius",
    seed: int = 0,
) -> None:
    """Check that a penalty is what it says, and that a fit lowers it.

    Checked at random factors, zeros among them:

    1. ``value`` is finite, not negative, proportional to the strength, and has the stated ``degree``;
    2. what ``contribute`` adds to `Terms`, for W and for H, has the value's gradient where the factor is, by central
       differences, and nowhere grows less than the value, however far one goes: so each update lowers the objective;
       it is the same everywhere if the penalty says so;
    3. strength 0 gives the same bits as no penalty; a positive one changes the fit and lowers the value;
    4. the objective never rises in any iteration, from adversarial starts (`check_solver`).

    Parameters
    ----------
    make : callable
        Strength to a `Penalty`.
    shape : (int, int, int), default=(12, 8, 3)
        n_samples, n_features, n_components, where the penalty is made for certain ones.
    dtype : {float32, float64}, default=float64
        Of the factors.
    solver : {"cd", "mu"}, default="cd"
        For 3 and 4.
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"} or float, default="frobenius"
        For 3 and 4.
    seed : int, default=0
        Of the problems.

    Raises
    ------
    AssertionError
        If a check fails; the message names it and what was found.

    Examples
    --------
    >>> from nmfcore.checks import check_penalty
    >>> from nmfcore.penalties import PENALTIES
    >>> check_penalty(PENALTIES["l2_H"])
    """
    rng = np.random.default_rng(seed)
    m, n, k = shape
    kind = np.dtype(dtype)
    for zeros in (0.0, 0.5):
        W = ((rng.random((m, k)) + 0.1) * (rng.random((m, k)) >= zeros)).astype(kind)
        H = ((rng.random((k, n)) + 0.1) * (rng.random((k, n)) >= zeros)).astype(kind)
        _check_value(make, W, H)
        for factor in "WH":
            _check_terms(make(0.7), factor, W, H, rng)
    X = rng.random((m, n)).astype(kind)
    W, H = (rng.random((m, k)) + 0.1).astype(kind), (rng.random((k, n)) + 0.1).astype(kind)
    strength = 0.1 * objective(X, W, H, beta_loss=beta_loss) / max(make(1.0).value(W, H), 1e-3)

    def fit(X: NDArray[Any], W: NDArray[Any], H: NDArray[Any], *penalties: Penalty, callback: Any = None) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return factorize(
                X,
                W=W,
                H=H,
                init="custom",
                solver=solver,
                beta_loss=beta_loss,
                penalties=penalties,
                max_iter=_ITERATIONS,
                callback=callback,
            )

    _check_strength(make, strength, X, W, H, fit)
    check_solver(
        lambda X, W, H, callback: fit(X, W, H, make(strength), callback=callback),
        lambda X, W, H: objective(X, W, H, beta_loss=beta_loss, penalties=[make(strength)]),
        shapes=(shape,),
        dtype=kind,
        positive=beta_loss not in ("frobenius", "kullback-leibler"),
        seed=seed,
    )


def _check_value(make: Callable[[float], Penalty], W: NDArray[Any], H: NDArray[Any]) -> None:
    name = type(make(1.0)).__name__
    found = make(1.0).value(W, H)
    require(np.isfinite(found) and found >= 0, f"{name}.value: {found!r} is not a finite number of at least 0.")
    require(make(0.0).value(W, H) == 0, f"{name}.value: not 0 at strength 0.")
    slack = agreement(W.dtype) * found
    twice = make(2.0).value(W, H)
    require(abs(twice - 2 * found) <= 2 * slack, f"{name}.value: {twice!r} at strength 2, but {found!r} at 1.")
    degree = make(1.0).degree
    if degree is None:
        return
    for c in (0.5, 3.0):
        scaled = make(1.0).value(W.dtype.type(c) * W, W.dtype.type(c) * H)
        require(
            abs(scaled - c**degree * found) <= c**degree * slack,
            f"{name}.degree: value(c W, c H) is {scaled!r} for c = {c}, c**{degree} value(W, H) {c**degree * found!r}.",
        )


def _check_terms(penalty: Penalty, factor: str, W: NDArray[Any], H: NDArray[Any], rng: np.random.Generator) -> None:
    is_W = factor == "W"
    whole = f"{type(penalty).__name__}.contribute to {factor}"
    F, C = (W, H) if is_W else (np.ascontiguousarray(H.T), W.T)
    terms = _terms(penalty, factor, F, C)
    m, k = F.shape
    for array, shapes in (
        (terms.linear, ((k,), (m, k))),
        (terms.diagonal, ((k,), (m, k))),
        (terms.gram, ((k, k),)),
        (terms.coupling, ((k,),)),
    ):
        require(
            array.shape in shapes and np.isfinite(array).all(),
            f"{whole}: the terms must be finite and of a shape in {shapes}, got {array}.",
        )
    require(np.array_equal(terms.gram, terms.gram.T), f"{whole}: gram must be symmetric, got {terms.gram}.")
    if penalty.is_constant:
        other = _terms(penalty, factor, 3 * F, 3 * C)
        require(
            np.array_equal(other.linear, terms.linear) and np.array_equal(other.diagonal, terms.diagonal),
            f"{whole}: is_constant, but the terms differ between factors.",
        )

    def value(G: NDArray[Any]) -> float:
        return penalty.value(G, C) if is_W else penalty.value(C.T, G.T)

    here = F.astype(np.float64)
    gradient, stated = slopes(value, here), terms.gradient(here)
    worst = np.unravel_index(np.argmax(np.abs(stated - gradient)), F.shape)
    difference = abs(stated[worst] - gradient[worst])
    scale = float(np.abs(gradient).max(initial=0.0) + np.abs(stated).max(initial=0.0)) + 1e-12
    require(
        difference <= (_SLOPE + agreement(F.dtype)) * scale,
        f"{whole}: the gradient of the terms is {stated[worst]:.6g} at entry {tuple(map(int, worst))}, that of the "
        f"value {gradient[worst]:.6g}: off by {difference:.3g} of {scale:.3g}.",
    )
    for far in (np.zeros_like(F), 10 * F, rng.random(F.shape).astype(F.dtype), F * rng.random(F.shape).astype(F.dtype)):
        change, bound = value(far) - value(F), terms.value(far) - terms.value(F)
        size = abs(value(far)) + abs(value(F)) + abs(terms.value(far)) + abs(terms.value(F))
        require(
            change <= bound + 4 * agreement(F.dtype) * size,
            f"{whole}: the value changes by {change!r} where the terms change by {bound!r}, which is less.",
        )


def _terms(penalty: Penalty, factor: str, F: NDArray[Any], C: NDArray[Any]) -> Terms:
    terms = Terms.nothing(F.shape[1], factor)
    penalty.contribute(terms, F, C)
    return terms


def _check_strength(
    make: Callable[[float], Penalty], strength: float, X: NDArray[Any], W: NDArray[Any], H: NDArray[Any], fit: Any
) -> None:
    name = type(make(1.0)).__name__
    plain, nothing, weighed = fit(X, W, H), fit(X, W, H, make(0.0)), fit(X, W, H, make(strength))
    require(
        np.array_equal(plain.W, nothing.W) and np.array_equal(plain.H, nothing.H),
        f"{name}: a fit with strength 0 differs from one without the penalty.",
    )
    before, after = make(1.0).value(plain.W, plain.H), make(1.0).value(weighed.W, weighed.H)
    require(
        after < before * (1 - 1e-3),
        f"{name}: a fit with strength {strength:.3g} does not lower it: {before!r} to {after!r}.",
    )
