"""How the mean size grows, and by what: coalescence or ripening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.records import Table

Z95 = 1.959963984540054
# Objects that a mean must rest on, and frames that a law must.
FEWEST, FEWEST_FRAMES = 20, 5
# Skewness of the size distribution of Lifshitz, Slyozov and Wagner, of r / <r>.
LSW_SKEWNESS = -0.920
# Volume that must have changed hands, in objects of mean volume, for a verdict on what moved it.
ENOUGH = 5.0


@dataclass(frozen=True)
class CoarseningLaw:
    """The straight line <r>^3 = r_0^3 + K t, and how far to trust it.

    Attributes
    ----------
    rate : float or None
        K, cubed length over time; None where there are too few objects or frames.
    ci95 : float or None
        Half width of its 95 % interval, from the scatter of the frames and their correlation.
    intercept : float or None
        r_0^3.
    n_least : int
        Objects in the frame that has fewest.
    skewness : float or None
        Of r / <r> over all frames; -0.92 in the theory of Lifshitz, Slyozov and Wagner.
    verdict : str
        "grows", "shrinks", "no change", or "undecided" with the reason.
    """

    rate: float | None
    ci95: float | None
    intercept: float | None
    n_least: int
    skewness: float | None
    verdict: str


def coarsening_law(times: ArrayLike, radii: list[NDArray[np.float64]]) -> CoarseningLaw:
    """Fit <r>^3 against time.

    Parameters
    ----------
    times : array-like of float, shape (n,)
        Of the frames.
    radii : list of ndarray of float64
        Radii of the objects of each frame.

    Returns
    -------
    CoarseningLaw
        The slope by least squares weighted by the number of objects; its error counts the frames as
        n (1 - a) / (1 + a) with the correlation a of residuals of successive frames, since a film sees the same objects
        again and again.

    Raises
    ------
    ValueError
        If there are not as many frames as times.

    References
    ----------
    I. M. Lifshitz and V. V. Slyozov, doi 10.1016/0022-3697(61)90054-3; C. Wagner, doi 10.1002/bbpc.19610650704.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> radii = [(8 + 0.5 * t) ** (1 / 3) * (1 + 0.1 * rng.normal(size=500)) for t in range(40)]
    >>> law = coarsening_law(np.arange(40), radii)
    >>> law.verdict, bool(abs(law.rate - 0.5) < 3 * law.ci95)
    ('grows', True)
    """
    t = np.asarray(times, dtype=np.float64)
    if len(t) != len(radii):
        raise ValueError(f"radii must be as many as times, {len(t)}, got {len(radii)}")
    counts = np.array([len(frame) for frame in radii])
    least = int(counts.min(initial=0)) if len(counts) else 0
    use = counts >= FEWEST
    if use.sum() < FEWEST_FRAMES:
        reason = f"undecided: {int(use.sum())} frames have {FEWEST} objects or more, {FEWEST_FRAMES} are needed"
        return CoarseningLaw(None, None, None, least, None, reason)
    mean = np.array([frame.mean() if len(frame) else np.nan for frame in radii])
    x, y, w = t[use], mean[use] ** 3, counts[use].astype(np.float64)
    w = w / w.sum()
    slope = float(w @ ((x - w @ x) * (y - w @ y)) / (w @ (x - w @ x) ** 2))
    intercept = float(w @ y - slope * (w @ x))
    rest = y - intercept - slope * x
    alike = float(np.clip(np.corrcoef(rest[:-1], rest[1:])[0, 1], 0, 0.99)) if rest.std() > 0 else 0.0
    effective = max(len(x) * (1 - alike) / (1 + alike), 3.0)
    deviation = np.sqrt(float(w @ rest**2) / float(w @ (x - w @ x) ** 2) / (effective - 2 + 1e-12))
    reach = Z95 * deviation
    relative = np.concatenate([frame / frame.mean() for frame, chosen in zip(radii, use, strict=True) if chosen])
    skewness = float(np.mean(((relative - relative.mean()) / max(relative.std(), 1e-12)) ** 3))
    verdict = "no change" if abs(slope) <= reach else "grows" if slope > 0 else "shrinks"
    return CoarseningLaw(slope, reach, intercept, least, skewness, verdict)


@dataclass(frozen=True)
class VolumeMoved:
    """What moved volume from small objects to large ones.

    Attributes
    ----------
    coalesced, ripened : float
        Volume of the smaller partner of each merge; volume lost by tracks that shrink. As spheres, cubed pixels.
    share : float or None
        Coalesced over both; None where neither was seen.
    ci95 : tuple of float, or None
        95 % interval of the fraction, by resampling the tracks and events.
    verdict : str
        "coalescence", "ripening", "both", or "undecided" with the reason.
    """

    coalesced: float
    ripened: float
    share: float | None
    ci95: tuple[float, float] | None
    verdict: str


def volume_moved(tracks: Table, events: Table, *, seed: int = 0) -> VolumeMoved:
    """Weigh the volume that merges moved against that which shrinking objects lost.

    The volume of a track is smoothed by a straight line in r^2, so that the roughness of single outlines does not count
    as loss; what it lost is the fall of that line from its beginning to its end, and for a death all that was left.

    Parameters
    ----------
    tracks : Table
        ``frame``, ``track``, ``diameter_px``.
    events : Table
        As `find_events` returns it.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    VolumeMoved

    Examples
    --------
    >>> tracks = Table({"frame": np.arange(30), "track": np.zeros(30, int), "diameter_px": np.full(30, 8.0)})
    >>> none = Table({name: np.array([]) for name in ("event", "tracks_before", "volume_px3")})
    >>> volume_moved(tracks, none).verdict
    'undecided: the volume that moved is less than that of five mean objects'
    """
    is_merge = np.array([kind == "merge" for kind in events["event"]], dtype=bool)
    merged = np.asarray(events["volume_px3"], dtype=np.float64)[is_merge]
    died = {int(text) for kind, text in zip(events["event"], events["tracks_before"], strict=True) if kind == "death"}
    lost = _losses(tracks, died)
    coalesced, ripened = float(merged.sum()), float(lost.sum())
    total = coalesced + ripened
    mean = float(np.mean(np.pi / 6 * np.asarray(tracks["diameter_px"]) ** 3)) if len(tracks) else 0.0
    if total <= ENOUGH * mean:
        share = coalesced / total if total > 0 else None
        reason = "undecided: the volume that moved is less than that of five mean objects"
        return VolumeMoved(coalesced, ripened, share, None, reason)
    rng = np.random.default_rng(seed)
    drawn = np.array([[_resampled(rng, merged), _resampled(rng, lost)] for _ in range(500)])
    shares = drawn[:, 0] / np.maximum(drawn.sum(axis=1), 1e-12)
    low, high = np.quantile(shares, (0.025, 0.975)).tolist()
    verdict = "coalescence" if low > 0.5 else "ripening" if high < 0.5 else "undecided: the interval contains one half"
    return VolumeMoved(coalesced, ripened, coalesced / total, (low, high), verdict)


def _losses(tracks: Table, died: set[int]) -> NDArray[np.float64]:
    frame, track, diameter = (np.asarray(tracks[name]) for name in ("frame", "track", "diameter_px"))
    order = np.lexsort((frame, track))
    starts = np.flatnonzero(np.append(True, np.diff(track[order]) != 0)) if len(order) else np.array([], dtype=int)
    losses = []
    for rows in np.split(order, starts[1:]) if len(order) else []:
        if len(rows) < FEWEST_FRAMES:
            continue
        square = (diameter[rows] / 2) ** 2
        slope, level = np.polyfit(frame[rows] - frame[rows[0]], square, 1)
        span = float(frame[rows[-1]] - frame[rows[0]])
        first, last = max(level, 0.0), 0.0 if int(track[rows[0]]) in died else max(level + slope * span, 0.0)
        if last < first and (slope < 0 or int(track[rows[0]]) in died):
            losses.append(4 / 3 * np.pi * (first**1.5 - last**1.5))
    return np.array(losses)


def _resampled(rng: np.random.Generator, values: NDArray[Any]) -> float:
    return float(values[rng.integers(0, len(values), len(values))].sum()) if len(values) else 0.0
