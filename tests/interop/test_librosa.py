"""librosa.decompose.decompose(transformer=NMF(...))."""

from __future__ import annotations

import numpy as np
import pytest

from nmfcore import NMF

librosa = pytest.importorskip("librosa", reason="librosa is not installed: make test-interop installs it")

RATE, N_FFT, HOP = 8000, 512, 256
NOTES = (500.0, 1500.0)


@pytest.fixture(scope="module")
def spectrogram() -> np.ndarray:
    """Magnitudes (n_frequencies, n_frames), float32: one note, then the other, then both, each swelling for 1/2 s."""
    time = np.arange(RATE // 2) / RATE
    low, high = (np.hanning(time.size) * np.sin(2 * np.pi * note * time) for note in NOTES)
    sound = np.concatenate([low, high, low + high]).astype(np.float32)
    return np.abs(librosa.stft(sound, n_fft=N_FFT, hop_length=HOP))


@pytest.mark.parametrize(
    "options", [{}, {"beta_loss": "kullback-leibler"}, {"solver": "mu", "beta_loss": "kullback-leibler"}], ids=str
)
def test_notes_are_told_apart(spectrogram, options):
    transformer = NMF(len(NOTES), random_state=0, max_iter=1000, **options)
    components, activations = librosa.decompose.decompose(spectrogram, transformer=transformer, sort=True)
    frequencies = librosa.fft_frequencies(sr=RATE, n_fft=N_FFT)
    assert components.dtype == activations.dtype == np.float32
    assert components.shape == (len(frequencies), 2)
    assert activations.shape == (2, spectrogram.shape[1])
    np.testing.assert_allclose(frequencies[components.argmax(axis=0)], NOTES, atol=RATE / N_FFT)
    # Frames well inside the thirds in which one note, the other, and both sound.
    third = spectrogram.shape[1] // 3
    sounds = activations / activations.max(axis=1, keepdims=True) > 0.5
    middles = sounds[:, [third // 2, third + third // 2, 2 * third + third // 2]]
    assert middles.tolist() == [[True, False, True], [False, True, True]]


@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
def test_the_loss_is_not_above_that_of_the_default_transformer(spectrogram):
    def loss(components: np.ndarray, activations: np.ndarray) -> float:
        return float(np.linalg.norm(spectrogram - components @ activations))

    ours = librosa.decompose.decompose(spectrogram, transformer=NMF(4, random_state=0, max_iter=2000, tol=1e-6))
    theirs = librosa.decompose.decompose(spectrogram, n_components=4, random_state=0, max_iter=2000, tol=1e-6)
    assert loss(*ours) <= 1.001 * loss(*theirs)


def test_a_fitted_transformer_is_only_applied(spectrogram):
    transformer = NMF(2, random_state=0)
    components, activations = librosa.decompose.decompose(spectrogram, transformer=transformer)
    again, later = librosa.decompose.decompose(spectrogram[:, 5:9], transformer=transformer, fit=False)
    assert np.array_equal(again, components)
    np.testing.assert_allclose(later, activations[:, 5:9], rtol=1e-4, atol=1e-5 * activations.max())


def test_several_channels_are_one_factorization(spectrogram):
    stereo = np.stack([spectrogram, 0.5 * spectrogram])
    components, activations = librosa.decompose.decompose(stereo, transformer=NMF(2, random_state=0))
    assert components.shape == (2, len(spectrogram), 2)
    rebuilt = np.einsum("cfk,kt->cft", components, activations)
    assert np.linalg.norm(rebuilt - stereo) < 0.3 * np.linalg.norm(stereo)
