"""Find the information band at the foot of a micrograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.io.image_file import ImageFile
from segment.io.lettering import is_lettered
from segment.io.vendors import read_band_top
from segment.records import Band

MAX_SHARE, MAX_RECORDED = 0.25, 1 / 3
MIN_ROWS = 10
# Grey levels that count as one, as a fraction of the picture's range: 12 of 255 covers JPEG's ringing.
SAME_LEVEL = 12 / 255
# Rows of a frame, a separator or dense lettering between rows of the band's background.
FRAME_ROWS = 4
# Of neighbouring pixels in a row of a band, and in one of the micrograph, so many hardly differ.
QUIET, BUSY = 0.6, 0.5
# Steps between neighbours in the lowest rows of a band are below what this fraction of them is.
CALM = 0.8
SAMPLED_ROWS = 256
EXACT = 1e-6
# Where other images have their bands: rows about it, levels that are distinguished, and how unlike the picture it must
# be.
NEAR, LEVELS, UNLIKE = 2, 256, 0.6


def find_band(image: NDArray[np.float32], file: ImageFile | None = None) -> Band:
    """Say where the information band begins: what the metadata say, else what the pixels show.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1], the band included.
    file : ImageFile or None, default None
        Where the image came from.

    Returns
    -------
    Band
        Without a top where there is no band.

    Notes
    -----
    A band in the pixels is a run of rows at the foot, at least 10 rows and at most a quarter of the height, that begins
    with a straight edge over the full width. All is relative to the range of the picture and to its noise, so that
    neither brightness nor contrast nor the number of bits matters. Two kinds are known:

    - Rows in which neighbouring pixels hardly differ, while those of the micrograph do. They may have several levels,
      lines or a gradient. They must hold lettering or bars (see `segment.io.lettering`), or be of one level that is
      darker or brighter than all of the micrograph: an even phase at the foot of a cross-section is neither.
    - Rows of one level, to 12/255 of the range, under lettering, where there is no such difference in noise.

    Frame lines around it belong to it; up to 1 % of the height may follow below it. O(h w) on the lowest rows.

    Examples
    --------
    >>> image = np.random.default_rng(0).random((100, 80), np.float32)
    >>> find_band(image)
    Band(top=None, source='none')
    >>> image[80:] = 0
    >>> find_band(image)
    Band(top=80, source='detected')
    """
    height = image.shape[0]
    recorded = read_band_top(file) if file is not None else None
    # A tag that would take away more than any band is another picture's.
    if recorded is not None and recorded >= (1 - MAX_RECORDED) * height:
        return Band(recorded, "metadata", "by the metadata") if recorded < height else Band()
    found = detect(image)
    return Band() if found is None else Band(found[0], "detected", found[1])


def find_expected(image: NDArray[np.float32], row: int) -> int | None:
    """Return the first row of a band that is expected at a row, to two rows, where the picture allows it.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1], the band included.
    row : int
        Where the bands of other images of this size begin.

    Returns
    -------
    int or None
        None where the rows below look like the picture.

    Notes
    -----
    They are unlike it where the grey levels below have less than 0.4 in common with those above, at the edge over ten
    rows, and over the whole band with as many rows above; and where they are lettered, or neighbouring pixels differ by
    half as much at most. Unlike in `find_band` the edge need not be found, nor need the band be even.

    Examples
    --------
    >>> image = np.random.default_rng(0).random((200, 150)).astype(np.float32)
    >>> find_expected(image, 160) is None
    True
    >>> image[161:] *= 0.05
    >>> find_expected(image, 160)
    161
    """
    height, width = image.shape
    low, high = float(image.min()), float(image.max())
    if not NEAR + MIN_ROWS < row <= height - MIN_ROWS - NEAR or width < 8 or not high > low:
        return None
    scaled = (image - np.float32(low)) / np.float32(high - low)
    levels = np.minimum(scaled * LEVELS, LEVELS - 1).astype(np.intp)
    around = range(max(1, row - 3 * NEAR), min(height, row + 3 * NEAR + 1))
    unlike, _, top = max((_unlike(levels, top, MIN_ROWS), -abs(top - row), top) for top in around)
    if abs(top - row) > NEAR or min(unlike, _unlike(levels, top, height - top)) < UNLIKE:
        return None
    above, below = scaled[max(0, 2 * top - height) : top], scaled[top:]
    steps = [float(np.median(np.abs(np.diff(rows, axis=1)))) for rows in (above, below)]
    return top if is_lettered(below) or 2 * steps[1] <= steps[0] else None


def _unlike(levels: NDArray[np.intp], top: int, rows: int) -> float:
    """Return the fraction of grey levels that so many rows below and above a row do not have in common."""
    counts = [
        np.bincount(part.ravel(), minlength=LEVELS) / part.size
        for part in (levels[max(0, top - rows) : top], levels[top : top + rows])
    ]
    return float(np.abs(counts[0] - counts[1]).sum()) / 2


def detect(image: NDArray[np.float32]) -> tuple[int, str] | None:
    """Return the first row of the band that the pixels show, and what shows it; None without one."""
    height, width = image.shape
    low, high = float(image.min()), float(image.max())
    start = height - int(MAX_SHARE * height) - 5
    if start < 1 or width < 8 or not high > low:
        return None
    scaled = (image - np.float32(low)) / np.float32(high - low)
    above, foot = scaled[: start : max(1, start // SAMPLED_ROWS)], scaled[start:]
    for find, reason in FINDERS:
        top = find(foot, above, height)
        if top is not None:
            return start + top, reason
    return None


def _find_quiet(foot: NDArray[np.float32], above: NDArray[np.float32], height: int) -> int | None:
    """Find rows whose neighbouring pixels differ much less than those of the micrograph."""
    steps = np.abs(np.diff(foot, axis=1))
    slack = max(3, height // 100)
    lowest = np.quantile(steps[-MIN_ROWS - slack :], CALM, axis=1)
    # The smoothest of the lowest rows, which need not be of the band where a line follows it.
    quiet_step = float(np.sort(lowest)[len(lowest) // 2]) * 1.001 + 1e-7
    quiet = np.mean(steps <= quiet_step, axis=1)
    busy = float(np.median(np.mean(np.abs(np.diff(above, axis=1)) <= quiet_step, axis=1)))
    if busy > BUSY:
        return None
    is_quiet = quiet >= QUIET
    last = _last_row(is_quiet, slack)
    if last is None:
        return None
    top, strangers = last, 0
    for row in range(last, -1, -1):
        if is_quiet[row]:
            top, strangers = row, 0
        elif strangers < FRAME_ROWS and quiet[row] > (QUIET + busy) / 2:
            strangers += 1
        else:
            break
    rows = last + 1 - top
    # Rows between the two kinds would be those of a ragged boundary.
    if top < 1 or not MIN_ROWS <= rows <= MAX_SHARE * height or quiet[top - 1] > (QUIET + busy) / 2:
        return None
    band = foot[top : last + 1]
    return top if is_lettered(band) or _is_apart(band, above, foot[top - 1]) else None


def _is_apart(band: NDArray[np.float32], above: NDArray[np.float32], neighbour: NDArray[np.float32]) -> bool:
    """Return whether rows are of one level, beyond those of the micrograph, without noise and with little ink.

    The row above it must hold none of that level: a phase that clips to black ends in a ragged boundary.
    """
    medians = np.median(band, axis=1)
    level = float(np.median(medians))
    # A quarter of the micrograph's own noise is ringing; where it has none, nothing is.
    same = EXACT + 0.25 * float(np.median(np.abs(np.diff(above, axis=1))))
    is_plain = np.abs(band - medians[:, None]) <= same
    rows = is_plain.mean(axis=1)
    if rows.min() < 0.5 or rows[0] < 0.98 or rows.mean() < 0.9:
        return False
    if np.mean(np.abs(neighbour - level) <= same) > 0.1:
        return False
    # All but a twentieth: pores and charged edges clip on many micrographs.
    darkest, brightest = np.quantile(above, (0.05, 0.95))
    return level < float(darkest) - SAME_LEVEL / 2 or level > float(brightest) + SAME_LEVEL / 2


def _find_level(foot: NDArray[np.float32], above: NDArray[np.float32], height: int) -> int | None:
    """Find rows of one level under lettering."""
    del above
    medians = np.median(foot, axis=1)
    near = np.abs(foot - medians[:, None])
    noise = float(np.median(near[-MIN_ROWS:]))
    same = np.float32(max(SAME_LEVEL, 5 * noise))
    flat = np.mean(near <= same, axis=1) >= 0.9
    last = _last_row(flat, max(3, height // 100))
    if last is None:
        return None
    lowest = slice(max(0, last - max(MIN_ROWS, height // 40)), last + 1)
    level = np.median(medians[lowest][flat[lowest]])
    filled = np.mean(np.abs(foot - level) <= same, axis=1)
    top = _first_row(filled, flat, medians, last, same)
    rows = last + 1 - top
    if top == 0 or not MIN_ROWS <= rows <= MAX_SHARE * height:
        return None
    has_edge = float(np.mean(np.abs(foot[top] - foot[top - 1]) > same)) >= 0.5
    return top if has_edge and is_lettered(foot[top : last + 1]) else None


FINDERS = (
    (
        _find_quiet,
        "neighbouring pixels hardly differ, unlike those above, and there is lettering or a level of its own",
    ),
    (_find_level, "rows of one level under lettering, below a straight edge"),
)


def _last_row(flat: NDArray[np.bool_], slack: int) -> int | None:
    """Find the lowest constant row, which may lie a few rows above the foot; None without one."""
    below = np.flatnonzero(flat[-1 - slack :])
    return None if not below.size else len(flat) - min(len(flat), 1 + slack) + int(below[-1])


def _first_row(
    filled: NDArray[np.float64],
    flat: NDArray[np.bool_],
    medians: NDArray[np.float32],
    last: int,
    same: np.float32,
) -> int:
    """Walk up from `last` over rows of the band's level and over lines of another, at most four in a row."""
    top, strangers = last, 0
    for row in range(last, -1, -1):
        if filled[row] >= 0.5:
            top, strangers = row, 0
        elif flat[row] and strangers < FRAME_ROWS:
            strangers += 1
        else:
            break
    alike = flat & (np.abs(medians - medians[top - 1]) <= same)
    frame = 0
    while frame < top and alike[top - 1 - frame]:
        frame += 1
    # More rows than a frame has are an even micrograph above a band without a frame.
    return top - frame if frame <= FRAME_ROWS else top
