"""NMF inside scikit-learn's own compositions."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from nmfcore import NMF


def two_kinds(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return X (120, 12) and labels: each kind is made of its own two of four spectra."""
    rng = np.random.default_rng(seed)
    spectra = np.kron(np.eye(4), np.ones(3))
    kinds = np.arange(120) % 2
    weights = rng.uniform(0.1, 1.0, (120, 4)) * np.where(kinds[:, None] == 1, [1, 1, 0, 0], [0, 0, 1, 1])
    return weights @ spectra + rng.uniform(0, 0.01, (120, 12)), kinds


def test_pipeline_learns_from_the_weights():
    X, kinds = two_kinds()
    pipeline = make_pipeline(MaxAbsScaler(), NMF(4, random_state=0), LogisticRegression())
    assert (cross_val_predict(pipeline, X, kinds, cv=3) == kinds).mean() > 0.95
    pipeline.fit(X, kinds)
    assert list(pipeline[:-1].get_feature_names_out()) == ["nmf0", "nmf1", "nmf2", "nmf3"]


def test_grid_search_chooses_the_number_of_components():
    X, kinds = two_kinds()
    pipeline = make_pipeline(NMF(max_iter=5000, random_state=0), LogisticRegression())
    choices = {"nmf__n_components": [1, 4], "nmf__beta_loss": ["frobenius", "kullback-leibler"]}
    search = GridSearchCV(pipeline, choices, cv=3).fit(X, kinds)
    assert search.best_params_["nmf__n_components"] == 4
    assert search.best_score_ > 0.95


def test_column_transformer_factorises_some_columns():
    X, _ = two_kinds()
    columns = ColumnTransformer([("left", NMF(2, random_state=0), slice(0, 6))], remainder="passthrough")
    out = columns.fit_transform(X)
    assert out.shape == (120, 2 + 6)
    assert np.array_equal(out[:, 2:], X[:, 6:])
    assert np.array_equal(out[:, :2], NMF(2, random_state=0).fit_transform(X[:, :6]))
    sparse = columns.fit_transform(sp.csr_array(X))
    np.testing.assert_allclose(sparse.toarray() if sp.issparse(sparse) else sparse, out, rtol=1e-6, atol=1e-9)


def test_set_output_names_the_columns_of_a_frame():
    pandas = pytest.importorskip("pandas")
    X, _ = two_kinds()
    frame = pandas.DataFrame(X, columns=[f"band {number}" for number in range(12)]).set_index(np.arange(120) + 7)
    model = NMF(3, random_state=0).set_output(transform="pandas")
    out = model.fit_transform(frame)
    assert list(out.columns) == ["nmf0", "nmf1", "nmf2"]
    assert out.index.equals(frame.index)
    assert list(model.feature_names_in_) == list(frame.columns)
    assert np.array_equal(model.transform(frame), out)
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame.rename(columns={"band 0": "band zero"}))


def test_a_pickled_model_transforms_the_same():
    X, _ = two_kinds()
    model = NMF(4, random_state=0).fit(X)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).transform(X), model.transform(X))
