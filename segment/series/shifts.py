"""How the specimen drifts: shifts of many pairs of frames, and the one path that fits them best."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

from segment.records import Jump, Series, Shifts
from segment.series.bands import correlate, period_of, spectrum

# Frames apart, counted over good frames. Short lags see changes, long ones stop their errors from adding up.
LAGS = (1, 2, 4, 8, 16)
# Pair shifts are not surer than this, in pixels: below, least squares; above, least absolute deviations.
SURE = 0.05
STEPS = 50
# Burnt-in text is black or white in this fraction of the frames that are looked at, and covers less than that of a
# frame.
BURNT, MOST_BURNT = 0.2, 0.2
PROBED = 12


def find_shifts(
    series: Series,
    bad: Collection[int] = (),
    *,
    jump_px: float = 3.0,
    on_frame: Callable[[int], None] | None = None,
) -> Shifts:
    """Find how the specimen moved, from frames compared 1, 2, 4, 8 and 16 apart.

    The shift of a pair is the peak of the cross-correlation, without phase normalisation, of the two frames between
    1.5 and 12 pixels, to a fraction of a pixel. The path x minimises the sum of ``|x_j - x_i - d_ij|`` over all
    pairs, so that single wrong pairs do not matter.

    Parameters
    ----------
    series : Series
    bad : collection of int
        Frames to pass over; they are bridged.
    jump_px : float, default 3
        Steps longer than this, in pixels, are listed.
    on_frame : callable, optional
        Called with the number of each frame that was compared.

    Returns
    -------
    Shifts

    Raises
    ------
    ValueError
        If fewer than two good frames are left.

    Notes
    -----
    Burnt-in text (pixels that are black or white in a fifth of the frames) is left out, since it does not move. One
    pass; sixteen spectra in memory. The same bits for any number of threads. Drift of more than half the field cannot
    be found between two frames, and is found over several.

    Examples
    --------
    >>> from segment.samples import make_coarsening
    >>> film = make_coarsening(n_frames=6, shape=(128, 128), seed=1)
    >>> from segment.series import open_series
    >>> shifts = find_shifts(open_series(film.frames))
    >>> bool(np.abs(shifts.path - film.drift).max() < 0.5)
    True
    """
    n = len(series)
    good = [index for index in range(n) if index not in set(bad)]
    if len(good) < 2:
        raise ValueError(f"shifts need at least 2 good frames, {len(good)} of {n} are left")
    hidden = find_burnt_in(series, good)
    spectra: deque[NDArray[np.complex64]] = deque(maxlen=max(LAGS))
    pairs: list[tuple[int, int]] = []
    measured: list[NDArray[np.float64]] = []
    period = None
    for number, index in enumerate(good):
        values = spectrum(series.read(index), hidden)
        if number == 0:
            period = period_of(values, series.shape)
        for lag in LAGS:
            if lag <= number:
                pairs.append((number - lag, number))
                measured.append(correlate(spectra[-lag], values, series.shape)[0])
        spectra.append(values)
        if on_frame is not None:
            on_frame(index)
    position, residual = fit_path(np.array(pairs), np.array(measured), len(good))
    path = np.stack([np.interp(np.arange(n), good, column) for column in position.T], axis=1)
    is_good = np.zeros(n, dtype=bool)
    is_good[good] = True
    jumps = _jumps(series, good, position, jump_px)
    return Shifts(path, is_good, jumps, float(np.median(residual)), period)


def fit_path(
    pairs: NDArray[np.intp], measured: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit positions to measured differences by iteratively reweighted least squares.

    Parameters
    ----------
    pairs : ndarray of int, shape (m, 2)
        Which two frames.
    measured : ndarray of float64, shape (m, 2)
        Position of the second less that of the first.
    n : int
        Number of frames.

    Returns
    -------
    position : ndarray of float64, shape (n, 2)
        The first is 0.
    residual : ndarray of float64, shape (m,)
        Distance of each measured difference from the fitted one.
    """
    rows = np.arange(len(pairs))
    design = sparse.csr_array(
        (np.repeat([-1.0, 1.0], len(pairs)), (np.tile(rows, 2), pairs.T.ravel())), shape=(len(pairs), n)
    )[:, 1:]
    weight = np.ones(len(pairs))
    position, residual = np.zeros((n, 2)), np.zeros(len(pairs))
    for _ in range(STEPS):
        weighted = design.multiply(weight[:, None]).tocsr()
        solved = np.asarray(spsolve((weighted.T @ design).tocsc(), weighted.T @ measured)).reshape(n - 1, 2)
        change = np.abs(solved - position[1:]).max(initial=0.0)
        position[1:] = solved
        residual = np.hypot(*(design @ solved - measured).T)
        weight = 1 / np.maximum(residual, SURE)
        if change < 1e-6:
            break
    return position, residual


def find_burnt_in(series: Series, good: Collection[int]) -> NDArray[np.bool_] | None:
    """Return the pixels of text or scale bars in the frames, None where there are none.

    They are black or white in a fifth of the frames looked at, or between such pixels.
    """
    chosen = np.unique(np.linspace(0, len(good) - 1, PROBED).round().astype(int))
    ordered = sorted(good)
    at_end = np.zeros(series.shape)
    for number in chosen.tolist():
        frame = series.read(ordered[number])
        at_end += (frame <= 0) | (frame >= 1)
    hidden = at_end >= BURNT * len(chosen)
    fraction = float(hidden.mean())
    if not 0 < fraction < MOST_BURNT:
        return None
    # Glyphs that change leave gaps; the band-pass reaches two of its finer scale beyond.
    return ndimage.binary_dilation(ndimage.binary_closing(hidden, iterations=5), iterations=3)


def _jumps(series: Series, good: list[int], position: NDArray[np.float64], least: float) -> tuple[Jump, ...]:
    steps = np.diff(position, axis=0)
    return tuple(
        Jump(good[number + 1], series.names[good[number + 1]], float(steps[number, 0]), float(steps[number, 1]))
        for number in np.flatnonzero(np.hypot(*steps.T) > least).tolist()
    )
