"""What is learned from labelled pixels: dictionaries of atoms, and how memberships of atoms predict phases."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nmfcore
from segment.records import FeatureStack

# Pixels that are unmixed at a time: their fractions of all atoms are never stored for a whole image.
BLOCK = 65536
# Features of the pixel itself; the others are windowed where there is a window.
OWN = ("bright", "dark")
# Standard deviations of the grey level from its mean at which "bright" is 0 and 1.
REACH = 3.0
SINGLE = ("low", "high", "weights", "atoms")


@dataclass(frozen=True)
class Dictionary:
    """Atoms that explain pixels, and what their memberships say of each phase.

    Attributes
    ----------
    low, high : ndarray of float32, shape (n_features,)
        The range of each feature, see `lift`.
    weights : ndarray of float32, shape (n_features,)
        What each feature counts in the explanation; positive.
    atoms : ndarray of float32, shape (n_atoms, 3 * n_features)
        Rows of H in lifted features.
    slopes : ndarray of float64, shape (n_atoms, k)
    offsets : ndarray of float64, shape (k,)
        The log-odds of the phases are ``shares @ slopes + offsets``.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    weights: NDArray[np.float32]
    atoms: NDArray[np.float32]
    slopes: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def log_odds(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how much speaks for each phase in each row of X; shape (n_pixels, k)."""
        # Not a product of matrices: the bits of those change with the number of threads.
        shares = atom_shares(lift(X, self.low, self.high, self.weights), self.atoms)
        return np.einsum("pa,ak->pk", shares, self.slopes) + self.offsets


@dataclass(frozen=True)
class Teaching:
    """The part of a model that labels decide.

    Attributes
    ----------
    dictionaries : tuple of Dictionary
        Several, in different metrics of the features; their log-odds are averaged.
    painted : tuple of int
        Number of labelled pixels of each phase; 0: the phase was found among the unlabelled pixels.
    is_standardised : bool
        Whether the grey levels of every image are standardised, see `visible`; in files of earlier versions they are
        not.
    """

    dictionaries: tuple[Dictionary, ...]
    painted: tuple[int, ...]
    is_standardised: bool = True

    def shares(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the fraction of each phase in each row of X, shape (k, n_pixels); they sum to one.

        ``softmax(mean_d log_odds_d)``, the memberships that each dictionary finds by itself joined as a geometric mean.
        """
        out = np.empty((len(self.painted), len(X)), dtype=np.float32)
        for start in range(0, len(X), BLOCK):
            rows = np.ascontiguousarray(X[start : start + BLOCK], dtype=np.float32)
            odds = np.mean([dictionary.log_odds(rows) for dictionary in self.dictionaries], axis=0)
            odds = np.exp(odds - odds.max(axis=1, keepdims=True))
            out[:, start : start + BLOCK] = (odds / odds.sum(axis=1, keepdims=True)).T
        return out

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, from which `from_json` makes the same bits again."""
        return {
            "painted": list(self.painted),
            # A model of an earlier version keeps its digest.
            **({"is_standardised": True} if self.is_standardised else {}),
            "dictionaries": [
                {field.name: getattr(one, field.name).tolist() for field in fields(Dictionary)}
                for one in self.dictionaries
            ],
        }


def visible(stack: FeatureStack, is_standardised: bool = True) -> NDArray[np.float32]:
    """Return the features of one image as they are compared with those of another, shape (n_pixels, n_features).

    Windowed features that were weighted by what this one image looks like get their full weight back. The grey level is
    measured in standard deviations from the mean of its image, three of which either way are the whole range: one pore,
    or one bright grain, sets the ends of an image's grey levels, and moves its mean far less.

    Parameters
    ----------
    stack : FeatureStack
    is_standardised : bool, default True
        Whether to standardise the grey level, where the features say its mean and deviation.

    Returns
    -------
    ndarray of float32, shape (n_pixels, n_features)
    """
    seen = stack.neighbourhood
    if seen is None or (seen.weight == 1.0 and seen.mean is None):
        return stack.X
    X = stack.X / np.where(np.isin(stack.names, OWN), 1.0, seen.weight).astype(np.float32)
    if is_standardised and seen.mean is not None and seen.spread:
        bright, dark = (stack.names.index(name) for name in OWN)
        X[:, bright] = np.clip(0.5 + (X[:, bright] - seen.mean) / (2 * REACH * seen.spread), 0, 1)
        X[:, dark] = 1 - X[:, bright]
    return X


def lift(
    X: NDArray[np.float32], low: NDArray[np.float32], high: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Turn each feature into three that sum to its weight: how low, how middling and how high it is.

    With t the feature between `low` and `high`, clipped to [0, 1], these are the Bernstein polynomials
    ``(1 - t)^2, 2 t (1 - t), t^2``. A phase half-way between two others is then no mixture of them, and the rows of a
    factorization of lifted pixels sum to one by themselves.

    Parameters
    ----------
    X : ndarray of float32, shape (n_pixels, n_features)
    low, high, weights : ndarray of float32, shape (n_features,)

    Returns
    -------
    ndarray of float32, shape (n_pixels, 3 * n_features)

    References
    ----------
    R. T. Farouki, "The Bernstein polynomial basis: a centennial retrospective", doi 10.1016/j.cagd.2012.03.001, eq. 2.

    Examples
    --------
    >>> ones = np.ones(1, np.float32)
    >>> lift(np.float32([[0], [1], [2]]), 0 * ones, 2 * ones, ones).tolist()
    [[1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]]
    """
    t = np.clip((X - low) / (high - low), 0, 1)
    n_features = X.shape[1]
    out = np.empty((len(X), 3 * n_features), dtype=np.float32)
    rest, weighted = 1 - t, t * weights
    np.multiply(2 * weighted, rest, out=out[:, n_features : 2 * n_features])
    np.multiply(weighted, t, out=out[:, 2 * n_features :])
    np.multiply(rest * weights, rest, out=out[:, :n_features])
    return out


def atom_shares(lifted: NDArray[np.float32], atoms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Explain pixels by atoms, W >= 0 of least squares, and return the fraction of each atom.

    Parameters
    ----------
    lifted : ndarray of float32, shape (n_pixels, n_columns)
    atoms : ndarray of float32, shape (n_atoms, n_columns)

    Returns
    -------
    ndarray of float32, shape (n_pixels, n_atoms)
        Rows of W, divided by their sums.

    Examples
    --------
    >>> atom_shares(np.float32([[0.75, 0.25]]), np.eye(2, dtype=np.float32)).tolist()
    [[0.75, 0.25]]
    """
    nmf = nmfcore.NMF(len(atoms))
    # A fitted estimator restored by hand: this is all that transform looks at.
    nmf.components_ = atoms
    W = nmf.transform(lifted)
    return W / np.maximum(W.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)


def from_json(record: dict[str, Any], n_phases: int, n_features: int) -> Teaching:
    """Return what `Teaching.to_json` described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is not that, or not of these numbers of phases and features.
    """
    dictionaries = []
    for one in record["dictionaries"]:
        low, high, weights, atoms = (np.array(one[name], dtype=np.float32) for name in SINGLE)
        slopes, offsets = (np.array(one[name], dtype=np.float64) for name in ("slopes", "offsets"))
        found = Dictionary(low, high, weights, atoms, slopes, offsets)
        row, arrays = (n_features,), [getattr(found, field.name) for field in fields(Dictionary)]
        shapes = [row, row, row, (len(atoms), 3 * n_features), (len(atoms), n_phases), (n_phases,)]
        if [array.shape for array in arrays] != shapes or not len(atoms):
            raise ValueError(f"a dictionary of shapes {[array.shape for array in arrays]} where {shapes} was described")
        if not all(np.isfinite(array).all() for array in arrays) or (atoms < 0).any() or (high <= low).any():
            raise ValueError("a dictionary is not finite, has negative atoms or an empty range")
        dictionaries.append(found)
    painted = tuple(int(count) for count in record["painted"])
    if not dictionaries or len(painted) != n_phases:
        raise ValueError(f"{len(dictionaries)} dictionaries for {len(painted)} phases where {n_phases} were described")
    return Teaching(tuple(dictionaries), painted, bool(record.get("is_standardised", False)))
