"""Grain boundaries by example: a forest learns from a few labelled tiles or strokes which steps are boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import skeletonize
from sklearn.ensemble import ExtraTreesClassifier

from segment.grains.boundaries import FoundBoundaries, keep_chains, to_unit
from segment.grains.lines import separability
from segment.grains.steps import thin_ridges
from segment.grains.surroundings import describe_steps

UNPAINTED = 255
# A drawn line is off by so many pixels from the step it stands for.
NEAR_PX = 2
N_TREES, SMALLEST_LEAF = 60, 20
# Most pixels of a tile that are learnt from.
MOST_PIXELS = 20_000
# Threshold of probability times energy where fewer than two tiles are labelled throughout, and those tried otherwise.
USUAL = 0.6
TRIED = np.geomspace(0.25, 2.5, 24)
CHAIN = 0.5


@dataclass(frozen=True)
class BoundaryForest:
    """What labelled tiles say of which steps are boundaries.

    Attributes
    ----------
    trees : sklearn.ensemble.ExtraTreesClassifier
    threshold : float
        Of the probability of a boundary times the energy of its step, in medians of the image.
    n_tiles : int
        Tiles it was learnt from.
    """

    trees: ExtraTreesClassifier
    threshold: float
    n_tiles: int

    def find_boundaries(self, image: NDArray[np.generic]) -> FoundBoundaries:
        """Find the boundaries of another image of the material.

        Parameters
        ----------
        image : ndarray, shape (h, w)
            Grey levels.

        Returns
        -------
        FoundBoundaries
            Lines one pixel wide, of the kind "steps".

        Raises
        ------
        ValueError
            If the array is no grey image.
        """
        grey = _checked(image)
        if not np.ptp(grey) > 0:
            return FoundBoundaries(np.zeros(grey.shape, dtype=bool), "steps", "none", 0.0, self.threshold)
        steps, across, energy = describe_steps(to_unit(image, grey))
        evidence = _evidence(self.trees, steps.reshape(-1, steps.shape[-1]), energy)
        lines = _draw(evidence, across, self.threshold)
        return FoundBoundaries(lines, "steps", "none", separability(evidence), self.threshold)


def learn_boundaries(
    images: Sequence[NDArray[np.generic]], labels: Sequence[NDArray[np.integer]], *, seed: int = 0
) -> BoundaryForest:
    """Learn which steps are grain boundaries from labelled tiles or strokes.

    Parameters
    ----------
    images : sequence of ndarray, shape (h, w)
        Grey levels.
    labels : sequence of ndarray of int, shape (h, w)
        0 in grains, 1 on boundaries, of any width, 255 where nothing is painted.
    seed : int, default 0

    Returns
    -------
    BoundaryForest

    Raises
    ------
    ValueError
        If images and labels do not fit, a label is unknown, or one of the two classes is not painted.

    Notes
    -----
    Extremely randomised trees on the step energy at and around each pixel, along and across the step. With two or more
    tiles labelled throughout, the threshold is the one at which rows and columns cross the lines found on them, by
    trees grown on the other tiles, as often as those painted: the mean intercept is then that of the labels.

    References
    ----------
    P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", doi 10.1007/s10994-006-6226-1.

    Examples
    --------
    >>> image = np.full((64, 64), 0.3)
    >>> image[:, 32:] = 0.6
    >>> image += 0.02 * np.random.default_rng(0).standard_normal(image.shape)
    >>> labels = np.zeros((64, 64), np.uint8)
    >>> labels[:, 31:33] = 1
    >>> lines = learn_boundaries([image], [labels]).find_boundaries(image).boundaries
    >>> bool(lines[:, 29:35].any(axis=1).mean() > 0.9)
    True
    """
    if not images or len(images) != len(labels):
        raise ValueError(f"images and labels need one each, at least one, got {len(images)} and {len(labels)}")
    tiles = [_tile(image, painted, number) for number, (image, painted) in enumerate(zip(images, labels, strict=True))]
    trees = _grow(tiles, seed)
    whole = [number for number, tile in enumerate(tiles) if len(tile.known) == tile.energy.size]
    threshold = USUAL
    if len(whole) > 1:
        # Trees must not have seen a tile that they are judged on: pixels side by side tell of each other.
        seen = [_grow(tiles[part::2], seed) for part in (1, 0)]
        threshold = _as_often_as_painted([(tiles[number], seen[number % 2]) for number in whole])
    return BoundaryForest(trees, threshold, len(images))


@dataclass(frozen=True)
class _Tile:
    steps: NDArray[np.float32]
    across: NDArray[np.float32]
    energy: NDArray[np.float32]
    known: NDArray[np.intp]
    is_near: NDArray[np.bool_]
    crossings: int


def _tile(image: NDArray[np.generic], painted: NDArray[np.integer], number: int) -> _Tile:
    grey, painted = _checked(image), np.asarray(painted)
    if painted.shape != grey.shape:
        raise ValueError(f"labels[{number}] must have the shape of its image, {grey.shape}, got {painted.shape}")
    unknown = np.setdiff1d(painted, (0, 1, UNPAINTED))
    if unknown.size:
        raise ValueError(f"labels[{number}] must hold 0, 1 and 255, got {unknown[0]}")
    steps, across, energy = describe_steps(to_unit(image, grey))
    centre = skeletonize(painted == 1)
    is_near = np.asarray(ndimage.distance_transform_edt(~centre)) <= NEAR_PX if centre.any() else centre
    known = np.flatnonzero(is_near | (painted != UNPAINTED))
    return _Tile(steps.reshape(-1, steps.shape[-1]), across, energy, known, is_near.ravel(), _crossings(centre))


def _grow(tiles: Sequence[_Tile], seed: int) -> ExtraTreesClassifier:
    rng = np.random.default_rng(seed)
    chosen = [np.sort(rng.permutation(tile.known)[:MOST_PIXELS]) for tile in tiles]
    steps = np.concatenate([tile.steps[at] for tile, at in zip(tiles, chosen, strict=True)])
    is_near = np.concatenate([tile.is_near[at] for tile, at in zip(tiles, chosen, strict=True)])
    if is_near.all() or not is_near.any():
        raise ValueError("labels must have both boundaries (1) and grains (0) painted")
    trees = ExtraTreesClassifier(
        N_TREES,
        min_samples_leaf=SMALLEST_LEAF,
        max_features=0.3,
        bootstrap=True,
        max_samples=0.3,
        random_state=seed,
    )
    return trees.fit(steps, is_near)


def _as_often_as_painted(tiles: list[tuple[_Tile, ExtraTreesClassifier]]) -> float:
    evidence = [(_evidence(trees, tile.steps, tile.energy), tile.across) for tile, trees in tiles]
    wanted = sum(tile.crossings for tile, _ in tiles)
    found = [sum(_crossings(skeletonize(_draw(item, across, level))) for item, across in evidence) for level in TRIED]
    return float(TRIED[np.abs(np.array(found) - wanted).argmin()])


def _crossings(centre: NDArray[np.bool_]) -> int:
    """Return how often rows and columns meet lines: those of three pixels, so that a diagonal one has no gaps."""
    lines = np.asarray(ndimage.binary_dilation(centre)).astype(np.int8)
    return int((np.diff(lines, axis=1) == 1).sum() + (np.diff(lines, axis=0) == 1).sum())


def _evidence(
    trees: ExtraTreesClassifier, steps: NDArray[np.float32], energy: NDArray[np.float32]
) -> NDArray[np.float32]:
    return np.asarray(energy * trees.predict_proba(steps)[:, 1].reshape(energy.shape), dtype=np.float32)


def _draw(evidence: NDArray[np.float32], across: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    ridges = thin_ridges(np.asarray(cv2.GaussianBlur(evidence, (0, 0), 0.7), dtype=np.float32), across)
    return keep_chains(apply_hysteresis_threshold(ridges, CHAIN * threshold, threshold))


def _checked(image: NDArray[np.generic]) -> NDArray[np.float32]:
    grey = np.asarray(image, dtype=np.float32)
    if grey.ndim != 2 or not grey.size:
        raise ValueError(f"image must have shape (h, w), got {grey.shape}")
    if not np.isfinite(grey).all():
        raise ValueError("image must be finite, got a level that is not")
    return grey
