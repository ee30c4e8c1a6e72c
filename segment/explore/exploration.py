"""Try every candidate, and keep those that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.explore.candidate import Candidate, Exploration
from segment.explore.distinct import agreement_matrix, find_distinct
from segment.explore.looks import make_grid
from segment.explore.trial import share, try_candidate
from segment.explore.uncertainty import uncertainty_map
from segment.features import extract
from segment.model import Parameters
from segment.model.segmenter import Image, as_micrograph

# More grid points than this show nothing more on a sheet.
GRID_POINTS = 250_000
# Points at which maps are compared with each other.
COMPARED = 20_000
NEARLY_THE_SAME = 0.9

OnCandidate = Callable[[int, int], None]


def explore(
    image: Image,
    n_phases: Iterable[int] = (2, 3, 4),
    *,
    random_state: int = 0,
    nearly_the_same: float = NEARLY_THE_SAME,
    on_candidate: OnCandidate | None = None,
) -> Exploration:
    """Segment an image under every look of `LOOKS` and every number of phases, and drop near-duplicates.

    Parameters
    ----------
    image : path, array or Micrograph
    n_phases : iterable of int, default (2, 3, 4)
        Numbers of phases to try.
    random_state : int, default 0
        Seed of every random choice.
    nearly_the_same : float, default 0.9
        Of maps whose adjusted Rand index exceeds this, the one from the most stable fit is kept.
    on_candidate : callable, optional
        Called with the number of candidates that are done and that of all.

    Returns
    -------
    Exploration
        Candidates ordered by their mean agreement with the others: what many looks find comes first.

    Raises
    ------
    ValueError
        If a number of phases is out of its range, or the image has fewer pixels than that.
    segment.io.ImageReadError
        If a file cannot be read.

    Notes
    -----
    Candidates of one look share their features. Each is fitted to 4000 pixels from 3 seeds and mapped once, on a grid
    of some 250 000 points; a smoothed map binds points of the grid as it binds pixels. Deterministic for any number of
    threads.

    Examples
    --------
    >>> from segment.samples import make_micrograph
    >>> sample = make_micrograph("dual_phase_steel", shape=(48, 64), band=False)
    >>> found = explore(sample.image, [2])
    >>> found.n_tried, found.candidates[0].number
    (16, 1)
    """
    micrograph = as_micrograph(image)
    grid = make_grid(n_phases, random_state=random_state)
    total = sum(len(several) for several in grid.values())
    most = max(parameters.n_phases for several in grid.values() for parameters in several)
    if micrograph.image.size < most:
        raise ValueError(f"{most} phases need at least as many pixels, {micrograph.name} has {micrograph.image.size}")
    step = max(1, round((micrograph.image.size / GRID_POINTS) ** 0.5))
    grey = np.ascontiguousarray(micrograph.image[::step, ::step])
    tried: list[tuple[Parameters, NDArray[np.uint8], float]] = []
    for look, several in grid.items():
        stack = extract(micrograph.image, look.features, scale=look.scale, flatten=look.flatten)
        shared = share(stack.data, step, random_state)
        del stack
        for parameters in several:
            labels, stability = try_candidate(shared, parameters, step)
            tried.append((parameters, _from_dark_to_bright(labels, grey, parameters.n_phases), stability))
            if on_candidate is not None:
                on_candidate(len(tried), total)
    candidates = _choose(tried, nearly_the_same)
    uncertainty = uncertainty_map([candidate.labels for candidate in candidates])
    height, width = micrograph.image.shape
    enlarged = cv2.resize(uncertainty, (width, height), interpolation=cv2.INTER_LINEAR)
    return Exploration(micrograph, candidates, np.asarray(enlarged, dtype=np.float32), len(tried), step)


def _choose(tried: list[tuple[Parameters, NDArray[np.uint8], float]], nearly_the_same: float) -> tuple[Candidate, ...]:
    size = tried[0][1].size
    places = np.unique(np.linspace(0, size - 1, min(COMPARED, size)).astype(np.int64))
    agreement = agreement_matrix([labels.ravel()[places] for _, labels, _ in tried])
    groups = find_distinct(agreement, [stability for _, _, stability in tried], nearly_the_same)
    kept = [group[0] for group in groups]
    among = agreement[np.ix_(kept, kept)]
    mean = (among.sum(axis=1) - 1) / max(len(kept) - 1, 1) if len(kept) > 1 else np.ones(1)
    candidates = []
    for number, place in enumerate(np.argsort(-mean, kind="stable").tolist(), start=1):
        parameters, labels, stability = tried[kept[place]]
        shares = np.bincount(labels.ravel(), minlength=parameters.n_phases) / labels.size
        candidates.append(
            Candidate(
                number,
                parameters,
                labels,
                tuple(shares.tolist()),
                stability,
                float(mean[place]),
                len(groups[place]) - 1,
            )
        )
    return tuple(candidates)


def _from_dark_to_bright(labels: NDArray[np.uint8], grey: NDArray[np.float32], n_phases: int) -> NDArray[np.uint8]:
    counts = np.bincount(labels.ravel(), minlength=n_phases)
    sums = np.bincount(labels.ravel(), weights=grey.ravel(), minlength=n_phases)
    means = np.divide(sums, counts, out=np.full(n_phases, np.inf), where=counts > 0)
    ranks = np.argsort(np.argsort(means, kind="stable"), kind="stable")
    return ranks.astype(np.uint8)[labels]
