"""Paint strokes in the colours of phases: those pixels then teach what the phases are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.app.session import Field, Session, Stroke, UserError
from segment.model.labels import UNLABELLED

WIDEST = 200


def paint(session: Session, file_name: str, phase: int, width: float, points: Sequence[Sequence[float]]) -> Session:
    """Add a stroke to the shown image.

    Parameters
    ----------
    session : Session
    file_name : str
        The image that the user saw.
    phase : int
        Phase id, below the number of phases.
    width : float
        In pixels of the image, 1 to 200.
    points : sequence of (float, float)
        x and y along the stroke, in pixels of the image as read; those beyond its edges are moved to them.

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If another image is shown by now, there is no such phase, or the stroke cannot be drawn.
    """
    field = _shown(session, file_name)
    if not 0 <= phase < session.n_phases:
        raise UserError(f"There is no phase {phase} to paint: there are {session.n_phases}.")
    if not points or not 1 <= width <= WIDEST or not all(math.isfinite(value) for point in points for value in point):
        raise UserError(f"A stroke needs a width of 1 to {WIDEST} pixels, and a point at least.")
    height, across = field.full.shape
    inside = tuple((min(max(x, 0.0), float(across)), min(max(y, 0.0), float(height))) for x, y in points)
    stroke = Stroke(phase, round(width), inside)
    if (_drawn([stroke], field) == UNLABELLED).all():
        raise UserError("This stroke lies in the information band, which is not segmented.")
    return _with_strokes(session, (*field.strokes, stroke))


def undo(session: Session, file_name: str) -> Session:
    """Take back the last stroke on the shown image."""
    field = _shown(session, file_name)
    if not field.strokes:
        raise UserError(f"There is no stroke on {field.file_name} to take back.")
    return _with_strokes(session, field.strokes[:-1])


def wipe(session: Session, file_name: str) -> Session:
    """Take back all strokes on the shown image."""
    _shown(session, file_name)
    return _with_strokes(session, ())


def count_strokes(session: Session) -> int:
    """Return the number of strokes on all images."""
    return sum(len(field.strokes) for field in session.fields)


def painted_labels(session: Session, n_phases: int) -> tuple[NDArray[np.uint8] | None, ...] | None:
    """Return what strokes say of the images' pixels, as `segment.Segmenter.fit` takes labels.

    Parameters
    ----------
    session : Session
    n_phases : int
        How many phases are asked for.

    Returns
    -------
    tuple of (ndarray of uint8, shape (h, w)) or None, or None
        For every image phase ids, 255 where nothing is painted, of the micrograph's size, without its band; None for an
        image without strokes. None if nothing is painted at all.

    Raises
    ------
    UserError
        If strokes are of one phase only, of phases that are not asked for, or have come to lie in the band.
    """
    if not count_strokes(session):
        return None
    labels = tuple(_drawn(field.strokes, field) if field.strokes else None for field in session.fields)
    seen = sorted({int(phase) for ids in labels if ids is not None for phase in np.unique(ids)} - {UNLABELLED})
    if not seen:
        raise UserError("All strokes lie in the information band by now: paint in the image, or Clear them.")
    if seen[-1] >= n_phases:
        raise UserError(
            f"Strokes of phase {seen[-1]} are painted, but the number of phases is {n_phases}, and they count from 0: "
            "raise it, or take those strokes back."
        )
    if len(seen) == 1:
        raise UserError(
            "All strokes are of one phase, and there is nothing to tell it from: paint some of another phase too, or "
            "Clear them to learn without strokes."
        )
    return labels


def _shown(session: Session, file_name: str) -> Field:
    field = session.field
    if field is None or field.file_name != file_name:
        raise UserError(f"{file_name} is no longer shown: turn to it, and paint again.")
    return field


def _with_strokes(session: Session, strokes: tuple[Stroke, ...]) -> Session:
    fields = list(session.fields)
    fields[session.current] = replace(fields[session.current], strokes=strokes)
    return replace(session, fields=tuple(fields))


def _drawn(strokes: Sequence[Stroke], field: Field) -> NDArray[np.uint8]:
    """Return phase ids of the pixels above the band, later strokes over earlier ones."""
    height, across = field.full.shape
    ids = np.full((height, across), UNLABELLED, dtype=np.uint8)
    for stroke in strokes:
        # The pixels that the points lie in; one point is a line to itself.
        points = np.array([*stroke.points, stroke.points[-1]]).astype(np.int32)
        points = np.minimum(points, (across - 1, height - 1))
        left, upper = np.maximum(points.min(axis=0) - stroke.width, 0)
        right, lower = points.max(axis=0) + stroke.width
        window = ids[upper:lower, left:right]
        off = np.ones(window.shape, dtype=np.uint8)
        cv2.polylines(off, [points - (left, upper)], False, 0)
        # OpenCV's own thick lines are up to two pixels wider than asked for.
        distances = cv2.distanceTransform(off, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        window[distances < stroke.width / 2] = stroke.phase
    return np.ascontiguousarray(ids[: field.micrograph.image.shape[0]])
