"""HyperSpy's decomposition(algorithm=NMF(...))."""

from __future__ import annotations

import numpy as np
import pytest

from nmfcore import NMF

signals = pytest.importorskip("hyperspy.api", reason="HyperSpy is not installed: make test-interop installs it").signals

HEIGHT, WIDTH, CHANNELS = 12, 15, 40


@pytest.fixture
def spectra() -> np.ndarray:
    """Two peaks, (2, n_channels)."""
    energy = np.arange(CHANNELS)
    return np.exp(-0.5 * ((energy - np.array([[10], [28]])) / 3.0) ** 2)


@pytest.fixture
def maps() -> np.ndarray:
    """Pixels of the left and right halves with a blend between, (n_pixels, 2)."""
    left = np.clip(1.5 - 2 * np.arange(WIDTH) / (WIDTH - 1), 0, 1)
    return np.tile(np.stack([left, 1 - left], axis=1), (HEIGHT, 1))


@pytest.fixture
def signal(spectra, maps):
    counts = np.random.default_rng(0).poisson(200 * (maps @ spectra))
    return signals.Signal1D(counts.reshape(HEIGHT, WIDTH, CHANNELS).astype(np.float64))


def best_cosines(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return for each true row its best cosine with a row found."""
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    true = true / np.linalg.norm(true, axis=1, keepdims=True)
    return (true @ found.T).max(axis=1)


def check_recovered(signal, spectra, maps):
    factors = signal.get_decomposition_factors().data
    loadings = signal.get_decomposition_loadings().data.reshape(2, -1)
    assert factors.shape == (2, CHANNELS)
    assert best_cosines(factors, spectra).min() > 0.99
    assert best_cosines(loadings, maps.T).min() > 0.99


@pytest.mark.parametrize("options", [{}, {"beta_loss": "kullback-leibler"}], ids=str)
def test_peaks_and_maps_are_recovered(signal, spectra, maps, options):
    estimator = signal.decomposition(algorithm=NMF(2, random_state=0, **options), return_info=True, print_info=False)
    assert estimator.n_components_ == 2
    check_recovered(signal, spectra, maps)
    model = signal.get_decomposition_model().data
    assert np.linalg.norm(model - signal.data) < 0.2 * np.linalg.norm(signal.data)


def test_poissonian_noise_is_normalised_around_it(signal, spectra, maps):
    signal.decomposition(normalize_poissonian_noise=True, algorithm=NMF(2, random_state=0), print_info=False)
    check_recovered(signal, spectra, maps)


def test_smoothness_follows_the_navigation_axes(signal, spectra, maps):
    algorithm = NMF(2, random_state=0, smoothness_W=0.1, grid_shape=signal.axes_manager.navigation_shape[::-1])
    signal.decomposition(algorithm=algorithm, print_info=False)
    check_recovered(signal, spectra, maps)


def test_no_mean_is_claimed(signal):
    # HyperSpy adds an attribute of that name to every model of the data.
    model = signal.decomposition(algorithm=NMF(2, random_state=0), return_info=True, print_info=False)
    assert not hasattr(model, "mean_")


def test_lazy_signals(signal, spectra, maps):
    lazy = signal.as_lazy()
    lazy.decomposition(algorithm=NMF(2, random_state=0), print_info=False)
    lazy.compute(show_progressbar=False)
    check_recovered(lazy, spectra, maps)
