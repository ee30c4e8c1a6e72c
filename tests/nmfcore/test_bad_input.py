from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from nmfcore import NMF, factorize, non_negative_factorization, objective, set_num_threads
from tests.nmfcore.data import make_data, make_start

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [(12, 6), (400, 6)]


def through_estimator(X, n_components=2, W=None, H=None, **parameters):
    return NMF(n_components, **parameters).fit(X, W=W, H=H)


FITS = [factorize, non_negative_factorization, through_estimator]


@pytest.fixture(params=SHAPES, ids=str)
def X(request):
    return make_data("uniform", *request.param)


@pytest.mark.parametrize("fit", FITS)
class TestData:
    @pytest.mark.parametrize("layout", ["C", "F"])
    @pytest.mark.parametrize(
        ("value", "words"), [(-0.25, "Negative values"), (np.nan, "contains NaN"), (np.inf, "contains infinity")]
    )
    def test_names_the_first_wrong_entry(self, fit, X, value, words, layout):
        X = np.array(X, order=layout)
        X[7, 1] = X[3, 4] = X[3, 5] = value
        with pytest.raises(ValueError, match=words) as error:
            fit(X, n_components=2)
        assert "X" in str(error.value)
        assert "(3, 4)" in str(error.value)

    def test_minus_infinity(self, fit, X):
        X[3, 4] = -np.inf
        with pytest.raises(ValueError, match=r"X.*\(3, 4\)"):
            fit(X, n_components=2)

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            (np.ones(5), "Expected 2D array, got 1D array"),
            (np.float64(3), "Expected 2D array, got scalar array"),
            (np.ones((2, 3, 4)), "Found array with dim 3"),
            (np.ones((0, 3)), r"Found array with 0 sample\(s\)"),
            (np.ones((3, 0)), r"Found array with 0 feature\(s\)"),
            (np.ones((4, 3)) * 1j, "Complex data not supported"),
            (np.array([["a", "b"], ["c", "d"]]), "could not convert string to float"),
            (np.array([["a", 1], [2, 3]], dtype=object), "could not convert string to float"),
        ],
    )
    def test_not_a_matrix_of_numbers(self, fit, bad, words):
        with pytest.raises(ValueError, match=words):
            fit(bad, n_components=2)

    def test_objects_that_are_no_numbers(self, fit):
        with pytest.raises((TypeError, ValueError), match="float"):
            fit(np.array([[object(), 1], [2, 3]], dtype=object), n_components=2)

    @pytest.mark.parametrize(("value", "words"), [(-0.25, "Negative values"), (np.nan, "NaN"), (np.inf, "infinity")])
    @pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
    def test_sparse(self, fit, X, kind, value, words):
        X *= np.indices(X.shape).sum(axis=0) % 2 == 0
        X[7, 1] = X[3, 5] = value
        with pytest.raises(ValueError, match=words) as error:
            fit(kind(X), n_components=2)
        assert "(3, 5)" in str(error.value)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        ("n_components", 0, ValueError),
        ("n_components", -1, ValueError),
        ("n_components", 2.0, TypeError),
        ("n_components", True, TypeError),
        ("n_components", "two", ValueError),
        ("n_components", np.nan, TypeError),
        ("init", "nnsvd", ValueError),
        ("init", 3, ValueError),
        ("solver", "als", ValueError),
        ("solver", None, ValueError),
        ("beta_loss", "euclid", ValueError),
        ("beta_loss", True, TypeError),
        ("tol", -1e-4, ValueError),
        ("tol", np.nan, ValueError),
        ("tol", "small", TypeError),
        ("tol", None, TypeError),
        ("max_iter", 0, ValueError),
        ("max_iter", -3, ValueError),
        ("max_iter", 10.0, TypeError),
        ("max_iter", True, TypeError),
        ("alpha_W", -0.1, ValueError),
        ("alpha_W", np.inf, ValueError),
        ("alpha_W", np.nan, ValueError),
        ("alpha_W", "same", TypeError),
        ("alpha_H", -0.1, ValueError),
        ("alpha_H", "equal", ValueError),
        ("alpha_H", None, TypeError),
        ("l1_ratio", -0.1, ValueError),
        ("l1_ratio", 1.1, ValueError),
        ("l1_ratio", "half", TypeError),
    ],
)
def test_parameters(fit, parameter, value, error):
    with pytest.raises(error, match=parameter) as caught:
        fit(make_data("uniform", 12, 6), **{"n_components": 2, parameter: value})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", ["W", "H"])
