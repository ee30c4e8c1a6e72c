"""Measure the scale bar that is burnt into a picture, and read its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.io.label import Label, read_labels
from segment.io.lettering import Marks, find_ink, find_marks
from segment.records import Calibration

# Fractions of the picture's width that a bar may have, and of a piece's width that its longest row of ink has.
SHORTEST, LONGEST, WHOLE = 0.02, 0.6, 0.97
# Ticks of a bar: so many at least, alike, in one row, as far apart as each other to a pixel.
TICKS = 5
AGREEMENT = 0.02
# A label belongs to a bar that is so many of its heights away: above or below it, beside it, or both.
BELOW, BESIDE, ASIDE = 3.0, 4.0, 1.5
# More micrometres a pixel than any micrograph has.
COARSEST = 50.0
READ = "read from the picture"


@dataclass(frozen=True)
class Bar:
    """A scale bar, in pixels of where it was looked for.

    Attributes
    ----------
    left, right : float
        Its ends.
    top, bottom : int
        Its first row, and the first below it.
    """

    left: float
    right: float
    top: int
    bottom: int

    @property
    def length(self) -> float:
        """From end to end."""
        return self.right - self.left


@dataclass(frozen=True)
class Reading:
    """A scale bar with the length that its label says.

    Attributes
    ----------
    bar : Bar
    label : Label
    is_sure : bool
        Whether the label is clear, the only one that belongs to a bar, and this so long that half a pixel is less than
        2 per cent of it.
    """

    bar: Bar
    label: Label
    is_sure: bool

    @property
    def text(self) -> str:
        """What the label says."""
        return self.label.text

    @property
    def length_um(self) -> float:
        """The length that the label says."""
        return self.label.length_um

    def moved(self, down: int, across: int) -> Reading:
        """Return it in the pixels of a picture of which this was a part, that began at a row and a column."""
        bar, label = self.bar, self.label
        moved = Bar(bar.left + across, bar.right + across, bar.top + down, bar.bottom + down)
        places = {name: getattr(label, name) + across for name in ("left", "right")}
        places |= {name: getattr(label, name) + down for name in ("top", "bottom")}
        return Reading(moved, replace(label, **places), self.is_sure)


def find_bar(band: NDArray[np.float32]) -> float | None:
    """Measure the scale bar of an information band.

    Parameters
    ----------
    band : ndarray of float32, shape (h, w)
        Grey levels in units of the range of the whole picture, from the first row of the band on.

    Returns
    -------
    float or None
        Its length in pixels; None where there is none, or more than one that fits.

    Notes
    -----
    Three kinds are known: a block, from end to end; a line with a tick at either end, from the middle of one to that
    of the other; a row of equal ticks, from the first to the last.

    Examples
    --------
    >>> band = np.zeros((30, 200), np.float32)
    >>> band[20:23, 40:90] = 1
    >>> find_bar(band)
    50.0
    """
    bars = find_bars(find_ink(band))
    rows = [bar for bar in bars if bar[1] == "ticks"]
    if rows:
        return rows[0][0].length
    lengths = {bar.length for bar, _ in bars}
    return lengths.pop() if len(lengths) == 1 else None


def find_bars(ink: NDArray[np.bool_]) -> list[tuple[Bar, str]]:
    """Return what may be a scale bar, and of which kind it is: "block", "line" or "ticks"."""
    marks = find_marks(ink)
    found = [bar for index in range(len(marks.left)) if (bar := _line(ink, marks, index)) is not None]
    ticks = _ticks(marks, ink.shape)
    return found if ticks is None else [*found, (ticks, "ticks")]


def read_bar(band: NDArray[np.float32]) -> Reading | None:
    """Measure the scale bar of an information band, and read the label that belongs to it.

    Parameters
    ----------
    band : ndarray of float32, shape (h, w)
        Grey levels in units of the range of the whole picture.

    Returns
    -------
    Reading or None
        None where no bar has a label that can be read.

    Notes
    -----
    A bar that its label interrupts is one bar. Of several pairs of a bar and a label, the nearest counts; where another
    is about as near and says something else, the reading is not sure.
    """
    ink = ink_of(band)
    return None if ink is None else read_ink(ink)


def read_ink(ink: NDArray[np.float32], bars: Sequence[Bar] | None = None) -> Reading | None:
    """Read a scale bar and its label from how much ink each pixel has; `bars` are those that it may be, None: any."""
    labels = read_labels(ink)
    if not labels:
        return None
    marks = find_marks(ink >= 0.5)
    bars = [bar for bar, _ in find_bars(ink >= 0.5)] if bars is None else bars
    pairs = []
    for label in labels:
        height = label.bottom - label.top
        for bar in [*bars, *_interrupted(ink >= 0.5, marks, label.left, label.right, label.top, label.bottom)]:
            across = max(0.0, label.left - bar.right, bar.left - label.right)
            down = max(0.0, label.top - bar.bottom, bar.top - label.bottom)
            is_near = (
                (across == 0 and down <= BELOW * height)
                or (down == 0 and across <= BESIDE * height)
                or max(across, down) <= ASIDE * height
            )
            if is_near and label.length_um / bar.length <= COARSEST:
                pairs.append(((across + down) / height, -bar.length, label, bar))
    if not pairs:
        return None
    pairs.sort(key=lambda pair: pair[:2])
    nearest, _, label, bar = pairs[0]
    edge = label.length_um / bar.length
    rivals = [
        other
        for distance, _, other, its in pairs[1:]
        if distance <= nearest + 1 and abs(other.length_um / its.length / edge - 1) > AGREEMENT
    ]
    is_sure = label.is_sure and not rivals and 0.5 / bar.length <= AGREEMENT
    return Reading(bar, label, is_sure)


def ink_of(band: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return how much ink each pixel of a band has, 0 to 1, whatever it is written on; None where there is none."""
    low, high = float(band.min()), float(band.max())
    if not high > low:
        return None
    levels = np.rint((band - np.float32(low)) * np.float32(255 / (high - low))).astype(np.uint8)
    half = min(len(band) // 2, band.shape[1] // 2, 127)
    # Mirrored: frames at the edge of the band would be the median of what is repeated beyond it.
    padded = cv2.copyMakeBorder(levels, half, half, half, half, cv2.BORDER_REFLECT)
    paper = cv2.medianBlur(padded, 2 * half + 1)[half : half + len(band), half : half + band.shape[1]]
    away = np.abs(levels.astype(np.float32) - paper)
    noise = float(np.median(np.abs(np.diff(levels.astype(np.float32), axis=1))))
    written = away > max(0.25 * float(away.max()), 8 * noise, 20.0)
    if not written.any():
        return None
    return np.clip(away / np.float32(np.quantile(away[written], 0.75)), 0, 1, dtype=np.float32)


def by_scale_bar(
    image: NDArray[np.float32], band_top: int | None, length_um: float | None, recorded: Calibration
) -> tuple[Calibration, tuple[str, ...]]:
    """Return the pixel size that a scale bar tells, or that of the file where this is sure of it.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        The picture with its band.
    band_top : int or None
        First row of the band; without one there is no bar.
    length_um : float or None
        What the label of the bar says, in micrometres; None: it is read.
    recorded : Calibration
        What the file says; with confidence "high" it stays.

    Returns
    -------
    calibration : Calibration
        Where the label was read and is not clear, the confidence is "low".
    notes : tuple of str
        Whether bar and file agree to two per cent where both are there, or that no bar of a given length was found.
    """
    low, high = float(image.min()), float(image.max())
    span = high - low if high > low else 1.0
    band = None if band_top is None else (image[band_top:] - np.float32(low)) / np.float32(span)
    if length_um is None:
        found = None if band is None or min(band.shape) < 8 else read_bar(band)
        return (recorded, ()) if found is None else calibrate(found, recorded)
    pixels = None if band is None else find_bar(band)
    if pixels is None:
        return recorded, ("no scale bar was found in the information band",)
    said, source = f"a scale bar of {length_um:g} um", "scale bar, length by the user"
    return _compared(length_um, pixels, recorded, said, source, is_sure=True)


def calibrate(reading: Reading, recorded: Calibration) -> tuple[Calibration, tuple[str, ...]]:
    """Return the pixel size that a scale bar and its label tell, or that of the file where this is sure of it.

    Parameters
    ----------
    reading : Reading
    recorded : Calibration
        What the file says; with confidence "high" it stays.

    Returns
    -------
    calibration : Calibration
    notes : tuple of str
    """
    said, source = f"the scale bar, labelled '{reading.text}'", f"scale bar, label read as '{reading.text}'"
    return _compared(reading.length_um, reading.bar.length, recorded, said, source, is_sure=reading.is_sure)


def _compared(
    length_um: float, pixels: float, recorded: Calibration, said: str, source: str, *, is_sure: bool
) -> tuple[Calibration, tuple[str, ...]]:
    edge = length_um / pixels
    said += f" is {pixels:g} pixels long: {edge:.6g} um a pixel"
    if not is_sure:
        said += "; the label is not clear, or the bar short"
    if recorded.pixel_size_um is not None:
        agrees = abs(edge / recorded.pixel_size_um - 1) <= AGREEMENT
        said += f"; the file says {recorded.pixel_size_um:.6g} um, " + ("which agrees" if agrees else "which differs")
        if recorded.confidence == "high" or not is_sure:
            return recorded, (said,)
    return Calibration(edge, source, READ if is_sure else "low"), (said,)


def bar_of(ink: NDArray[np.bool_], marks: Marks, index: int) -> Bar | None:
    """Return a piece of ink as a bar: a block, or a line with ticks; None for any other piece."""
    found = _line(ink, marks, index)
    return None if found is None else found[0]


def _line(ink: NDArray[np.bool_], marks: Marks, index: int) -> tuple[Bar, str] | None:
    """Return a block, or a line with ticks; None for any other piece."""
    left, top, width, height = (int(axis[index]) for axis in marks[:4])
    rows, columns = ink.shape
    if not SHORTEST * columns <= width <= LONGEST * columns or height > 0.7 * rows or width < 1.2 * height:
        return None
    # What touches the edge of the band is ringing of its frame.
    if top == 0 or top + height == rows:
        return None
    piece = ink[top : top + height, left : left + width]
    by_row = piece.mean(axis=1)
    long = by_row >= WHOLE
    if not long.any():
        return None
    if long.all():
        return Bar(float(left), float(left + width), top, top + height), "block"
    # Of a line with ticks all the ink beside the line is in these; letters and boxes have more.
    rest = piece[~long]
    tick = max(1, min(3, width // 8), round(width / 20))
    if rest[:, tick:-tick].any():
        return None
    ends = [int(np.count_nonzero(rest[:, side].any(axis=0))) for side in (slice(0, tick), slice(-tick, None))]
    if not min(ends):
        return None
    return Bar(left + ends[0] / 2, left + width - ends[1] / 2, top, top + height), "line"


def _interrupted(ink: NDArray[np.bool_], marks: Marks, left: int, right: int, top: int, bottom: int) -> list[Bar]:
    """Return a bar whose line is interrupted by a label: two pieces alike, to its left and to its right."""
    middle, height = (top + bottom) / 2, bottom - top
    sides = []
    for index in range(len(marks.left)):
        x, y, width, rows = (int(axis[index]) for axis in marks[:4])
        # A line, with a tick at its outer end or without one.
        if width < 1.5 * rows or width < height or not y - 1 <= middle <= y + rows + 1 or rows > 3 * height:
            continue
        if x + width <= left + 1 and left - x - width <= 3 * height:
            sides.append((0, x, y, width, rows))
        elif x >= right - 1 and x - right <= 3 * height:
            sides.append((1, x, y, width, rows))
    if sorted(side[0] for side in sides) != [0, 1]:
        return []
    (_, x0, y0, width0, rows0), (_, x1, y1, width1, rows1) = sorted(sides)
    if abs(width0 - width1) > max(3, 0.25 * width0) or abs(rows0 - rows1) > 2 or abs(y0 - y1) > 2:
        return []
    ends = []
    for x, y, width, rows, outer in ((x0, y0, width0, rows0, 0), (x1, y1, width1, rows1, -1)):
        piece = ink[y : y + rows, x : x + width]
        is_long = piece.mean(axis=1) >= 0.9
        tick = np.asarray(piece[~is_long].any(axis=0))
        wide = int(np.count_nonzero(tick[: width // 3] if outer == 0 else tick[-(width // 3) :]))
        if not is_long.any():
            return []
        ends.append(x + wide / 2 if outer == 0 else x + width - wide / 2)
    return [Bar(ends[0], ends[1], min(y0, y1), max(y0 + rows0, y1 + rows1))]


def _ticks(marks: Marks, shape: tuple[int, ...]) -> Bar | None:
    """Return a row of equal ticks; None without one."""
    is_tick = (marks.height >= 2 * marks.width) & (marks.height < 0.5 * shape[0])
    for top in np.unique(marks.top[is_tick]):
        row = is_tick & (np.abs(marks.top - top) <= 1)
        places = np.sort((marks.left + marks.width / 2)[row])
        gaps = np.diff(places)
        if len(gaps) + 1 >= TICKS and np.ptp(gaps) <= 2 and np.ptp(marks.height[row]) <= 2:
            length = float(places[-1] - places[0])
            if SHORTEST * shape[1] <= length <= LONGEST * shape[1]:
                return Bar(float(places[0]), float(places[-1]), int(top), int(top + marks.height[row].max()))
            return None
    return None
