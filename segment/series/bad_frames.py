"""Frames that must not be used: blank, duplicate, saturated, blurred, of another size, or unreadable."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.records import BadFrame, Series
from segment.series.bands import band_pass, correlate, spectrum

# A frame is blank if it correlates with every neighbour by less than this fraction of what neighbours usually do.
RELATED = 0.4
# Robust standard deviations, and factor, by which a frame must be less sharp than usual.
DEVIATIONS, FACTOR = 6.0, 1.5
# Fraction of pixels at either end of the range, beyond what is usual, that counts as saturated.
SATURATED = 0.05


def find_bad_frames(series: Series, on_frame: Callable[[int], None] | None = None) -> tuple[BadFrame, ...]:
    """Look at every frame once, and name those that do not belong.

    A frame is

    - *unreadable* or of another *size*: the message says what was found;
    - *duplicate*: each of its pixels equals the frame before;
    - *saturated*: the fraction of its pixels at either end of the range exceeds the median of all frames by 5 points;
    - *blank*: it correlates with each of the two frames before and after it, at the best shift, by less than 0.4
      times the median of all frames;
    - *blurred*: its grey levels below 1.5 pixels, relative to those between 1.5 and 12, are weaker than the median by a
      factor of 1.5 and by six robust standard deviations.

    Brightness and contrast alone never condemn a frame: a beam may flicker.

    Parameters
    ----------
    series : Series
    on_frame : callable, optional
        Called with the number of each frame that was looked at.

    Returns
    -------
    tuple of BadFrame
        In order of time, each with its first fault in the order above.

    Notes
    -----
    One pass; three frames in memory.
    """
    n = len(series)
    found: dict[int, BadFrame] = {}
    best = np.full(n, np.nan)
    ends, sharpness = np.full(n, np.nan), np.full(n, np.nan)
    recent: deque[tuple[int, NDArray[np.float32], NDArray[np.complex64]]] = deque(maxlen=2)
    for index in range(n):
        try:
            frame = series.read(index)
        except (ValueError, OSError) as error:
            found[index] = BadFrame(index, series.names[index], "unreadable", " ".join(str(error).split()))
            continue
        if on_frame is not None:
            on_frame(index)
        if frame.shape != series.shape:
            reason = f"{frame.shape[1]} x {frame.shape[0]} pixels, the others {series.shape[1]} x {series.shape[0]}"
            found[index] = BadFrame(index, series.names[index], "size", reason)
            continue
        ends[index] = float(np.mean((frame <= 0) | (frame >= 1)))
        sharpness[index] = _sharpness(frame)
        values = spectrum(frame)
        if recent and np.array_equal(frame, recent[-1][1]):
            reason = f"every pixel equals {series.names[recent[-1][0]]}"
            found[index] = BadFrame(index, series.names[index], "duplicate", reason)
            continue
        for other, _, before in recent:
            best[[index, other]] = np.fmax(best[[index, other]], correlate(before, values, series.shape)[1])
        recent.append((index, frame, values))
    for index, fault, reason in (*_saturated(ends), *_blank(best), *_blurred(sharpness)):
        found.setdefault(index, BadFrame(index, series.names[index], fault, reason))
    return tuple(found[index] for index in sorted(found))


def _sharpness(frame: NDArray[np.float32]) -> float:
    between = band_pass(frame)
    spread = float(between.std())
    below = frame - cv2.GaussianBlur(np.ascontiguousarray(frame), (0, 0), 1.5, borderType=cv2.BORDER_REPLICATE)
    return float(below.std()) / spread if spread > 0 else np.nan


def _blank(best: NDArray[np.float64]) -> list[tuple[int, str, str]]:
    usual = np.nanmedian(best) if np.isfinite(best).any() else np.nan
    return [
        (index, "blank", f"correlates with its neighbours by {best[index]:.3f}; {usual:.3f} is usual")
        for index in np.flatnonzero(best < RELATED * usual).tolist()
    ]


def _saturated(ends: NDArray[np.float64]) -> list[tuple[int, str, str]]:
    usual = np.nanmedian(ends) if np.isfinite(ends).any() else np.nan
    return [
        (
            index,
            "saturated",
            f"{100 * ends[index]:.1f} % of the pixels are black or white; {100 * usual:.1f} % is usual",
        )
        for index in np.flatnonzero(ends > usual + SATURATED).tolist()
    ]


def _blurred(sharpness: NDArray[np.float64]) -> list[tuple[int, str, str]]:
    logs = np.log(np.where(sharpness > 0, sharpness, np.nan))
    if not np.isfinite(logs).any():
        return []
    usual = np.nanmedian(logs)
    spread = 1.4826 * np.nanmedian(np.abs(logs - usual))
    limit = usual - max(DEVIATIONS * spread, np.log(FACTOR))
    return [
        (index, "blurred", f"{np.exp(usual - logs[index]):.1f} times less sharp than is usual")
        for index in np.flatnonzero(logs < limit).tolist()
    ]
