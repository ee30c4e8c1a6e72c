"""Every loss, solver, penalty and kind of data together: no iteration raises the objective, computed from scratch."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from nmfcore import factorize
from nmfcore.data import Data
from nmfcore.objectives import translate_penalties
from nmfcore.penalties import Terms
from nmfcore.problem import make_problem
from nmfcore.solvers import scalar_newton
from nmfcore.solvers.alternating import Alternating
from tests.nmfcore.data import divergence

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations", "ignore:Only one factor is penalised")

ROUNDING = {np.float32: 1e-5, np.float64: 1e-9}


def laplacian(shape):
    """Return D - A of the four neighbours of a pixel grid, dense."""
    h, w = shape
    L = np.zeros((h * w, h * w))
    for i in range(h * w):
        for j in range(h * w):
            if abs(i // w - j // w) + abs(i % w - j % w) == 1:
                L[i, j] -= 1
                L[i, i] += 1
    return L


def objective(X, W, H, p, seen, weight):
    """Return the value of the objective in float64, straight from its definition."""
    W, H, X = W.astype(np.float64), H.astype(np.float64), np.where(seen, X, 1).astype(np.float64)
    m, n = X.shape
    loss = np.sum((divergence(X, np.maximum(W @ H, 1e-150), p["beta_loss"]) * weight[:, None])[seen])
    alpha_H = p["alpha_W"] if p["alpha_H"] == "same" else p["alpha_H"]
    for F, alpha, size in ((W, p["alpha_W"], n), (H, alpha_H, m)):
        loss += alpha * size * (p["l1_ratio"] * F.sum() + 0.5 * (1 - p["l1_ratio"]) * np.sum(F**2))
    if p.get("smoothness_W"):
        L = laplacian(p["grid_shape"])
        loss += 0.5 * p["smoothness_W"] * sum(H[t] @ H[t] * (W[:, t] @ L @ W[:, t]) for t in range(len(H)))
    return loss + 0.5 * p.get("orthogonality_H", 0.0) * np.sum((H @ H.T - np.eye(len(H))) ** 2)


def adversarial(kind, m, k, n, rng):
    """Return a start that has broken factorizations before."""
    W, H = rng.random((m, k)) + 0.1, rng.random((k, n)) + 0.1
    if kind == "wrong scale":
        W, H = W * 1e5, H * 1e-3
    elif kind == "checkerboard":
        W[np.arange(m) % 2 == 0] = 1e-6
    elif kind == "rank one":
        W, H = np.ones((m, k)), np.ones((k, n))
    elif kind == "zero entries":
        W[rng.random(W.shape) < 0.5] = 0
        H[rng.random(H.shape) < 0.5] = 0
        W[:, 0], H[0] = 0.5, 0.5
    return W, H


@st.composite
def problems(draw):
    beta, solver = draw(
        st.sampled_from([(2, "cd"), (1, "cd"), (0, "cd"), *((b, "mu") for b in (2, 1, 0, -1, 0.5, 1.5, 3))]),
        label="loss",
    )
    h, w = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)), label="grid")
    n, k = draw(st.integers(1, 7), label="n"), draw(st.integers(1, 4), label="k")
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    dtype = draw(st.sampled_from([np.float32, np.float64]), label="dtype")
    X = rng.gamma(1.0, 1.0, (h * w, n)) + 0.01
    kind = draw(st.sampled_from(["dense", "sparse", "missing", "weighted", "sparse and weighted"]), label="data")
    seen, weight = np.ones(X.shape, bool), np.ones(h * w)
    strength = st.sampled_from([0.0, 0.01, 1.0])
    p = {
        "beta_loss": beta,
        "solver": solver,
        "alpha_W": draw(strength, label="alpha_W"),
        "alpha_H": draw(st.sampled_from(["same", 0.0, 0.1]), label="alpha_H"),
        "l1_ratio": draw(st.sampled_from([0.0, 0.5, 1.0]), label="l1_ratio"),
    }
    if draw(st.booleans(), label="smooth"):
        p |= {"smoothness_W": draw(st.sampled_from([0.1, 100.0]), label="smoothness"), "grid_shape": (h, w)}
    if draw(st.booleans(), label="orthogonal"):
        p["orthogonality_H"] = draw(st.sampled_from([0.1, 100.0]), label="orthogonality")
    if kind.startswith("sparse") and beta > 0:
        X[rng.random(X.shape) < 0.5] = 0
        assume(X.any())
    elif kind == "missing":
        seen = rng.random(X.shape) < 0.7
        seen[np.arange(h * w), np.arange(h * w) % n] = True
        seen[np.arange(n) % (h * w), np.arange(n)] = True
        X[~seen] = np.nan
        p["missing"] = "mask"
    if kind.endswith("weighted"):
        weight = rng.random(h * w).astype(dtype).astype(np.float64) + 0.1
        p["sample_weight"] = weight
    start = draw(st.sampled_from(["usual", "wrong scale", "checkerboard", "rank one", "zero entries"]), label="start")
    W, H = adversarial(start, h * w, k, n, rng)
    return X.astype(dtype), W.astype(dtype), H.astype(dtype), p, kind, seen, weight.astype(dtype).astype(np.float64)


@given(problems())
def test_no_iteration_raises_the_objective(problem):
    X, W, H, p, kind, seen, weight = problem
    values, reported = [], []

    def look(progress):
        values.append(objective(X, *progress.factors(), p, seen, weight))
        reported.append(progress.loss)

    given_X = sp.csr_array(X) if kind.startswith("sparse") and p["beta_loss"] > 0 else X
    factorize(given_X, W=W, H=H, init="custom", max_iter=12, tol=0, callback=look, **p)
    rounding = ROUNDING[X.dtype.type]
    # What vanishes against the data counts as rounding too.
    scale = rounding * 1e-2 * float(np.sum(np.where(seen, np.nan_to_num(X), 0) ** 2))
    for before, after in zip(values, values[1:], strict=False):
        assert after <= before * (1 + rounding) + scale
    np.testing.assert_allclose(reported, values, rtol=10 * rounding, atol=scale)


@given(problems())
def test_no_update_needs_to_be_taken_back(problem):
    """The rules descend by themselves: a wrong formula would hide behind the step that undoes a rise."""
    X, W, H, p, kind, seen, weight = problem
    strengths = translate_penalties(
        X.shape, *(p[name] for name in ("alpha_W", "alpha_H", "l1_ratio")), smoothness_W=p.get("smoothness_W", 0.0),
        grid_shape=p.get("grid_shape"), orthogonality_H=p.get("orthogonality_H", 0.0),
    )  # fmt: skip
    given_X = sp.csr_array(X) if kind.startswith("sparse") and p["beta_loss"] > 0 else np.nan_to_num(X)
    scaled = make_problem(
        given_X,
        strengths,
        float(p["beta_loss"]),
        mask=None if seen.all() else seen,
        sample_weight=p.get("sample_weight"),
    )
    state = Alternating(scaled.data, W, H, strengths, float(p["beta_loss"]), p["solver"])
    rounding = ROUNDING[X.dtype.type]
    scale = rounding * 1e-2 * float(np.sum(np.where(seen, np.nan_to_num(X), 0) ** 2))
    before = objective(X, *state.factors(), p, seen, weight)
    for _ in range(8):
        state.descend(state.W, state.H.T.copy())
        after = objective(X, *state.factors(), p, seen, weight)
        assert after <= before * (1 + rounding) + scale
        before = after


@pytest.mark.parametrize("start", [1e-3, 1.0, 50.0])
def test_newton_does_not_overshoot(start):
    # y - x log y is flat far out: an undamped step from there lands on 0, where it is infinite.
    rows = Data(np.array([[1e-2, 3.0]])).rows
    W, H = np.array([[start]]), np.array([[1.0, 2.0]])
    values = []
    for _ in range(200):
        values.append(float(np.sum(divergence(rows.array, W @ H, 1))))
        scalar_newton.update(rows, W, H, Terms.nothing(1), 1.0)
    assert np.all(np.diff(values) <= 1e-12 * np.abs(values[:-1]))
    np.testing.assert_allclose(W, 3.01 / 3.0, rtol=1e-6)
