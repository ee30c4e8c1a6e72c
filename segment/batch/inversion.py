"""Whether an image is unlike the others of a batch, or looks like them with dark and bright exchanged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segment.batch.profile import BANDS, N_BINS, REACH, UNIT, Profile

N_QUANTILES, MOST_REFERENCES = 24, 24
# Among fewer images none is outlying.
FEWEST = 5
# Exchanging dark and bright must leave less than this of the distance; images that lack a phase come down to 0.46.
MIRRORED = 0.4
# An image is unlike the others where its distance, under the gain and offset that suit it best, is so many times
# what is usual, and so many bins; two groups are where the distance between them is. Images that lack a phase, which
# change their gain and offset, stay below both.
UNLIKE, APART, LEAST = 2.2, 2.0, 20.0
GAINS, OFFSETS = np.geomspace(0.4, 2.5, 11), np.linspace(-1.5, 1.5, 13)


def find_references(profiles: Sequence[Profile]) -> NDArray[np.float64] | None:
    """Return what the images of a batch look like as a whole; None of fewer than five.

    Parameters
    ----------
    profiles : sequence of Profile
        Those that show no phase are left out.

    Returns
    -------
    ndarray of float64, shape (r, 4, 24), or None
        Of at most 24 images, spread evenly, quantiles of the levels over `segment.batch.profile.centres`: smoothed grey
        level, grey level, Laplacian and gradient.
    """
    shown = [one for one in profiles if one.is_found.any()]
    if len(shown) < FEWEST:
        return None
    chosen = np.unique(np.linspace(0, len(shown) - 1, min(len(shown), MOST_REFERENCES)).round().astype(int))
    return np.stack([_quantiles(shown[index]) for index in chosen])


def is_inverted(profile: Profile, references: NDArray[np.float64] | None) -> bool:
    """Return whether an image is far nearer the others of a batch with dark and bright exchanged.

    The distance of two images is the Wasserstein distance of their standardised levels, the mean difference of their
    quantiles; that of an image from the batch is the median over the others, so that an outlying one counts for
    nothing.

    Parameters
    ----------
    profile : Profile
        Of a further image, or of one of the references, which is compared with the others.
    references : ndarray of float64, shape (r, 4, 24), or None
        See `find_references`.

    Returns
    -------
    bool
        False where there are no references, or the image shows no phase.
    """
    if references is None or not profile.is_found.any():
        return False
    levels = _quantiles(profile)
    exchanged = levels.copy()
    # The gradient stays as it is.
    exchanged[:-1] = (N_BINS - 1 - levels[:-1])[:, ::-1]
    return _distance(exchanged, references) < MIRRORED * _distance(levels, references)


def is_unlike(profile: Profile, references: NDArray[np.float64] | None) -> bool:
    """Return whether an image is much farther from the images of a batch than these are from each other.

    Parameters
    ----------
    profile : Profile
        Of a further image, or of one of the references.
    references : ndarray of float64, shape (r, 4, 24), or None
        See `find_references`.

    Returns
    -------
    bool
        False where there are no references, or the image shows no phase.

    Notes
    -----
    Distances are those of `is_inverted`, under the gain, 0.4 to 2.5, and the offset, up to 1.5 deviations, of the grey
    level that make it smallest. The image is unlike the batch where its own exceeds 2.2 times the median over the
    references, each as it is, and 20 of 448 bins.
    """
    if references is None or not profile.is_found.any():
        return False
    usual = float(np.median([_distance(levels, references) for levels in references]))
    aligned = _aligned_distances(_quantiles(profile), references)
    return float(np.median(aligned[aligned > 0])) > max(UNLIKE * usual, LEAST) if np.any(aligned > 0) else False


def find_group(profiles: Sequence[Profile], references: NDArray[np.float64] | None) -> tuple[int, ...]:
    """Return the images of the smaller of two groups that look unlike each other; none where there are no such groups.

    Parameters
    ----------
    profiles : sequence of Profile
    references : ndarray of float64, shape (r, 4, 24), or None
        See `find_references`.

    Returns
    -------
    tuple of int

    Notes
    -----
    The references are joined by average linkage of the distances of `is_unlike`. Of the last two groups each has two
    images, and the median distance between them exceeds twice the larger median within them, and 20 of 448 bins.
    """
    if references is None:
        return ()
    # Slow to load, and no part of the start of what only shows results.
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = np.stack([_aligned_distances(levels, references) for levels in references])
    apart = np.minimum(apart, apart.T)
    np.fill_diagonal(apart, 0.0)
    is_first = fcluster(linkage(squareform(apart, checks=False), "average"), 2, "maxclust") == 1
    groups = [np.flatnonzero(is_first), np.flatnonzero(~is_first)]
    if min(map(len, groups)) < 2:
        return ()
    within = max(float(np.median(apart[np.ix_(one, one)][np.triu_indices(len(one), 1)])) for one in groups)
    if float(np.median(apart[np.ix_(*groups)])) <= max(APART * within, LEAST):
        return ()
    members: list[list[int]] = [[], []]
    for index, profile in enumerate(profiles):
        if profile.is_found.any():
            levels = _quantiles(profile)
            apart_from = _aligned_distances(levels, references)
            near = [float(np.median(apart_from[one])) for one in groups]
            members[int(near[1] < near[0])].append(index)
    return tuple(min(members, key=len))


def checked_references(record: list | None) -> NDArray[np.float64] | None:
    """Return references that were written as lists; ValueError or TypeError if they are none."""
    if record is None:
        return None
    references = np.array(record, dtype=np.float64)
    if references.shape[1:] != (len(BANDS), N_QUANTILES) or not np.isfinite(references).all():
        raise ValueError(f"the references of a batch have the shape {references.shape}")
    return references


def _quantiles(profile: Profile) -> NDArray[np.float64]:
    quantiles = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES
    levels = np.einsum("k,bkn->bn", profile.areas, profile.levels).cumsum(axis=1)
    # A hundredth of a bin is enough, and short in a file.
    return np.stack([np.interp(quantiles * row[-1], row, np.arange(N_BINS)) for row in levels]).round(2)


def _distance(levels: NDArray[np.float64], references: NDArray[np.float64]) -> float:
    distances = np.abs(references - levels).mean(axis=(1, 2))
    # The image itself may be among them.
    others = distances[distances > 0]
    return float(np.median(others)) if others.size else 0.0


def _aligned_distances(levels: NDArray[np.float64], references: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of an image to each reference under the gain and offset that make it smallest, shape (r,)."""
    z = UNIT * np.sinh(levels * (2 * REACH) / (N_BINS - 1) - REACH)
    # The grey level, smoothed and not, has an offset; Laplacian and gradient have none.
    shifts = np.array([1.0, 1.0, 0.0, 0.0])[:, None] * OFFSETS[:, None, None]
    moved = (GAINS[:, None, None, None] * z + shifts).reshape(-1, *levels.shape)
    bins = np.clip((np.arcsinh(moved / UNIT) + REACH) * ((N_BINS - 1) / (2 * REACH)), 0, N_BINS - 1)
    return np.stack([np.abs(bins - one).mean(axis=(1, 2)).min() for one in references])
