"""Read lengths, as '10 µm', that are written in a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.io.glyphs import DIGITS, UNIT_LETTERS, likeness
from segment.io.vendors.units import length_um

# Rows of a digit, below which nothing can be read.
SHORTEST = 6
# In heights of a digit: a decimal point, two letters that touch, and gaps after which something else begins: between
# letters, beside a point, and before a unit.
POINT, WIDEST, APART, BESIDE_POINT, BEFORE_UNIT = 0.36, 2.6, 0.55, 0.9, 1.3
# What a glyph must look like at least, and how much less the next best reading may look like it.
LIKE, SURE, MARGIN = 0.45, 0.62, 0.04
MOST_GLYPHS = 6


@dataclass(frozen=True)
class Label:
    """A length that is written in a picture.

    Attributes
    ----------
    text : str
    length_um : float
    left, top, right, bottom : int
        Where it stands, in pixels; right and bottom are the first beyond.
    likeness : float
        Of the glyph that looks least like what it was taken for, 0 to 1.
    margin : float
        How much better that is than the next best reading.
    """

    text: str
    length_um: float
    left: int
    top: int
    right: int
    bottom: int
    likeness: float
    margin: float

    @property
    def is_sure(self) -> bool:
        """Whether every glyph is clear, and the length is one that a bar has: 1, 1.5, 2, 2.5, 3 ... 9 times 10^n."""
        return self.likeness >= SURE and self.margin >= MARGIN and is_round(self.length_um)

    def meets(self, other: Label) -> bool:
        """Return whether two labels have a pixel in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True)
