from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nmfcore import NMF, factorize
from tests.nmfcore.data import LAYOUTS, lay_out, make_data, make_start

SHAPES = [(30, 12), (12, 30), (700, 5), (300, 36)]


@pytest.fixture(params=SHAPES, ids=str)
def X(request):
    return make_data("uniform", *request.param)


def as_a_list(mark):
    """Return parametrize_with_checks with a list, which pytest asks for, in place of its generator."""
    return pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs)


ESTIMATORS = [
    NMF(n_components=2),
    NMF(n_components=2, solver="mu", init="nndsvda"),
    NMF(n_components=2, beta_loss="kullback-leibler"),
    NMF(n_components=2, solver="mu", init="nndsvda", beta_loss="kullback-leibler"),
]


@as_a_list(parametrize_with_checks(ESTIMATORS))
@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("parameters", [{}, {"solver": "mu"}, {"alpha_W": 1e-3, "l1_ratio": 0.5}], ids=str)
def test_fit_transform_is_fit_then_transform(X, dtype, layout, parameters):
    X = lay_out(X.astype(dtype), layout)
    model = NMF(3, random_state=0, tol=1e-3, max_iter=2000, **parameters)
    W = model.fit_transform(X)
    np.testing.assert_array_equal(W, clone(model).fit(X).transform(X))
    np.testing.assert_array_equal(W, model.transform(X))
    np.testing.assert_array_equal(W, model.transform(np.ascontiguousarray(X)))


def test_attributes_are_those_of_factorize(X):
    model = NMF(2, random_state=3).fit(X)
    result = factorize(X, 2, random_state=3)
    np.testing.assert_array_equal(model.components_, result.H)
    np.testing.assert_array_equal(model.loss_history_, result.loss_history)
    assert model.n_components_ == 2
    assert model.n_features_in_ == X.shape[1]
    assert (model.n_iter_, model.converged_) == (result.n_iter, result.converged)
    assert model.reconstruction_err_ == result.reconstruction_err


def test_does_not_change_its_input(X):
    before = X.copy()
    W, H = make_start("uniform", X, 2)
    starts = W.copy(), H.copy()
    NMF(2, init="custom", random_state=0).fit(X, W=W, H=H)
    for now, then in ((X, before), (W, starts[0]), (H, starts[1])):
        np.testing.assert_array_equal(now, then)


def test_does_not_keep_its_start(X):
    W, H = make_start("uniform", X, 2)
    model = NMF(2, init="custom").fit(X, W=W, H=H)
    kept = model.components_.copy()
    H[:] = 0
    np.testing.assert_array_equal(model.components_, kept)


def test_custom_start_is_used(X):
    W, H = make_start("uniform", X, 2, seed=5)
    model = NMF(2, init="custom")
    model.fit(X, W=W, H=H)
    assert model.loss_history_[0] == pytest.approx(0.5 * np.sum((X - W @ H) ** 2), rel=1e-10)


def test_number_of_components(X):
    W, H = make_start("uniform", X, 3)
    assert NMF(init="custom").fit(X, W=W, H=H).n_components_ == 3
    assert NMF(None, max_iter=2000, tol=1e-2, init="random").fit(X).n_components_ == X.shape[1]
    assert NMF(max_iter=2000, tol=1e-2, init="random").fit(X).n_components_ == X.shape[1]
    assert NMF(X.shape[1] + 3, max_iter=2000, tol=1e-2).fit(X).components_.shape[0] == X.shape[1] + 3


def test_clone_and_set_params():
    model = NMF(3, solver="mu", alpha_W=0.1)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(n_components=2, tol=1e-3).get_params()["tol"] == 1e-3


def test_names_of_features_out(X):
    model = NMF(2, random_state=0).fit(X)
    assert list(model.get_feature_names_out()) == ["nmf0", "nmf1"]


def test_pandas_in_and_out(X):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=[f"band {j}" for j in range(X.shape[1])], index=range(5, 5 + len(X)))
    out = NMF(2, random_state=0).set_output(transform="pandas").fit_transform(frame)
    assert list(out.columns) == ["nmf0", "nmf1"]
    assert list(out.index) == list(frame.index)
    np.testing.assert_allclose(out.to_numpy(), NMF(2, random_state=0).fit_transform(X), rtol=1e-9, atol=1e-12)


def test_pickle(X):
    model = NMF(2, random_state=0).fit(X)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))


def test_pipeline(X):
    pipeline = make_pipeline(MinMaxScaler(clip=True), NMF(2, random_state=0))
    W = pipeline.fit_transform(X - 0.5)
    np.testing.assert_array_equal(W, pipeline.transform(X - 0.5))
    assert pipeline.inverse_transform(W).shape == X.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_transform(X, dtype):
    model = NMF(2, random_state=0)
    W = model.fit_transform(X.astype(dtype))
    back = model.inverse_transform(W)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, W @ model.components_)


@pytest.mark.parametrize(("fitted", "given"), [(np.float32, np.float64), (np.float64, np.float32)])
def test_transform_in_another_dtype(X, fitted, given):
    model = NMF(2, random_state=0).fit(X.astype(fitted))
    W = model.transform(X.astype(given))
    assert W.dtype == given
    np.testing.assert_allclose(W, model.transform(X.astype(fitted)), rtol=1e-3, atol=1e-4)


def test_transform_of_few_rows_is_that_of_many():
    # Few rows take the general path, many the fused one.
    X = make_data("uniform", 700, 5)
    model = NMF(3, random_state=0).fit(X)
    np.testing.assert_allclose(model.transform(X[:7]), model.transform(X)[:7], rtol=1e-9, atol=1e-12)


def test_fits_integers_as_float64():
    model = NMF(2, random_state=0, tol=1e-2)
    assert model.fit_transform(np.indices((20, 6)).sum(axis=0)).dtype == np.float64


def test_refit_forgets(X):
    model = NMF(2, random_state=0).fit(X[:, :4])
    np.testing.assert_array_equal(model.fit(X).components_, NMF(2, random_state=0).fit(X).components_)


def test_verbose_prints_each_iteration(capsys, X):
    model = NMF(2, random_state=0, verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    NMF(2, random_state=0).fit(X)
    assert capsys.readouterr().out == ""
