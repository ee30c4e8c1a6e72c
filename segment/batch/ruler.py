"""One scale for all images of a batch: what a feature of a phase means is the same in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.batch.profile import Profile, centres, standardised
from segment.features.grey import SMALLEST, TAILS
from segment.features.histogram import fill_histogram
from segment.features.scale import window_sigma, working_shape
from segment.features.texture import BINS, find_bands
from segment.mixture.pixels import calm as smoothed


@dataclass(frozen=True)
class Ruler:
    """Grey range, bins of the histograms and weight of the window that the images of a batch have in common.

    Attributes
    ----------
    low, high : float
        Standardised grey levels that are 0 and 1.
    bins : tuple of ndarray of float64
        Centres of the bins of the windowed histograms of grey level, Laplacian and gradient, in standardised levels.
    weight : float
        What windowed features are multiplied by.
    """

    low: float
    high: float
    bins: tuple[NDArray[np.float64], ...]
    weight: float

    def place(self, profile: Profile) -> NDArray[np.float64]:
        """Return the mean features of the phases of one image, shape (k, 22): those of the features "texture".

        Parameters
        ----------
        profile : Profile

        Returns
        -------
        ndarray of float64
            Rows of zeros for phases that the image does not show.
        """
        at = centres()
        bright = profile.levels[0] @ np.clip((at - self.low) / (self.high - self.low), 0, 1)
        columns = [bright[:, None], (profile.levels[0].sum(axis=1) - bright)[:, None]]
        for levels, bins in zip(profile.levels[1:], self.bins, strict=True):
            position = np.interp(at, bins, np.arange(len(bins)))
            weights = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(len(bins))))
            columns.append(self.weight * (levels @ weights))
        return np.concatenate(columns, axis=1)

    def draw(
        self, grey: NDArray[np.float32], *, scale: float = 1.0, flatten: int = 2
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the features "texture" of one image on this scale, and its smoothed grey level.

        Parameters
        ----------
        grey : ndarray of float32, shape (h, w)
            Grey levels, not all the same.
        scale : float, default 1.0
            Multiplies the width of the window.
        flatten : int, default 2
            Number of grey-level classes by which the background is estimated; 0: it stays.

        Returns
        -------
        tuple of (ndarray of float32, shape (22, h, w), ndarray of float32, shape (h, w))
        """
        smooth, noisy = standardised(grey, flatten)
        out = np.empty((2 + sum(BINS.values()), *grey.shape), dtype=np.float32)
        np.clip((smooth - self.low) / (self.high - self.low), 0, 1, out=out[0])
        np.subtract(1, out[0], out=out[1])
        start, sigma = 2, window_sigma(working_shape(grey.shape)) * scale
        for band, bins in zip(find_bands(noisy).values(), self.bins, strict=True):
            fill_histogram(band, sigma, out[start : start + len(bins)], centres=bins)
            start += len(bins)
        out[2:] *= np.float32(self.weight)
        stretched = np.clip((noisy - self.low) / (self.high - self.low), 0, 1).astype(np.float32)
        return np.maximum(out, SMALLEST, out=out), smoothed(stretched)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"low": self.low, "high": self.high, "bins": [b.tolist() for b in self.bins], "weight": self.weight}


def from_json(record: dict[str, Any]) -> Ruler:
    """Return what `Ruler.to_json` described; ValueError, KeyError or TypeError if it is not that."""
    bins = tuple(np.array(one, dtype=np.float64) for one in record["bins"])
    ruler = Ruler(float(record["low"]), float(record["high"]), bins, float(record["weight"]))
    numbers = np.concatenate([[ruler.low, ruler.high, ruler.weight], *bins])
    if [len(one) for one in bins] != list(BINS.values()) or not np.isfinite(numbers).all() or ruler.high <= ruler.low:
        raise ValueError("the common scale of the images is not one")
    return ruler


def find_ruler(profiles: Sequence[Profile]) -> Ruler:
    """Find the scale that images have in common: quantiles of their levels, each image counting alike.

    Parameters
    ----------
    profiles : sequence of Profile
        At least one shows a phase; the others count in nothing.

    Returns
    -------
    Ruler
    """
    profiles = [one for one in profiles if one.is_found.any()]
    pooled = np.mean([np.einsum("k,bkn->bn", one.areas, one.levels) for one in profiles], axis=0)
    low, high = _quantiles(pooled[0], np.array(TAILS))
    bins = tuple(
        _quantiles(levels, (np.arange(n) + 0.5) / n) for levels, n in zip(pooled[1:], BINS.values(), strict=True)
    )
    return Ruler(float(low), float(high), bins, float(np.mean([one.weight for one in profiles])))


def _quantiles(frequencies: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return quantiles of a distribution over `centres`; the levels of a bin are spread evenly over it."""
    at = centres()
    edges = np.concatenate([[at[0]], (at[1:] + at[:-1]) / 2, [at[-1]]])
    cumulated = np.concatenate([[0.0], np.cumsum(frequencies)])
    return np.interp(weights * cumulated[-1], cumulated, edges)
