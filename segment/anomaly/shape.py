"""Shapes: what ordinary silhouettes are made of, and what an unusual one has beside that."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.exceptions import ConvergenceWarning

from nmfcore import NMF, non_negative_factorization
from segment.records import ShapeDictionary, ShapeScores

N_RINGS, N_SECTORS = 8, 32
# How far out silhouettes are seen, in radii of the circle of the same area, and samples along each side of a cell.
REACH = 2.5
SAMPLES = 2
# Smaller objects have too few pixels for a shape.
SMALLEST_PX = 50
# By MLography's rule objects that fill so much of their smallest circle are ordinary.
ORDINARY_ROUNDNESS = 0.7
# Without the rule so large a fraction of the objects, the best explained ones, is taken for ordinary, in so many
# rounds.
ORDINARY_SHARE, ROUNDS = 1 / 3, 4


def describe_silhouettes(
    labels: NDArray[np.integer], *, smallest_px: int = SMALLEST_PX
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Describe the silhouette of every object by how much of each ring and sector around its middle it fills.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
        Ids of objects; 0 elsewhere.
    smallest_px : int, default 50
        Objects of fewer pixels are left out.

    Returns
    -------
    ids : ndarray of int64, shape (n,)
        The objects described.
    silhouettes : ndarray of float64, shape (n, 256)
        Eight rings by 32 sectors, ring by ring: scaled to one area and turned so that the farthest point lies in the
        first sector, so that neither size nor direction counts.
    roundness : ndarray of float64, shape (n,)
        Area over that of the smallest circle around the pixels' centres, at most 1.

    Examples
    --------
    >>> rows, columns = np.ogrid[:40, :40]
    >>> ids, silhouettes, roundness = describe_silhouettes((np.hypot(rows - 20, columns - 20) < 12).astype(int))
    >>> silhouettes.shape, bool(roundness[0] > 0.9)
    ((1, 256), True)
    """
    radius = (np.arange(N_RINGS * SAMPLES) + 0.5) / (N_RINGS * SAMPLES) * REACH
    turn = (np.arange(N_SECTORS * SAMPLES) + 0.5) / (N_SECTORS * SAMPLES) * 2 * np.pi
    ids, rows_found, round_found = [], [], []
    for number, box in enumerate(ndimage.find_objects(np.asarray(labels)), start=1):
        if box is None:
            continue
        own = np.asarray(labels)[box] == number
        area = int(own.sum())
        if area < smallest_px:
            continue
        points = np.argwhere(own)
        middle = points.mean(axis=0)
        offset = points - middle
        farthest = offset[np.hypot(*offset.T).argmax()]
        at = turn + np.arctan2(farthest[0], farthest[1])
        scale = np.sqrt(area / np.pi) * radius[:, None]
        where = np.floor(middle[:, None, None] + 0.5 + np.stack([scale * np.sin(at), scale * np.cos(at)])).astype(int)
        inside = (where >= 0).all(axis=0) & (where[0] < own.shape[0]) & (where[1] < own.shape[1])
        filled = np.zeros(inside.shape)
        filled[inside] = own[where[0][inside], where[1][inside]]
        ids.append(number)
        rows_found.append(filled.reshape(N_RINGS, SAMPLES, N_SECTORS, SAMPLES).mean(axis=(1, 3)).ravel())
        circle = cv2.minEnclosingCircle(points.astype(np.float32))[1]
        round_found.append(min(1.0, area / (np.pi * max(circle, 0.5) ** 2)))
    shape = (len(ids), N_RINGS * N_SECTORS)
    return (
        np.array(ids, dtype=np.int64),
        np.array(rows_found, dtype=np.float64).reshape(shape),
        np.array(round_found, dtype=np.float64),
    )


