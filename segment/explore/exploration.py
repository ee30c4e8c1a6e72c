"""Try every candidate, and keep those that differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import cv2
import numpy as np

from segment.explore.candidate import Candidate, Exploration
from segment.explore.configurations import is_default, make_grid
from segment.explore.distinct import agreement_matrix, find_distinct
from segment.explore.trial import Trial, share, try_candidate
from segment.explore.uncertainty import uncertainty_map
from segment.model.image import Image, as_micrograph, look_at
from segment.model.training import extract_features
from segment.records import Micrograph

# More grid points than this show nothing more on a sheet.
GRID_POINTS = 250_000
# Points at which maps are compared with each other.
COMPARED = 20_000
NEARLY_THE_SAME = 0.95
ALL = 0.999

OnCandidate = Callable[[int, int], None]


def explore(
    image: Image,
    n_phases: Iterable[int] = (2, 3, 4),
    *,
    random_state: int = 0,
    nearly_the_same: float = NEARLY_THE_SAME,
    on_candidate: OnCandidate | None = None,
) -> Exploration:
    """Segment an image under all `CONFIGURATIONS` and every number of phases, and drop near-duplicates.

    Parameters
    ----------
    image : path, array or Micrograph
    n_phases : iterable of int, default (2, 3, 4)
        Numbers of phases to try.
    random_state : int, default 0
        Seed of every random choice.
    nearly_the_same : float, default 0.95
        Of maps whose adjusted Rand index exceeds this, that of the preset "default" is kept, else the one from the most
        stable fit.
    on_candidate : callable, optional
        Called with the number of candidates that are done and that of all.

    Returns
    -------
    Exploration
        Candidates ordered by their mean agreement with the others: what many configurations find comes first. Maps that
        give 99.9 % of the pixels to one phase are left out.

    Raises
    ------
    ValueError
        If a number of phases is out of its range, or the image has fewer pixels than that.
    segment.io.ImageReadError
        If a file cannot be read.

    Notes
    -----
    Candidates of one configuration share their features. Each is fitted from 3 seeds, to 10 000 pixels each, and mapped
    once, on a grid of some 250 000 points: what `Segmenter.from_parameters` makes of the same image at those points,
    smoothed maps nearly so. The first is the preset "default", which is fitted to all pixels; those of texture are
    refined, like it. Deterministic for any number of threads.

    Examples
    --------
    >>> from segment.samples import make_micrograph
    >>> sample = make_micrograph("dual_phase_steel", shape=(64, 80), band=False)
    >>> found = explore(sample.image, [2])
    >>> found.n_tried, found.candidates[0].number
    (16, 1)
    """
    micrograph = as_micrograph(image)
    trials: list[Trial] = []
    for trial, total in run_trials(micrograph, n_phases, random_state=random_state):
        trials.append(trial)
        if on_candidate is not None:
            on_candidate(len(trials), total)
    return gather(micrograph, trials, nearly_the_same)


def run_trials(
    micrograph: Micrograph, n_phases: Iterable[int] = (2, 3, 4), *, random_state: int = 0
) -> Iterator[tuple[Trial, int]]:
    """Try every candidate of an image, one after the other.

    Parameters
    ----------
    micrograph : Micrograph
    n_phases : iterable of int, default (2, 3, 4)
        Numbers of phases to try.
    random_state : int, default 0
        Seed of every random choice.

    Yields
    ------
    trial : Trial
    total : int
        So many there will be.

    Raises
    ------
    ValueError
        As `explore`.
    """
    grid = make_grid(n_phases, random_state=random_state)
    image, step = look_at(micrograph), _step(micrograph)
    total = sum(len(several) for several in grid.values())
    most = max(parameters.n_phases for several in grid.values() for parameters in several)
    if image.size < most:
        raise ValueError(f"{most} phases need at least as many pixels, {micrograph.name} has {image.size}")
    for several in grid.values():
        shared = share(extract_features(image, several[0]), image, several[0])
        for parameters in several:
            yield try_candidate(shared, parameters, step), total
        # Before the next: features are many times as large as the image.
        del shared


def gather(micrograph: Micrograph, trials: Sequence[Trial], nearly_the_same: float = NEARLY_THE_SAME) -> Exploration:
    """Compare all trials of an image, and keep those that differ.

    Parameters
    ----------
    micrograph : Micrograph
    trials : sequence of Trial
        What `run_trials` made of it.
    nearly_the_same : float, default 0.95
        As in `explore`.

    Returns
    -------
    Exploration
    """
    size, n_tried = trials[0].labels.size, len(trials)
    # One phase for (nearly) all pixels is no segmentation, unless nothing else was found.
    trials = [trial for trial in trials if _largest_share(trial) < ALL] or trials[:1]
    places = np.unique(np.linspace(0, size - 1, min(COMPARED, size)).astype(np.int64))
    agreement = agreement_matrix([trial.labels.ravel()[places] for trial in trials])
    # Whoever knows the default finds it on the sheet, and not a near-duplicate.
    worth = [np.inf if is_default(trial.parameters) else trial.stability for trial in trials]
    groups = find_distinct(agreement, worth, nearly_the_same)
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
        micrograph, tuple(candidates), np.asarray(enlarged, dtype=np.float32), n_tried, _step(micrograph)
    )


def _largest_share(trial: Trial) -> float:
    return float(np.bincount(trial.labels.ravel()).max() / trial.labels.size)


def _step(micrograph: Micrograph) -> int:
    return max(1, round((micrograph.image.size / GRID_POINTS) ** 0.5))