class TestStart:
    def start(self, X, name, change):
        factors = dict(zip("WH", make_start("uniform", X, 2), strict=True))
        return {**factors, name: change(factors[name]), "n_components": 2, "init": "custom"}

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            (lambda F: None, ValueError, "missing"),
            (lambda F: F[:-1, :-1], ValueError, "wrong first dimension"),
            (lambda F: F.ravel(), ValueError, "1D array"),
            (lambda F: F.astype(np.float32), TypeError, "same dtype as X"),
            (lambda F: F.astype(int), TypeError, "same dtype as X"),
            (lambda F: F * 1j, ValueError, "[Cc]omplex"),
            (lambda F: -F, ValueError, r"Negative.*\(0, 0\)"),
            (lambda F: F * np.nan, ValueError, r"NaN.*\(0, 0\)"),
            (lambda F: F / 0.0, ValueError, r"infinity.*\(0, 0\)"),
            (lambda F: F * 0, ValueError, "full of zeros"),
        ],
    )
    def test_wrong(self, fit, name, X, change, error, words):
        with np.errstate(divide="ignore"):
            arguments = self.start(X, name, change)
        with pytest.raises(error, match=words) as caught:
            fit(X, **arguments)
        assert name in str(caught.value) or "1D" in words or "omplex" in words


@pytest.mark.parametrize("name", ["W", "H"])
def test_sparse_start(name, X):
    factors = dict(zip("WH", make_start("uniform", X, 2), strict=True))
    with pytest.raises(TypeError, match="[Ss]parse"):
        factorize(X, 2, init="custom", **{**factors, name: sparse.csr_array(factors[name])})


def test_held_components_are_checked(X):
    with pytest.raises(ValueError, match="H is missing"):
        non_negative_factorization(X, n_components=2, update_H=False)
    with pytest.raises(ValueError, match=r"input H.*Expected 6, but got 5"):
        non_negative_factorization(X, H=np.ones((2, 5)), n_components=2, update_H=False)
    with pytest.raises(ValueError, match=r"input H.*Expected 3, but got 2"):
        non_negative_factorization(X, H=np.ones((2, 6)), n_components=3, update_H=False)
    with pytest.raises(TypeError, match="H should have the same dtype"):
        non_negative_factorization(X, H=np.ones((2, 6), np.float32), update_H=False)


def test_transform_checks_its_data(X):
    model = NMF(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="X has 5 features, but NMF is expecting 6"):
        model.transform(X[:, :5])
    for value, words in ((-1, "Negative"), (np.nan, "NaN"), (np.inf, "infinity")):
        X[2, 1] = value
        with pytest.raises(ValueError, match=rf"{words}.*\(2, 1\)"):
            model.transform(X)


def test_inverse_transform_checks_its_weights(X):
    model = NMF(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"3.*2|2.*3"):
        model.inverse_transform(np.ones((4, 3)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"W": np.ones((5, 2))}, "W "),
        ({"H": np.ones((2, 5))}, "H "),
        ({"W": np.ones((12, 3))}, "W "),
        ({"X": np.ones(6)}, "1D array"),
        ({"alpha_W": -1.0}, "alpha_W"),
        ({"l1_ratio": 2.0}, "l1_ratio"),
        ({"beta_loss": "euclid"}, "beta_loss"),
    ],
)
def test_objective(change, words):
    with pytest.raises(ValueError, match=words):
        objective(**{"X": np.ones((12, 6)), "W": np.ones((12, 2)), "H": np.ones((2, 6)), **change})


@pytest.mark.parametrize(("number", "error"), [(0, ValueError), (-2, ValueError), (1.5, TypeError), ("2", TypeError)])
def test_number_of_threads(number, error):
    with pytest.raises(error, match="n_threads"):
        set_num_threads(number)


@pytest.mark.parametrize("where", ["NUMBA_CACHE_DIR", "HOME"])
def test_a_cache_that_cannot_be_written(where, tmp_path):
    # A file where the folder should be: unwritable for every user, root included.
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    environment = {key: value for key, value in os.environ.items() if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    environment |= {where: str(blocked / "cache")}
    script = "import numpy as np, nmfcore; print(nmfcore.factorize(np.ones((9, 2)), 1).W.shape)"
    run = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "(9, 1)\n"
