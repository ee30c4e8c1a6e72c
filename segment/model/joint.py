"""One description of the phases of a batch, learned from the maps of its images, beside what each says by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.batch import SharedPhases
from segment.features.scale import working_shape
from segment.features.texture import TEXTURE
from segment.mixture.em import fit
from segment.mixture.mixture import Mixture
from segment.mixture.normals import COMMON, SMALLEST, Normals
from segment.mixture.pixels import principal, see
from segment.model.image import shrink
from segment.model.parameters import Parameters
from segment.model.training import valid_rows

# Images that a description is learned from, and pixels of each for every start: every image counts alike.
MOST_IMAGES, PIXELS, STARTS = 32, 2000, 4
# How much of the covariances may be common to all phases.
COVARIANCES = (COMMON, 0.5)


@dataclass(frozen=True)
class Reduced:
    """One image of a batch and its own map, at a shorter side of at most 400 pixels.

    Attributes
    ----------
    grey : ndarray of float32, shape (h, w)
    labels : ndarray of uint8, shape (h, w)
    """

    grey: NDArray[np.float32]
    labels: NDArray[np.uint8]


def reduce(image: NDArray[np.float32], labels: NDArray[np.uint8]) -> Reduced:
    """Return an image and its labels at the size at which textures are taken."""
    size = working_shape(image.shape)[::-1]
    small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    return Reduced(shrink(image), np.asarray(small, dtype=np.uint8))


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def describe_together(
    images: Sequence[tuple[Reduced, Sequence[int]]], shared: SharedPhases, parameters: Parameters
) -> Mixture:
    """Describe the phases of a batch by one normal distribution each, over features on the scale that images share.

    From the maps of the images, under the names of the shared phases, pixels are described and labelled in turn, those
    of all images together: classification by expectation maximisation [1]_, which ends in one of several optima. It is
    started from four samples of the pixels, with four fifths and with half of the covariances common to all phases, and
    the most probable description of all samples counts, by the classification likelihood.

    Parameters
    ----------
    images : sequence of (Reduced, sequence of int)
        Some images, and the shared phase of each phase of their maps.
    shared : SharedPhases
    parameters : Parameters

    Returns
    -------
    Mixture
        Of k distributions; that of a phase which no image shows has no meaning.

    References
    ----------
    .. [1] G. Celeux, G. Govaert, "A classification EM algorithm for clustering and two stochastic versions", doi
       10.1016/0167-9473(92)90042-E.
    """
    rng = np.random.default_rng(parameters.random_state)
    features, levels, labels = [], [], []
    for image, names in images:
        planes, smoothed = _draw(image.grey, shared, parameters)
        allowed = valid_rows(image.grey)
        chosen = rng.choice(allowed, min(STARTS * PIXELS, len(allowed)), replace=False)
        features.append(planes.reshape(len(planes), -1)[:, chosen])
        levels.append(smoothed.ravel()[chosen])
        labels.append(np.asarray(names)[image.labels.ravel()[chosen]])
    X = np.concatenate(features, axis=1).T
    directions = principal(X)
    # A phase without a pixel would be described by all of them.
    shown, start = np.unique(np.concatenate(labels), return_inverse=True)
    views = see(directions, X, np.concatenate(levels))
    turns = np.concatenate([np.arange(len(one)) % STARTS for one in labels])
    found = max(
        (
            fit(views[:, turns == turn], start[turns == turn], len(shown), common=common)
            for common in COVARIANCES
            for turn in range(STARTS)
        ),
        key=lambda one: _likelihood(one, views),
    )
    place = np.searchsorted(shown, np.arange(parameters.n_phases)).clip(max=len(shown) - 1)
    is_shown = np.isin(np.arange(parameters.n_phases), shown)
    return Mixture(
        directions,
        found.means[place],
        found.whiteners[place],
        found.log_volumes[place],
        np.where(is_shown, found.fractions[place], 0.0),
        tuple(range(parameters.n_phases)),
    )


def find_together(
    image: NDArray[np.float32], mixture: Mixture, shared: SharedPhases, parameters: Parameters
) -> NDArray[np.float32]:
    """Return the probability of each shared phase in each pixel of an image, float32, shape (k, h, w)."""
    planes, smoothed = _draw(shrink(image), shared, parameters)
    shares = mixture.shares(planes.reshape(len(planes), -1).T, smoothed.ravel())
    shares[~(shared.is_found & (mixture.fractions > 0))] = 0
    # Probabilities that none of the phases shown has any part in are as good as none.
    shares /= np.maximum(shares.sum(axis=0), np.finfo(np.float32).tiny)
    small = shares.reshape(-1, *smoothed.shape)
    size = image.shape[::-1]
    return np.stack([np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_LINEAR), np.float32) for one in small])


def _likelihood(normals: Normals, views: NDArray[np.float32]) -> float:
    """Return the mean log likelihood of pixels and of the phase that each most probably belongs to."""
    logs = np.log(np.maximum(normals.fractions, SMALLEST)).astype(np.float32)
    return float((normals.scores(views) + logs[:, None]).max(axis=0).mean(dtype=np.float64))


def _draw(
    grey: NDArray[np.float32], shared: SharedPhases, parameters: Parameters
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    levels = TEXTURE.flatten if isinstance(parameters.flatten, str) else parameters.flatten
    return shared.ruler.draw(grey, scale=parameters.scale, flatten=levels)
