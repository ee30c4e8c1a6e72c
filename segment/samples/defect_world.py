"""A sample as a microscope would meet it: defects somewhere, a cheap overview, and fields that can be looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from segment.samples.atoms import render


@dataclass(frozen=True)
class DefectWorld:
    """Defects of a crystal, field by field.

    Attributes
    ----------
    n_defects : ndarray of float64, shape (rows, columns)
        Number of defects in each field.
    overview : ndarray of float64, shape (h, w)
        Counts of an image of the whole, of low dose.
    """

    n_defects: NDArray[np.float64]
    overview: NDArray[np.float64]

    def look(self, row: int, column: int) -> float:
        """Return the number of defects in a field, as an instrument's adapter would.

        Parameters
        ----------
        row, column : int

        Returns
        -------
        float
        """
        return float(self.n_defects[row, column])


def make_defect_world(
    *,
    fields: tuple[int, int] = (16, 16),
    is_clustered: bool = True,
    n_clusters: int = 5,
    n_defects: int = 250,
    counts: float = 2.0,
    period_px: float = 7.0,
    field_px: int = 40,
    random_state: int = 0,
) -> DefectWorld:
    """Make a triangular crystal with vacancies in clusters, or anywhere, and its overview.

    Parameters
    ----------
    fields : tuple of int, default (16, 16)
        Rows and columns of fields.
    is_clustered : bool, default True
        Nine in ten defects are in clusters; else all are anywhere.
    n_clusters : int, default 5
        Clusters, with a standard deviation of one field.
    n_defects : int, default 250
        Number of vacancies, some of which fall on one site.
    counts : float, default 2.0
        Counts in the middle of a column in the overview.
    period_px : float, default 7.0
        Distance of columns in the overview, in pixels.
    field_px : int, default 40
        Side of a field in the overview, in pixels.
    random_state : int, default 0
        Seed.

    Returns
    -------
    DefectWorld

    Raises
    ------
    ValueError
        A number is not positive.

    Examples
    --------
    >>> world = make_defect_world(fields=(4, 4), n_defects=20)
    >>> world.overview.shape, world.n_defects.shape
    ((160, 160), (4, 4))
    """
    if min(*fields, n_clusters, n_defects, counts, period_px, field_px) <= 0:
        raise ValueError("fields, n_clusters, n_defects, counts, period_px and field_px must be positive")
    rng = np.random.default_rng(random_state)
    shape = (fields[0] * field_px, fields[1] * field_px)
    angle = rng.uniform(0, math.pi / 3)
    n = math.ceil(math.hypot(*shape) / period_px)
    i, j = np.mgrid[-n : n + 1, -n : n + 1]
    x, y = period_px * (i + j / 2).ravel(), period_px * (j * math.sqrt(3) / 2).ravel()
    turned = np.stack([y * math.cos(angle) + x * math.sin(angle), x * math.cos(angle) - y * math.sin(angle)], axis=1)
    sites = turned + np.array(shape) / 2
    sites = sites[np.all((sites > -period_px) & (sites < np.array(shape) + period_px), axis=1)]
    places = rng.uniform(0, 1, (n_defects, 2)) * shape
    if is_clustered:
        centres = rng.uniform(0.05, 0.95, (n_clusters, 2)) * shape
        chosen = rng.random(n_defects) < 0.9
        around = centres[rng.integers(n_clusters, size=n_defects)] + field_px * rng.standard_normal((n_defects, 2))
        places[chosen] = around[chosen]
    inside = np.all((places >= 0) & (places < np.array(shape)), axis=1)
    gone = np.unique(cKDTree(sites).query(places[inside])[1])
    gone = gone[np.all((sites[gone] >= 0) & (sites[gone] < np.array(shape)), axis=1)]
    tile = (sites[gone] // field_px).astype(int)
    defects = np.zeros(fields)
    np.add.at(defects, (tile[:, 0], tile[:, 1]), 1)
    kept = np.delete(sites, gone, axis=0)
    expected = render(kept[:, 0], kept[:, 1], np.full(len(kept), counts), 0.22 * period_px, shape) + 0.1 * counts
    return DefectWorld(defects, rng.poisson(expected).astype(np.float64))
