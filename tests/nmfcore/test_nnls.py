from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import nnls

from nmfcore import NMF, non_negative_factorization
from nmfcore.penalties import Penalties
from nmfcore.solvers.tall import full_pass, solve_unseen
from tests.nmfcore.contracts import rounding


def solve(X, H, **penalties):
    return non_negative_factorization(X, H=H.astype(X.dtype), n_components=len(H), update_H=False, **penalties)[0]


def row_values(X, W, H, l1=0.0, l2=0.0):
    X, W, H = (F.astype(np.float64) for F in (X, W, H))
    return 0.5 * np.sum((X - W @ H) ** 2, axis=1) + l1 * W.sum(axis=1) + 0.5 * l2 * np.sum(W**2, axis=1)


def best_rows(X, H, l1=0.0, l2=0.0):
    """Solve every row with SciPy: the penalties are further equations, sqrt(l2) w = 0, and a shifted target."""
    X, H = X.astype(np.float64), H.astype(np.float64)
    k = len(H)
    A = np.vstack([H.T, np.sqrt(l2) * np.eye(k)])
    # |A w - b|^2 / 2 + l1 sum w: any shift s with A's = l1 will do, here the least-norm one.
    shift = np.linalg.lstsq(A.T, np.full(k, l1), rcond=None)[0] if l1 else np.zeros(len(A))
    return np.array([nnls(A, np.concatenate([x, np.zeros(k)]) - shift, maxiter=50 * k)[0] for x in X])


def assert_optimal(X, W, H, l1=0.0, l2=0.0, slack=None):
    best = row_values(X, best_rows(X, H, l1, l2), H, l1, l2)
    found = row_values(X, W, H, l1, l2)
    slack = slack or (1e-9 if X.dtype == np.float64 else 1e-4)
    squares = np.sum(X.astype(np.float64) ** 2, axis=1)
    assert np.all(found <= best * (1 + slack) + 100 * np.finfo(X.dtype).eps * squares)


def make_problem(m, n, k, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    H = rng.random((k, n)) * (rng.random((k, n)) < 0.7)
    truth = rng.random((m, k)) * (rng.random((m, k)) < 0.6)
    return np.maximum(truth @ H + 0.3 * rng.standard_normal((m, n)), 0).astype(dtype), H.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 3, 6, 12])
@pytest.mark.parametrize("k", range(1, 9))
def test_tiles(k, n, dtype):
    X, H = make_problem(601, n, k, dtype)
    assert_optimal(X, solve(X, H), H)


