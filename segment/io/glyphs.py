"""Tell the digits and units of a scale bar's label by what they look like in a few fonts."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

DIGITS, UNIT_LETTERS = "0123456789", "µunm"
ALPHABET = DIGITS + UNIT_LETTERS
# Fonts that come with Matplotlib and with OpenCV; Pillow's own is a sans serif like those of most microscopes.
FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "STIXGeneral",
    "STIXGeneralBol",
)
STROKES = ((cv2.FONT_HERSHEY_SIMPLEX, 1), (cv2.FONT_HERSHEY_SIMPLEX, 2), (cv2.FONT_HERSHEY_DUPLEX, 1))
# Heights of a digit in pixels, small to large: small ones are blurred by their pixels.
HEIGHTS = (9, 14, 28)
# Every glyph is seen at this size, whatever its own; what its proportions say is kept apart.
ROWS, COLUMNS = 20, 14
BLUR = 0.8
# How much a difference in proportions costs, a factor of e.
PER_ASPECT = 0.35


class Templates(NamedTuple):
    """What glyphs look like.

    Attributes
    ----------
    letters : ndarray of str, shape (n,)
    shapes : ndarray of float32, shape (n, 280)
        Of unit length and mean 0.
    aspects : ndarray of float64, shape (n,)
        Logarithms of width over height.
    """

    letters: NDArray[np.str_]
    shapes: NDArray[np.float32]
    aspects: NDArray[np.float64]


def likeness(glyph: NDArray[np.float32], letters: str) -> dict[str, float]:
    """Return how much a glyph looks like each of some letters: 1 is the same shape, 0 nothing in common.

    Parameters
    ----------
    glyph : ndarray of float32, shape (h, w)
        How much ink each pixel has, 0 to 1, cut off at the glyph's edges.
    letters : str
        Of `ALPHABET`.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> found = likeness(draw_glyph("7", 30), "0127")
    >>> max(found, key=found.get), found["7"] > 0.95
    ('7', True)
    """
    known = templates()
    shape, aspect = describe(glyph)
    score = known.shapes @ shape - PER_ASPECT * np.abs(known.aspects - aspect)
    return {letter: float(score[known.letters == letter].max()) for letter in letters}


def describe(glyph: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Return the shape of a glyph at one size, of unit length and mean 0, and the logarithm of its proportions."""
    height, width = glyph.shape
    is_smaller = height >= ROWS and width >= COLUMNS
    mode = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    seen = cv2.resize(np.ascontiguousarray(glyph, np.float32), (COLUMNS, ROWS), interpolation=mode)
    # What lies beyond the glyph is paper: its blur must not end at its edge.
    seen = cv2.copyMakeBorder(seen, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    seen = cv2.GaussianBlur(seen, (0, 0), BLUR)[2:-2, 2:-2].ravel()
    seen = seen - seen.mean()
    length = float(np.linalg.norm(seen))
    return np.asarray(seen / length if length > 0 else seen, np.float32), float(np.log(width / height))


@cache
def templates() -> Templates:
    """Draw the alphabet in every font and size; once in a process, a tenth of a second."""
    letters, shapes, aspects = [], [], []
    for letter in ALPHABET:
        for glyph in _drawn(letter):
            shape, aspect = describe(glyph)
            letters.append(letter)
            shapes.append(shape)
            aspects.append(aspect)
    return Templates(np.array(letters), np.array(shapes, np.float32), np.array(aspects))


def draw_glyph(letter: str, height: int, font: str = "DejaVuSans") -> NDArray[np.float32]:
    """Draw a letter in a font of Matplotlib, cut off at its edges; `height` is that of a digit, in pixels."""
    from pathlib import Path

    import matplotlib as mpl
    from PIL import ImageFont

    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    return _draw(letter, ImageFont.truetype(str(path), size=_points(height)))


def _points(height: int) -> float:
    # A digit is about 0.72 of the size of its font.
    return height / 0.72


def _drawn(letter: str) -> list[NDArray[np.float32]]:
    from PIL import ImageFont

    glyphs = [draw_glyph(letter, height, font) for font in FONTS for height in HEIGHTS]
    if letter != "µ":
        # These fonts have no Greek letter.
        glyphs += [_draw(letter, ImageFont.load_default(size=_points(height))) for height in HEIGHTS]
        glyphs += [_stroke(letter, *stroke, height) for stroke in STROKES for height in HEIGHTS[1:]]
    return glyphs


def _draw(letter: str, font: object) -> NDArray[np.float32]:
    from PIL import Image, ImageDraw

    picture = Image.new("L", (120, 120))
    ImageDraw.Draw(picture).text((30, 30), letter, font=font, fill=255)  # pyright: ignore[reportArgumentType]
    return _cut(np.asarray(picture))


def _stroke(letter: str, font: int, thickness: int, height: int) -> NDArray[np.float32]:
    picture = np.zeros((120, 120), np.uint8)
    cv2.putText(picture, letter, (20, 90), font, height / 21, 255.0, thickness, cv2.LINE_AA)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return _cut(picture)


def _cut(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    picture = levels.astype(np.float32) / np.float32(255)
    ink = picture > 0.3
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
