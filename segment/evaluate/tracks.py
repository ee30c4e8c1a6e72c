"""Links and events of tracks found beside true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class PairScores:
    """How many of the found and the true pairs are the same.

    Attributes
    ----------
    n_found, n_true, n_matched : int
    """

    n_found: int
    n_true: int
    n_matched: int

    @property
    def precision(self) -> float:
        """Matched over found, 1 where nothing was found."""
        return self.n_matched / self.n_found if self.n_found else 1.0

    @property
    def recall(self) -> float:
        """Matched over true, 1 where nothing is true."""
        return self.n_matched / self.n_true if self.n_true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 1 where there is nothing at all."""
        total = self.n_found + self.n_true
        return 2 * self.n_matched / total if total else 1.0


def match_places(found: NDArray[np.float64], truth: NDArray[np.float64], reach: float) -> list[tuple[int, int]]:
    """Match points one to one, as many as possible, then as near as possible.

    Parameters
    ----------
    found, truth : ndarray of float64, shape (n, d) and (m, d)
        Places.
    reach : float
        Farthest that a pair may be apart.

    Returns
    -------
    list of (int, int)
        Numbers of the found and of the true point of each pair, in order.

    Examples
    --------
    >>> match_places(np.array([[0.0, 0.0], [5.0, 5.0]]), np.array([[5.0, 4.0], [50.0, 0.0]]), 2.0)
    [(1, 0)]
    """
    if not len(found) or not len(truth):
        return []
    near = cKDTree(found).sparse_distance_matrix(cKDTree(truth), reach, output_type="coo_matrix")
    # One match more is worth any distance.
    gain = np.zeros((len(found), len(truth)))
    gain[near.row, near.col] = 2 * reach * (min(gain.shape) + 1) - near.data
    # Slow to load, and no part of a start.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]


def score_links(
    frame: NDArray[np.int64],
    place: NDArray[np.float64],
    track: NDArray[np.int64],
    true_frame: NDArray[np.int64],
    true_place: NDArray[np.float64],
    true_id: NDArray[np.int64],
    *,
    counts: NDArray[np.bool_] | None = None,
    reach: float = 3.0,
) -> PairScores:
    """Compare links from frame to frame with the true ones.

    Objects of each frame are matched by place. A found link between two successive objects of a track is right if both
    are matched, to objects of one true id in successive frames.

    Parameters
    ----------
    frame, track : ndarray of int64, shape (n,)
        Of the found objects.
    place : ndarray of float64, shape (n, 2)
        y and x in pixels.
    true_frame, true_id : ndarray of int64, shape (m,)
    true_place : ndarray of float64, shape (m, 2)
    counts : ndarray of bool, shape (m,), optional
        True objects whose links count; found links from or to objects that are matched to others, or to none within
        reach of one that does not count, are passed over. None: all.
    reach : float, default 3
        Farthest that a found object may be from the true one, in pixels.

    Returns
    -------
    PairScores

    Examples
    --------
    >>> frame, place = np.array([0, 1]), np.array([[3.0, 3.0], [3.0, 4.0]])
    >>> score_links(frame, place, np.array([7, 7]), frame, place, np.array([1, 1])).f1
    1.0
    """
    matters = np.ones(len(true_frame), dtype=bool) if counts is None else counts
    partner = np.full(len(frame), -1)
    ignored = np.zeros(len(frame), dtype=bool)
    for index in np.unique(true_frame).tolist():
        rows, true_rows = np.flatnonzero(frame == index), np.flatnonzero(true_frame == index)
        for one, other in match_places(place[rows], true_place[true_rows], reach):
            partner[rows[one]] = true_rows[other]
        hidden = true_rows[~matters[true_rows]]
        alone = rows[partner[rows] < 0]
        if len(hidden) and len(alone):
            ignored[alone] = cKDTree(true_place[hidden]).query(place[alone])[0] <= reach
    ignored |= (partner >= 0) & ~matters[partner]
    true_links = _links(true_frame, true_id)
    true_links = {(one, other) for one, other in true_links if matters[one] and matters[other]}
    found = [(one, other) for one, other in _links(frame, track) if not (ignored[one] or ignored[other])]
    right = sum((int(partner[one]), int(partner[other])) in true_links for one, other in found)
    return PairScores(len(found), len(true_links), right)


def score_events(
    frame: NDArray[np.int64],
    place: NDArray[np.float64],
    true_frame: NDArray[np.int64],
    true_place: NDArray[np.float64],
    *,
    frames: int = 2,
    reach: float = 6.0,
) -> PairScores:
    """Compare events of one kind with the true ones, matched one to one by place within some frames.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
        Frame of each found event.
    place : ndarray of float64, shape (n, 2)
        y and x in pixels.
    true_frame : ndarray of int64, shape (m,)
    true_place : ndarray of float64, shape (m, 2)
    frames : int, default 2
        How many frames early or late an event may be found.
    reach : float, default 6
        Farthest that it may be from its true place, in pixels.

    Returns
    -------
    PairScores

    Examples
    --------
    >>> there = np.array([[5.0, 5.0]])
    >>> score_events(np.array([10]), there, np.array([12]), there).f1, score_events(
    ...     np.array([10]), there, np.array([13]), there).f1
    (1.0, 0.0)
    """
    if not len(frame) or not len(true_frame):
        return PairScores(len(frame), len(true_frame), 0)
    late = np.abs(frame[:, None] - true_frame[None])
    apart = np.hypot(*(place[:, None] - true_place[None]).transpose(2, 0, 1))
    gain = np.where((late <= frames) & (apart <= reach), 1e3 - apart - late, 0.0)
    # Slow to load, and no part of a start.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(gain, maximize=True)
    return PairScores(len(frame), len(true_frame), int(np.count_nonzero(gain[rows, columns] > 0)))


def _links(frame: NDArray[np.int64], track: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the pairs of rows of one track in successive frames."""
    order = np.lexsort((frame, track))
    one, other = order[:-1], order[1:]
    follows = (track[one] == track[other]) & (frame[other] == frame[one] + 1)
    return list(zip(one[follows].tolist(), other[follows].tolist(), strict=True))
