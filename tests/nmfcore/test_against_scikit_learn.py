from __future__ import annotations

import inspect

import numpy as np
import pytest
import sklearn.decomposition
from sklearn.exceptions import ConvergenceWarning

from nmfcore import NMF, factorize, non_negative_factorization, objective
from nmfcore.data import Data
from nmfcore.objectives import translate_penalties
from nmfcore.solvers.alternating import Alternating
from tests.nmfcore.contracts import reference_objective
from tests.nmfcore.data import make_data, make_start

SHAPES = [(80, 30), (30, 80), (1500, 6)]
STRENGTHS = [
    {},
    {"alpha_W": 1e-3, "alpha_H": 1e-4},
    {"alpha_W": 1e-3, "l1_ratio": 1.0},
    {"alpha_W": 1e-4, "alpha_H": 1e-3, "l1_ratio": 0.5},
]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (non_negative_factorization, sklearn.decomposition.non_negative_factorization),
        (NMF, sklearn.decomposition.NMF),
        (NMF.fit_transform, sklearn.decomposition.NMF.fit_transform),
        (NMF.transform, sklearn.decomposition.NMF.transform),
        (NMF.inverse_transform, sklearn.decomposition.NMF.inverse_transform),
    ],
)
def test_signatures(ours, theirs):
    """Their parameters come first, in their order; what is ours besides is given by keyword alone."""
    mine, other = (
        [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values() if p.name != "params"]
        for function in (ours, theirs)
    )
    # Until scikit-learn 1.7, X of inverse_transform had a default, because it could be given by its old name.
    if ("Xt", inspect.Parameter.KEYWORD_ONLY, None) in other:
        other = [(name, kind, inspect.Parameter.empty) for name, kind, _ in other if name != "Xt"]
    assert mine[: len(other)] == other
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind, _ in mine[len(other) :])
    if ours is non_negative_factorization:
        assert len(mine) == len(other)


