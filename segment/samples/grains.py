"""Grains of a known number and mean intercept: cells of random points, with boundaries of a known width."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from segment.samples.microscope import expose


@dataclass(frozen=True)
class GrainSample:
    """A synthetic field of grains and the truth about it.

    Attributes
    ----------
    image : ndarray of uint8, shape (h, w)
        Etched grains, dark boundaries, as a microscope would store them.
    labels : ndarray of int32, shape (h, w)
        Id of the grain of every pixel, from 1.
    boundaries : ndarray of bool, shape (h, w)
        Pixels whose centre is within half of the boundary's width.
    distance_px : ndarray of float64, shape (h, w)
        Distance of every pixel's centre to the nearest boundary.
    grains_per_px2 : float
        Expected grains per square pixel.
    mean_intercept_px : float
        Expected mean intercept length, for cells of random points ``pi / (4 sqrt(N_A))``, stretched with them.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    boundaries: NDArray[np.bool_]
    distance_px: NDArray[np.float64]
    grains_per_px2: float
    mean_intercept_px: float


def make_grains(
    shape: tuple[int, int] = (256, 256),
    *,
    grain_px: float = 24.0,
    width_px: float = 2.0,
    stretch: float = 1.0,
    seed: int = 0,
) -> GrainSample:
    """Draw the cells of random points, the Poisson-Voronoi tessellation, as etched grains.

    Parameters
    ----------
    shape : (int, int), default (256, 256)
        Height and width in pixels.
    grain_px : float, default 24.0
        Root of the expected area of a grain, in pixels.
    width_px : float, default 2.0
        Width of the boundaries, in pixels.
    stretch : float, default 1.0
        How much longer the grains are along the rows; their area stays.
    seed : int, default 0
        Same arguments, same bits.

    Returns
    -------
    GrainSample
        `mean_intercept_px` is that over all directions for `stretch` 1, and is not stated (nan) otherwise.

    Raises
    ------
    ValueError
        If a size, the width or the stretch is not positive.

    Notes
    -----
    Along the rows the mean intercept of stretched grains is ``sqrt(stretch)`` times, along the columns
    ``1 / sqrt(stretch)`` times that of the unstretched ones.

    References
    ----------
    J. Moller, "Lectures on Random Voronoi Tessellations", doi 10.1007/978-1-4612-2652-9: boundary length per area
    ``2 sqrt(N_A)``, crossings per length ``4 sqrt(N_A) / pi``.

    Examples
    --------
    >>> sample = make_grains((64, 64), grain_px=16)
    >>> round(sample.mean_intercept_px, 2), sample.image.shape
    (12.57, (64, 64))
    """
    for name, value in (("height", shape[0]), ("width", shape[1]), ("grain_px", grain_px), ("width_px", width_px)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive, got {value}")
    if not 0 < stretch < math.inf:
        raise ValueError(f"stretch must be positive, got {stretch}")
    rng = np.random.default_rng([seed, *b"grains"])
    height, width = shape
    # Drawn where grains are not stretched, with a margin: cells at the edge need their neighbours outside.
    scale = np.array([math.sqrt(stretch), 1 / math.sqrt(stretch)])
    size = np.array([height, width]) * scale
    margin = 5 * grain_px
    area = np.prod(size + 2 * margin)
    points = rng.uniform(-margin, size + margin, (max(2, int(rng.poisson(area / grain_px**2))), 2))
    rows, columns = np.mgrid[:height, :width] + 0.5
    pixels = np.stack([rows.ravel(), columns.ravel()], axis=1) * scale
    near, index = cKDTree(points).query(pixels, k=2)
    apart = np.hypot(*(points[index[:, 0]] - points[index[:, 1]]).T)
    distance = ((near[:, 1] ** 2 - near[:, 0] ** 2) / (2 * apart)).reshape(shape)
    labels = np.unique(index[:, 0], return_inverse=True)[1].reshape(shape).astype(np.int32) + 1
    grey = (0.62 + 0.06 * rng.standard_normal(int(labels.max()) + 1))[labels]
    # The fraction of each pixel that the boundary covers, so that its width is the one asked for below a pixel too.
    covered = np.clip(width_px / 2 - distance + 0.5, 0, 1) * min(1.0, width_px)
    signal = (grey * (1 - covered) + 0.16 * covered).astype(np.float32)
    return GrainSample(
        image=expose(np.clip(signal, 0, 1), rng),
        labels=labels,
        boundaries=distance <= width_px / 2,
        distance_px=distance,
        grains_per_px2=1 / grain_px**2,
        mean_intercept_px=math.pi / 4 * grain_px if stretch == 1 else math.nan,
    )
