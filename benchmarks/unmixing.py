"""Matrices whose factors are known, and how close a factorization comes to them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.optimize import linear_sum_assignment

__all__ = ["PLANTED", "Planted", "angles", "laurberg", "match", "planted_folder", "reason_to_skip", "shares"]


@dataclass(frozen=True)
class Planted:
    """X with the factors it was made from.

    Attributes
    ----------
    X : ndarray of float64, shape (n_samples, n_features)
    W : ndarray of float64, shape (n_samples, n_components), or None
        Shares: rows sum to 1.
    H : ndarray of float64, shape (n_components, n_features)
        Components.
    """

    X: NDArray[np.float64]
    W: NDArray[np.float64] | None
    H: NDArray[np.float64]


def planted_folder() -> Path:
    """Return the folder ``unmixing`` of the one named by NMFCORE_DATA, by default ``../shared/data``."""
    root = os.environ.get("NMFCORE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(root) / "unmixing"


def reason_to_skip(file: str) -> str | None:
    """Say why a file of the folder cannot be read; None where it can."""
    if (planted_folder() / file).is_file():
        return None
    return f"no unmixing/{file} in the folder named by NMFCORE_DATA"


def laurberg(a: float) -> Planted:
    """Return the 6 x 6 matrix whose only factorization of rank 3 is, for a = .1 and .3, the one given [1]_.

    References
    ----------
    .. [1] Laurberg, Christensen, Plumbley, Hansen, Jensen, "Theorems on positive data: on the uniqueness of NMF",
       Computational Intelligence and Neuroscience, 2008, doi:10.1155/2008/764206.
    """
    H = np.array([[a, 1, 1, a, 0, 0], [1, a, 0, 0, a, 1], [0, 0, a, 1, 1, a]])
    return Planted(H.T @ H, None, H)


def _samson(folder: Path) -> Planted:
    """Pixels x bands; the maps are stored column by column."""
    stored = loadmat(folder / "Samson.mat")
    W = stored["S_GT"].transpose(1, 0, 2).reshape(-1, 3)
    return Planted(np.ascontiguousarray(stored["Y"].T), W, stored["GT"])


def _eels(folder: Path) -> Planted:
    """Pixels x channels, counts."""
    with np.load(folder / "eels-oxide_interface_d1000.npz") as stored:
        cube, spectra, maps = (stored[name].astype(np.float64) for name in ("cube", "endmembers", "abundances"))
    return Planted(cube.reshape(-1, cube.shape[2]), maps.reshape(len(maps), -1).T.copy(), spectra)


def _swimmer(folder: Path) -> Planted:
    """Images x pixels, less the median count, which is that of the empty background.

    The images are numbered in base 4 by the positions of four limbs; a limb is what stands out where it is on.
    """
    counts = loadmat(folder / "swimmer.mat")["V"].T.astype(np.float64)
    X = np.maximum(counts - np.median(counts), 0.0)
    number = np.arange(len(X))
    on = np.stack([number // 4**limb % 4 == position for limb in range(4) for position in range(4)])
    excess = np.stack([X[images].mean(axis=0) - X[~images].mean(axis=0) for images in on])
    faint = 0.3 * excess.max()
    always = X.mean(axis=0)
    return Planted(X, None, np.vstack([np.where(excess > faint, excess, 0), np.where(always > 2 * faint, always, 0)]))


PLANTED: dict[str, Callable[[Path], Planted]] = {"Samson": _samson, "EELS": _eels, "swimmer": _swimmer}


def angles(found: NDArray, true: NDArray) -> NDArray[np.float64]:
    """Return the spectral angles in degrees between rows, (len(true), len(found)); that of a zero row is 90."""
    unit = [F / np.maximum(np.linalg.norm(F, axis=1, keepdims=True), 1e-300) for F in (true, found)]
    return np.degrees(np.arccos(np.clip(unit[0] @ unit[1].T, 0.0, 1.0)))


def match(found: NDArray, true: NDArray) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return for each true row the found one it is paired with, so that the angles sum to the least, and the angle."""
    table = angles(found, true)
    rows, columns = linear_sum_assignment(table)
    return columns, table[rows, columns]


def shares(W: NDArray, H: NDArray, true: NDArray) -> NDArray[np.float64]:
    """Return the weights of the components paired with ``true`` as shares of each sample.

    Each component is scaled to the peak of its true one, as the abundances of hyperspectral data are defined.
    """
    columns, _ = match(H, true)
    scaled = W[:, columns] * (H[columns].max(axis=1) / true.max(axis=1))
    return scaled / np.maximum(scaled.sum(axis=1, keepdims=True), 1e-300)