class Glyph:
    """A connected piece of ink, or several above each other."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left


def is_round(length: float) -> bool:
    """Return whether a length has one digit that is not zero, or is 1.5, 2.5 or 7.5 times a power of ten.

    Examples
    --------
    >>> [is_round(length) for length in (2, 0.5, 250, 40, 1.7, 123)]
    [True, True, True, True, False, False]
    """
    mantissa = length / 10.0 ** np.floor(np.log10(length) + 1e-9)
    return bool(min(abs(mantissa - step) for step in (1, 1.2, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 7.5, 8, 9, 10)) < 1e-6)


def read_labels(ink: NDArray[np.float32]) -> list[Label]:
    """Read every length in a picture.

    Parameters
    ----------
    ink : ndarray of float32, shape (h, w)
        How much ink each pixel has, 0 to 1.

    Returns
    -------
    list of Label

    Notes
    -----
    A length is a number and a unit on one line: digits of one height, a decimal point or comma, µm, um, nm or mm. Every
    digit is a piece of ink, or two that touch; pieces are compared with templates, see `segment.io.glyphs`.
    """
    glyphs = find_glyphs(ink >= 0.5)
    found = [label for start in range(len(glyphs)) if (label := _read_from(ink, glyphs, start)) is not None]
    # Of readings that overlap, the longest: "0 µm" is a part of "10 µm".
    found.sort(key=lambda label: label.left - label.right)
    kept: list[Label] = []
    for label in found:
        if not any(label.meets(one) for one in kept):
            kept.append(label)
    return kept


def find_glyphs(ink: NDArray[np.bool_]) -> list[Glyph]:
    """Return the connected pieces of ink that may be glyphs, from left to right."""
    stats = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)[2][1:]
    pieces = [Glyph(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats]
    return sorted((one for one in pieces if one.width < 4 * max(one.height, 4)), key=lambda one: (one.left, one.top))


def _read_from(ink: NDArray[np.float32], glyphs: list[Glyph], start: int) -> Label | None:
    """Read a length whose first digit is a given piece; None where it is none."""
    first = glyphs[start]
    size = first.height
    if size < SHORTEST or first.width > 1.2 * size or first.width < 0.08 * size:
        return None
    line = [one for one in glyphs if _stands_with(one, first)]
    at = line.index(first)
    if at and _goes_on(line[at - 1], first, size) and not _is_before(line[at - 1], first):
        return None
    readings = [
        (text, scores, *unit)
        for text, scores, after in _numbers(ink, line, at, size)
        if (unit := _unit(ink, line, after, size)) is not None
    ]
    if not readings:
        return None
    text, scores, unit, of_unit, end = max(readings, key=lambda one: min(one[3][0], *(score for score, _ in one[1])))
    least, margin = (min(pair[i] for pair in (*scores, of_unit)) for i in (0, 1))
    length = length_um(f"{text} {unit}")
    if least < LIKE or not length > 0:
        return None
    used = line[at:end]
    top, bottom = min(one.top for one in used), max(one.bottom for one in used)
    return Label(f"{text} {unit}", length, first.left, top, used[-1].right, bottom, least, margin)


def _stands_with(one: Glyph, first: Glyph) -> bool:
    """Return whether a piece stands on the line of a digit: with its foot, or its tail below it."""
    size = first.height
    return (
        -0.22 * size <= one.bottom - first.bottom <= 0.4 * size
        and one.top - first.top >= -0.25 * size
        and one.height <= 1.35 * size
        # Wider than two letters that touch, it is a line.
        and one.width <= WIDEST * size
    )


def _is_point(one: Glyph, size: int) -> bool:
    return one.height <= POINT * size and one.width <= POINT * size + 1


def _goes_on(one: Glyph, following: Glyph, size: int) -> bool:
    """Return whether a piece is so near the one before it that they belong to one number."""
    is_beside_point = _is_point(one, size) or _is_point(following, size)
    return following.left - one.right <= (BESIDE_POINT if is_beside_point else APART) * size


def _is_before(one: Glyph, first: Glyph) -> bool:
    """Return whether a piece is a sign before a number: a colon, an equals sign or a rule."""
    return one.height < 0.2 * first.height and one.width > 0.3 * first.height


Score = tuple[float, float]


def _numbers(ink: NDArray[np.float32], line: list[Glyph], at: int, size: int) -> list[tuple[str, list[Score], int]]:
    """Read one digit, two, and so on; return them, their likeness and its margin, and the number of what follows."""
    text, scores, found = "", [], []
    for place, one in enumerate(line[at : at + MOST_GLYPHS], start=at):
        if place > at and not _goes_on(line[place - 1], one, size):
            break
        foot = abs(one.bottom - line[at].bottom)
        if _is_point(one, size) and foot <= 0.25 * size:
            if not text or "." in text:
                break
            text += "."
            continue
        if max(abs(one.height - size), foot) > max(1.5, 0.12 * size):
            break
        best = _best(_cut(ink, one), DIGITS)
        if best[1] < LIKE:
            break
        text += best[0]
        scores.append(best[1:])
        found.append((text, list(scores), place + 1))
    return found


def _unit(ink: NDArray[np.float32], line: list[Glyph], at: int, size: int) -> tuple[str, Score, int] | None:
    """Read a unit of two letters, in two pieces or in one; return it, its likeness and margin, and what follows."""
    if at >= len(line) or line[at].left - line[at - 1].right > BEFORE_UNIT * size:
        return None
    readings = []
    for end, halves in _halves(ink, line, at, size):
        if end < len(line) and line[end].left - line[end - 1].right < 0.25 * size and line[end].height > POINT * size:
            continue
        shapes = [_cut(ink, half) for half in halves]
        if not all(0.45 * size <= len(shape) <= 1.3 * size for shape in shapes):
            continue
        firsts, second = likeness(shapes[0], UNIT_LETTERS), likeness(shapes[1], "m")["m"]
        readings += [(min(firsts[letter], second), letter + "m", end) for letter in UNIT_LETTERS]
    if not readings:
        return None
    least, unit, end = max(readings)
    # µ and u are one unit.
    others = [score for score, other, _ in readings if _same(other) != _same(unit)]
    return unit, (least, least - max(others)), end


def _halves(
    ink: NDArray[np.float32], line: list[Glyph], at: int, size: int
) -> Iterator[tuple[int, tuple[Glyph, Glyph]]]:
    """Yield two letters, and the number of what follows: two pieces, or one cut in two."""
    one = line[at]
    for column in _cuts(ink, one):
        yield at + 1, (replace(one, right=column), replace(one, left=column))
    if at + 1 < len(line) and line[at + 1].left - one.right <= APART * size:
        yield at + 2, (one, line[at + 1])


def _same(unit: str) -> str:
    return unit.replace("µ", "u")


def _cuts(ink: NDArray[np.float32], one: Glyph) -> list[int]:
    """Return the columns where two letters that touch may be separated: those of little ink near the middle."""
    if one.width < 1.2 * one.height:
        return []
    part = ink[one.top : one.bottom, one.left : one.right].sum(axis=0)
    low, high = int(0.25 * one.width), int(0.6 * one.width)
    order = np.argsort(part[low:high], kind="stable")[:4]
    return [one.left + low + int(column) for column in order]


def _trimmed(ink: NDArray[np.float32], one: Glyph) -> Glyph:
    part = ink[one.top : one.bottom, one.left : one.right] >= 0.5
    rows = np.flatnonzero(part.any(axis=1))
    return one if not rows.size else Glyph(one.left, one.top + int(rows[0]), one.right, one.top + int(rows[-1]) + 1)


def _cut(ink: NDArray[np.float32], one: Glyph) -> NDArray[np.float32]:
    one = _trimmed(ink, one)
    return ink[one.top : one.bottom, one.left : one.right]


def _best(glyph: NDArray[np.float32], letters: str) -> tuple[str, float, float]:
    scores = likeness(glyph, letters)
    order = sorted(scores, key=scores.__getitem__, reverse=True)
    return order[0], scores[order[0]], scores[order[0]] - scores[order[1]]
