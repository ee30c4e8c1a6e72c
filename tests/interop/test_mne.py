"""mne.decoding.UnsupervisedSpatialFilter(NMF(...))."""

from __future__ import annotations

import numpy as np
import pytest

from nmfcore import NMF

pytest.importorskip("mne", reason="MNE is not installed: make test-interop installs it")

N_EPOCHS, N_CHANNELS, N_TIMES = 6, 8, 50


@pytest.fixture
def topographies() -> np.ndarray:
    """Two sources over disjoint channels, (2, n_channels)."""
    return np.array([[1.0, 2, 3, 1, 0, 0, 0, 0], [0, 0, 0, 0, 2, 1, 4, 2]])


@pytest.fixture
def power(topographies) -> np.ndarray:
    """Band power, (n_epochs, n_channels, n_times): one source early, the other late, of varying strength."""
    strengths = np.random.default_rng(0).uniform(0.5, 2.0, (N_EPOCHS, 2, 1))
    times = np.linspace(0, 1, N_TIMES)
    courses = strengths * np.clip(np.stack([1 - 1.5 * times, 1.5 * times - 0.5]), 0, 1)
    return np.einsum("kc,ekt->ect", topographies, courses)


@pytest.mark.parametrize("average", [False, True])
def test_sources_are_found_and_taken_back(power, topographies, average):
    from mne.decoding import UnsupervisedSpatialFilter

    asked = NMF(2, random_state=0, tol=1e-8, max_iter=5000)
    spatial = UnsupervisedSpatialFilter(asked, average=average)
    courses = spatial.fit_transform(power)
    assert courses.shape == (N_EPOCHS, 2, N_TIMES)
    assert spatial.estimator_ is not asked
    assert not hasattr(asked, "components_")
    found = spatial.estimator_.components_ / np.linalg.norm(spatial.estimator_.components_, axis=1, keepdims=True)
    true = topographies / np.linalg.norm(topographies, axis=1, keepdims=True)
    assert (true @ found.T).max(axis=1).min() > 0.99
    np.testing.assert_allclose(spatial.inverse_transform(courses), power, atol=0.02 * power.max())
