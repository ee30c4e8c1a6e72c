"""Try every candidate, and keep those that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.explore.candidate import Candidate, Exploration
from segment.explore.distinct import agreement_matrix, find_distinct
from segment.explore.looks import LOOKS, make_grid
from segment.explore.trial import Trial, share, try_candidate
from segment.explore.uncertainty import uncertainty_map
from segment.features import extract
from segment.model.segmenter import Image, as_micrograph
from segment.records import Micrograph

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
    total = len(LOOKS) * len(set(n_phases := tuple(n_phases)))
    trials: list[Trial] = []
    for trial in run_trials(micrograph, n_phases, random_state=random_state):
        trials.append(trial)
        if on_candidate is not None:
            on_candidate(len(trials), total)
    return gather(micrograph, trials, nearly_the_same)


def run_trials(micrograph: Micrograph, n_phases: Iterable[int], *, random_state: int = 0) -> Iterator[Trial]:
    """Try every candidate, one after the other; parameters and errors as those of `explore`."""
    grid = make_grid(n_phases, random_state=random_state)
    image = micrograph.image
    most = max(parameters.n_phases for several in grid.values() for parameters in several)
    if image.size < most:
        raise ValueError(f"{most} phases need at least as many pixels, {micrograph.name} has {image.size}")
    step = _step(micrograph)
    grey = np.ascontiguousarray(image[::step, ::step])
    for look, several in grid.items():
        stack = extract(image, look.features, scale=look.scale, flatten=look.flatten)
        shared = share(stack.data, step, random_state)
        del stack
        for parameters in several:
            trial = try_candidate(shared, parameters, step)
            yield replace(trial, labels=_from_dark_to_bright(trial.labels, grey, parameters.n_phases))


def gather(micrograph: Micrograph, trials: Sequence[Trial], nearly_the_same: float = NEARLY_THE_SAME) -> Exploration:
    """Compare all trials of an image, and keep those that differ; parameters as those of `explore`."""
    size = trials[0].labels.size
    places = np.unique(np.linspace(0, size - 1, min(COMPARED, size)).astype(np.int64))
    agreement = agreement_matrix([trial.labels.ravel()[places] for trial in trials])
    groups = find_distinct(agreement, [trial.stability for trial in trials], nearly_the_same)
    kept = [group[0] for group in groups]
    mean = np.ones(1)
    if len(kept) > 1:
        mean = (agreement[np.ix_(kept, kept)].sum(axis=1) - 1) / (len(kept) - 1)
    candidates = []
    for number, place in enumerate(np.argsort(-mean, kind="stable").tolist(), start=1):
        trial = trials[kept[place]]
        counts = np.bincount(trial.labels.ravel(), minlength=trial.parameters.n_phases)
        candidates.append(
            Candidate(
                number=number,
                parameters=trial.parameters,
                labels=trial.labels,
                fractions=tuple((counts / size).tolist()),
                stability=trial.stability,
                agreement=float(mean[place]),
                twins=len(groups[place]) - 1,
            )
        )
    height, width = micrograph.image.shape
    uncertainty = uncertainty_map([candidate.labels for candidate in candidates])
    enlarged = cv2.resize(uncertainty, (width, height), interpolation=cv2.INTER_LINEAR)
    return Exploration(
        micrograph, tuple(candidates), np.asarray(enlarged, dtype=np.float32), len(trials), _step(micrograph)
    )


def _step(micrograph: Micrograph) -> int:
    return max(1, round((micrograph.image.size / GRID_POINTS) ** 0.5))


def _from_dark_to_bright(labels: NDArray[np.uint8], grey: NDArray[np.float32], n_phases: int) -> NDArray[np.uint8]:
    counts = np.bincount(labels.ravel(), minlength=n_phases)
    sums = np.bincount(labels.ravel(), weights=grey.ravel(), minlength=n_phases)
    means = np.divide(sums, counts, out=np.full(n_phases, np.inf), where=counts > 0)
    ranks = np.argsort(np.argsort(means, kind="stable"), kind="stable")
    return ranks.astype(np.uint8)[labels]
