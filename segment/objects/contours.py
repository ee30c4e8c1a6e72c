"""Outlines of objects between pixels: where the grey level crosses from inside to outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from segment.objects.hulls import shoelace
from segment.objects.table import check_labels
from segment.records import Outline

# Pixels from an object's boundary within which a blurred edge lies: beyond are the levels of inside and background.
BLUR = 2
# Pixels around an object that count as its surroundings.
REACH = 2 * BLUR


def trace_outlines(labels: NDArray[np.integer], image: NDArray[np.floating] | None = None) -> tuple[Outline, ...]:
    """Trace the outer boundary of every object, between pixels where an image says how.

    Without an image the outline runs halfway between pixels of the object and others. With one, it is the contour of
    the grey level halfway between those of the object's core and of the background around it, within one pixel of the
    boundary of the label. Where another object touches it, where the image ends, and where it has no core two pixels
    from its boundary, it keeps to the label.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
        Object ids; 0 is background.
    image : ndarray of float, shape (h, w), optional
        Grey levels, of either polarity.

    Returns
    -------
    tuple of Outline
        One an object, in order of id. Holes are passed over; of an object in several pieces, the largest is traced.

    Raises
    ------
    ValueError
        If `labels` is no label image, or `image` has another shape.

    Notes
    -----
    Marching squares with linear interpolation (`skimage.measure.find_contours`). Half the height of a disc of radius r
    that is blurred by a Gaussian of deviation s lies at r - s^2 / (2 r).

    Examples
    --------
    >>> labels = np.zeros((8, 8), dtype=np.int32)
    >>> labels[2:6, 2:6] = 1
    >>> outline = trace_outlines(labels)[0]
    >>> outline.points.min(axis=0), outline.points.max(axis=0)
    (array([2., 2.]), array([6., 6.]))
    """
    labels = check_labels(labels)
    if image is not None and image.shape != labels.shape:
        raise ValueError(f"image must have the shape of labels, {labels.shape}, got {image.shape}")
    # Outside of the image is neither an object nor background.
    padded = np.pad(labels, REACH + 1, constant_values=-1)
    grey = None if image is None else np.pad(image.astype(np.float64), REACH + 1)
    outlines = []
    for index, box in enumerate(ndimage.find_objects(np.maximum(padded, 0)), start=1):
        if box is None:
            continue
        rows, columns = (slice(side.start - REACH - 1, side.stop + REACH + 1) for side in box)
        piece = padded[rows, columns]
        field = _membership(piece, index, None if grey is None else grey[rows, columns])
        ring = max((_outward(ring) for ring in find_contours(field, 0.0)), key=shoelace)
        # From the centres of pixels to their corners.
        offset = np.array([columns.start, rows.start]) - (REACH + 1) + 0.5
        outlines.append(Outline(index, ring + offset))
    return tuple(outlines)


def _membership(piece: NDArray[np.int32], index: int, grey: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return a field that is positive inside the object, negative outside, and zero on its outline."""
    inside = piece == index
    field = np.where(inside, 0.5, -0.5)
    if grey is None:
        return field
    background = (piece == 0) & ndimage.binary_dilation(inside, iterations=REACH)
    background &= ~ndimage.binary_dilation(piece > 0, iterations=BLUR)
    core = ndimage.binary_erosion(inside, iterations=BLUR)
    within, around = (float(grey[place].mean()) if place.any() else np.nan for place in (core, background))
    if not abs(within - around) > 0:
        return field
    level = (grey - around) / (within - around) - 0.5
    # A pixel on either side of the label's boundary, the image decides; where another object touches, or the image
    # ends, the label does.
    near = ndimage.binary_dilation(inside) & ~ndimage.binary_erosion(inside)
    near &= ~ndimage.binary_dilation((piece != 0) & ~inside)
    return np.where(near, np.clip(np.where(level == 0, 1e-9, level), -0.5, 0.5), field)


def _outward(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a ring of (row, column) as (x, y), of positive shoelace area."""
    points = ring[:, ::-1]
    return points if shoelace(points) > 0 else points[::-1]