def learn_shapes(
    silhouettes: NDArray[np.float64],
    *,
    roundness: NDArray[np.float64] | None = None,
    n_components: int = 2,
    seed: int = 0,
) -> ShapeDictionary:
    """Learn the parts that ordinary silhouettes are made of, by non-negative matrix factorization.

    Parameters
    ----------
    silhouettes : ndarray of float64, shape (n, 256)
        As `describe_silhouettes` returns them, of one image or of many; more than `n_components`.
    roundness : ndarray of float64, shape (n,), optional
        Where given, ordinary objects are those that fill at least 0.7 of their smallest circle, MLography's rule. None:
        the third of the objects that the parts explain best, chosen and learnt again four times.
    n_components : int, default 2
        Number of parts.
    seed : int, default 0

    Returns
    -------
    ShapeDictionary

    Raises
    ------
    ValueError
        If there are not more ordinary silhouettes than parts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> dictionary = learn_shapes(rng.random((20, 1)) * np.ones((20, 256)))
    >>> dictionary.components.shape
    (2, 256)
    """
    X = np.asarray(silhouettes, dtype=np.float64)
    ordinary = np.ones(len(X), dtype=bool) if roundness is None else np.asarray(roundness) >= ORDINARY_ROUNDNESS
    if ordinary.sum() <= n_components:
        raise ValueError(f"{n_components} parts need more ordinary silhouettes than that, got {int(ordinary.sum())}")
    components = _learn(X[ordinary], n_components, seed)
    for _ in range(0 if roundness is not None else ROUNDS):
        residual = _explain(X, components)[1]
        kept = max(n_components + 1, round(ORDINARY_SHARE * len(X)))
        ordinary = np.zeros(len(X), dtype=bool)
        ordinary[np.argsort(residual, kind="stable")[:kept]] = True
        components = _learn(X[ordinary], n_components, seed)
    reference = _explain(X if roundness is None else X[ordinary], components)[1]
    return ShapeDictionary(components, N_RINGS, N_SECTORS, np.sort(reference))


def score_shapes(
    silhouettes: NDArray[np.float64], roundness: NDArray[np.float64], dictionary: ShapeDictionary
) -> ShapeScores:
    """Score how unlike the ordinary shapes each silhouette is.

    Parameters
    ----------
    silhouettes : ndarray of float64, shape (n, 256)
    roundness : ndarray of float64, shape (n,)
        Both as `describe_silhouettes` returns them.
    dictionary : ShapeDictionary

    Returns
    -------
    ShapeScores

    Notes
    -----
    The residual is ``||x - w H|| / ||x||`` with the best non-negative w. The parts of w, as shares, say what a
    silhouette is made of.

    Examples
    --------
    >>> X = np.ones((20, 256))
    >>> scores = score_shapes(X, np.ones(20), learn_shapes(X, n_components=1))
    >>> bool(scores.residual.max() < 1e-3)
    True
    """
    X = np.asarray(silhouettes, dtype=np.float64)
    if not len(X):
        empty = np.zeros(0)
        return ShapeScores(empty, empty, np.zeros((0, len(dictionary.components))), empty)
    W, residual = _explain(X, dictionary.components)
    weight = W * np.linalg.norm(dictionary.components, axis=1)
    known = dictionary.reference
    p = (1 + len(known) - np.searchsorted(known, residual, side="left")) / (1 + len(known))
    parts = weight / np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return ShapeScores(residual, p, parts, np.asarray(roundness, dtype=np.float64))


def pool_silhouettes(images: Iterable[NDArray[np.integer]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Describe the silhouettes of many label images together.

    Parameters
    ----------
    images : iterable of ndarray of int, shape (h, w)

    Returns
    -------
    silhouettes : ndarray of float64, shape (n, 256)
    roundness : ndarray of float64, shape (n,)

    Examples
    --------
    >>> pool_silhouettes([np.zeros((8, 8), int)])[0].shape
    (0, 256)
    """
    found = [describe_silhouettes(labels)[1:] for labels in images]
    if not found:
        return np.zeros((0, N_RINGS * N_SECTORS)), np.zeros(0)
    return np.vstack([item[0] for item in found]), np.concatenate([item[1] for item in found])


def _learn(X: NDArray[np.float64], n_components: int, seed: int) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(NMF(n_components=n_components, random_state=seed).fit(X).components_, dtype=np.float64)


def _explain(X: NDArray[np.float64], H: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = non_negative_factorization(X, H=H, n_components=len(H), update_H=False)[0]
    size = np.maximum(np.linalg.norm(X, axis=1), np.finfo(float).tiny)
    return W, np.linalg.norm(X - W @ H, axis=1) / size
