"""Phases as what their pixels look like: normal distributions over a few directions of the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.mixture.normals import Normals
from segment.mixture.pixels import see

SINGLE = ("directions", "means", "whiteners")
DOUBLE = ("log_volumes", "fractions")


@dataclass(frozen=True)
class Mixture:
    """What decides the map of a refined model: n >= k normal distributions, each of one phase.

    Attributes
    ----------
    directions : ndarray of float32, shape (d - 1, n_features)
        Principal directions of the features; the smoothed grey level is what else is seen of a pixel.
    means : ndarray of float32, shape (n, d)
    whiteners : ndarray of float32, shape (n, d, d)
        Inverses of the Cholesky factors of the covariances.
    log_volumes : ndarray of float64, shape (n,)
        Halves of the logarithms of their determinants.
    fractions : ndarray of float64, shape (n,)
        Fraction of the training pixels that each describes.
    owners : tuple of int
        Phase of each distribution; every phase 0 ... k - 1 has one or two.
    """

    directions: NDArray[np.float32]
    means: NDArray[np.float32]
    whiteners: NDArray[np.float32]
    log_volumes: NDArray[np.float64]
    fractions: NDArray[np.float64]
    owners: tuple[int, ...]

    @property
    def normals(self) -> Normals:
        """The distributions."""
        return Normals(self.means, self.whiteners, self.log_volumes, self.fractions)

    # Sums over threads would end in other bits with each number of them.
    @threadpool_limits.wrap(limits=1, user_api="blas")
    def shares(self, X: NDArray[np.float32], calm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each phase in each pixel, shape (k, n_pixels); they sum to one.

        Parameters
        ----------
        X : ndarray of float32, shape (n_pixels, n_features)
        calm : ndarray of float32, shape (n_pixels,)
            Grey levels, see `segment.mixture.pixels.calm`.
        """
        return join(self.normals.shares(see(self.directions, X, calm)), self.owners)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, from which `from_json` makes the same bits again."""
        arrays = {name: getattr(self, name).tolist() for name in (*SINGLE, *DOUBLE)}
        return {**arrays, "owners": list(self.owners)}


def join(each: NDArray[np.float32], owners: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float32]:
    """Return what the distributions of each phase have together; (n, n_pixels) becomes (k, n_pixels)."""
    shares = np.zeros((max(owners) + 1, each.shape[1]), dtype=np.float32)
    for owner, share in zip(owners, each, strict=True):
        shares[owner] += share
    return shares


def from_json(record: dict[str, Any], n_phases: int, n_features: int) -> Mixture:
    """Return what `Mixture.to_json` described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is not that, or not of these numbers of phases and features.
    """
    single = {name: np.array(record[name], dtype=np.float32) for name in SINGLE}
    double = {name: np.array(record[name], dtype=np.float64) for name in DOUBLE}
    owners = tuple(int(owner) for owner in record["owners"])
    n, width = len(owners), len(single["directions"]) + 1
    shapes = [(width - 1, n_features), (n, width), (n, width, width), (n,), (n,)]
    arrays = [*single.values(), *double.values()]
    if [array.shape for array in arrays] != shapes or set(owners) != set(range(n_phases)):
        raise ValueError(f"a mixture of shapes {[array.shape for array in arrays]}, owners {owners}, for {n_phases}")
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("a mixture is not finite")
    return Mixture(
        single["directions"], single["means"], single["whiteners"], double["log_volumes"], double["fractions"], owners
    )
