"""What the phases of one image look like, in units that do not depend on the brightness and contrast of the image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.histogram import GRID_PER_SIGMA
from segment.features.scale import coarseness, window_sigma, window_weight, working_shape
from segment.features.texture import BINS, find_bands, smoothed_grey
from segment.records import valid_of

# Standardised levels z are counted over asinh(z / UNIT): a hundredth of a deviation near 0, coarser farther out.
UNIT, REACH, N_BINS = 0.5, 4.5, 448
BANDS = ("pixel", *BINS)
# A standard deviation that is none, of grey levels in [0, 1].
CONSTANT = 1e-6


@dataclass(frozen=True)
class Profile:
    """Distributions of levels in the phases of one image: all that a batch needs to know of it.

    Attributes
    ----------
    areas : ndarray of float64, shape (k,)
        Area fraction of each phase; zero for one that the image does not show.
    levels : ndarray of float32, shape (4, k, 448)
        For each phase the frequencies, which sum to one, of its pixels' smoothed grey level, and in the window around
        its pixels those of the grey level, its Laplacian and its gradient; over `centres`. Zeros for an absent phase.
    weight : float
        What windowed levels weigh beside the pixel's own, see `segment.features.scale.window_weight`.
    """

    areas: NDArray[np.float64]
    levels: NDArray[np.float32]
    weight: float

    @property
    def is_found(self) -> NDArray[np.bool_]:
        """Whether each phase has a pixel, shape (k,)."""
        return self.areas > 0


def centres() -> NDArray[np.float64]:
    """Return the standardised levels that `Profile.levels` are counted over, shape (448,), ascending."""
    return UNIT * np.sinh(np.linspace(-REACH, REACH, N_BINS))


def take_profile(
    grey: NDArray[np.float32], labels: NDArray[np.uint8], n_phases: int, *, scale: float = 1.0, flatten: int = 2
) -> Profile:
    """Measure what the phases of an image look like.

    Shading is subtracted as the features "texture" do; grey levels then are in standard deviations of the smoothed
    image from its mean, so that an image of another gain and offset has the same profile.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
        Grey levels, not all the same. Of a `GreyImage` the excluded pixels count in nothing.
    labels : ndarray of uint8, shape (h, w)
        Phase of each pixel, 0 ... n_phases - 1.
    n_phases : int
    scale : float, default 1.0
        Multiplies the width of the window.
    flatten : int, default 2
        Number of grey-level classes by which the background is estimated; 0: it stays.

    Returns
    -------
    Profile

    Examples
    --------
    >>> image = np.repeat(np.linspace(0.2, 0.4, 48, dtype=np.float32)[None], 48, axis=0)
    >>> labels = (image > 0.3).astype(np.uint8)
    >>> one, brighter = (take_profile(grey, labels, 2, flatten=0) for grey in (image, 0.1 + 2 * image))
    >>> one.areas.tolist(), bool(np.abs(np.cumsum(one.levels - brighter.levels, axis=2)).max() < 0.05)
    ([0.5, 0.5], True)
    """
    valid = valid_of(grey)
    masks = [labels == phase if valid is None else (labels == phase) & valid for phase in range(n_phases)]
    areas = np.array([np.count_nonzero(mask) for mask in masks], np.float64)
    areas /= max(1.0, areas.sum())
    levels = np.zeros((len(BANDS), n_phases, N_BINS), dtype=np.float32)
    smoothed, noisy = standardised(grey, flatten)
    _count(smoothed, masks, levels[0])
    shape = working_shape(grey.shape)
    sigma = window_sigma(shape) * scale
    windows = [_window(mask, shape, sigma) for mask in masks]
    for band, out in zip(find_bands(noisy).values(), levels[1:], strict=True):
        _count(band, windows, out)
    small = np.asarray(cv2.resize(smoothed, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    return Profile(areas, levels, window_weight(coarseness(small, sigma)))


def no_profile(n_phases: int) -> Profile:
    """Return the profile of an image that shows no phase.

    Parameters
    ----------
    n_phases : int

    Returns
    -------
    Profile
        Of zeros.
    """
    return Profile(np.zeros(n_phases), np.zeros((len(BANDS), n_phases, N_BINS), dtype=np.float32), 1.0)


def standardised(grey: NDArray[np.float32], flatten: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return flattened grey levels with and without smoothing, in standard deviations of the former from its mean."""
    smoothed, noisy = smoothed_grey(grey, flatten)
    valid = valid_of(grey)
    counted = smoothed if valid is None else smoothed[valid]
    mean, spread = float(counted.mean(dtype=np.float64)), max(float(counted.std(dtype=np.float64)), CONSTANT)
    return (smoothed - mean) / spread, (noisy - mean) / spread


def _window(mask: NDArray[np.bool_], shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
    """Return how much each pixel of the working image is seen from the pixels of a mask."""
    step = max(1.0, sigma / GRID_PER_SIGMA)
    size = (max(1, round(shape[1] / step)), max(1, round(shape[0] / step)))
    seen = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    seen = cv2.GaussianBlur(seen, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(seen, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _count(levels: NDArray[np.float32], weights: list[NDArray], out: NDArray[np.float32]) -> None:
    """Fill `out`, shape (k, 448), with the weighted frequencies of standardised levels."""
    place = (np.arcsinh(levels / np.float32(UNIT)) + np.float32(REACH)) * np.float32((N_BINS - 1) / (2 * REACH))
    bins = np.clip(np.rint(place), 0, N_BINS - 1).astype(np.intp).ravel()
    for weight, row in zip(weights, out, strict=True):
        counts = np.bincount(bins, weights=weight.ravel().astype(np.float64), minlength=N_BINS)
        total = counts.sum()
        if total > 0:
            row[:] = counts / total
