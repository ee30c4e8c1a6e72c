"""How coarse the texture around a pixel is, whatever its grey level: which octaves the variance there is in."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.grey import SMALLEST, stretch
from segment.features.histogram import GRID_PER_SIGMA
from segment.features.scale import window_sigma, working_shape
from segment.features.valid import valid_at
from segment.records import Neighbourhood, valid_of

N_OCTAVES = 5
# Widths in pixels of the working image: the blur of the finest octave, and that before all.
FINEST, NOISE = 0.7, 0.5
# Textures need a larger window than phases that a grey level tells: twice `window_sigma`.
WIDER = 2.0
# A variance that is none, in grey levels of [0, 1] squared.
NO_VARIANCE = np.float32(1e-7)


def compute_spectrum(
    image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    """Fill `out`, shape (5, h, w), with the fractions of five octaves in the variance of the grey level around a pixel.

    Of Gaussian blurs of the image with sigma 0.5, 0.7, 1.4, 2.8, 5.6 and 11.2 pixels, ``b_j`` is the difference of two
    neighbours. With G a window of twice `window_sigma` times `scale`, ``e_j = G * b_j^2 + 1e-7`` is the variance of
    octave j, ``m_j`` its mean over the image, and feature j is ``(e_j / m_j) / sum_i (e_i / m_i)``: a granulometry of
    every neighbourhood, which neither brightness nor contrast changes. Shares sum to 1 in every pixel. A constant image
    gives 1e-6 everywhere. Shading is far slower than the octaves, so that `flatten` has nothing to do.

    Notes
    -----
    Images with a shorter side above 400 pixels are reduced to that first, as for histograms. Deterministic for any
    number of threads.

    References
    ----------
    K. I. Laws, "Rapid texture identification", doi 10.1117/12.959169: local energy behind a bank of filters; here the
    bank is one of differences of Gaussians.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return None
    shape = working_shape(image.shape)
    sigma = spectrum_window(shape, scale)
    grey = np.asarray(
        cv2.resize(stretch(image, valid_of(image)), shape[::-1], interpolation=cv2.INTER_AREA), np.float32
    )
    step = max(1.0, sigma / GRID_PER_SIGMA)
    size = (max(1, round(shape[1] / step)), max(1, round(shape[0] / step)))
    energies = np.empty((N_OCTAVES, *size[::-1]), dtype=np.float32)
    finer = _blur(grey, NOISE)
    for octave, energy in enumerate(energies):
        coarser = _blur(grey, FINEST * 2**octave)
        band = cv2.resize(np.square(finer - coarser), size, interpolation=cv2.INTER_AREA)
        np.add(_blur(np.asarray(band, np.float32), sigma / step), NO_VARIANCE, out=energy)
        finer = coarser
    # On the grid of the windows.
    counted = valid_at(valid_of(image), energies.shape[1:])
    energies /= energies.mean(axis=(1, 2), keepdims=True) if counted is None else _means(energies, counted)
    energies /= energies.sum(axis=0)
    for energy, plane in zip(energies, out, strict=True):
        cv2.resize(energy, plane.shape[::-1], dst=plane, interpolation=cv2.INTER_LINEAR)
    np.maximum(out, SMALLEST, out=out)
    return Neighbourhood(sigma * min(image.shape) / min(shape))


def _means(energies: NDArray[np.float32], counted: NDArray[np.bool_]) -> NDArray[np.float32]:
    means = energies[:, counted].mean(axis=1)
    return means[:, None, None]


def spectrum_window(shape: tuple[int, int], scale: float) -> float:
    """Return the standard deviation of the window of `compute_spectrum`, in pixels of an image of `shape`."""
    return window_sigma(shape) * WIDER * scale


def is_resolved(shape: tuple[int, int], scale: float) -> bool:
    """Return whether an image is so large that its window holds the widest octave: 168 pixels a side at scale 1.

    Examples
    --------
    >>> is_resolved((168, 200), 1.0), is_resolved((160, 200), 1.0), is_resolved((160, 200), 2.0)
    (True, False, True)
    """
    return spectrum_window(working_shape(shape), scale) >= FINEST * 2 ** (N_OCTAVES - 1)


def _blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


SPECTRUM = FeatureSet(tuple(f"octave_{index}" for index in range(N_OCTAVES)), compute_spectrum)
