"""Find what was burnt into a picture: scale bars with their labels, boxes of text, and marks in colour on grey."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.io.colour import stray_colour
from segment.io.lettering import Marks, find_marks
from segment.io.scale_bar import Bar, Reading, bar_of, read_ink

# What is drawn in black or white is within this fraction of the picture's range of its end: JPEG leaves no less.
DRAWN = 0.04
# Fractions of the picture: of the width, a bar at least; of the height, a bar at most; of the area, a box, and all
# marks.
SHORTEST, THICKEST, SMALLEST_BOX, LARGEST_BOX, MOST_MARKS = 0.03, 0.03, 0.001, 0.15, 0.15
# Around a bar its label is looked for, in fractions of the height and of its own length.
ABOVE, BESIDE = 0.1, 1.0
# A box is of one level along its edges, and holds so much else.
EDGE, LEAST_TEXT, MOST_TEXT, LEAST_INK = 0.97, 0.01, 0.5, 0.15
# A bar without a label that can be read fills its rectangle, and spans so much of the width.
STRAIGHT, LONG = 0.985, 0.06
# Where more of a picture is black or white, that is a phase.
MOST_DRAWN = 0.3
# More pieces of black or white than a drawing has: they are of the micrograph.
MOST_PIECES = 20_000
RIM = 2


class Box(NamedTuple):
    """A rectangle: first row, first beyond, first column, first beyond."""

    top: int
    bottom: int
    left: int
    right: int


class Overlays(NamedTuple):
    """What was burnt into a picture.

    Attributes
    ----------
    covered : ndarray of bool, shape (h, w)
    kinds : tuple of str
        What it is, a few words each.
    reading : Reading or None
        Of a scale bar with a label.
    """

    covered: NDArray[np.bool_]
    kinds: tuple[str, ...]
    reading: Reading | None


def find_overlays(image: NDArray[np.float32], rgb: NDArray[np.float32] | None = None) -> Overlays | None:
    """Find what was burnt into a picture.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels, without an information band.
    rgb : ndarray of float32, shape (h, w, 3), optional
        Colours of a picture that is grey but for what was drawn on it.

    Returns
    -------
    Overlays or None
        None where there is nothing.

    Notes
    -----
    Three kinds, each of the two ends of the picture's range, or in colour:

    - a scale bar beside whose ends, or above or below it, stands a length that can be read, see `segment.io.label`, or
      which is a rectangle to the pixel and spans 6 % of the width, with the letters beside it;
    - a rectangle of one level with ink of the other end of the range in it;
    - pixels whose colour is far from that of all others of their lightness, where the picture has no colours.

    What merely is black or white is none of these: pores, charged edges and carbides are left alone. A picture without
    noise has none.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(0.2, 0.7, (200, 300)).astype(np.float32)
    >>> find_overlays(image) is None
    True
    >>> image[150:190, 180:290] = 1
    >>> image[180:184, 190:270] = 0
    >>> _ = cv2.putText(image, "20 um", (190, 172), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0.0,), 1)
    >>> found = find_overlays(image)
    >>> found.kinds, int(found.covered.sum()) >= 40 * 110
    (('a box of text',), True)
    """
    height, width = image.shape
    low, high = float(image.min()), float(image.max())
    covered, kinds = np.zeros(image.shape, np.uint8), []
    reading = None
    if min(height, width) < 16 or not high > low:
        return None
    if rgb is not None and (stray := stray_colour(rgb)) is not None and 0 < stray.mean() <= MOST_MARKS:
        covered |= stray.astype(np.uint8)
        kinds.append("marks in colour")
    margin = np.float32(DRAWN * (high - low)) if _is_noisy(image) else np.float32(np.inf)
    ends = (image >= high - margin, image <= low + margin)
    for drawn, other, level in ((*ends, high), (*ends[::-1], low)):
        # Also where the whole picture is drawn.
        if drawn.mean() > MOST_DRAWN:
            continue
        marks = find_marks(drawn)
        if len(marks.left) > MOST_PIECES:
            continue
        for box in _boxes(image, drawn, other):
            part = (slice(box.top, box.bottom), slice(box.left, box.right))
            covered[part] = 1
            kinds.append("a box of text")
            found = _read(image[part], other[part], low if level == high else high)
            reading = reading or (None if found is None else found.moved(box.top, box.left))
        for bar, found in _bars(image, drawn, marks, level):
            if covered[bar.top : bar.bottom, int(bar.left) : int(bar.right)].all():
                continue
            covered[bar.top : bar.bottom, int(bar.left) : int(np.ceil(bar.right)) + 1] = 1
            for index in _letters(marks, bar, height):
                left, top, across, down = (int(axis[index]) for axis in marks[:4])
                covered[top : top + down, left : left + across] = 1
            if found is not None:
                label = found.label
                covered[label.top : label.bottom, label.left : label.right] = 1
            kinds.append("a scale bar" if found is None else f"a scale bar, '{found.text}'")
            reading = reading or found
    if not kinds:
        return None
    covered = cv2.dilate(covered, np.ones((2 * RIM + 1,) * 2, np.uint8)) > 0
    return Overlays(covered, tuple(dict.fromkeys(kinds)), reading)


def _is_noisy(image: NDArray[np.float32]) -> bool:
    """Return whether neighbours differ, as in all that a detector saw: in a drawn picture nothing is burnt in."""
    return all(float(np.median(np.abs(np.diff(image[::2, ::2], axis=axis)))) > 0 for axis in (0, 1))


def _boxes(image: NDArray[np.float32], drawn: NDArray[np.bool_], other: NDArray[np.bool_]) -> list[Box]:
    """Return the rectangles of one level with little else in them than ink of the other end of the range."""
    # Letters that touch the rim of a box, or the picture's edge, would part it.
    marks = find_marks(drawn)
    area = marks.width.astype(np.int64) * marks.height
    fraction = marks.area / np.maximum(area, 1)
    is_box = (area >= SMALLEST_BOX * image.size) & (area <= LARGEST_BOX * image.size)
    is_box &= (fraction >= 1 - MOST_TEXT) & (fraction <= 1 - LEAST_TEXT) & (np.minimum(marks.height, marks.width) >= 12)
    found = []
    for index in np.flatnonzero(is_box):
        left, top, across, down = (int(axis[index]) for axis in marks[:4])
        box = _trimmed(drawn, Box(top, top + down, left, left + across))
        if box is None or not _ends_there(drawn, box):
            continue
        part = (slice(box.top, box.bottom), slice(box.left, box.right))
        ink = ~drawn[part]
        # Of thin letters the edges are grey; something is of the other end.
        if LEAST_TEXT <= ink.mean() <= MOST_TEXT and other[part].sum() >= LEAST_INK * ink.sum():
            found.append(box)
    return found


def _trimmed(drawn: NDArray[np.bool_], box: Box) -> Box | None:
    """Return a rectangle whose four sides are drawn, up to two rows or columns smaller; None where there is none."""
    top, bottom, left, right = box
    for _ in range(2 * RIM + 1):
        part = drawn[top:bottom, left:right]
        if min(part.shape) < 8:
            return None
        sides = [float(side.mean()) for side in (part[0], part[-1], part[:, 0], part[:, -1])]
        if min(sides) >= EDGE:
            return Box(top, bottom, left, right)
        worst = int(np.argmin(sides))
        top, bottom = top + (worst == 0), bottom - (worst == 1)
        left, right = left + (worst == 2), right - (worst == 3)
    return None


def _ends_there(drawn: NDArray[np.bool_], box: Box) -> bool:
    """Return whether the micrograph begins beyond the sides of a rectangle that are not the picture's own."""
    height, width = drawn.shape
    beyond = 2 * RIM + 1
    around = [drawn[max(0, box.top - beyond), box.left : box.right]] if box.top > beyond else []
    around += [drawn[box.bottom + beyond - 1, box.left : box.right]] if box.bottom + beyond <= height else []
    around += [drawn[box.top : box.bottom, max(0, box.left - beyond)]] if box.left > beyond else []
    around += [drawn[box.top : box.bottom, box.right + beyond - 1]] if box.right + beyond <= width else []
    return bool(around) and all(float(side.mean()) <= 0.5 for side in around)