@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
@pytest.mark.parametrize("strengths", STRENGTHS, ids=str)
@pytest.mark.parametrize("kind", ["uniform", "low rank", "sparse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_loss_is_not_above_theirs(shape, kind, strengths):
    # Non-convex: one start may end in another optimum, so the best of three starts is compared. The
    # margin is for that alone: on low rank with L1 we stop in a stationary point 0.13 % above theirs, at tol = 0 too;
    # and where X is nearly of rank 3, our tol ends the descent earlier, when all but 1e-8 of |X|^2 is explained.
    X = make_data(kind, *shape)
    best = {NMF: np.inf, sklearn.decomposition.NMF: np.inf}
    for seed in range(3):
        for estimator in best:
            model = estimator(3, init="nndsvda", random_state=seed, tol=1e-6, max_iter=3000, **strengths)
            W = model.fit_transform(X)
            best[estimator] = min(best[estimator], reference_objective(X, W, model.components_, **strengths))
    assert best[NMF] <= best[sklearn.decomposition.NMF] * (1 + 2e-3) + 1e-8 * np.sum(X**2)


@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
@pytest.mark.parametrize("strengths", STRENGTHS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_multiplicative_updates_are_theirs(shape, strengths):
    # The updates are theirs; the fit, extrapolated from the second on and with W solved at the end, is ahead of them.
    X = make_data("uniform", *shape)
    W, H = make_start("uniform", X, 3)
    penalties = translate_penalties(X.shape, **{"alpha_W": 0.0, "alpha_H": "same", "l1_ratio": 0.0, **strengths})
    for max_iter in (1, 7):
        parameters = {"init": "custom", "solver": "mu", "max_iter": max_iter, "tol": 0, **strengths}
        mine = factorize(X, 3, W=W, H=H, **parameters)
        V, theirs, _ = sklearn.decomposition.non_negative_factorization(X, W.copy(), H.copy(), 3, **parameters)
        plain = Alternating(Data(X), W, H, penalties, 2.0, "mu")
        for _ in range(max_iter):
            plain.step()
        np.testing.assert_allclose(plain.W, V, rtol=1e-6)
        np.testing.assert_allclose(plain.H, theirs, rtol=1e-6)
        assert mine.loss_history[-1] <= objective(X, V, theirs, **strengths) * (1 + 1e-12)


@pytest.mark.parametrize("strengths", STRENGTHS, ids=str)
def test_their_solution_is_ours(strengths):
    # A penalty scaled otherwise would let us lower the loss much further from where they stopped.
    X = make_data("uniform", 80, 30)
    theirs = sklearn.decomposition.NMF(3, random_state=0, tol=1e-10, max_iter=20000, **strengths)
    W = theirs.fit_transform(X)
    H = theirs.components_
    mine = factorize(X, 3, W=W, H=H, init="custom", tol=1e-6, **strengths)
    assert mine.loss_history[-1] == pytest.approx(objective(X, W, H, **strengths), rel=1e-6)
    np.testing.assert_allclose(mine.H, H, rtol=1e-2, atol=1e-3 * H.max())


@pytest.mark.parametrize("strengths", STRENGTHS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_for_given_components(shape, strengths):
    X = make_data("uniform", *shape)
    H = make_start("uniform", X, 3)[1]
    parameters = {"H": H, "n_components": 3, "update_H": False, "tol": 1e-12, "max_iter": 5000, **strengths}
    mine, H_mine, _ = non_negative_factorization(X, **parameters)
    theirs, _, _ = sklearn.decomposition.non_negative_factorization(X, **parameters)
    np.testing.assert_array_equal(H_mine, H)
    np.testing.assert_allclose(mine, theirs, atol=1e-5 * max(theirs.max(), 1e-3))


def test_transform_is_theirs_for_the_same_components():
    X = make_data("uniform", 80, 30)
    theirs = sklearn.decomposition.NMF(3, random_state=0, tol=1e-10, max_iter=20000).fit(X)
    mine = NMF(3, init="custom", random_state=0).fit(X, W=theirs.transform(X), H=theirs.components_)
    mine.components_ = theirs.components_
    np.testing.assert_allclose(mine.transform(X), theirs.transform(X), atol=1e-4)


X = make_data("uniform", 12, 6)
W0, H0 = make_start("uniform", X, 2)
NEGATIVE, NAN, INFINITE = X.copy(), X.copy(), X.copy()
NEGATIVE[1, 2], NAN[1, 2], INFINITE[1, 2] = -1, np.nan, np.inf


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (NEGATIVE, {}, "Negative values in data passed to"),
        (NAN, {}, " contains NaN"),
        (INFINITE, {}, " contains infinity"),
        (X, {"W": W0[:5], "H": H0, "init": "custom"}, "Array with wrong first dimension passed to"),
        (X, {"W": W0, "H": H0[:, :5], "init": "custom"}, "Array with wrong second dimension passed to"),
        (X, {"W": 0 * W0, "H": H0, "init": "custom"}, "is full of zeros."),
        (X, {"W": W0, "H": -H0, "init": "custom"}, "Negative values in data passed to NMF"),
        (X, {"W": W0.astype(np.float32), "H": H0, "init": "custom"}, "should have the same dtype as X. Got"),
        (X, {"n_components": 7, "init": "nndsvd"}, "can only be used when n_components <= min(n_samples, n_features)"),
        (X[0], {}, "Expected 2D array, got 1D array instead"),
        (X + 1j, {}, "Complex data not supported"),
        (X[:0], {}, "Found array with 0 sample(s)"),
        (X[:, :0], {}, "Found array with 0 feature(s)"),
    ],
)
def test_error_messages(X, parameters, message):
    arguments = {"n_components": 2, **parameters}
    for function in (sklearn.decomposition.non_negative_factorization, non_negative_factorization):
        with pytest.raises((ValueError, TypeError)) as error:
            function(X, **arguments)
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("parameters", "warning", "message"),
    [
        ({"max_iter": 1, "init": "random", "random_state": 0}, ConvergenceWarning, "Maximum number of iterations 1 "),
        ({"W": W0, "H": H0, "init": "random"}, RuntimeWarning, "provided W or H are ignored"),
        ({"W": W0, "H": H0, "update_H": False, "tol": 0.1}, RuntimeWarning, "provided initial W is not used"),
        (
            {"init": "nndsvd", "solver": "mu", "tol": 0.1},
            UserWarning,
            r"cannot update zeros present in the initialization",
        ),
    ],
)
def test_warnings(parameters, warning, message):
    for function in (sklearn.decomposition.non_negative_factorization, non_negative_factorization):
        with pytest.warns(warning, match=message):
            function(X, **{"n_components": 2, **parameters})