@pytest.mark.parametrize("guess", ["nothing", "everything", "anything"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", range(1, 9))
def test_tiles_from_what_was_active_elsewhere(k, dtype, guess):
    X, H = make_problem(601, 6, k, dtype)
    W = {"nothing": np.zeros((k, 601)), "everything": np.ones((k, 601))}.get(
        guess, np.random.default_rng(1).integers(0, 2, (k, 601)).astype(float)
    )
    W = W.astype(dtype)
    full_pass(np.ascontiguousarray(X.T), H, Penalties(), W, warm=True)
    assert_optimal(X, W.T, H)


class TestUnseen:
    """Rows solved in the same reading in which the entries of X are first looked at."""

    @staticmethod
    def fitted(X, H):
        model = NMF(len(H), init="custom", max_iter=1, tol=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X[:300], W=np.ones((300, len(H)), X.dtype), H=H)
        model.components_ = H
        return model

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize(("m", "n"), [(601, 6), (8193 * 3, 5), (601, 100)])
    def test_layouts_have_the_same_bits(self, m, n, dtype):
        X, H = make_problem(m, n, 4, dtype)
        expected = np.empty((4, m), dtype)
        full_pass(np.ascontiguousarray(X.T), H, Penalties(), expected)
        locked = X.copy()
        locked.flags.writeable = False
        for layout in (np.ascontiguousarray(X), np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], locked, locked.T.T):
            W, largest = solve_unseen(layout, H, Penalties())
            np.testing.assert_array_equal(W, expected.T)
            assert largest == X.max()

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("wrong", [-1e-30, -1e30, -0.0, np.nan, -np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("at", [(0, 0), (300, 2), (8200, 0), (9000, 5)])
    def test_every_wrong_entry_is_found(self, at, wrong, order, dtype):
        X, H = make_problem(9001, 6, 3, dtype)
        X[at] = wrong
        assert np.isnan(solve_unseen(np.array(X, order=order), H, Penalties())[1])

    @pytest.mark.parametrize("wrong", [-1e-30, np.nan, np.inf])
    def test_what_is_wrong_is_named(self, wrong):
        X, H = make_problem(9001, 6, 3)
        model = self.fitted(X, H)
        X[8200, 1] = wrong
        with pytest.raises(ValueError, match=r"\(8200, 1\)"):
            model.transform(X)

    @pytest.mark.parametrize("size", [0.0, 1e-37, 1e-25, 1e30])
    def test_what_is_too_small_or_large_is_scaled(self, size):
        X, H = make_problem(601, 6, 3, np.float32)
        model = self.fitted(X, H)
        W = model.transform(X * np.float32(size))
        np.testing.assert_allclose(W, size * model.transform(X), rtol=1e-4, atol=1e-4 * size)

    def test_minus_zero_is_zero(self):
        X, H = make_problem(601, 6, 3)
        model = self.fitted(X, H)
        X[X < 0.1] = 0.0
        signed = np.where(X == 0.0, -0.0, X)
        np.testing.assert_array_equal(model.transform(signed), model.transform(X))


@pytest.mark.parametrize("k", [1, 2, 5, 12, 30, 60])
@pytest.mark.parametrize("n", [4, 40])
def test_rows(k, n):
    X, H = make_problem(20, n, k)
    assert_optimal(X, solve(X, H), H)


@pytest.mark.parametrize("shape", [(20, 10), (600, 10)])
@pytest.mark.parametrize("k", [2, 4, 6, 8])
class TestAwkwardComponents:
    def test_duplicated(self, shape, k):
        X, H = make_problem(*shape, k)
        H[k // 2 :] = H[: k - k // 2]
        assert_optimal(X, solve(X, H), H)

    def test_zero(self, shape, k):
        X, H = make_problem(*shape, k)
        H[0] = 0
        W = solve(X, H)
        assert_optimal(X, W, H)
        np.testing.assert_array_equal(W[:, 0], 0)

    def test_sums_of_others(self, shape, k):
        X, H = make_problem(*shape, k)
        H[-1] = H[:-1].sum(axis=0)
        assert_optimal(X, solve(X, H), H)

    @pytest.mark.parametrize("closeness", [1e-2, 1e-4, 1e-6])
    def test_nearly_parallel(self, shape, k, closeness):
        X, H = make_problem(*shape, k)
        H = H[:1] + closeness * H + 0.1
        assert_optimal(X, solve(X, H), H)

    @pytest.mark.parametrize("closeness", [1e-7, 1e-8, 1e-10])
    def test_parallel_to_rounding(self, shape, k, closeness):
        # The square of the angle is lost in the Gram matrix: such components count as dependent, at a small price.
        X, H = make_problem(*shape, k)
        H = H[:1] + closeness * H + 0.1
        assert_optimal(X, solve(X, H), H, slack=2e-6)

    def test_of_very_different_lengths(self, shape, k):
        X, H = make_problem(*shape, k)
        H *= np.logspace(-6, 6, k)[:, None]
        assert_optimal(X, solve(X, H), H)


INDEPENDENT = [(n, r, k) for n in (3, 10) for r in (0.0, 0.5, 1.0) for k in (1, 2, 4, 6, 8) if r < 1 or n > k]


@pytest.mark.parametrize("alpha", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize(("n", "l1_ratio", "k"), INDEPENDENT)
@pytest.mark.parametrize("m", [20, 600])
def test_penalties(m, n, l1_ratio, k, alpha):
    check_penalties(k, (m, n), alpha, l1_ratio)


@pytest.mark.parametrize(
    ("k", "m"),
    [(4, 600), (6, 20), (6, 600), (8, 600)],
)
def test_l1_decides_among_dependent_components(k, m):
    check_penalties(k, (m, 3), 1e-2, 1.0)


def check_penalties(k, shape, alpha, l1_ratio):
    X, H = make_problem(*shape, k)
    H += 0.01
    W = solve(X, H, alpha_W=alpha, l1_ratio=l1_ratio)
    n = X.shape[1]
    l1, l2 = alpha * l1_ratio * n, alpha * (1 - l1_ratio) * n
    gradient = W @ (H @ H.T) - X @ H.T + l1 + l2 * W
    scale = np.abs(X @ H.T) + l1 + 1e-12
    assert np.all(gradient >= -1e-6 * scale)
    assert np.all(np.abs(gradient * W) <= 1e-6 * scale * (1 + W))
    if l2 == 0 and k > n:
        return  # SciPy's form needs l1 in the range of H.
    assert_optimal(X, W, H, l1, l2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(20, 10), (600, 10)])
@pytest.mark.parametrize("k", [1, 3, 4, 5, 8])
def test_optimality_conditions(k, shape, dtype):
    X, H = make_problem(*shape, k, dtype)
    W = solve(X, H).astype(np.float64)
    gradient = (W @ H - X) @ H.T.astype(np.float64)
    tolerance = 1e-10 if dtype == np.float64 else 1e-3
    assert gradient.min() >= -tolerance
    assert np.abs(gradient * W).max() <= tolerance
    assert (W == 0).any() or k == 1


def test_exact_weights_are_recovered():
    rng = np.random.default_rng(0)
    H = np.eye(4, 9) + 0.1 * rng.random((4, 9))
    W = rng.random((500, 4)) * (rng.random((500, 4)) < 0.5)
    X = W @ H
    found = solve(X, H)
    np.testing.assert_allclose(found, W, atol=1e-12)
    assert row_values(X, found, H).sum() <= rounding(X)


def nearly_dependent(k, n, condition, rng):
    """Return H (k, n) in float32 whose last row is a mixture of the others, but for one part in ``condition``."""
    H = rng.random((k, n))
    H[-1] = H[:-1].mean(axis=0)
    H[-1] += 3.0 / condition * np.linalg.norm(H[-1]) / np.sqrt(n) * rng.standard_normal(n)
    return np.abs(H).astype(np.float32)


@pytest.mark.parametrize("kind", ["C", "F", "sparse"])
@pytest.mark.parametrize("condition", [3.0, 10.0, 1e2, 1e3, 1e4, 1e6])
@pytest.mark.parametrize(("k", "n"), [(2, 5), (3, 6), (4, 8), (6, 40), (12, 40)])
def test_rows_are_solved_to_their_precision_whatever_the_batch(k, n, condition, kind):
    # Once 3e-2 from 256 rows on, where another kernel took over.
    rng = np.random.default_rng(k)
    H = nearly_dependent(k, n, condition, rng)
    W = rng.random((1000, k)) * (rng.random((1000, k)) < 0.7) * 10.0 ** rng.uniform(-3, 0, (1000, k))
    X = (W @ H).astype(np.float32)
    X[::2] *= 1 + 0.05 * rng.random((500, n), np.float32)
    stored = sp.csr_array(X) if kind == "sparse" else np.array(X, order=kind)
    found = solve(stored, H)
    for size in (1, 255, 256, 300):
        rows = slice(7, 7 + size)
        part = non_negative_factorization(stored[rows], H=H, n_components=k, update_H=False)[0]
        np.testing.assert_array_equal(part, found[rows])
    some = slice(0, 60)
    best = [nnls(H.T.astype(np.float64), x, maxiter=1000)[1] for x in X[some].astype(np.float64)]
    residual = np.linalg.norm(X[some] - found[some].astype(np.float64) @ H, axis=1)
    assert np.all(residual - best <= 1e-4 * np.linalg.norm(X[some], axis=1))


@pytest.mark.parametrize(("k", "n"), [(3, 6), (6, 40), (12, 40), (20, 1500)])
def test_a_row_has_its_bits_among_ten_thousand(k, n):
    rng = np.random.default_rng(0)
    H = rng.random((k, n), dtype=np.float32)
    X = rng.random((64, n), dtype=np.float32)
    many = np.tile(X, (160, 1))[:10_000]
    W = solve(many, H)
    np.testing.assert_array_equal(W, np.tile(solve(X, H), (160, 1))[:10_000])