def _bars(
    image: NDArray[np.float32], drawn: NDArray[np.bool_], marks: Marks, level: float
) -> list[tuple[Bar, Reading | None]]:
    """Return scale bars, with what their labels say: those that have a label, and those that are long and straight."""
    height, width = drawn.shape
    is_long = (marks.width >= SHORTEST * width) & (marks.width >= 4 * marks.height)
    is_long &= (marks.height <= max(3, THICKEST * height)) & (marks.width <= 0.6 * width)
    found = []
    for index in np.flatnonzero(is_long):
        bar = bar_of(drawn, marks, int(index))
        if bar is None:
            continue
        down, across = round(ABOVE * height), round(BESIDE * bar.length)
        top, left = max(0, bar.top - down), max(0, int(bar.left) - across)
        part = (slice(top, bar.bottom + down), slice(left, int(bar.right) + across))
        moved = Bar(bar.left - left, bar.right - left, bar.top - top, bar.bottom - top)
        reading = _read(image[part], drawn[part], level, moved)
        if reading is not None:
            found.append((bar, reading.moved(top, left)))
        elif _is_drawn(drawn, marks, int(index), width):
            found.append((bar, None))
    return found


def _is_drawn(drawn: NDArray[np.bool_], marks: Marks, index: int, width: int) -> bool:
    """Return whether a piece is a rectangle to the pixel, so long that no micrograph has one."""
    left, top, across, down, area = (int(axis[index]) for axis in marks)
    is_rectangle = area >= STRAIGHT * across * down
    return is_rectangle and down >= 2 and across >= max(LONG * width, 8 * down)


def _letters(marks: Marks, bar: Bar, height: int) -> list[int]:
    """Return the pieces beside a bar that look like letters: a line of them above it, below it or at its ends."""
    size = THICKEST * height
    across = np.maximum(0, np.maximum(marks.left - bar.right, bar.left - marks.left - marks.width))
    down = np.maximum(0, np.maximum(marks.top - bar.bottom, bar.top - marks.top - marks.height))
    is_letter = (marks.height >= size / 4) & (marks.height <= 3 * size) & (marks.width <= 3 * size) & (marks.area >= 4)
    return [int(index) for index in np.flatnonzero(is_letter & (across <= 2 * size) & (down <= 2.5 * size))]


def _read(image: NDArray[np.float32], drawn: NDArray[np.bool_], level: float, bar: Bar | None = None) -> Reading | None:
    """Read a label by what is drawn, and by what is nearer to its level than to the median: thin letters are grey."""
    bars = None if bar is None else [bar]
    paper = float(np.median(image))
    found = read_ink(drawn.astype(np.float32), bars)
    if (found is not None and found.is_sure) or paper == level:
        return found
    return read_ink(np.clip((image - np.float32(paper)) / np.float32(level - paper), 0, 1), bars) or found
